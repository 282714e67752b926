package cli

import "testing"

// TestHelpHasSections: every verb that people see is in a section of help, but for version.
func TestHelpHasSections(t *testing.T) {
	t.Parallel()
	for _, cmd := range newRoot(System(), nil).Commands() {
		if !cmd.Hidden && cmd.GroupID == "" && cmd.Name() != "version" {
			t.Errorf("%s is in no section of help (groups.go)", cmd.Name())
		}
	}
}

// TestChosen: a verb is made alone, by the name it is registered with, and all are made where none is named.
func TestChosen(t *testing.T) {
	t.Parallel()
	for _, c := range commands {
		made := newRoot(System(), []string{c.verb, "--help"}).Commands()
		if len(made) != 1 || made[0].Name() != c.verb {
			t.Errorf("%s: made %d commands, not that one alone", c.verb, len(made))
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"--help", "version"}, {"versio"}, {"__complete", ""}} {
		if made := newRoot(System(), args).Commands(); len(made) != len(commands) {
			t.Errorf("%q: made %d of %d commands", args, len(made), len(commands))
		}
	}
}
