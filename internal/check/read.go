package check

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// reading is what an attempt's reports say.
type reading struct {
	tests    *facts.Tests      // nil when no report of tests was declared
	broken   []finding.Finding // failing tests
	lint     []finding.Finding // of linters
	gone     []finding.Finding // of linters, at base alone
	profiles []report.Profile
}

// read parses the reports of an attempt. A declared report that is missing is the caller's to judge.
func (r *run) read(a *attempt, c *manifest.Check, modules map[string]string) (*reading, error) {
	text := checkoutText(a.tree)
	out := &reading{}
	for _, file := range a.files {
		if err := out.add(file, report.Options{
			Root: a.tree, Dir: c.Directory, GoPackage: report.GoModules(modules), Exists: exists(a.tree), Text: text,
		}); err != nil {
			return nil, fmt.Errorf("report %s: %w", file.path, err)
		}
	}
	for _, fs := range [][]finding.Finding{out.broken, out.lint} {
		finding.AssignFingerprints(fs, text, r.Symbol)
	}
	return out, nil
}

func (out *reading) add(file reportFile, opt report.Options) error {
	data := bytes.NewReader(file.data)
	switch {
	case testFormat(file.format):
		return out.addTests(report.ReadTests(file.format, data, opt))
	case coverageFormat(file.format):
		profile, err := report.ReadCoverage(file.format, data, opt)
		if err == nil {
			out.profiles = append(out.profiles, profile)
		}
		return err
	}
	fs, err := finding.Read(file.format, file.data, finding.Options{Root: opt.Root, Dir: opt.Dir, Text: opt.Text})
	out.lint = append(out.lint, fs...)
	return err
}

func (out *reading) addTests(res *report.Result, err error) error {
	if out.tests == nil {
		out.tests = &facts.Tests{}
	}
	if errors.Is(err, report.ErrNoTests) { // one of many reports may be empty; all together may not
		return nil
	}
	if err != nil {
		return err
	}
	out.tests.Passed += res.Passed
	out.tests.Failed += res.Failed
	out.tests.Skipped += res.Skipped
	out.tests.Failing = append(out.tests.Failing, res.Failing[:min(len(res.Failing), 100-len(out.tests.Failing))]...)
	out.broken = append(out.broken, res.Findings...)
	return nil
}

// missing names the first declared report that the attempt did not leave, "" when all are there.
func missing(a *attempt, c *manifest.Check) string {
	for _, declared := range c.Reports {
		there := false
		for _, file := range a.files {
			there = there || file.format == declared.Format && matches(declared, file)
		}
		if !there {
			return declared.Path
		}
	}
	return ""
}

func matches(declared manifest.Report, file reportFile) bool {
	if declared.Path == fromStdout || file.path == fromStdout {
		return declared.Path == file.path
	}
	return manifest.MatchPath(anchored(declared.Path), file.path)
}

// anchored makes a report's glob match where it was declared and not at any depth.
func anchored(glob string) string { return "/" + strings.TrimPrefix(path.Clean(glob), "/") }

// checkoutText reads files of a checkout for fingerprints. Symlinks out of it are not followed.
func checkoutText(tree string) finding.Text {
	return func(name string) ([]byte, bool) {
		root, err := os.OpenRoot(tree)
		if err != nil {
			return nil, false
		}
		defer root.Close()
		file, err := root.OpenFile(name, os.O_RDONLY|nonblock, 0)
		if err != nil {
			return nil, false
		}
		defer file.Close()
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil, false
		}
		data, err := readBounded(file, 5<<20)
		return data, err == nil
	}
}

// goModules maps the folders of a tree's Go modules to their import paths, for go test and coverage reports.
func goModules(files []git.Entry, read func(git.OID) ([]byte, error)) (map[string]string, error) {
	modules := map[string]string{}
	for _, f := range files {
		if path.Base(f.Path) != "go.mod" {
			continue
		}
		text, err := read(f.OID)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Path, err)
		}
		if name := modfile.ModulePath(text); name != "" {
			modules[name] = path.Dir(f.Path)
		}
	}
	return modules, nil
}
