package verify_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReasonsAreDocumented: the pages have every code of the sources that they speak for.
func TestReasonsAreDocumented(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`"([A-Z]{5,}|[A-Z]+(?:_[A-Z]+)+)"`)
	for page, sources := range map[string][]string{
		"../../../docs/formats/reasons.md": {"reason.go", "../chain.go", "../../admit/code.go", "../../policy/admission/base.rego"},
		"../../../docs/admission.md":       {"../../admit/code.go", "../../policy/admission/base.rego"},
		"../../../docs/verify.md":          {"../../verify/problem.go"},
	} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			goText, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			found := code.FindAllStringSubmatch(string(goText), -1)
			if len(found) == 0 {
				t.Errorf("%s has no code", source)
			}
			for _, m := range found {
				if !strings.Contains(string(text), "`"+m[1]+"`") {
					t.Errorf("%s does not explain %s of %s", page, m[1], source)
				}
			}
		}
	}
}
