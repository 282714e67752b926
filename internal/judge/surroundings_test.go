package judge

import (
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// TestSurroundings finds what names mean, and what needs the files there.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("catalog-info.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: billing\n  annotations:\n    adamant.dev/paths: services/pay/**\nspec: {type: service, lifecycle: production, owner: ada}\n")
	r.Write("go.mod", "module example.com/shop\n\ngo 1.26\n")
	r.Write("services/pay/pay.go", "package pay\n\nfunc Pay() {}\n")
	r.Write("services/shop/shop.go", "package shop\n\nimport \"example.com/shop/services/pay\"\n\nfunc Buy() { pay.Pay() }\n")
	r.Commit("start")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	head, err := repo.Resolve(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	s, err := SurroundingsOf(t.Context(), repo, head, Places{Cache: t.TempDir()}, func(text string) { t.Log(text) })
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Places("billing"); !slices.Equal(got, []string{"services/pay"}) {
		t.Errorf("billing is %v", got)
	}
	if got := s.Reach([]string{"services/pay"}); !slices.Equal(got, []string{"services/shop/shop.go"}) {
		t.Errorf("what needs services/pay is %v", got)
	}
	names := s.Names()
	for _, name := range []string{"billing", "pay", "shop.go", "services/shop"} {
		if len(names[name]) == 0 {
			t.Errorf("nobody is called %s: %v", name, names)
		}
	}
	if names["services"] != nil {
		t.Error("a folder that holds everything is a name")
	}
}
