package history

import "testing"

func TestIsFix(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{
		"fix: wrong offset":                      true,
		"Fixed a crash on start":                 true,
		"parser: panic on empty input":           true,
		"BUG in the cache":                       true,
		"Add prefix support":                     false,
		"Rework debugger":                        false,
		"fixture for the parser":                 false,
		"Fix typo":                               false,
		"docs: fix the example":                  false,
		"ci: fix the runner":                     false,
		"test: fix flaky run":                    false,
		"Better errors\n\nFixes #12":             true,
		"Better errors\n\nfixes: org/repo#12":    true,
		"Better errors\n\nCloses #12":            false,
		"Better errors\n\nFixes: 0123abcd9 (x)":  true,
		"Better errors\n\nThis fixes what I saw": false,
		"":                                       false,
	} {
		if got := IsFix(message); got != want {
			t.Errorf("IsFix(%q) = %v", message, got)
		}
	}
}

func TestIsRevert(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]bool{
		`Revert "Add a cache"`:                       true,
		"revert: add a cache":                        true,
		"Add revert command":                         false,
		"Undo\n\nThis reverts commit 0123456789abc.": true,
	} {
		if got := IsRevert(message); got != want {
			t.Errorf("IsRevert(%q) = %v", message, got)
		}
	}
}
