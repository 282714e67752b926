package source

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestTraitsOf answers what the single questions answer.
func TestTraitsOf(t *testing.T) {
	t.Parallel()
	attrs := ParseAttributes(".gitattributes", []byte("gen/** linguist-generated\n*.dat binary\n"))
	for _, path := range []string{"main.go", "main_test.go", "package.json", "web/package.json", "go.sum", ".github/workflows/ci.yml", ".gitlab-ci.yml",
		"docs/a.md", "src/__snapshots__/a.js", "a.snap", "gen/a.go", "vendor/x/a.go", "testdata/go.mod", "a.dat", "Makefile", "deploy/a.yaml"} {
		got := TraitsOf(path, attrs)
		_, class := Classify(path, nil, attrs)
		if got.Class != class || got.Manifest != IsManifest(path) || got.Workflow != IsWorkflow(path) || got.Snapshot != strings.Contains(path, "snap") {
			t.Errorf("%s: %+v, class %s", path, got, class)
		}
	}
}

// TestInFindsWholeFolders compares with looking at every run of folders.
func TestInFindsWholeFolders(t *testing.T) {
	t.Parallel()
	names := []string{"a", "ab", "b", "test", "src", "src/test", ".a", "é", "!"}
	rapid.Check(t, func(t *rapid.T) {
		path := strings.Join(rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, "folders"), "/") + "/file"
		if rapid.Bool().Draw(t, "top") {
			path = "file"
		}
		asked := rapid.SliceOfN(rapid.SampledFrom(names), 1, 3).Draw(t, "asked")
		want := false
		for _, name := range asked {
			want = want || strings.Contains("/"+path[:strings.LastIndexByte(path, '/')+1], "/"+name+"/")
		}
		f := newFile(path)
		if got := f.in(asked...); got != want {
			t.Fatalf("%q in %q: %v", path, asked, got)
		}
	})
}
