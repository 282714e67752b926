package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

// maxLine is the longest line of a report, in bytes.
const maxLine = 4 << 20

// goEvent is one line of go test -json (see go doc test2json and go doc buildjson).
type goEvent struct {
	Action      string
	Package     string
	ImportPath  string // of build events
	Test        string
	Output      string
	FailedBuild string
	Elapsed     float64 // seconds
}

// goStream is the state of a stream.
type goStream struct {
	tally    *tally
	packages map[string]*goPackage
	builds   map[string]*output // by import path
	stray    output             // lines that are no events
	cases    int
	broken   error // set while the last line is an event that cannot be read
}

type goPackage struct {
	end    string // pass, fail, skip; empty while it runs
	failed string // import path of the build that failed
	tests  map[string]*goTest
	output output
}

type goTest struct {
	end    string
	output output
}

// output keeps the first bytes of what was printed, up to maxText.
type output struct{ text []byte }

func (o *output) add(s string) {
	if room := maxText - len(o.text); room > 0 {
		o.text = append(o.text, s[:min(len(s), room)]...)
	}
}

func readGoTest(r io.Reader, t *tally) error {
	s := goStream{tally: t, packages: map[string]*goPackage{}, builds: map[string]*output{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := s.line(lines.Bytes(), n); err != nil {
			return err
		}
	}
	if err := scanError(lines.Err(), t.format, n+1); err != nil {
		return err
	}
	return s.finish()
}

// scanError explains why a scanner stopped.
func scanError(err error, format string, line int) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return &finding.FormatError{Format: format, Line: line, Column: 1, Reason: fmt.Sprintf("the line is over the limit of %d bytes", maxLine)}
	}
	return err
}

// line takes one line. Lines that are no events come from what else wrote to the same file and are kept for places. An
// event that cannot be read means that the stream was cut off when it is the last line; elsewhere it shows as a test or
// package without an end.
func (s *goStream) line(line []byte, n int) error {
	line = bytes.TrimSpace(line)
	var e goEvent
	err := json.Unmarshal(line, &e)
	s.broken = nil
	if err == nil && e.Action != "" {
		return s.event(&e)
	}
	s.stray.add(string(line) + "\n")
	if err != nil && looksLikeEvent(line) {
		s.broken = &finding.FormatError{Format: s.tally.format, Line: n, Column: 1, Reason: "the last event is cut off"}
	}
	return nil
}

func looksLikeEvent(line []byte) bool {
	for _, start := range []string{`{"Time":`, `{"Action":`, `{"ImportPath":`} {
		if bytes.HasPrefix(line, []byte(start)) {
			return true
		}
	}
	return false
}

func (s *goStream) event(e *goEvent) error {
	switch {
	case e.Action == "build-output":
		s.build(e.ImportPath).add(e.Output)
	case e.Action == "build-fail":
		s.build(e.ImportPath)
	case e.Package == "":
	case e.Test == "":
		s.packageOf(e.Package).event(e)
		s.tally.duration += endedMS(e)
	default:
		return s.test(e)
	}
	return nil
}

func endedMS(e *goEvent) int64 {
	if e.Elapsed > 0 && e.Elapsed < 1e9 {
		return int64(e.Elapsed * 1000)
	}
	return 0
}

func (s *goStream) build(importPath string) *output {
	o := s.builds[importPath]
	if o == nil {
		o = &output{}
		s.builds[importPath] = o
	}
	return o
}

func (s *goStream) packageOf(name string) *goPackage {
	p := s.packages[name]
	if p == nil {
		p = &goPackage{tests: map[string]*goTest{}}
		s.packages[name] = p
	}
	return p
}

func (p *goPackage) event(e *goEvent) {
	switch e.Action {
	case "output":
		p.output.add(e.Output)
	case "pass", "fail", "skip":
		p.end = worse(p.end, e.Action)
		p.failed = e.FailedBuild
	}
}

// worse merges the ends of runs of the same test: one failure is a failure.
func worse(a, b string) string {
	if a == "fail" || b == "fail" {
		return "fail"
	}
	return b
}

func (s *goStream) test(e *goEvent) error {
	p := s.packageOf(e.Package)
	t := p.tests[e.Test]
	if t == nil {
		if s.cases++; s.cases > s.tally.limit() {
			return s.tally.errorf("it has more than %d test cases", s.tally.limit())
		}
		t = &goTest{}
		p.tests[e.Test] = t
	}
	switch e.Action {
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			t.output.add(e.Output)
		}
	case "pass", "fail", "skip", "bench":
		t.end = worse(t.end, e.Action)
	}
	return nil
}

// finish counts. A package without an end means that the stream was cut off.
func (s *goStream) finish() error {
	if s.broken != nil {
		return s.broken
	}
	for _, name := range slices.Sorted(maps.Keys(s.packages)) {
		p := s.packages[name]
		if p.end == "" {
			return s.tally.errorf("package %s has no end: the stream was cut off or the run was killed", name)
		}
		if err := s.count(name, p); err != nil {
			return err
		}
	}
	if len(s.packages) == 0 && len(s.builds) > 0 {
		return s.tally.errorf("the build failed: %s", clip(string(s.anyBuild())))
	}
	return nil
}

func (s *goStream) anyBuild() []byte {
	for _, name := range slices.Sorted(maps.Keys(s.builds)) {
		if text := s.builds[name].text; len(text) > 0 {
			return text
		}
	}
	return []byte("no output")
}

// count counts the leaves of a package: a test with subtests stands for them, unless it failed and none of them did.
func (s *goStream) count(name string, p *goPackage) error {
	parents, blamed := p.family()
	failures := 0
	for _, test := range slices.Sorted(maps.Keys(p.tests)) {
		t := p.tests[test]
		o := p.outcome(test, t)
		if parents[test] && (o != failed || blamed[test]) || t.end == "bench" || o == passed && t.end == "" {
			continue
		}
		if o == failed {
			failures++
			s.failure(name, test, p)
		}
		if err := s.tally.count(name+"."+test, o); err != nil {
			return err
		}
	}
	if p.end == "fail" && failures == 0 {
		return s.packageFailure(name, p)
	}
	return nil
}

// family returns which tests have subtests, and which have a subtest that failed.
func (p *goPackage) family() (parents, blamed map[string]bool) {
	parents, blamed = map[string]bool{}, map[string]bool{}
	for name, t := range p.tests {
		bad := p.outcome(name, t) == failed
		for i := strings.LastIndexByte(name, '/'); i > 0; i = strings.LastIndexByte(name[:i], '/') {
			parents[name[:i]] = true
			if bad {
				blamed[name[:i]] = true
			}
		}
	}
	return parents, blamed
}

// outcome is how a test ended. One that never did failed: the process died or left in the middle of it. Benchmarks get
// no end from the go command.
func (p *goPackage) outcome(name string, t *goTest) outcome {
	switch {
	case t.end == "fail":
		return failed
	case t.end == "skip":
		return skipped
	case t.end == "" && (p.end == "fail" || !strings.HasPrefix(name, "Benchmark")):
		return failed
	}
	return passed
}
