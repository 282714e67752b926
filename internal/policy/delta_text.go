package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/adamant-os/adamant/internal/facts"
)

// definition is one rule of a module, as it is written.
type definition struct {
	pkg, name string // name is the first part of what it defines
	id        string // of an entry point; "" for helpers
	kind      string
	text      string // without comments, layout and order of modules
	rule      *ast.Rule
	path      string
	line      int
	imports   map[string]ast.Ref // alias -> path, of its module
}

func (d *definition) place() string {
	if d.id != "" {
		return fmt.Sprintf("rule %s (%s:%d)", d.id, d.path, d.line)
	}
	return fmt.Sprintf("helper %s (%s:%d)", d.name, d.path, d.line)
}

func (d *definition) document() string { return d.pkg + "." + d.name }

// texts compares the rules as they are written.
func (c *comparison) texts() error {
	base, err := definitions(c.base.Modules)
	if err != nil {
		return fmt.Errorf("base: %w", err)
	}
	merged, err := definitions(c.merged.Modules)
	if err != nil {
		return fmt.Errorf("merged: %w", err)
	}
	builtin, err := definitions(builtins(false))
	if err != nil {
		return err
	}
	changed := c.helpers(base, merged)
	fresh, rewritten := c.entries(base, merged)
	changed = changed || rewritten || len(fresh) > 0
	if changed {
		c.lookups(base, builtin)
	}
	c.names(base, merged)
	c.additions(base, fresh)
	return nil
}

// definitions takes native modules apart.
func definitions(modules []facts.Module) ([]*definition, error) {
	var out []*definition
	for _, m := range modules {
		if !native(m) && !strings.HasPrefix(m.Path, builtinPath) {
			continue
		}
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		if err != nil {
			return nil, joined(diagnose(m.Path, err))
		}
		imports := map[string]ast.Ref{}
		for _, i := range tree.Imports {
			if ref, ok := i.Path.Value.(ast.Ref); ok {
				imports[string(i.Name())] = ref
			}
		}
		for _, r := range tree.Rules {
			out = append(out, define(tree, r, m.Path, imports))
		}
	}
	return out, nil
}

func define(tree *ast.Module, r *ast.Rule, path string, imports map[string]ast.Ref) *definition {
	d := &definition{pkg: strings.TrimPrefix(tree.Package.Path.String(), "data."), name: r.Head.Ref()[0].Value.String(),
		rule: r, path: path, line: r.Loc().Row, imports: imports}
	bare := r.Copy()
	bare.Annotations = nil
	d.text = bare.String() + d.uses(r)
	if ownsNative(d.pkg) && slices.Contains(entryPoints(), d.name) {
		d.kind, d.id = d.name, defaultID(d.pkg)
		if a := annotation(tree, r); a != nil {
			if id, ok := a.Custom["id"].(string); ok {
				d.id = strings.TrimSpace(id)
			}
		}
	}
	return d
}

// uses spells the imports that a rule makes use of: its text means another thing under others.
func (d *definition) uses(r *ast.Rule) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(usedNames(r))) {
		if ref, ok := d.imports[name]; ok {
			fmt.Fprintf(&out, "\n%s = %s", name, ref)
		}
	}
	return out.String()
}

// usedNames are the names that a rule's text uses: variables, functions, rules and imports alike.
func usedNames(r *ast.Rule) map[string]bool {
	out := map[string]bool{}
	ast.WalkTerms(r, func(t *ast.Term) bool {
		if v, ok := t.Value.(ast.Var); ok {
			out[string(v)] = true
		}
		return false
	})
	return out
}

// helpers must be as they were; new ones may come. It reports whether any was edited.
func (c *comparison) helpers(base, merged []*definition) bool {
	now := map[string][]string{}
	for _, d := range merged {
		if d.id == "" {
			now[d.document()] = append(now[d.document()], d.text)
		}
	}
	was := map[string][]*definition{}
	for _, d := range base {
		if d.id == "" {
			was[d.document()] = append(was[d.document()], d)
		}
	}
	edited := false
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if len(was[name]) < len(now[name]) {
			edited = true
			c.because("helper %s has one more definition, so what uses it may deny less", name)
		}
		for _, d := range was[name] {
			at := slices.Index(now[name], d.text)
			if at >= 0 {
				now[name] = slices.Delete(now[name], at, at+1)
				continue
			}
			edited = true
			c.because("%s was edited or is gone; what uses it may deny less", d.place())
		}
	}
	return edited
}

// entries pairs every rule of base with one of merged that denies at least as much. It returns merged's rules that are left
// over, and whether any rule was rewritten.
func (c *comparison) entries(base, merged []*definition) (fresh []*definition, rewritten bool) {
	taken := map[*definition]bool{}
	pair := func(b *definition, fits func(m *definition) bool) bool {
		for _, m := range merged {
			if !taken[m] && m.id == b.id && m.id != "" && m.pkg == b.pkg && fits(m) {
				taken[m] = true
				return true
			}
		}
		return false
	}
	var left []*definition
	for _, b := range base {
		if b.id != "" && !pair(b, func(m *definition) bool { return m.text == b.text }) {
			left = append(left, b)
		}
	}
	for _, b := range left {
		rewritten = true
		why := fmt.Sprintf("%s is gone", b.place())
		var nearest *definition
		if !pair(b, func(m *definition) bool {
			reason := c.narrower(b, m, merged)
			if reason != "" {
				why, nearest = fmt.Sprintf("%s: %s", m.place(), reason), m
			}
			return reason == ""
		}) {
			c.because("%s", why)
			taken[nearest] = true // it is what base's rule became, not one more
		}
	}
	for _, m := range merged {
		if m.id != "" && !taken[m] {
			fresh = append(fresh, m)
		}
	}
	return fresh, rewritten
}

// narrower says why m may deny less than b does; "" when it denies at least as much, whatever the input. A rule about documents
// reports what is new since base alone, so that one that reports more at base may report less of a change.
func (c *comparison) narrower(b, m *definition, merged []*definition) string {
	switch {
	case kindRank(m.kind) < kindRank(b.kind) || (b.kind == Require) != (m.kind == Require):
		return fmt.Sprintf("%s became %s", b.kind, m.kind)
	case b.uses(b.rule) != m.uses(b.rule):
		return "what it imports changed"
	}
	if head := otherRecord(b.rule, m.rule); head != "" {
		return head
	}
	if b.rule.Head.Key.String() != m.rule.Head.Key.String() && count(merged, m.id) > 1 {
		return "its message changed and other rules have its id, so that one violation may be taken for another"
	}
	if body := otherBody(b.rule.Body, m.rule.Body); body != "" {
		return body
	}
	if c.now.documentsOnly(m) && b.rule.Body.String() != m.rule.Body.String() {
		return "what breaks it in its wider form already is not new, so that a worse violation in its place would pass; leave it as it was and add a rule under an id of its own"
	}
	return ""
}

func count(list []*definition, id string) int {
	n := 0
	for _, d := range list {
		if d.id == id {
			n++
		}
	}
	return n
}

func kindRank(kind string) int { return slices.Index([]string{Warn, Hold, Deny}, kind) }

// documentsOnly says that a rule's violations can be compared with base.
func (e *Engine) documentsOnly(d *definition) bool {
	found := e.entryOf(d)
	return found == nil || e.looksAtDocumentsOnly(found)
}

func (e *Engine) entryOf(d *definition) *entry {
	for _, entry := range e.entries {
		if entry.Path == d.path && entry.Line == d.line && entry.Kind == d.kind {
			return entry
		}
	}
	return nil
}

// lookups refuses rules of base that look at what others report, or at policies by a computed name: an addition reaches them.
func (c *comparison) lookups(base, builtin []*definition) {
	known := map[string]bool{}
	for _, d := range slices.Concat(base, builtin) {
		known[d.document()] = true
	}
	for _, d := range base {
		head := d.rule.Head.Ref()[0]
		ast.WalkTerms(d.rule, func(t *ast.Term) bool {
			if t != head && looksAtReports(t) {
				c.because("%s looks at what other rules report, so an edit of those may silence it", d.place())
			}
			if ref, ok := t.Value.(ast.Ref); ok && d.computed(ref, known) {
				c.because("%s looks policies up by a computed name, so an addition may silence it: %s", d.place(), ref)
			}
			return false
		})
	}
}

// looksAtReports recognises the name of an entry point, alone or as a part of data.
func looksAtReports(t *ast.Term) bool {
	switch v := t.Value.(type) {
	case ast.Var:
		return slices.Contains(entryPoints(), string(v))
	case ast.Ref:
		return v.HasPrefix(ast.Ref{ast.DefaultRootDocument}) && slices.ContainsFunc(v[1:], func(part *ast.Term) bool {
			text, ok := part.Value.(ast.String)
			return ok && slices.Contains(entryPoints(), string(text))
		})
	}
	return false
}

// computed says that a reference below data does not name one of the known documents.
func (d *definition) computed(ref ast.Ref, known map[string]bool) bool {
	if name, ok := ref[0].Value.(ast.Var); ok {
		if path, imported := d.imports[string(name)]; imported {
			ref = path.Concat(ref[1:])
		}
	}
	if !ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}) {
		return false
	}
	var name []string
	for _, part := range ref[1:] {
		text, ok := part.Value.(ast.String)
		if !ok {
			return true
		}
		if name = append(name, string(text)); known[strings.Join(name, ".")] {
			return false
		}
	}
	return true
}

// names refuses a new rule that takes the name of something an old rule of its package uses.
func (c *comparison) names(base, merged []*definition) {
	old := map[string]bool{}
	for _, d := range base {
		old[d.document()] = true
	}
	for _, m := range merged {
		if old[m.document()] || m.id != "" {
			continue
		}
		for _, b := range base {
			if b.pkg == m.pkg && usedNames(b.rule)[m.name] {
				c.because("helper %s (%s:%d) has a name that %s uses for something else", m.name, m.path, m.line, b.place())
			}
		}
	}
}

// additions must not report under the id of a rule that base has: what they report would be taken for what it reports.
func (c *comparison) additions(base, fresh []*definition) {
	for _, m := range fresh {
		if m.kind == Require {
			continue
		}
		if count(base, m.id) > 0 {
			c.because("%s is new under the id of a rule that is there; give it an id of its own (custom.id)", m.place())
		}
		if entry := c.now.entryOf(m); entry == nil || c.now.mayNameRule(entry) {
			c.because("%s is new and may report under the name of another rule; write its record out, without rule", m.place())
		}
	}
}

// mayNameRule says that the records of a rule may hold the field rule.
func (e *Engine) mayNameRule(entry *entry) bool {
	set, ok := e.compiler.TypeEnv.GetByRef(entry.ref()).(*types.Set)
	return !ok || typeMayHaveRule(set.Of())
}

func typeMayHaveRule(t types.Type) bool {
	switch t := t.(type) {
	case types.String:
		return false
	case *types.Object:
		return t.DynamicProperties() != nil || slices.ContainsFunc(t.StaticProperties(), func(p *types.StaticProperty) bool { return p.Key == "rule" })
	case types.Any:
		return len(t) == 0 || slices.ContainsFunc(t, typeMayHaveRule)
	}
	return true
}
