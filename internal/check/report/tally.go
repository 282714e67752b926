package report

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// outcome is how one test case ended.
type outcome int

const (
	passed outcome = iota
	failed
	skipped
)

// tally counts the cases of one report and keeps what is to be said about them.
type tally struct {
	format   string
	opt      Options
	tests    facts.Tests
	findings []finding.Finding
	more     int // findings left out
	duration int64
}

// count adds one case. It is an error when there are more than the limit.
func (t *tally) count(name string, o outcome) error {
	switch o {
	case passed:
		t.tests.Passed++
	case skipped:
		t.tests.Skipped++
	case failed:
		t.tests.Failed++
		if len(t.tests.Failing) < maxFailing {
			t.tests.Failing = append(t.tests.Failing, name)
		}
	}
	if t.total() > t.limit() {
		return t.errorf("it has more than %d test cases", t.limit())
	}
	return nil
}

func (t *tally) limit() int {
	if t.opt.Cases > 0 {
		return t.opt.Cases
	}
	return DefaultCases
}

func (t *tally) total() int { return t.tests.Passed + t.tests.Failed + t.tests.Skipped }

func (t *tally) errorf(format string, args ...any) error {
	return &finding.FormatError{Format: t.format, Reason: fmt.Sprintf(format, args...)}
}

// add keeps a finding, with its place when there is one.
func (t *tally) add(rule string, severity finding.Severity, at place, message string) {
	if len(t.findings) == maxFindings {
		t.more++
		return
	}
	t.findings = append(t.findings, finding.Finding{
		Rule: rule, Severity: severity, Tool: t.format, Message: clip(finding.Unrooted(message, t.opt.Root)), Path: at.path, Line: at.line, Column: at.column,
	})
}

func (t *tally) fail(at place, message string) { t.add(RuleFailed, finding.Error, at, message) }

func (t *tally) result() (*Result, error) {
	if t.total() == 0 {
		return nil, fmt.Errorf("%s report: %w; did the runner find its tests?", t.format, ErrNoTests)
	}
	if t.more > 0 {
		t.findings = append(t.findings, finding.Finding{
			Rule: RuleFailed, Severity: finding.Error, Tool: t.format, Message: fmt.Sprintf("%d more are not listed", t.more),
		})
	}
	finding.Sort(t.findings)
	return &Result{Tests: t.tests, Findings: t.findings, Duration: t.duration}, nil
}

// clip makes a message of at most 500 bytes on one line.
func clip(message string) string {
	message = strings.Join(strings.Fields(strings.ToValidUTF8(message, "�")), " ")
	if len(message) <= 500 {
		return message
	}
	return strings.ToValidUTF8(message[:500], "") + " ..."
}
