package check

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	junitPass  = `<testsuite name="s"><testcase classname="a" name="one"/><testcase classname="a" name="two"/></testsuite>`
	junitFail  = `<testsuite name="s"><testcase classname="a" name="one"><failure message="no"/></testcase><testcase classname="a" name="two"/></testsuite>`
	junitEmpty = `<testsuite name="s"></testsuite>`
)

// TestStates is the table of outcomes: what a command does, and what that is evidence of.
func TestStates(t *testing.T) {
	t.Parallel()
	junit := []manifest.Report{{Format: "junit", Path: "out/junit.xml"}}
	stdout := []manifest.Report{{Format: "junit", Path: "stdout"}}
	files := tree{
		"pass.xml": junitPass, "fail.xml": junitFail, "empty.xml": junitEmpty, "broken.xml": "<testsuite><testcase",
		"no-interpreter": "#!/no/such/interpreter\n", "plain.txt": "text", "planted/junit.xml": junitPass, "out/README": "reports go here",
		"lied/out": "-> ../planted",
	}
	for name, test := range map[string]struct {
		command []string
		reports []manifest.Report
		dir     string
		empty   bool // allowNoTests
		timeout string
		state   string
		reason  string
	}{
		"exit 0":                     {command: []string{"true"}, state: facts.Passed},
		"exit 1":                     {command: []string{"echo it broke; exit 1"}, state: facts.Failed, reason: "exit status 1: it broke"},
		"argv":                       {command: []string{"test", "a b", "=", "a b"}, state: facts.Passed},
		"not installed":              {command: []string{"no-such-tool-of-ours", "x"}, state: facts.Unavailable, reason: "no-such-tool-of-ours is not installed"},
		"not installed, by sh":       {command: []string{"golangci-lint-of-ours run"}, state: facts.Unavailable, reason: "not found"},
		"hint":                       {command: []string{"PATH=/nowhere; pnpm test"}, state: facts.Unavailable, reason: "corepack enable"},
		"missing interpreter":        {command: []string{"./no-interpreter", "x"}, state: facts.Unavailable, reason: "interpreter is not installed"},
		"not executable":             {command: []string{"./plain.txt", "x"}, state: facts.Unavailable, reason: "not an executable file"},
		"killed":                     {command: []string{"kill -9 $$"}, state: facts.Errored, reason: "killed"},
		"directory missing":          {command: []string{"true"}, dir: "nowhere", state: facts.Errored, reason: "does not exist"},
		"directory is a link":        {command: []string{"true"}, dir: "lied/out", state: facts.Errored, reason: "not a real folder"},
		"timeout":                    {command: []string{"sleep 60"}, timeout: "100ms", state: facts.Errored, reason: "timed out after 100ms"},
		"report passes":              {command: []string{"cp pass.xml out/junit.xml"}, reports: junit, state: facts.Passed, reason: "2 tests passed"},
		"report on stdout":           {command: []string{"cat pass.xml; echo noise >&2"}, reports: stdout, state: facts.Passed, reason: "2 tests passed"},
		"report fails":               {command: []string{"cp fail.xml out/junit.xml; exit 1"}, reports: junit, state: facts.Failed, reason: "1 of 2 tests failed"},
		"report fails, exit 0":       {command: []string{"cp fail.xml out/junit.xml"}, reports: junit, state: facts.Failed, reason: "1 of 2 tests failed"},
		"report passes, exit 1":      {command: []string{"cp pass.xml out/junit.xml; exit 3"}, reports: junit, state: facts.Failed, reason: "exit status 3 although no test of 2 failed"},
		"no report, exit 0":          {command: []string{"true"}, reports: junit, state: facts.Errored, reason: "left no report in out/junit.xml"},
		"no report on stdout":        {command: []string{"true"}, reports: stdout, state: facts.Errored, reason: "left no report in its standard output"},
		"no report, exit 1":          {command: []string{"echo does not compile; exit 1"}, reports: junit, state: facts.Failed, reason: "does not compile"},
		"no tests":                   {command: []string{"cp empty.xml out/junit.xml"}, reports: junit, state: facts.Errored, reason: "no test ran"},
		"no tests, as declared":      {command: []string{"cp empty.xml out/junit.xml"}, reports: junit, empty: true, state: facts.Passed},
		"no tests, exit 1":           {command: []string{"cp empty.xml out/junit.xml; exit 1"}, reports: junit, empty: true, state: facts.Failed},
		"broken report":              {command: []string{"cp broken.xml out/junit.xml"}, reports: junit, state: facts.Errored, reason: "report out/junit.xml"},
		"planted report":             {command: []string{"true"}, reports: []manifest.Report{{Format: "junit", Path: "planted/*.xml"}}, state: facts.Errored, reason: "left no report"},
		"report is a symlink":        {command: []string{"ln -s ../pass.xml out/junit.xml"}, reports: junit, state: facts.Errored, reason: "symbolic link"},
		"report folder is a symlink": {command: []string{"rm -r out; ln -s planted out; cp pass.xml planted/junit.xml"}, reports: junit, state: facts.Errored, reason: "symbolic link"},
		"report is a pipe":           {command: []string{"mkfifo out/junit.xml"}, reports: junit, state: facts.Errored, reason: "not a regular file"},
		"report is a folder":         {command: []string{"mkdir out/junit.xml"}, reports: junit, state: facts.Errored, reason: "not a regular file"},
		"report leads outside":       {command: []string{"ln -s /etc/passwd out/junit.xml"}, reports: junit, state: facts.Errored, reason: "symbolic link"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, r *Runner) {
				c := manifest.Check{
					Name: "test", Kind: "custom", Command: test.command, Reports: test.reports, AllowNoTests: test.empty, Timeout: test.timeout,
					Directory: test.dir,
				}
				e, _ := runOne(t, r, c, Job{Merged: files})
				wantState(t, e, test.state, test.reason)
				if left, err := os.ReadDir(r.Scratch); err != nil || len(left) > 0 {
					t.Errorf("the run left %v behind (%v)", left, err)
				}
			})
		})
	}
}

func TestEnvironmentIsCleared(t *testing.T) {
	t.Setenv("ADAMANT_TEST_SECRET", "hunter2-in-parent")
	t.Setenv("ADAMANT_TEST_PASSED", "wanted")
	for name, r := range map[string]*Runner{"isolated": newRunner(t), "open": unguarded(t)} {
		t.Run(name, func(t *testing.T) {
			c := sh("env; cat /proc/$PPID/environ /proc/1/environ 2>/dev/null | tr '\\0' '\\n'; umask; ls -l /proc/self/fd; cat")
			c.Env, c.PassEnv = map[string]string{"OWN": "set"}, []string{"ADAMANT_TEST_PASSED"}
			if name == "open" { // the parent's memory is open to its own user there; docs/checks.md says so
				c.Command = []string{"env; cat"}
			}
			e, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
			wantState(t, e, facts.Passed, "")
			log := logOf(t, r)
			if strings.Contains(log, "hunter2-in-parent") {
				t.Errorf("a secret of the parent's environment is visible:\n%s", log)
			}
			for _, want := range []string{"ADAMANT_TEST_PASSED=wanted", "OWN=set", "LANG=C.UTF-8", "TZ=UTC", "CI=true", "GOPROXY=off", "/home\n"} {
				if !strings.Contains(log, want) {
					t.Errorf("%s is missing in:\n%s", want, log)
				}
			}
			if name == "isolated" && !strings.Contains(log, "0077\n") {
				t.Errorf("umask is not 077:\n%s", log)
			}
		})
	}
}

// TestNoInheritedDescriptors opens a descriptor that is not closed on exec, as a shell above adamant may have left one.
func TestNoInheritedDescriptors(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	leaked, err := syscall.Open("/etc/hostname", syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(leaked)
	c := sh("for f in /proc/self/fd/*; do readlink $f; done; true")
	e, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
	wantState(t, e, facts.Passed, "")
	for line := range strings.Lines(logOf(t, r)) {
		line = strings.TrimSpace(line)
		if line != "" && line != "/dev/null" && !strings.HasPrefix(line, "pipe:") && !strings.HasPrefix(line, "/proc/") && !strings.HasPrefix(line, "[") {
			t.Errorf("the command holds %s", line)
		}
	}
}
