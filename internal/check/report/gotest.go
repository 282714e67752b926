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
	err := decodeEvent(line, &e)
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

// failure makes the finding for a failed test. A panic is printed by the outermost test.
func (s *goStream) failure(name, test string, p *goPackage) {
	own := p.tests[test]
	at, why := s.goPlace(name, own.output.text)
	for outer := test; at.line == 0; {
		i := strings.LastIndexByte(outer, '/')
		if i < 0 {
			break
		}
		if outer = outer[:i]; p.tests[outer] != nil {
			at, why = s.goPlace(name, p.tests[outer].output.text)
		}
	}
	if own.end == "" {
		why = "it started and never ended. " + why
	}
	s.tally.fail(at, fmt.Sprintf("%s of %s failed: %s", test, name, clip(why)))
}

// goPlace finds where a test failed and what it said: the last line it logged with a place, since logging comes before
// giving up, or the first frame of ours in the trace of a panic.
func (s *goStream) goPlace(importPath string, text []byte) (place, string) {
	dir, ok := s.folder(importPath)
	if !ok {
		dir = "../" // nothing relative can be placed
	}
	at, said := place{}, ""
	for _, line := range strings.Split(string(text), "\n") {
		trace := strings.HasPrefix(line, "\t")
		if here := s.tally.opt.find(dir, firstWord(line)); here.line > 0 && (at.line == 0 || !trace) {
			at, said = here, line
		}
	}
	return at, message(string(text), said)
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return word
}

// message is what a test said at the line that names the place, or the first telling line: a panic, or any output.
func message(text, at string) string {
	if _, said, ok := strings.Cut(at, ": "); ok && strings.TrimSpace(said) != "" {
		return said
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--- ") && !strings.HasPrefix(line, "=== ") {
			return line
		}
	}
	return "it says nothing more"
}

func (s *goStream) folder(importPath string) (string, bool) {
	if s.tally.opt.GoPackage == nil {
		return "", false
	}
	importPath, _, _ = strings.Cut(importPath, " ") // "p [p.test]"
	return s.tally.opt.GoPackage(strings.TrimSuffix(importPath, "_test"))
}

// packageFailure counts a package that failed without a failing test as one failed case.
func (s *goStream) packageFailure(name string, p *goPackage) error {
	text := string(p.output.text)
	rule := RuleFailed
	if p.failed != "" || strings.Contains(text, "[build failed]") || strings.Contains(text, "[setup failed]") {
		rule = RuleBuild
	}
	details := text
	if b := s.builds[p.failed]; b != nil && len(b.text) > 0 {
		details = string(b.text)
	} else if rule == RuleBuild {
		details = string(s.stray.text)
	}
	if !s.compilerErrors(rule, name, details) {
		s.tally.add(rule, finding.Error, place{}, fmt.Sprintf("package %s failed: %s", name, message(details, "")))
	}
	return s.tally.count(name, failed)
}

// compilerErrors makes a finding of each line that the compiler placed; its paths start where the go command ran.
func (s *goStream) compilerErrors(rule, name, text string) bool {
	found := false
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "vet: ")
		at := s.tally.opt.find(s.tally.opt.Dir, firstWord(line))
		_, said, ok := strings.Cut(line, ": ")
		if rule != RuleBuild || at.line == 0 || !ok {
			continue
		}
		s.tally.add(rule, finding.Error, at, fmt.Sprintf("package %s does not build: %s", name, said))
		found = true
	}
	return found
}

// decodeEvent reads one event.
func decodeEvent(line []byte, e *goEvent) error { return json.Unmarshal(line, e) }
