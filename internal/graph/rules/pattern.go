package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// Pattern decides about names. It is safe for concurrent use.
type Pattern interface {
	// Match says whether a name matches, and what its groups captured: the whole match first. groups is what the rule's from
	// captured, for patterns that refer to it. An error means that there is no answer.
	Match(name string, groups []string) (captured []string, ok bool, err error)
	// Grouped says that the answer depends on groups.
	Grouped() bool
}

// Globs is a Pattern of anything that matches paths, such as a manifest.PathSet.
func Globs(set interface{ Match(string) bool }) Pattern { return globs{set} }

type globs struct {
	set interface{ Match(string) bool }
}

func (g globs) Match(name string, _ []string) ([]string, bool, error) {
	return nil, g.set.Match(name), nil
}
func (globs) Grouped() bool { return false }

// matchTime bounds one match of a pattern that package regexp refuses. What it takes is linear in the name. It is far more than an honest
// match needs, by the clock: a verdict must not depend on how busy the machine is.
const matchTime = 2 * time.Second

// maxExpression and maxKept bound a pattern's text and how many of its substitutions are kept.
const (
	maxExpression = 64 << 10
	maxKept       = 1024
)

// Regexp compiles a JavaScript regular expression; several are alternatives. $1 stands for what the first group of the rule's
// from captured, taken literally. Package regexp does the work; what it refuses (lookaround, back references) backtracks with
// a time limit.
func Regexp(expressions ...string) (Pattern, error) {
	text := strings.Join(expressions, "|")
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the pattern has %d bytes; at most %d are read", len(text), maxExpression)
	}
	p := &expression{text: text, grouped: reference().MatchString(text), kept: map[string]engine{}}
	plain, err := compile(reference().ReplaceAllString(text, "x"))
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", clip(text), err)
	}
	if !p.grouped {
		p.kept[text] = plain
	}
	return p, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}

var reference = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$[0-9]+`) })

// foreign finds escapes that mean something else to package regexp than to JavaScript.
var foreign = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\\[AaCGHIJKLMNOPQRTUVXYZeghijklmopqyz]|\[\^?\]|\(\?[A-Za-z-]+[:)]`)
})

type engine interface {
	find(name string) ([]string, bool, error)
}

func compile(text string) (engine, error) {
	if !foreign().MatchString(text) {
		if re, err := regexp.Compile(text); err == nil {
			return linear{re}, nil
		}
	}
	re, err := regexp2.Compile(text, regexp2.ECMAScript)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = matchTime
	return backtracking{re}, nil
}

type linear struct{ *regexp.Regexp }

func (l linear) find(name string) ([]string, bool, error) {
	m := l.FindStringSubmatch(name)
	return m, m != nil, nil
}

type backtracking struct{ *regexp2.Regexp }

func (b backtracking) find(name string) ([]string, bool, error) {
	m, err := b.FindStringMatch(name)
	if err != nil {
		return nil, false, fmt.Errorf("pattern %q took longer than %v on %q; write it without nested repetition", clip(b.String()), matchTime, clip(name))
	}
	if m == nil {
		return nil, false, nil
	}
	var out []string
	for _, g := range m.Groups() {
		out = append(out, g.String())
	}
	return out, true, nil
}

type expression struct {
	text    string
	grouped bool
	mu      sync.Mutex
	kept    map[string]engine
}

func (p *expression) Grouped() bool { return p.grouped }

func (p *expression) Match(name string, groups []string) ([]string, bool, error) {
	e, err := p.engine(groups)
	if err != nil {
		return nil, false, err
	}
	return e.find(name)
}

func (p *expression) engine(groups []string) (engine, error) {
	text := p.text
	if p.grouped && len(groups) > 0 {
		text = reference().ReplaceAllStringFunc(text, func(ref string) string {
			if n, err := strconv.Atoi(ref[1:]); err == nil && n < len(groups) {
				return regexp.QuoteMeta(groups[n])
			}
			return ref
		})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.kept[text]; e != nil {
		return e, nil
	}
	e, err := compile(text)
	if err != nil {
		return nil, fmt.Errorf("pattern %q with the groups of from: %w", clip(text), err)
	}
	if len(p.kept) < maxKept {
		p.kept[text] = e
	}
	return e, nil
}

// match says whether the zero or more patterns of w accept a name.
func (w Where) match(name string, groups []string) (captured []string, ok bool, err error) {
	if w.Path != nil {
		if captured, ok, err = w.Path.Match(name, groups); err != nil || !ok {
			return nil, false, err
		}
	}
	if w.Not != nil {
		if _, no, err := w.Not.Match(name, groups); err != nil || no {
			return nil, false, err
		}
	}
	return captured, true, nil
}

func (w Where) grouped() bool {
	return slices.ContainsFunc([]Pattern{w.Path, w.Not}, func(p Pattern) bool { return p != nil && p.Grouped() })
}
