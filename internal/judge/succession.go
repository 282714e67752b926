package judge

import (
	"context"
	"errors"
	"slices"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// succession refuses a change after which nothing could be judged any more: the merged tree's own configuration and
// constitution must load, since they judge the next change. It says what the change does to the constitution.
func (c *courtroom) succession(ctx context.Context) error {
	in := c.collected.Input
	settings := c.collected.Governance.Config.Spec.Policy
	if in.Change.MergedTree == "" || !slices.ContainsFunc(c.collected.Changes, func(f git.FileChange) bool { return touchesGovernance(f, settings) }) {
		return nil
	}
	next, err := Governance(ctx, c.collected.Merged)
	if err == nil {
		_, err = Assessor(ctx, next)
	}
	var wrong *UsageError
	var config *facts.ConfigError
	blamed := errors.As(err, &wrong) || errors.As(err, &config)
	if err != nil && !blamed {
		return err // nothing that the change is to blame for
	}
	if weighing := c.weigh(ctx, next, err); weighing != nil || !blamed {
		return weighing
	}
	f := finding.Finding{Rule: "governance/unloadable", Severity: finding.Error, State: finding.New, Tool: "adamant", Path: facts.ConfigPath,
		Message: "after this change nothing could be judged any more: " + err.Error(), Fix: "mend the file; adamant policy test and adamant schema help"}
	var diagnostics manifest.Diagnostics
	if errors.As(err, &diagnostics) && len(diagnostics) > 0 {
		f.Path, f.Line, f.Column = diagnostics[0].Path, diagnostics[0].Line, diagnostics[0].Column
	}
	f.Fingerprint = finding.Fingerprint(f.Rule, f.Message, "", 0)
	in.Findings = append(in.Findings, f)
	return nil
}
