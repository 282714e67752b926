package report

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

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
