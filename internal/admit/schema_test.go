package admit

import (
	"encoding/json"
	"flag"
	"maps"
	"reflect"
	"slices"
	"testing"

	generator "github.com/google/jsonschema-go/jsonschema"

	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
	"github.com/adamant-os/adamant/internal/policy"
)

var update = flag.Bool("update", false, "write the schemas of admission")

// TestSchemasAreCurrent makes the schemas of the rules' input, of a request and of its answer from their types.
func TestSchemasAreCurrent(t *testing.T) {
	t.Parallel()
	schematest.Current(t, map[string]reflect.Type{
		"AdmissionInput": reflect.TypeFor[input](), "AdmissionRequest": reflect.TypeFor[Request](), "AdmissionDecision": reflect.TypeFor[Decision](),
	}, schematest.Options{Update: *update, Values: map[string][]string{"admit.input.APIVersion": {"admission-input/v1"}},
		Types: map[reflect.Type]*generator.Schema{reflect.TypeFor[json.RawMessage](): {}}})
}

// TestDocumentsFitTheirSchemas: what is asked, what the rules see and what is answered, of an artifact that may run and one that may not.
func TestDocumentsFitTheirSchemas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.configure("  admission:\n    environments: {prod: {vulnerabilities: {deny: high, maxAge: 24h}}}\n    revoked: [{digest: \"sha256:" + artifact("y") + "\", reason: stolen}]\n")
	h.land()
	digest := looked(found("low", vuln.Affected), 0)(h)
	a := h.admitter()
	for _, d := range []string{digest, artifact("y")} {
		request := ask(d)
		request.Bundles = []json.RawMessage{[]byte(`{"no":"bundle"}`)}
		answer := must(a.Decide(t.Context(), request))(t)
		if answer.Allowed != (d == digest) {
			t.Error(asText(answer))
		}
		v, _, err := a.look(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		settings, _ := v.rules.settings(request.Environment)
		in := must(must(a.gather(t.Context(), request, v, settings))(t).input(v.rules, request, settings, v.now))(t)
		for kind, document := range map[string]any{"AdmissionInput": in, "AdmissionRequest": request, "AdmissionDecision": answer} {
			text := must(json.Marshal(document))(t)
			if err := schematest.Validate(t, kind, text); err != nil {
				t.Errorf("%s: %v\n%s", kind, err, text)
			}
			var less map[string]any
			if err := json.Unmarshal(text, &less); err != nil {
				t.Fatal(err)
			}
			delete(less, "digest")
			if schematest.Validate(t, kind, must(json.Marshal(less))(t)) == nil {
				t.Errorf("%s: one without a digest fits", kind)
			}
		}
	}
}

// TestRulesSeeTheSchema: the schema that policies are compiled with has the fields of the one that is printed, and of their types.
func TestRulesSeeTheSchema(t *testing.T) {
	t.Parallel()
	var compiled, printed map[string]any
	if err := json.Unmarshal(policy.AdmissionInput(), &compiled); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(schematest.Text(t, "AdmissionInput"), &printed); err != nil {
		t.Fatal(err)
	}
	have, want := map[string]string{}, map[string]string{}
	fields("input", compiled, have)
	fields("input", printed, want)
	if !maps.Equal(have, want) {
		t.Errorf("compiled with:\n%v\nprinted:\n%v", slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)))
	}
}

// fields are those of a schema with their types.
func fields(path string, schema map[string]any, out map[string]string) {
	out[path], _ = schema["type"].(string)
	if items, ok := schema["items"].(map[string]any); ok {
		fields(path+"[]", items, out)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		if s, ok := p.(map[string]any); ok {
			fields(path+"."+name, s, out)
		}
	}
}
