// Package report reads what test runners and coverage tools write. It promises that a report which is cut off, empty or
// contradicts itself is an error or a failure, never a pass, and that memory stays bounded whatever comes in. It never
// runs anything, opens no file, and believes no total that it can count itself.
package report

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// The bounds of what is read when Options does not say.
const (
	DefaultLimit = 64 << 20 // bytes
	DefaultCases = 200_000  // test cases
)

const (
	maxFailing  = 100     // names kept in facts.Tests
	maxFindings = 1000    // findings kept for one report
	maxText     = 8 << 10 // bytes of output kept for one test
)

// The rules of the findings that a report leads to.
const (
	RuleFailed = "test/failed" // a test failed
	RuleBuild  = "test/build"  // tests could not be built
	RuleTotals = "test/totals" // the report contradicts itself
	RuleFlaky  = "test/flaky"  // a test failed and then passed
)

// ErrNoTests says that a report holds no test at all. It is wrapped; a caller that expects none may accept it.
var ErrNoTests = errors.New("no test is in it")

// ErrNoCoverage says that a profile names no file of this repository. It is wrapped.
var ErrNoCoverage = errors.New("it covers no file of this repository")

// Options says where a report comes from. The zero value reads reports with relative paths.
type Options struct {
	Root string // absolute path of the checkout the tool ran in
	Dir  string // repository-relative folder the tool ran in; relative paths start there
	// GoPackage returns the repository-relative folder of a Go import path, false when another module owns it.
	// See GoModules.
	GoPackage func(importPath string) (dir string, ok bool)
	// Exists says whether a repository-relative path is a file; without it, any path inside the repository is taken.
	Exists func(path string) bool
	Text   finding.Text // contents, to leave lines without code out of Go profiles; may be nil
	Limit  int64        // bytes; 0 means DefaultLimit
	Cases  int          // test cases; 0 means DefaultCases
}

// Result is what a test report says.
type Result struct {
	facts.Tests
	Findings []finding.Finding // sorted, without fingerprints
	Duration int64             // milliseconds, as the report adds them up
}

// State is facts.Passed or facts.Failed.
func (r *Result) State() string {
	if r.Failed > 0 {
		return facts.Failed
	}
	return facts.Passed
}

// testFormats is the registry: one line a format.
func testFormats() map[string]func(r io.Reader, t *tally) error {
	return map[string]func(io.Reader, *tally) error{
		"gotest": readGoTest,
		"jest":   readJest,
		"junit":  readJUnit,
		"tap":    readTAP,
	}
}

// TestFormats returns the names ReadTests accepts, sorted.
func TestFormats() []string { return slices.Sorted(maps.Keys(testFormats())) }

// ReadTests reads a report of test cases. Errors are *finding.FormatError, or wrap ErrNoTests or the reader's error.
func ReadTests(format string, r io.Reader, opt Options) (*Result, error) {
	read, ok := testFormats()[format]
	if !ok {
		return nil, fmt.Errorf("read tests: unknown format %q; known are %s", format, strings.Join(TestFormats(), ", "))
	}
	t := &tally{format: format, opt: opt}
	if err := read(newBounded(r, format, opt.Limit), t); err != nil {
		return nil, err
	}
	return t.result()
}

// coverageFormats is the registry: one line a format.
func coverageFormats() map[string]func(r io.Reader, c *collector) error {
	return map[string]func(io.Reader, *collector) error{
		"cobertura": readCobertura,
		"go-cover":  readGoCover,
		"lcov":      readLCOV,
	}
}

// CoverageFormats returns the names ReadCoverage accepts, sorted.
func CoverageFormats() []string { return slices.Sorted(maps.Keys(coverageFormats())) }

// CoverageFormat guesses the format of a coverage profile from its first bytes, "" when none fits.
func CoverageFormat(head []byte) string {
	text := strings.TrimSpace(strings.TrimPrefix(string(head[:min(len(head), 512)]), "\ufeff"))
	switch {
	case strings.HasPrefix(text, "mode: "):
		return "go-cover"
	case strings.HasPrefix(text, "TN:"), strings.HasPrefix(text, "SF:"):
		return "lcov"
	case strings.HasPrefix(text, "<"):
		return "cobertura"
	}
	return ""
}

// ReadCoverage reads a coverage profile. Files of other repositories are left out; when none is left the error wraps
// ErrNoCoverage.
func ReadCoverage(format string, r io.Reader, opt Options) (Profile, error) {
	read, ok := coverageFormats()[format]
	if !ok {
		return nil, fmt.Errorf("read coverage: unknown format %q; known are %s", format, strings.Join(CoverageFormats(), ", "))
	}
	c := newCollector(format, opt)
	if err := read(newBounded(r, format, opt.Limit), c); err != nil {
		return nil, err
	}
	return c.profile()
}

// bounded fails, rather than ends, when more than the limit is read: a cut-off report must not look like a whole one.
type bounded struct {
	r      io.Reader
	format string
	limit  int64
	left   int64
}

func newBounded(r io.Reader, format string, limit int64) *bounded {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &bounded{r: r, format: format, limit: limit, left: limit}
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &finding.FormatError{Format: b.format, Reason: fmt.Sprintf("it is over the limit of %d bytes", b.limit)}
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read %s report: %w", b.format, err)
	}
	return n, err
}
