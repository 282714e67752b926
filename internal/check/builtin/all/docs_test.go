package all

import (
	"os"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/secrets"
)

// TestDocumented fails when a check or a rule for secrets is missing from the page that lists them.
func TestDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/builtin-checks.md")
	if err != nil {
		t.Fatal(err)
	}
	names := secrets.Rules()
	for _, check := range Checks() {
		names = append(names, check.Name())
	}
	for _, name := range names {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/builtin-checks.md does not mention `%s`", name)
		}
	}
}
