package check

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// measure puts the coverage that an attempt's profiles show into the evidence, and fails it when the check demands more.
func measure(c *manifest.Check, profiles []report.Profile, changed []facts.File, text finding.Text, e *facts.Evidence) error {
	if len(profiles) == 0 {
		if c.Coverage != nil && e.State == facts.Passed {
			return errors.New("coverage is demanded, but no report of the check is a coverage profile")
		}
		return nil
	}
	all := report.Profile{}
	for _, p := range profiles {
		all = all.Merge(p)
	}
	cov := &facts.Coverage{Total: all.Total(), Languages: languagesOf(all)}
	cov.Diff, cov.DiffLines = all.Diff(changedLines(changed), unmeasured(c, all, changed, text))
	e.Coverage = cov
	if c.Coverage == nil || e.State != facts.Passed {
		return nil
	}
	got := cov.Total
	if c.Coverage.Scope == "diff" {
		got = cov.Diff
	}
	if got >= 0 && got < c.Coverage.Min*1000 {
		e.State, e.Reason = facts.Failed, fmt.Sprintf("%s coverage is %s, under %d %%", c.Coverage.Scope, percent(got), c.Coverage.Min)
	}
	return nil
}

// languagesOf lists the languages of the files that a profile holds.
func languagesOf(p report.Profile) []string {
	set := map[string]bool{}
	for path := range p {
		if language, _ := source.Classify(path, nil, nil); language != "" {
			set[language] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// percent prints milli-percent with one decimal, rounded down.
func percent(milli int) string { return fmt.Sprintf("%d.%d %%", milli/1000, milli%1000/100) }

// unmeasured counts added lines of source files that the profile should know and does not, because no test ever loads
// them, as not covered. Go's profiles list every package, so there what is missing is not code.
func unmeasured(c *manifest.Check, p report.Profile, changed []facts.File, text finding.Text) func(string, int) bool {
	for _, r := range c.Reports {
		if r.Format == "go-cover" {
			return nil
		}
	}
	languages := map[string]bool{}
	for name := range p {
		languages[path.Ext(name)] = true
	}
	code := map[string][]string{}
	for _, f := range changed {
		below := c.Directory == "" || strings.HasPrefix(f.Path, path.Clean(c.Directory)+"/")
		if _, known := p[f.Path]; known || !below || f.Class != source.ClassSource || !languages[path.Ext(f.Path)] {
			continue
		}
		if content, ok := text(f.Path); ok {
			code[f.Path] = strings.Split(string(content), "\n")
		}
	}
	return func(name string, line int) bool {
		lines := code[name]
		return line <= len(lines) && executable(lines[line-1])
	}
}

// executable is a guess at whether a line is one that a profile would count: not blank, no comment, no lone bracket.
func executable(line string) bool {
	line = strings.Trim(line, " \t\r{}()[];,")
	return line != "" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "*") && !strings.HasPrefix(line, "/*")
}
