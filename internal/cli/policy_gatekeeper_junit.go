package cli

import (
	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// suiteJUnit writes every suite with its cases.
func suiteJUnit(env *Env, run *gatekeeper.Report) error {
	var suites []report.Suite
	for _, r := range run.Results {
		if len(suites) == 0 || suites[len(suites)-1].Name != r.Suite {
			suites = append(suites, report.Suite{Name: r.Suite})
		}
		c := report.Case{Name: r.Case, Class: r.Test, File: r.Suite, Line: r.Line, TimeMS: r.Duration.Milliseconds()}
		switch r.State {
		case gatekeeper.Failed:
			c.Failure = &report.Failure{Message: r.Reason, Type: "suite"}
		case gatekeeper.Skipped:
			c.Skipped = "the suite says so"
		}
		last := &suites[len(suites)-1]
		last.Cases = append(last.Cases, c)
	}
	return report.WriteJUnit(env.Stdout, suites)
}
