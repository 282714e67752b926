package cli

import "testing"

// TestHelpHasSections: every verb that people see is in a section of help, but for version.
func TestHelpHasSections(t *testing.T) {
	t.Parallel()
	for _, cmd := range newRoot(System()).Commands() {
		if !cmd.Hidden && cmd.GroupID == "" && cmd.Name() != "version" {
			t.Errorf("%s is in no section of help (groups.go)", cmd.Name())
		}
	}
}
