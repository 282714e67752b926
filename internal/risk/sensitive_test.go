package risk

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"pkg/HTTPAuth_v2": {"pkg", "http", "auth", "v2"},
		"loginForm":       {"login", "form"},
		"XMLToken":        {"xml", "token"},
		"a--b/__c":        {"a", "b", "c"},
		"oauth2/x509":     {"oauth2", "x509"},
		"ÜberAuth":        {"über", "auth"},
		"":                nil,
	} {
		if got := words(in); !slices.Equal(got, want) {
			t.Errorf("words(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"pkg/HTTPAuth_v2.go", "\xff\xfeA", "AAAaAa", "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range words(s) {
			if w == "" {
				t.Fatalf("words(%q) has an empty word", s)
			}
		}
		areaOf(s)
	})
}
