package gate

import (
	"encoding/json"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// Code that moves to another folder takes a check's violation along under the ratchet, and is new under deny. Rules of the
// constitution about documents take nothing along.
func TestRatchetOfWhatMovedFolders(t *testing.T) {
	t.Parallel()
	at := func(rule, path string, state finding.State) finding.Finding {
		return finding.Finding{Rule: rule, Severity: finding.Error, Path: path, Line: 1, Message: "m", Fingerprint: "f", State: state}
	}
	for _, tt := range []struct {
		name, mode, rule string
		more             bool // one more than moved
		over, blocked    bool
	}{
		{"moved", manifest.RuleRatchet, "linter/x", false, false, false},
		{"moved, and one more", manifest.RuleRatchet, "linter/x", true, true, true},
		{"a strict rule", manifest.RuleDeny, "linter/x", false, false, true},
		{"a rule about documents", manifest.RuleRatchet, "kubernetes/privileged", false, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := manifest.Defaults()
			cfg.Spec.Policy.Rules = map[string]string{tt.rule: tt.mode}
			config, err := manifest.CanonicalJSON(cfg)
			if err != nil {
				t.Fatal(err)
			}
			in := &facts.Input{APIVersion: facts.APIVersion, Now: noon, Config: json.RawMessage(config), Policy: facts.Policy{Engine: "x"},
				Change: facts.Change{MergedTree: "t"}}
			assessor, err := NewAssessor(t.Context(), in.Config, in.Policy)
			if err != nil {
				t.Fatal(err)
			}
			in.Findings = []finding.Finding{at(tt.rule, "a/x.go", finding.Absent), at(tt.rule, "b/y.go", finding.New)}
			if tt.more {
				in.Findings = append(in.Findings, at(tt.rule, "b/z.go", finding.New))
			}
			a, err := assessor.Plan(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			over := false
			for _, s := range a.Ratchet {
				over = over || s.Over
				if s.Scope == ratchet.Total && !tt.more && s.Over {
					t.Errorf("the total rose: %+v", s)
				}
			}
			blocked := 0
			for _, f := range a.Findings {
				if Blocks(f) {
					blocked++
				}
			}
			if over != tt.over || (blocked > 0) != tt.blocked {
				t.Errorf("over %v, %d block; standings %+v", over, blocked, a.Ratchet)
			}
		})
	}
}
