package check

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// unit proposes the tests, with a report where the test runner can write one. A script that only runs other scripts in turn
// becomes one check for each of them, so that each has its report and its place in the matrix.
func (w *webProject) unit() {
	file := path.Join(w.dir, "package.json")
	names := w.chain("test")
	switch {
	case len(names) > 0:
		for _, name := range names {
			w.tests(name, len(names) > 1)
		}
	case w.many && w.nestedScript("test"):
		w.note(file, "the workspaces' tests write no common report: single tests are not seen (docs/checks.md)")
		w.check("npm-unit", "unit", w.each("test"))
	default:
		w.note(file, "no test script")
	}
}

// tests proposes the tests of one script; apart says that it is one of several.
func (w *webProject) tests(name string, apart bool) {
	check, kind := "npm-unit", "unit"
	if text := name + " " + w.expand(w.script(name)); apart {
		kind = kindOfTests(text)
		check = "npm-" + strings.ReplaceAll(name, ":", "-")
	}
	command, reports := w.reporting(name)
	if len(reports) == 0 {
		w.note(path.Join(w.dir, "package.json"), "the "+name+" script writes no report that is known here: single tests are not seen and base's tests cannot be compared (docs/checks.md)")
	}
	w.check(check, kind, command, reports...)
}

// kindOfTests goes by the words people use for tests that need more than the source.
func kindOfTests(text string) string {
	for _, k := range []struct{ word, kind string }{
		{"e2e", "e2e"}, {"end-to-end", "e2e"}, {"playwright", "e2e"}, {"cypress", "e2e"}, {"browser", "e2e"}, {"integration", "integration"},
	} {
		if strings.Contains(text, k.word) {
			return k.kind
		}
	}
	return "unit"
}

// chain lists the scripts that a script runs in turn and is nothing else than, or the script itself. None when it is empty.
func (w *webProject) chain(name string) []string {
	script := w.script(name)
	if script == "" {
		return nil
	}
	var names []string
	for part := range strings.SplitSeq(script, "&&") {
		next := w.runs(strings.Fields(part))
		if next == "" || next == name {
			return []string{name}
		}
		names = append(names, next)
	}
	return names
}

// runs is the script of this package that a command runs without more arguments, "" when it does something else.
func (w *webProject) runs(words []string) string {
	if len(words) < 2 || len(words) > 3 || !slices.Contains([]string{"npm", "pnpm", "yarn"}, words[0]) || len(words) == 3 && words[1] != "run" {
		return ""
	}
	next := words[len(words)-1]
	if w.script(next) == "" {
		return ""
	}
	return next
}

// reporting is how a test script is run, and the reports it then leaves.
func (w *webProject) reporting(name string) ([]string, []manifest.Report) {
	runner, args, plain := lastCommand(w.expand(w.script(name)))
	junit := manifest.Report{Format: "junit", Path: path.Join(w.dir, junitFile)}
	lcov := manifest.Report{Format: "lcov", Path: path.Join(w.dir, "coverage/lcov.info")}
	switch {
	case runner == "vitest":
		more := []string{"--reporter=default", "--reporter=junit", "--outputFile.junit=" + junitFile}
		if !slices.Contains(args, "run") && !slices.Contains(args, "--run") {
			more = append([]string{"--run"}, more...)
		}
		if w.depends("@vitest/coverage-v8") || w.depends("@vitest/coverage-istanbul") {
			return w.run(name, append(more, "--coverage", "--coverage.reporter=lcovonly", "--coverage.reportsDirectory=coverage")...), []manifest.Report{junit, lcov}
		}
		return w.run(name, more...), []manifest.Report{junit}
	case runner == "jest":
		more := []string{"--ci", "--json", "--outputFile=" + jestFile, "--coverage", "--coverageReporters=lcovonly", "--coverageDirectory=coverage"}
		return w.run(name, more...), []manifest.Report{{Format: "jest", Path: path.Join(w.dir, jestFile)}, lcov}
	case runner == "mocha":
		return w.run(name, "--reporter", "xunit", "--reporter-option", "output="+junitFile), []manifest.Report{junit}
	case runner == "node" && plain && slices.Contains(args, "--test"):
		return slices.Concat([]string{"node", "--test-reporter=junit", "--test-reporter-destination=" + junitFile}, args), []manifest.Report{junit}
	}
	return w.run(name), nil
}
