package check

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

func TestServices(t *testing.T) {
	t.Parallel()
	// A service that takes a moment, and says on SIGTERM that it leaves. Once up is there, it is whole.
	const server = `trap 'echo it leaves in order; exit 0' TERM; sleep 0.2; echo "$NAME" >new; mv new up; while :; do sleep 0.05; done`
	for name, test := range map[string]struct {
		services []manifest.Service
		command  string
		state    string
		reason   string
		log      string
	}{
		"comes up": {
			services: []manifest.Service{{Name: "db", Command: []string{server}, Ready: []string{"test -e up"}, Env: map[string]string{"NAME": "db"}}},
			command:  `test "$(cat up)" = db`, state: facts.Passed, log: "it leaves in order",
		},
		"two of them": {
			services: []manifest.Service{
				{Name: "a", Command: []string{"sleep 60"}}, {Name: "b", Command: []string{server}, Ready: []string{"test", "-e", "up"}},
			},
			command: "test -e up", state: facts.Passed,
		},
		"never ready": {
			services: []manifest.Service{{Name: "db", Command: []string{"sleep 60"}, Ready: []string{"false"}, Timeout: "300ms"}},
			command:  "true", state: facts.Errored, reason: "service db was not ready within 300ms",
		},
		"a probe that hangs": {
			services: []manifest.Service{{Name: "db", Command: []string{"sleep 60"}, Ready: []string{"sleep 60"}, Timeout: "300ms"}},
			command:  "true", state: facts.Errored, reason: "service db was not ready within 300ms",
		},
		"dies": {
			services: []manifest.Service{{Name: "db", Command: []string{"exit 3"}, Ready: []string{"false"}}},
			command:  "true", state: facts.Errored, reason: "service db ended (exit status 3) before it was ready",
		},
		"not installed": {
			services: []manifest.Service{{Name: "db", Command: []string{"no-such-db-of-ours", "-D", "data"}}},
			command:  "true", state: facts.Unavailable, reason: "service db: no-such-db-of-ours is not installed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, r *Runner) {
				c := sh(test.command)
				c.Services = test.services
				e, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
				wantState(t, e, test.state, test.reason)
				if log := logOf(t, r); !strings.Contains(log, test.log) {
					t.Errorf("the log lacks %q:\n%s", test.log, log)
				}
			})
		})
	}
}

// TestServiceCannotReport: what a service prints is no part of a report that is read from stdout.
func TestServiceCannotReport(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r *Runner) {
		c := sh("true")
		c.Services = []manifest.Service{{Name: "liar", Command: []string{"cat pass.xml; touch up; sleep 60"}, Ready: []string{"test -e up"}}}
		c.Reports = []manifest.Report{{Format: "junit", Path: "stdout"}}
		e, _ := runOne(t, r, c, Job{Merged: tree{"pass.xml": junitPass}})
		wantState(t, e, facts.Errored, "left no report in its standard output")
	})
}
