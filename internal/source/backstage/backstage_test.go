package backstage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

const shop = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
spec:
  type: service
  lifecycle: production
  owner: team
  dependsOn:
    - component:Cart
    - resource:default/db
  providesApis: [orders]
  consumesApis:
    - far/prices
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders}
spec: {type: openapi, lifecycle: production, owner: team, definition: x}
`

func TestEdges(t *testing.T) {
	t.Parallel()
	entity := func(kind, name string) string {
		return fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: %s\nmetadata: {name: %s}\nspec: {type: x, lifecycle: production, owner: team}\n", kind, name)
	}
	files := importstest.Of(map[string]string{"catalog-info.yaml": shop, "cart/catalog-info.yaml": entity("Component", "cart"), "catalog/db.yaml": entity("Resource", "db"),
		"other/catalog-info.yml": entity("Component", "cart")}, Language())
	r, _ := newResolver(files)
	importstest.Suite(t, []imports.Language{Language()}, files.Files)
	f := Extract([]byte(shop))
	var got []string
	for i := range f.Imports {
		for _, to := range r.Resolve("catalog-info.yaml", f, &f.Imports[i]) {
			got = append(got, fmt.Sprintf("%d %s %s %s", f.Imports[i].Line, f.Imports[i].Kind, f.Imports[i].Exotic, to.Path+to.External))
		}
	}
	slices.Sort(got)
	want := "10 declared dependsOn cart/catalog-info.yaml\n11 declared dependsOn catalog/db.yaml\n12 declared providesApis catalog-info.yaml\n14 declared consumesApis catalog:api:far/prices"
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got:\n%s\nwant:\n%s", s, want)
	}
	if len(f.Exports) != 2 || f.Exports[0].Name != "component:default/shop" || f.Exports[1].Name != "api:default/orders" || f.Exports[1].Line != 16 {
		t.Errorf("entities %+v", f.Exports)
	}
}

func TestExtractBroken(t *testing.T) {
	t.Parallel()
	f := Extract([]byte(shop + "---\nkind: [\n"))
	if f.Problem == "" || f.Line < 20 || len(f.Imports) != 4 {
		t.Errorf("%+v, want a problem below line 20 and the imports before it", f)
	}
}

func TestExtractHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	importstest.Fast(t, map[string]string{
		"flow":      strings.Repeat("{a: ", n),
		"documents": strings.Repeat("---\nkind: A\nmetadata: {name: b}\n", n),
		"relations": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec:\n  dependsOn: [" + strings.Repeat("b,", n) + "]\n",
		"nul":       strings.Repeat("\x00", n),
	}, Extract)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, shop)
}
