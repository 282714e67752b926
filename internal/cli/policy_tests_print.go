package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/policy"
)

func printTests(env *Env, report *policy.TestReport, flags testFlags) error {
	s := styleFor(env, env.Stdout)
	for _, t := range report.Results {
		switch {
		case t.State == policy.TestFailed:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s\n     %s\n", s.red("FAIL"), printable(t.Path), t.Line, t.Name, printable(t.Reason))
		case t.State == policy.TestSkipped:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s\n", s.yellow("SKIP"), printable(t.Path), t.Line, t.Name)
		case flags.verbose:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s (%s)\n", s.green("PASS"), printable(t.Path), t.Line, t.Name, t.Duration.Round(time.Microsecond))
		}
	}
	if flags.verbose {
		printUncovered(env, report)
	}
	if report.Coverage >= 0 {
		fmt.Fprintf(env.Stdout, "coverage %s of the lines\n", percent(report.Coverage))
	}
	if report.Skipped > 0 {
		fmt.Fprintf(env.Stdout, "%d skipped\n", report.Skipped)
	}
	_, err := fmt.Fprintf(env.Stdout, "%d passed, %d failed\n", report.Passed, report.Failed)
	return err
}

func printUncovered(env *Env, report *policy.TestReport) {
	for _, p := range report.Uncovered {
		fmt.Fprintf(env.Stdout, "no test reaches %s:%d-%d\n", printable(p.Path), p.From, p.To)
	}
}

// percent writes milli-percent with one digit, rounded down.
func percent(milli int) string { return fmt.Sprintf("%d.%d %%", milli/1000, milli%1000/100) }

func testsJSON(env *Env, report *policy.TestReport, _ testFlags) error {
	return writeJSON(env.Stdout, report)
}

func testsJUnit(env *Env, report *policy.TestReport, _ testFlags) error {
	return writeJUnit(env.Stdout, report)
}

func writeJUnitFile(name string, report *policy.TestReport) error {
	var text strings.Builder
	if err := writeJUnit(&text, report); err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o644); err != nil {
		return usage(fmt.Errorf("writing the JUnit report: %w", err))
	}
	return nil
}

type junitProblem struct {
	Message string `xml:"message,attr,omitempty"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Skipped *junitProblem `xml:"skipped,omitempty"`
}

// writeJUnit writes every test as a test case of one suite.
func writeJUnit(w io.Writer, report *policy.TestReport) error {
	suite := struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}{Name: "adamant policy test", Tests: len(report.Results), Failures: report.Failed, Skipped: report.Skipped}
	for _, t := range report.Results {
		c := junitCase{Class: t.Package, Name: t.Name, File: t.Path, Line: t.Line, Time: fmt.Sprintf("%.6f", t.Duration.Seconds())}
		switch t.State {
		case policy.TestFailed:
			c.Failure = &junitProblem{t.Reason}
		case policy.TestSkipped:
			c.Skipped = &junitProblem{}
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	}
	return err
}
