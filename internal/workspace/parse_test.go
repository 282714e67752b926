package workspace

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReservedName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		".git": true, "a/.git/x": true, ".GIT": true, ".Git ": true, ".git.": true, ".git. .": true, "git~1": true, "GIT~1/x": true, ".git::$INDEX_ALLOCATION": true,
		".git\\x": true, ".g\u200cit": true, "\ufeff.git": true, ".gi\u206at": true, "..": true, "a/../b": true, "a//b": true, "a/./b": true, "": true,
		".gitignore": false, ".gitattributes": false, "git": false, "x.git": false, "...": false, "a/..b": false, ".g\xffit": false, "git~10": false, ".github": false,
	} {
		if got := reservedName(name) != ""; got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestLeaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"a", "b", false}, {"a/b", "../c", false}, {"a/b/c", "../../d", false}, {"a/b", "./../c/d", false}, {"a", "", false},
		{"a", "../b", true}, {"a/b", "../../c", true}, {"a/b", "/etc", true}, {"a", "x/../y", true}, {"a/b", "../x/../../y", true}, {"a/b", "..", false}, {"a", "..", true},
	} {
		if got := leaves(c.from, c.to); got != c.want {
			t.Errorf("%s -> %s: %v", c.from, c.to, got)
		}
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	got, err := folders([]string{"b/", "a/b/c", "a/b", "./c//d", "a/bc"})
	if want := []string{"a/b", "a/bc", "b", "c/d"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := folders([]string{"a", "."}); err != nil || got != nil {
		t.Errorf("the top: %q, %v", got, err)
	}
}

// TestConeRoundTrip: what is written as patterns is read as the same cone.
func TestConeRoundTrip(t *testing.T) {
	t.Parallel()
	part := rapid.StringMatching(`[a-z*?\[\\\] !#é]{1,4}`)
	rapid.Check(t, func(t *rapid.T) {
		var paths []string
		for range rapid.IntRange(1, 4).Draw(t, "paths") {
			paths = append(paths, strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "path"), "/"))
		}
		cone, err := folders(paths)
		if err != nil || len(cone) == 0 {
			t.Skip("no folders")
		}
		if got, ok := coneOf(patterns(cone)); !ok || !slices.Equal(got, cone) {
			t.Fatalf("%q became %q:\n%s", cone, got, patterns(cone))
		}
	})
}

// FuzzCone reads sparse-checkout files as agents may write them: what is taken for a cone is one.
func FuzzCone(f *testing.F) {
	f.Add("/*\n!/*/\n/a/\n!/a/*/\n/a/b/\n")
	f.Add("/*\n!/*/\n/../\n")
	f.Add("*.go\n")
	f.Fuzz(func(t *testing.T, text string) {
		cone, ok := coneOf(text)
		if !ok {
			return
		}
		clean, err := folders(cone)
		if err != nil || !slices.Equal(clean, cone) || len(cone) == 0 {
			t.Fatalf("%q: %q, %v", text, cone, err)
		}
		if again, ok := coneOf(patterns(cone)); !ok || !slices.Equal(again, cone) {
			t.Fatalf("%q: %q is written as %q", text, cone, patterns(cone))
		}
	})
}
