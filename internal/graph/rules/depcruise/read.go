// Package depcruise reads the rules of dependency-cruiser from their JSON form, comments allowed, and compiles them to
// package rules. Its promise is the same verdicts; what it does not obey is listed in the set's notes, never passed over in
// silence. It runs no JavaScript: .js and .cjs configurations are converted once with node (docs/graph.md).
package depcruise

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Names are the files that are looked for at the root of a repository, in this order.
func Names() []string { return []string{".dependency-cruiser.json", ".dependency-cruiser.jsonc"} }

// maxExtends bounds how deep configurations extend each other.
const maxExtends = 16

// Read compiles a configuration. open reads the local files it extends, by repository-relative path. With any diagnostic the set
// must not be used.
func Read(name string, data []byte, open func(path string) ([]byte, error)) (*rules.Set, []manifest.Diagnostic) {
	l := loader{open: open}
	c := l.load(name, data, nil)
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return c.compile(&l), l.problems
}

// config is a configuration after its extends.
type config struct {
	forbidden, allowed, required []raw
	allowedSeverity              string
	options                      map[string]raw
}

// raw is a value and the document it stands in.
type raw struct {
	value any
	doc   *manifest.YAMLDocument
	at    string // JSON pointer
}

func (r raw) key(name string) raw {
	m, _ := r.value.(map[string]any)
	return raw{value: m[name], doc: r.doc, at: r.at + "/" + manifest.EscapePointer(name)}
}

func (r raw) item(i int) raw {
	list, _ := r.value.([]any)
	return raw{value: list[i], doc: r.doc, at: r.at + "/" + strconv.Itoa(i)}
}

func (r raw) object() map[string]any { m, _ := r.value.(map[string]any); return m }

func (r raw) text() string { s, _ := r.value.(string); return s }

type loader struct {
	open     func(string) ([]byte, error)
	problems []manifest.Diagnostic
}

func (l *loader) report(r raw, format string, args ...any) {
	l.problems = append(l.problems, r.doc.Diagnose(r.at, fmt.Sprintf(format, args...)))
}

func topKeys() []string {
	return []string{"$schema", "forbidden", "allowed", "allowedSeverity", "required", "options", "extends"}
}

// load reads a file and merges it into what it extends. above are the files that lead here.
func (l *loader) load(name string, data []byte, above []string) *config {
	doc := manifest.ParseJSON(name, plain(data))
	if doc.Err != nil {
		l.problems = append(l.problems, *doc.Err)
		return &config{}
	}
	root := raw{value: doc.Value, doc: doc}
	if root.object() == nil {
		l.report(root, "want an object with forbidden, allowed, required, options or extends")
		return &config{}
	}
	l.keys(root, "the configuration", topKeys())
	out := &config{options: map[string]raw{}}
	for _, r := range l.list(root.key("extends"), true) {
		out.merge(l.extend(r, name, append(slices.Clone(above), name)))
	}
	own := &config{
		forbidden: l.list(root.key("forbidden"), false), allowed: l.list(root.key("allowed"), false),
		required: l.list(root.key("required"), false), options: map[string]raw{},
	}
	if s := root.key("allowedSeverity"); s.value != nil {
		l.oneOf(s, "error", "warn", "info", "ignore")
		own.allowedSeverity = s.text()
	}
	options := root.key("options")
	if options.value != nil && options.object() == nil {
		l.report(options, "options must be an object")
	}
	for key := range options.object() {
		own.options[key] = options.key(key)
	}
	out.merge(own)
	return out
}

// list is the items of an array; one value stands for itself where that is allowed.
func (l *loader) list(r raw, single bool) []raw {
	switch v := r.value.(type) {
	case nil:
		return nil
	case []any:
		var out []raw
		for i := range v {
			out = append(out, r.item(i))
		}
		return out
	}
	if !single {
		l.report(r, "want a list")
		return nil
	}
	return []raw{r}
}

func (l *loader) extend(r raw, from string, above []string) *config {
	to, ok := r.value.(string)
	if !ok {
		l.report(r, "extends must name files")
		return &config{}
	}
	if preset, ok := strings.CutPrefix(to, "dependency-cruiser/configs/"); ok {
		return l.preset(r, preset)
	}
	if !strings.HasPrefix(to, ".") {
		l.report(r, "%q is in a package: only dependency-cruiser/configs/... and files of the repository can be read; copy its JSON here", to)
		return &config{}
	}
	at := path.Join(path.Dir(from), to)
	switch {
	case strings.HasSuffix(at, "js"):
		l.report(r, "%q is JavaScript, which is not run; convert it once with node (docs/graph.md)", to)
		return &config{}
	case slices.Contains(above, at):
		l.report(r, "%q extends itself: %s", at, strings.Join(append(above, at), " -> "))
		return &config{}
	case len(above) >= maxExtends:
		l.report(r, "configurations extend each other more than %d deep", maxExtends)
		return &config{}
	}
	data, err := l.read(at)
	if err != nil {
		l.report(r, "reading %s: %v", at, err)
		return &config{}
	}
	return l.load(at, data, above)
}

func (l *loader) read(at string) ([]byte, error) {
	if at == ".." || strings.HasPrefix(at, "../") {
		return nil, errors.New("it is outside the repository")
	}
	if l.open == nil {
		return nil, errors.New("there is no repository to read it from")
	}
	return l.open(at)
}

// merge lays another configuration over this one: a forbidden rule of a known name changes that rule, others are added;
// options and severities replace.
func (c *config) merge(over *config) {
	for _, r := range over.forbidden {
		name := r.key("name").text()
		at := slices.IndexFunc(c.forbidden, func(old raw) bool { return name != "" && old.key("name").text() == name })
		if at < 0 {
			c.forbidden = append(c.forbidden, r)
			continue
		}
		joined := map[string]any{}
		for _, m := range []map[string]any{c.forbidden[at].object(), r.object()} {
			for k, v := range m {
				joined[k] = v
			}
		}
		c.forbidden[at] = raw{value: joined, doc: r.doc, at: r.at}
	}
	c.allowed = append(c.allowed, over.allowed...)
	c.required = append(c.required, over.required...)
	if over.allowedSeverity != "" {
		c.allowedSeverity = over.allowedSeverity
	}
	for k, v := range over.options {
		if c.options == nil {
			c.options = map[string]raw{}
		}
		c.options[k] = v
	}
}

// keys refuses what an object must not have: a misspelt attribute would make a rule judge more or less than it says.
func (l *loader) keys(r raw, what string, known []string) {
	var unknown []string
	for key := range r.object() {
		if !slices.Contains(known, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	for _, key := range unknown {
		l.report(r.key(key), "%s has no attribute %q; it may have %s", what, key, strings.Join(known, ", "))
	}
}

func (l *loader) oneOf(r raw, values ...string) {
	if !slices.Contains(values, r.text()) {
		l.report(r, "want one of %s", strings.Join(values, ", "))
	}
}

func severity(word string) finding.Severity {
	switch word {
	case "error":
		return finding.Error
	case "info":
		return finding.Note
	}
	return finding.Warning
}

// flag reads a boolean, nil when it is not there.
func (l *loader) flag(r raw) *bool {
	switch v := r.value.(type) {
	case nil:
	case bool:
		return &v
	default:
		l.report(r, "want true or false")
	}
	return nil
}

// number reads a count, nil when it is not there.
func (l *loader) number(r raw) *int {
	switch v := r.value.(type) {
	case nil:
	case int64:
		if v >= 0 && v <= 1<<30 {
			n := int(v)
			return &n
		}
		l.report(r, "want a number from 0 to 2^30")
	default:
		l.report(r, "want a whole number")
	}
	return nil
}

// pattern reads a regular expression or a list of them, nil when there is none.
func (l *loader) pattern(r raw) rules.Pattern {
	var texts []string
	for _, one := range l.list(r, true) {
		s, ok := one.value.(string)
		if !ok {
			l.report(one, "want a regular expression in quotes")
			continue
		}
		texts = append(texts, s)
	}
	if len(texts) == 0 {
		return nil
	}
	p, err := rules.Regexp(texts...)
	if err != nil {
		l.report(r, "%v", err)
		return nil
	}
	return p
}

func (l *loader) where(r raw) rules.Where {
	return rules.Where{Path: l.pattern(r.key("path")), Not: l.pattern(r.key("pathNot"))}
}

// types reads dependency types. Names of types that nothing has here are an error only when dependency-cruiser has none of them.
func (l *loader) types(r raw) (set imports.Types) {
	for _, one := range l.list(r, false) {
		t, ok := imports.TypeNamed(one.text())
		if !ok {
			l.report(one, "%q is no dependency type", one.value)
		}
		set |= t
	}
	return set
}
