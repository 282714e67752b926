package adopt

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/manifest"
)

// TestSandboxIsLookedAt: without one, agents are broken only where they are to work on their own.
func TestSandboxIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		patient Patient
		mark    string
		text    string
	}{
		"there":     {Patient{Sandbox: "all of it"}, "+", "all of it"},
		"missing":   {Patient{NoSandbox: "Landlock: none"}, "?", "Landlock: none"},
		"delegated": {Patient{Configured: true, Config: manifest.Repository{Spec: manifest.RepositorySpec{Phase: 4}}, NoSandbox: "none"}, "x", "refuse to run"},
	} {
		d := Diagnose(test.patient)
		var found Item
		for _, item := range d.Items {
			if item.Name == "sandbox" {
				found = item
			}
		}
		if found.Mark != test.mark || !strings.Contains(found.Text, test.text) || d.Broken != (test.mark == "x") {
			t.Errorf("%s: %+v, broken %v", name, found, d.Broken)
		}
	}
}
