package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// verdict is a state with its reason.
type verdict struct {
	state, reason string
	rules         []string // whose new findings alone made it fail
}

// broken judges an attempt that has no result: it did not start, did not end, or left no readable report. The second
// result is false when the attempt can be judged by its reports.
func (a *attempt) broken(c *manifest.Check) (verdict, bool) {
	switch {
	case a.setup != nil && a.setup.missing:
		return verdict{state: facts.Unavailable, reason: a.setup.reason + installHint(a.setup.reason)}, true
	case a.setup != nil:
		return verdict{state: facts.Errored, reason: a.setup.reason}, true
	case a.NotFound != "":
		return verdict{state: facts.Unavailable, reason: a.NotFound + installHint(a.NotFound)}, true
	case a.Failure != "":
		return verdict{state: facts.Errored, reason: a.Failure}, true
	case a.Service != "":
		return verdict{state: facts.Errored, reason: a.Service}, true
	case a.late > 0:
		return verdict{state: facts.Errored, reason: fmt.Sprintf("timed out after %s", a.late)}, true
	case a.Signal != "":
		return verdict{state: facts.Errored, reason: "killed by " + a.Signal + killHint(a.Signal)}, true
	case a.Exit == 126 || a.Exit == 127:
		return verdict{state: facts.Unavailable, reason: fmt.Sprintf("a command was not found (%s)", a.ended()) + installHint(a.lastLine)}, true
	case missingModule(a, c):
		return verdict{state: facts.Unavailable, reason: a.lastLine + installHint(a.lastLine)}, true
	case a.unread != nil:
		return verdict{state: facts.Errored, reason: a.unread.Error()}, true
	}
	return verdict{}, false
}

// missingModule recognises python -m NAME where NAME is not installed, which Python reports by exit status 1.
func missingModule(a *attempt, c *manifest.Check) bool {
	if a.Exit != 1 {
		return false
	}
	_, name, found := strings.Cut(a.lastLine, "No module named ")
	return found && slices.Contains(words(c), strings.Trim(name, `'"`))
}

// ended is the exit status with the last line of output.
func (a *attempt) ended() string {
	if a.lastLine == "" {
		return fmt.Sprintf("exit status %d", a.Exit)
	}
	return fmt.Sprintf("exit status %d: %s", a.Exit, a.lastLine)
}

func killHint(signal string) string {
	if signal == "SIGKILL" || signal == "killed" {
		return ": was there enough memory?"
	}
	return ""
}

// judge turns an attempt and what its reports say into a state. bad says which findings of linters count; for checks that
// report none it is empty.
func judge(c *manifest.Check, a *attempt, out *reading, bad []finding.Finding) verdict {
	if v, over := a.broken(c); over {
		return v
	}
	if path := missing(a, c); path != "" {
		return withoutReport(a, path)
	}
	pass := verdict{state: facts.Passed}
	if out.tests != nil {
		if pass = judgeTests(c, a, out.tests); pass.state != facts.Passed {
			return pass
		}
	}
	switch {
	case len(bad) > 0:
		return verdict{state: facts.Failed, reason: countFindings(len(bad)), rules: rulesOf(bad)}
	case a.Exit == 0 && len(out.lint) > 0:
		return verdict{state: facts.Passed, reason: fmt.Sprintf("%s, none of them new or an error", countFindings(len(out.lint)))}
	case a.Exit != 0 && len(out.lint) > 0 && out.tests == nil:
		return verdict{state: facts.Passed, reason: fmt.Sprintf("%s, none of them new", countFindings(len(out.lint)))}
	case a.Exit != 0 && out.tests == nil:
		return verdict{state: facts.Failed, reason: a.ended()}
	}
	return pass
}

// rulesOf lists the rules of findings, sorted, each once.
func rulesOf(fs []finding.Finding) []string {
	var rules []string
	for _, f := range fs {
		rules = append(rules, f.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func countFindings(n int) string { return count(n, "finding") }

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// withoutReport judges a command that did not write what it had promised. It is never a pass.
func withoutReport(a *attempt, path string) verdict {
	if path == fromStdout {
		path = "its standard output"
	}
	if a.Exit == 0 {
		return verdict{state: facts.Errored, reason: fmt.Sprintf("the command exited 0 but left no report in %s", path)}
	}
	return verdict{state: facts.Failed, reason: fmt.Sprintf("%s (no report in %s)", a.ended(), path)}
}

func judgeTests(c *manifest.Check, a *attempt, t *facts.Tests) verdict {
	total := t.Passed + t.Failed + t.Skipped
	switch {
	case t.Failed > 0:
		return verdict{state: facts.Failed, reason: fmt.Sprintf("%d of %d tests failed: %s", t.Failed, total, firstNames(t.Failing))}
	case total == 0 && a.Exit == 0 && !c.AllowNoTests:
		return verdict{state: facts.Errored, reason: "no test ran; if that is meant, declare allowNoTests: true"}
	case a.Exit != 0 && total == 0:
		return verdict{state: facts.Failed, reason: a.ended()}
	case a.Exit != 0:
		return verdict{state: facts.Failed, reason: fmt.Sprintf("exit status %d although no test of %d failed", a.Exit, total)}
	}
	return verdict{state: facts.Passed, reason: count(t.Passed, "test") + " passed"}
}

func firstNames(names []string) string {
	const most = 3
	if len(names) <= most {
		return shorten(strings.Join(names, ", "), 300)
	}
	return shorten(strings.Join(names[:most], ", "), 300) + " ..."
}

// installHint says what to install when a reason names a tool that is missing.
func installHint(reason string) string {
	for _, hint := range installHints {
		for word := range strings.FieldsFuncSeq(reason, func(r rune) bool { return !wordRune(r) }) {
			if word == hint[0] {
				return "; install " + hint[1]
			}
		}
	}
	return ""
}

func wordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
}

// installHints say what brings a command. The first one that the reason names wins.
var installHints = [...][2]string{
	{"golangci-lint", "golangci-lint (golangci-lint.run)"},
	{"gofmt", "Go (go.dev/dl)"},
	{"go", "Go (go.dev/dl)"},
	{"pnpm", "pnpm, or run: corepack enable"},
	{"yarn", "yarn, or run: corepack enable"},
	{"npm", "Node.js with npm"},
	{"npx", "Node.js with npm"},
	{"node", "Node.js"},
	{"pytest", "pytest: add it to the project's dependencies and let setup install them"},
	{"ruff", "ruff: add it to the project's dependencies and let setup install them"},
	{"python3", "Python 3"},
	{"uv", "uv"},
	{"poetry", "poetry"},
	{"cargo", "Rust (rustup.rs)"},
	{"mvn", "Maven and a JDK"},
	{"java", "a JDK"},
}
