package cli

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDoorRulesAreAll: every refusal that the door can give is listed and explained, in the docs too, and no other is.
func TestDoorRulesAreAll(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../door/*.go")
	if err != nil {
		t.Fatal(err)
	}
	given, form := map[string]bool{}, regexp.MustCompile(`"(door/[a-z]+)"`)
	for _, path := range append(files, "../policy/door/door.rego") {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range form.FindAllStringSubmatch(string(data), -1) {
			given[m[1]] = true
		}
	}
	docs, err := os.ReadFile("../../docs/door.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, r := range doorRules() {
		listed = append(listed, r.id)
		if !strings.Contains(string(docs), "| `"+r.id+"` |") {
			t.Errorf("docs/door.md does not explain %s", r.id)
		}
	}
	slices.Sort(listed)
	if want := slices.Sorted(maps.Keys(given)); !slices.Equal(listed, want) {
		t.Errorf("listed %v, the door gives %v", listed, want)
	}
}
