package gate

import (
	"encoding/json"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// What Plan hands on is folded already, findings and holds alike.
func TestPlanFolds(t *testing.T) {
	t.Parallel()
	config, err := manifest.CanonicalJSON(manifest.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	in := &facts.Input{APIVersion: facts.APIVersion, Now: noon, Config: json.RawMessage(config), Policy: facts.Policy{Engine: "x"}, Findings: many(3000, nil)}
	for _, f := range in.Findings {
		in.Files = append(in.Files, facts.File{Path: f.Path, Class: "source", Unread: facts.UnreadTooLarge})
	}
	assessor, err := NewAssessor(t.Context(), in.Config, in.Policy)
	if err != nil {
		t.Fatal(err)
	}
	a, err := assessor.Plan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Findings) != mostOfKind+1 || len(a.Holds) != mostOfKind+1 {
		t.Errorf("%d findings, %d holds", len(a.Findings), len(a.Holds))
	}
}
