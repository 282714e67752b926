package check

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Affected is what a change can break, by the dependency graph.
type Affected struct {
	Files   []string       // every file that needs a changed one, and the changed ones
	Tests   []AffectedTest // tests among them, sorted by path
	Unknown []Unknown      // changed files of which it is not known what needs them, sorted by path
}

// AffectedTest is a test that has to run, and why.
type AffectedTest struct {
	Path string
	Why  []string // from the test to what changed
	// Module is the folder of the Go module that the test belongs to; "" for other languages.
	Module string
}

// Unknown is a changed file that may affect every test.
type Unknown struct{ Path, Why string }

// Placeholder is the word of a command that stands for the tests that are affected: their packages where the command is Go's,
// else their files.
const Placeholder = "{affected}"

// selection is how a check is run on a change.
type selection struct {
	run   bool
	why   string         // why it is not run, or why all of it is
	all   bool           // the whole check
	tests []AffectedTest // when it is not
}

// selected tells whether a check has to run, and on what. A check that selects is left out only when neither a changed file, by
// its old or new name, nor one that needs it is an input; it is cut down to tests only when all that changed is known.
func selected(c *manifest.Check, job *Job) selection {
	whole := selection{run: true, all: true}
	if c.Select != "affected" {
		return whole
	}
	set, err := manifest.NewPathSet(c.Inputs)
	if err != nil {
		whole.why = "its inputs cannot be read" // the key of the result will say why
		return whole
	}
	input := func(p string) bool { return len(c.Inputs) == 0 || set.Match(p) }
	if job.Affected == nil {
		whole.run = len(c.Inputs) == 0 || setsUp(c, job.Changed) || touches(job.Changed, input)
		if whole.why = "the dependency graph was not read"; !whole.run {
			whole.why = "no changed file is an input of this check"
		}
		return whole
	}
	if setsUp(c, job.Changed) {
		whole.why = "what it is set up with changed"
		return whole
	}
	for _, u := range job.Affected.Unknown {
		if input(u.Path) {
			whole.why = u.Path + " " + u.Why
			return whole
		}
	}
	module := path.Clean(c.Directory)
	tests := slices.DeleteFunc(slices.Clone(job.Affected.Tests), func(t AffectedTest) bool {
		return !under(t.Path, c.Directory) || isGo(c.Command) && t.Module != module // ./... does not lead into other modules
	})
	direct := len(c.Inputs) > 0 && (touches(job.Changed, input) || slices.ContainsFunc(job.Affected.Files, set.Match))
	switch {
	case len(tests) == 0 && !direct:
		return selection{why: "no test or input of it needs a changed file"}
	case len(tests) == 0:
		whole.why = "an input of it changed that is no test's"
		return whole
	case !hasPlaceholder(c.Command):
		whole.why = "its command does not take " + Placeholder
		return whole
	case tooMany(tests):
		whole.why = fmt.Sprintf("%d tests are too many to name", len(tests))
		return whole
	}
	return selection{run: true, tests: tests}
}

func touches(changed []facts.File, input func(string) bool) bool {
	return slices.ContainsFunc(changed, func(f facts.File) bool { return input(f.Path) || f.OldPath != "" && input(f.OldPath) })
}

// setsUp says whether the change touches what the check's setup reads.
func setsUp(c *manifest.Check, changed []facts.File) bool {
	set, err := manifest.NewPathSet(c.SetupInputs)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(changed, func(f facts.File) bool {
		return len(c.SetupInputs) > 0 && (set.Match(f.Path) || f.OldPath != "" && set.Match(f.OldPath)) || len(c.Setup) > 0 && len(c.SetupInputs) == 0 && lockFiles(f.Path)
	})
}

func under(p, dir string) bool {
	return dir == "" || dir == "." || strings.HasPrefix(p, path.Clean(dir)+"/")
}

func hasPlaceholder(command []string) bool {
	return slices.ContainsFunc(command, func(w string) bool { return strings.Contains(w, Placeholder) })
}

// maxNamed bounds the tests that a command line names, in bytes: systems take 128 KiB in one argument.
const maxNamed = 96 << 10

func tooMany(tests []AffectedTest) bool {
	n := 0
	for _, t := range tests {
		n += len(t.Path) + 5
	}
	return n > maxNamed
}

// expand puts the selected tests in the place of the placeholder. For base's tests, edits say which files are not there and
// which are there again.
func expand(command []string, s selection, dir string, edits []Overlay) []string {
	if !hasPlaceholder(command) {
		return command
	}
	units := s.units(isGo(command), dir, edits)
	var out []string
	for _, w := range command {
		switch {
		case w == Placeholder:
			out = append(out, units...)
		case strings.Contains(w, Placeholder): // a line for sh
			out = append(out, strings.ReplaceAll(w, Placeholder, shellWords(units)))
		default:
			out = append(out, w)
		}
	}
	return out
}

// isGo says whether a command runs go test, however it is wrapped.
func isGo(command []string) bool {
	words := strings.Fields(strings.Join(command, " "))
	for i := range words {
		if path.Base(words[i]) == "go" && i+1 < len(words) && words[i+1] == "test" || path.Base(words[i]) == "gotestsum" {
			return true
		}
	}
	return false
}

// units are what a runner is given: packages of Go, or files. Everything is ./... for Go, and nothing for the others, who then
// find their tests themselves.
func (s selection) units(packages bool, dir string, edits []Overlay) []string {
	if s.all && packages {
		return []string{"./..."}
	}
	there := map[string]bool{}
	for _, t := range s.tests {
		there[t.Path] = true
	}
	for _, e := range edits {
		if e.Delete {
			delete(there, e.Path)
		} else if !s.all && under(e.Path, dir) && runnable(e.Path) {
			there[e.Path] = true
		}
	}
	var out []string
	for p := range there {
		if dir != "" && dir != "." {
			p = strings.TrimPrefix(p, path.Clean(dir)+"/")
		}
		if packages {
			p = path.Dir(p)
		}
		out = append(out, "./"+p)
	}
	if packages && len(out) == 0 { // nothing would be the folder it runs in
		return []string{"./..."}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// runnable says whether a file of tests is code, not their data.
func runnable(p string) bool {
	switch path.Ext(p) {
	case ".go", ".py", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte":
		return path.Base(p) != "conftest.py"
	}
	return false
}

// shellWords quotes words for sh.
func shellWords(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(out, " ")
}

// evidence is what a selection says of itself.
func (s selection) evidence(c *manifest.Check) *facts.Selection {
	if c.Select != "affected" || !s.run {
		return nil
	}
	if s.all {
		return &facts.Selection{All: s.why}
	}
	out := &facts.Selection{Count: len(s.tests)}
	for _, t := range s.tests[:min(len(s.tests), maxShown)] {
		out.Tests = append(out.Tests, facts.SelectedTest{Path: facts.SpellPath(t.Path), Why: strings.Join(t.Why[min(1, len(t.Why)):], " > ")})
	}
	return out
}

// maxShown is how many selected tests evidence names.
const maxShown = 100

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

// PerChange says that a part of a check's result is about one change and no other, so that a run on several changes together
// does not answer for each of them: what it finds that base had not, the coverage of lines, base's tests.
func PerChange(c *manifest.Check, baseTests bool) bool {
	r := run{job: Job{BaseTests: baseTests}}
	return reportsFindings(c) || reportsCoverage(c) || r.wantsBaseTests(c)
}

// wantsBaseTests tells whether base's tests are to be run against the merged source.
func (r *run) wantsBaseTests(c *manifest.Check) bool {
	if c.BaseTests != nil {
		return r.job.BaseTests && *c.BaseTests
	}
	return r.job.BaseTests && c.Kind == "unit"
}
