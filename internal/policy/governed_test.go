package policy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/persona"
)

// What package persona tells people that no agent changes is what rule agents/governance refuses.
func TestGovernedIsOneList(t *testing.T) {
	t.Parallel()
	for _, m := range Builtin() {
		if m.Path != builtinPath+"governance.rego" {
			continue
		}
		_, rest, _ := strings.Cut(m.Text, "governed(path) if {\n\tsome glob in [")
		list, _, _ := strings.Cut(rest, "]")
		var globs []string
		for _, q := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(list, -1) {
			globs = append(globs, q[1])
		}
		if !slices.Equal(globs, persona.Governed()) {
			t.Errorf("the rule has %q, package persona %q", globs, persona.Governed())
		}
		return
	}
	t.Error("there is no governance.rego")
}
