package gate

import (
	"encoding/json"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// TestReplanIsPlan adds evidence and findings to a document that was planned, under rules that see them and rules that do not.
func TestReplanIsPlan(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`some f in input.files; f.class == "source"`,
		`some e in input.evidence; e.state == "failed"`,
		`some part; some e in input[part]; e.state == "failed"`,
		`x := input; x.evidence[0].state == "failed"`,
		`some f in input.findings; f.rule == "lint/x"`,
		`count(input.ratchet.merged) > 0`,
	} {
		config, err := manifest.CanonicalJSON(manifest.Defaults())
		if err != nil {
			t.Fatal(err)
		}
		in := &facts.Input{APIVersion: facts.APIVersion, Now: noon, Config: json.RawMessage(config),
			Policy: facts.Policy{Engine: "x", Modules: []facts.Module{{Path: ".adamant/policy/a.rego",
				Text: "package adamant.rules.a\ndeny contains \"seen\" if { " + body + " }"}}}}
		assessor, err := NewAssessor(t.Context(), in.Config, in.Policy)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		before, err := assessor.Plan(t.Context(), in)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		for _, add := range []func(){
			func() {
				in.Evidence = append(in.Evidence, facts.Evidence{Check: "unit", Kind: "unit", State: facts.Failed})
			},
			func() { in.Ratchet.Merged = append(in.Ratchet.Merged, "lint/x") },
			func() {
				in.Findings = append(in.Findings, finding.Finding{Rule: "lint/x", Severity: finding.Error, State: finding.New})
			},
		} {
			add()
			got, err := assessor.Replan(t.Context(), in, before)
			if err != nil {
				t.Fatal(err)
			}
			want, err := assessor.Plan(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := text(t, got), text(t, want); a != b {
				t.Errorf("%s: planned again:\n%s\nwant\n%s", body, a, b)
			}
			before = got
		}
	}
}

func text(t *testing.T, a *Assessment) string {
	t.Helper()
	data, err := manifest.CanonicalJSON(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
