package policy

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/source"
)

// full is an input document with every kind of field set.
func full() *facts.Input {
	return &facts.Input{APIVersion: facts.APIVersion, Now: noon,
		Change:    facts.Change{Agent: "builder", Commits: []facts.Commit{{OID: "1", Time: noon, Trailer: map[string]string{"A": "b"}}}},
		Files:     []facts.File{{Path: "a.go", Code: &source.Delta{TestsBefore: 2}, Lines: []facts.LineRange{{From: 1, To: 2}}}},
		Documents: []document.Document{{Path: "k.yaml", Kind: "kubernetes", Value: map[string]any{"a": []any{int64(1), 1.5, nil, true, "x"}}, Lines: map[string]int{"": 1}}},
		Findings:  []finding.Finding{{Rule: "r", Line: 3}},
		Config:    json.RawMessage(`{"spec":{"agents":{"paths":["src/**"]}}}`),
		Policy:    facts.Policy{Delta: "weakened", Modules: []facts.Module{{Path: "p"}}},
	}
}

// The view is the document's own JSON but for the differences that are documented.
func TestInputValue(t *testing.T) {
	t.Parallel()
	in := full()
	got, err := inputValue(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	view, err := ast.JSON(got)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(in)
	var want map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	delete(want, "documentsBase")
	delete(want["documents"].([]any)[0].(map[string]any), "lines")
	delete(want["policy"].(map[string]any), "modules")
	kinds := map[string]any{}
	for _, kind := range document.Kinds() {
		kinds[kind] = []any{}
	}
	kinds["kubernetes"] = want["documents"]
	want["byKind"] = kinds
	var plain any
	text, _ = json.Marshal(view)
	_ = json.Unmarshal(text, &plain)
	if !reflect.DeepEqual(plain, noNulls(want)) {
		wanted, _ := json.Marshal(want)
		t.Errorf("got  %s\nwant %s", text, wanted)
	}
}

// noNulls makes empty lists of nil slices, as the view does. The document's own nulls are values in lists.
func noNulls(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for k, member := range object {
		if member == nil && k != "value" {
			object[k] = []any{}
		} else {
			object[k] = noNulls(member)
		}
	}
	return v
}

// Every member of the view is in the schema, and the other way round the schema holds no name the view cannot have.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	value, err := inputValue(full(), nil)
	if err != nil {
		t.Fatal(err)
	}
	view, _ := ast.JSON(value)
	agree(t, "input", inputSchema(), view)
}

func agree(t *testing.T, at string, schema map[string]any, v any) {
	t.Helper()
	properties, closed := schema["properties"].(map[string]any)
	items, _ := schema["items"].(map[string]any)
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			sub, ok := properties[k].(map[string]any)
			if closed && !ok {
				t.Errorf("%s.%s is not in the schema", at, k)
			}
			agree(t, at+"."+k, sub, member)
		}
	case []any:
		for _, item := range v {
			agree(t, at+"[]", items, item)
		}
	}
}

func TestNoRegoValue(t *testing.T) {
	t.Parallel()
	for _, v := range []any{time.Now, struct{}{}, json.Number("x.y"), []any{make(chan int)}, map[string]any{"a": uint8(1)}} {
		if _, err := inputValue(&facts.Input{Documents: []document.Document{{Value: v}}}, nil); err == nil {
			t.Errorf("a %T was converted", v)
		}
	}
}
