package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"go.mod": "module example.com/shop/v2 // c\n", "cmd/shop/main.go": "", "web/package.json": `{"name": "@shop/web"}`, "admin/web/package.json": `{"name": "web"}`,
		"py/pyproject.toml": "[project]\nname = 'tool.x'\n", "poetry/pyproject.toml": "[tool.poetry]\nname = 'poem'\n", "old/setup.py": "", "rs/Cargo.toml": "[package]\nname = 'rusty'\n",
		"rs/src/main.rs": "", "ws/Cargo.toml": "[workspace]\n", "jv/pom.xml": "<project><parent><artifactId>p</artifactId></parent><artifactId>javan</artifactId></project>",
		"bad/package.json": "{\n", "vendor/x/go.mod": "module x\n", "node_modules/y/package.json": "{}", "a/testdata/package.json": "{}", "playground/x/package.json": "{}", "a/__tests__/f/package.json": "{}", "examples/go.mod": "module e\n", ".hidden/package.json": "{}",
		"has/go.mod": "module has\n", "has/catalog-info.yml": component("has", ""), "claimed/go.mod": "module claimed\n", "true/go.mod": "module example.com/true\n", "strange/package.json": `{"name": "@@ --"}`,
		"both/go.mod": "module example.com/both\n", "both/package.json": `{"name": "never"}`,
		"claims/catalog-info.yaml": strings.Replace(component("owner", ""), "spec:", "  annotations: {adamant.dev/paths: claimed/**}\nspec:", 1),
	}
	var paths []string
	var sources []SourceFile
	for p, text := range files {
		paths = append(paths, p)
		sources = append(sources, SourceFile{Path: p, Data: []byte(text)})
	}
	c, _ := Load(slices.DeleteFunc(sources, func(f SourceFile) bool { return !IsFile(f.Path) }))
	read := func(p string) ([]byte, error) { return []byte(files[p]), nil }
	proposals, err := Generate(c, paths, read)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range proposals {
		kind, _, _ := strings.Cut(strings.SplitAfter(p.Text, "type: ")[1], "\n")
		got = append(got, fmt.Sprintf("%s %s %s %s", p.Path, strings.TrimPrefix(p.Ref, "component:default/"), kind, p.Note))
		for _, v := range Validate(p.Path, []byte(p.Text)) {
			if v.Verdict != Valid || "component:default/"+strings.ToLower(nameIn(p.Text)) != p.Ref {
				t.Errorf("proposal %s is %+v\n%s", p.Path, v, p.Text)
			}
		}
	}
	want := []string{
		"catalog-info.yaml shop service ",
		"admin/web/catalog-info.yaml web library ",
		"bad/catalog-info.yaml bad library bad/package.json: line 2: the file ends before '}'; named after its folder",
		"both/catalog-info.yaml both library ",
		"jv/catalog-info.yaml javan library ",
		"old/catalog-info.yaml old library ",
		"poetry/catalog-info.yaml poem library ",
		"py/catalog-info.yaml tool.x library ",
		"rs/catalog-info.yaml rusty service ",
		"strange/catalog-info.yaml strange library ",
		"true/catalog-info.yaml pkg-true library ",
		"web/catalog-info.yaml web-2 library ",
		"ws/catalog-info.yaml ws library ",
	}
	slices.Sort(want[1:])
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func nameIn(text string) string {
	_, rest, _ := strings.Cut(text, "name: ")
	name, _, _ := strings.Cut(rest, "\n")
	return name
}

func TestGenerateOwner(t *testing.T) {
	t.Parallel()
	same := strings.ReplaceAll(component("a", ""), "operator", "'yes: no'")
	for want, docs := range map[string][]string{"operator": {component("a", ""), same}, "'yes: no'": {same}} {
		c, _ := Load([]SourceFile{file("x/catalog-info.yaml", docs...), file("y/catalog-info.yaml", strings.Replace(docs[0], "name: a", "name: b", 1))})
		got, err := Generate(c, []string{"z/go.mod"}, func(string) ([]byte, error) { return []byte("module z\n"), nil })
		if err != nil || len(got) != 1 || !strings.HasSuffix(got[0].Text, "  owner: "+want+"\n") {
			t.Errorf("want owner %s, got %v (%v)", want, got, err)
		}
	}
}

func TestGenerateUnreadable(t *testing.T) {
	t.Parallel()
	_, err := Generate(nil, []string{"go.mod"}, func(string) ([]byte, error) { return nil, fmt.Errorf("disk on fire") })
	if err == nil || err.Error() != "reading go.mod: disk on fire" {
		t.Errorf("got %v", err)
	}
}
