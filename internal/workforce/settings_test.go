package workforce

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agentsmd"
	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/grounding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/task"
)

// TestFactsOfThePlace: an agent is told of the component of its cone, and of the rules that bind there.
func TestFactsOfThePlace(t *testing.T) {
	t.Parallel()
	c, findings := catalog.Load([]catalog.SourceFile{{Path: "store/catalog-info.yaml", Data: []byte("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: store}\n" +
		"spec: {type: service, lifecycle: production, owner: operator, dependsOn: [component:ledger]}\n")}})
	if len(findings) > 0 && findings[0].Severity == "error" {
		t.Fatal(findings)
	}
	rules := &agentsmd.Repository{Catalog: c, Paths: []string{"store/catalog-info.yaml", "store/s.go", "web/w.go"}, Architecture: &manifest.ArchitectureSpec{
		Layers: []manifest.Layer{{Name: "web", Paths: []string{"web/**"}}, {Name: "store", Paths: []string{"store/**"}}},
		Rules:  []manifest.ArchitectureRule{{Name: "down", Type: "layers", Layers: []string{"web", "store"}}},
	}}
	s := &settings{governance: &facts.Governance{Catalog: c}, rules: rules}
	page := grounding.Text(s.facts(task.Attempt{Title: "Sell it"}, cast{}, []string{"store"}))
	for _, want := range []string{"component:default/store, owner operator", "paths: /store/", "depends on: component:default/ledger", "This is the layer `store`: it needs nothing of the layers above it, `web`.", "Sell it"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if page = grounding.Text(s.facts(task.Attempt{}, cast{}, nil)); strings.Contains(page, "store") {
		t.Errorf("told of a place that is not its own:\n%s", page)
	}
}
