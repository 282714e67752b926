package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jestReport is what `jest --json` and Vitest's json reporter write (https://jestjs.io/docs/cli#--json).
type jestReport struct {
	Success *bool      `json:"success"`
	Failed  int        `json:"numFailedTests"`
	Crashed int        `json:"numRuntimeErrorTestSuites"`
	Total   int        `json:"numTotalTests"`
	Cut     bool       `json:"wasInterrupted"`
	Files   []jestFile `json:"testResults"`
}

type jestFile struct {
	Name    string     `json:"name"` // absolute path
	Status  string     `json:"status"`
	Message string     `json:"message"`
	Start   float64    `json:"startTime"` // milliseconds; Vitest writes fractions
	End     float64    `json:"endTime"`
	Tests   []jestTest `json:"assertionResults"`
}

type jestTest struct {
	Name     string   `json:"fullName"`
	Status   string   `json:"status"` // passed, failed, pending, skipped, todo, disabled, focused
	Failures []string `json:"failureMessages"`
}

func readJest(r io.Reader, t *tally) error {
	decoder := json.NewDecoder(r)
	var report jestReport
	if err := decoder.Decode(&report); err != nil {
		return t.jsonError(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return t.errorf("something follows the report")
	}
	if report.Cut {
		return t.errorf("the run was interrupted")
	}
	if report.Success == nil || report.Files == nil {
		return t.errorf("it has no success and testResults: write it with jest --json --outputFile=FILE")
	}
	for _, file := range report.Files {
		if err := t.jestFile(&file); err != nil {
			return err
		}
	}
	return t.jestTotals(&report)
}

// jsonError tells a report that is no JSON from a reader that failed.
func (t *tally) jsonError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return t.errorf("it is no whole JSON document: %v", err)
	}
	return err
}

// jestFile counts the tests of one file. A file that failed without a failing test could not be loaded.
func (t *tally) jestFile(file *jestFile) error {
	path, known := t.opt.known(t.opt.Dir, file.Name)
	if !known {
		path = ""
	}
	t.duration += max(0, int64(file.End-file.Start))
	failing := t.tests.Failed
	for _, test := range file.Tests {
		if err := t.jestTest(path, &test); err != nil {
			return err
		}
	}
	if file.Status != "failed" || t.tests.Failed > failing {
		return nil
	}
	t.fail(t.jestPlace(path, file.Message), path+" could not be run: "+clip(withoutColour(file.Message)))
	return t.count(path+" (suite)", failed)
}

func (t *tally) jestTest(path string, test *jestTest) error {
	name := strings.TrimSpace(path + " " + test.Name)
	switch test.Status {
	case "passed":
		return t.count(name, passed)
	case "pending", "skipped", "todo", "disabled":
		return t.count(name, skipped)
	case "failed":
		text := withoutColour(strings.Join(test.Failures, "\n"))
		t.fail(t.jestPlace(path, text), fmt.Sprintf("%s failed: %s", name, clip(text)))
		return t.count(name, failed)
	}
	return t.errorf("test %q has the unknown status %q", test.Name, test.Status)
}

// jestPlace is the first frame of a failure that is ours, or the test's file.
func (t *tally) jestPlace(path, text string) place {
	if at := t.opt.find(t.opt.Dir, text); at.path != "" {
		return at
	}
	return place{path: path}
}

// jestTotals compares what the report claims with what was counted: no success with failures in it, and no failure that is
// not listed.
func (t *tally) jestTotals(report *jestReport) error {
	if claimed := report.Failed + report.Crashed; claimed > t.tests.Failed || report.Total > t.total() {
		return t.errorf("it claims %d tests and %d failures, but %d and %d are in it", report.Total, claimed, t.total(), t.tests.Failed)
	}
	if *report.Success && t.tests.Failed > 0 {
		t.add(RuleTotals, "warning", place{}, fmt.Sprintf("the report claims success, but %d of its tests failed", t.tests.Failed))
	}
	if !*report.Success && t.tests.Failed == 0 {
		t.fail(place{}, "the run failed without a failing test: coverage below its threshold, or a hook that threw")
		return t.count("(run)", failed)
	}
	return nil
}

// withoutColour takes terminal colours out of a message.
func withoutColour(text string) string {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(text, "\x1b[")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		text = after[min(len(after), strings.IndexFunc(after+"m", func(r rune) bool { return r >= '@' && r <= '~' })+1):]
	}
}
