package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
	"github.com/pelletier/go-toml/v2"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// config is what a .gitleaks.toml adds to the built-in rules.
type config struct {
	rules    []*rule
	allow    []*allowlist
	disabled []string
}

// configError says where a configuration cannot be used.
type configError struct {
	path         string
	line, column int
	problem      string
}

func (e *configError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.path, e.line, e.column, e.problem)
}

func (e *configError) finding() finding.Finding {
	file := builtin.File{Path: e.path}
	file.ReportLine(finding.Finding{
		Rule: Name + "/config", Severity: finding.Error, Line: e.line, Column: e.column,
		Message: e.problem + "; the file is not used, so the built-in rules hold without its exceptions",
		Fix:     "correct the file",
	}, e.problem, "")
	return file.Findings()[0]
}

// The TOML form, as gitleaks 8 documents it. What it has beyond this is ignored.
type tomlConfig struct {
	Extend struct {
		Path          string   `toml:"path"`
		DisabledRules []string `toml:"disabledRules"`
	} `toml:"extend"`
	Rules      []tomlRule      `toml:"rules"`
	Allowlist  *tomlAllowlist  `toml:"allowlist"`
	Allowlists []tomlAllowlist `toml:"allowlists"`
}

type tomlRule struct {
	ID          string          `toml:"id"`
	Description string          `toml:"description"`
	Regex       string          `toml:"regex"`
	Path        string          `toml:"path"`
	SecretGroup int             `toml:"secretGroup"`
	Entropy     float64         `toml:"entropy"`
	Keywords    []string        `toml:"keywords"`
	Allowlist   *tomlAllowlist  `toml:"allowlist"`
	Allowlists  []tomlAllowlist `toml:"allowlists"`
}

type tomlAllowlist struct {
	TargetRules []string `toml:"targetRules"`
	Condition   string   `toml:"condition"`
	RegexTarget string   `toml:"regexTarget"`
	Paths       []string `toml:"paths"`
	Regexes     []string `toml:"regexes"`
	Stopwords   []string `toml:"stopwords"`
}

// readConfig reads a configuration and what it extends, two levels deep as gitleaks does.
func readConfig(ctx context.Context, tree builtin.Tree, file string, depth int) (*config, error) {
	text, err := tree.Read(ctx, file)
	if reason, unread := builtin.Unread(err); unread {
		return nil, &configError{file, 1, 1, "it cannot be read: " + reason}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	c, extend, err := parseConfig(file, text)
	if err != nil || extend == "" {
		return c, err
	}
	if depth >= 2 {
		return nil, &configError{file, lineOf(text, extend), 1, "extend.path is nested more than two deep"}
	}
	parent, err := readConfig(ctx, tree, path.Clean(extend), depth+1)
	if err != nil {
		var inner *configError
		if errors.As(err, &inner) {
			return nil, err
		}
		return nil, &configError{file, lineOf(text, extend), 1, fmt.Sprintf("extend.path %q cannot be read from the repository", extend)}
	}
	c.rules = append(c.rules, parent.rules...)
	c.allow = append(c.allow, parent.allow...)
	c.disabled = append(c.disabled, parent.disabled...)
	return c, nil
}

// parseConfig translates a configuration and returns the path that it extends, "" for none.
func parseConfig(file string, text []byte) (*config, string, error) {
	var raw tomlConfig
	if err := toml.Unmarshal(text, &raw); err != nil {
		problem := &configError{file, 1, 1, err.Error()}
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			problem.line, problem.column = syntax.Position()
		}
		return nil, "", problem
	}
	c := &config{disabled: raw.Extend.DisabledRules}
	at := func(needle string, err error) error {
		return &configError{file, lineOf(text, needle), 1, err.Error()}
	}
	byID := map[string]*rule{}
	for _, r := range raw.Rules {
		made, err := r.rule()
		if err != nil {
			return nil, "", at(r.ID, err)
		}
		if made.pattern != "" {
			c.rules = append(c.rules, made)
			byID[made.id] = made
		}
	}
	lists := raw.Allowlists
	if raw.Allowlist != nil {
		lists = append(lists, *raw.Allowlist)
	}
	for _, l := range lists {
		made, err := l.allowlist()
		if err != nil {
			return nil, "", at("allowlist", err)
		}
		if len(l.TargetRules) == 0 {
			c.allow = append(c.allow, made)
		}
		for _, id := range l.TargetRules {
			if r := byID[id]; r != nil {
				r.allow = append(r.allow, made)
			}
		}
	}
	return c, raw.Extend.Path, nil
}

// foreignWindow is how many bytes after a keyword an imported pattern sees, besides the line of the keyword. gitleaks gives
// it the whole file, at a hundred times the cost.
const foreignWindow = 1024

func (t tomlRule) rule() (*rule, error) {
	if t.ID == "" {
		return nil, errors.New("a rule has no id")
	}
	if t.Regex == "" && t.Path == "" {
		return nil, fmt.Errorf("rule %s has neither regex nor path", t.ID)
	}
	r := &rule{id: t.ID, title: t.Description, pattern: t.Regex, path: t.Path, group: t.SecretGroup, keywords: t.Keywords,
		entropy: int(math.Round(t.Entropy * 1000)), window: foreignWindow, foreign: true}
	if r.title == "" {
		r.title = "a match of rule " + t.ID
	}
	if r.pattern == "" { // a rule about the file itself: its first line stands for it
		r.pattern = `\A[^\n]*`
	}
	compiled, err := compilePattern(r.pattern)
	if err != nil {
		return nil, fmt.Errorf("rule %s: regex: %w", t.ID, err)
	}
	r.compiled = sync.OnceValue(func() matcher { return compiled })
	paths, err := regexp.Compile(t.Path)
	if err != nil {
		return nil, fmt.Errorf("rule %s: path: %w", t.ID, err)
	}
	r.paths = func() *regexp.Regexp { return paths }
	lists := t.Allowlists
	if t.Allowlist != nil {
		lists = append(lists, *t.Allowlist)
	}
	for _, l := range lists {
		made, err := l.allowlist()
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", t.ID, err)
		}
		r.allow = append(r.allow, made)
	}
	return r, nil
}

// compilePattern takes package regexp, and regexp2 only for what that refuses. The latter backtracks, so it is given two
// seconds a text; running out of them is an error, not a pass.
func compilePattern(pattern string) (matcher, error) {
	re, err := regexp.Compile(pattern)
	if err == nil {
		return goMatcher{re}, nil
	}
	if !strings.Contains(pattern, "(?=") && !strings.Contains(pattern, "(?!") && !strings.Contains(pattern, "(?<") && !strings.Contains(pattern, "(?>") {
		return nil, err
	}
	look, lookErr := regexp2.Compile(pattern, regexp2.RE2)
	if lookErr != nil {
		return nil, err
	}
	look.MatchTimeout = 2 * time.Second
	return lookMatcher{look}, nil
}

func (t tomlAllowlist) allowlist() (*allowlist, error) {
	l := &allowlist{target: t.RegexTarget}
	switch strings.ToUpper(t.Condition) {
	case "", "OR", "||":
	case "AND", "&&":
		l.all = true
	default:
		return nil, fmt.Errorf("allowlist: condition %q is neither AND nor OR", t.Condition)
	}
	for _, word := range t.Stopwords {
		l.stopwords = append(l.stopwords, bytes.ToLower([]byte(word)))
	}
	var err error
	if l.paths, err = compileAll(t.Paths); err != nil {
		return nil, fmt.Errorf("allowlist: paths: %w", err)
	}
	if l.regexes, err = compileAll(t.Regexes); err != nil {
		return nil, fmt.Errorf("allowlist: regexes: %w", err)
	}
	return l, nil
}

func compileAll(patterns []string) ([]*regexp.Regexp, error) {
	var all []*regexp.Regexp
	for _, pattern := range patterns {
		re, err := regexp.Compile(pattern)
		if err != nil {
			return nil, err
		}
		all = append(all, re)
	}
	return all, nil
}

// lineOf is the line on which needle first stands, 1 when nowhere.
func lineOf(text []byte, needle string) int {
	if at := bytes.Index(text, []byte(needle)); at >= 0 && needle != "" {
		return 1 + bytes.Count(text[:at], []byte("\n"))
	}
	return 1
}
