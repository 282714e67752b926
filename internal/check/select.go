package check

import (
	"slices"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// affected tells whether a check has to run. A check that selects by its inputs is left out only when no changed file, by
// its old or new name, is one of them or of its setup's.
func affected(c *manifest.Check, changed []facts.File) bool {
	if c.Select != "affected" || len(c.Inputs) == 0 {
		return true
	}
	set, err := manifest.NewPathSet(slices.Concat(c.Inputs, c.SetupInputs))
	if err != nil {
		return true // the key of the result will say what is wrong with the globs
	}
	return slices.ContainsFunc(changed, func(f facts.File) bool {
		return set.Match(f.Path) || f.OldPath != "" && set.Match(f.OldPath) ||
			len(c.Setup) > 0 && len(c.SetupInputs) == 0 && lockFiles(f.Path)
	})
}

// matching lists the entries whose path one of the globs matches.
func matching(files []git.Entry, globs []string) ([]git.Entry, error) {
	set, err := manifest.NewPathSet(globs)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(files), func(e git.Entry) bool { return !set.Match(e.Path) }), nil
}

func reportsFindings(c *manifest.Check) bool {
	return slices.ContainsFunc(c.Reports, func(r manifest.Report) bool { return slices.Contains(finding.Formats(), r.Format) })
}

func reportsCoverage(c *manifest.Check) bool {
	return c.Coverage != nil || slices.ContainsFunc(c.Reports, func(r manifest.Report) bool { return coverageFormat(r.Format) })
}

func coverageFormat(format string) bool { return slices.Contains(report.CoverageFormats(), format) }

func testFormat(format string) bool { return slices.Contains(report.TestFormats(), format) }

// changedLines are the lines that diff coverage is measured on, by path.
func changedLines(changed []facts.File) map[string][]facts.LineRange {
	lines := map[string][]facts.LineRange{}
	for _, f := range changed {
		if len(f.Lines) > 0 {
			lines[f.Path] = f.Lines
		}
	}
	return lines
}

// wantsBaseTests tells whether base's tests are to be run against the merged source.
func (r *run) wantsBaseTests(c *manifest.Check) bool {
	if c.BaseTests != nil {
		return r.job.BaseTests && *c.BaseTests
	}
	return r.job.BaseTests && c.Kind == "unit"
}
