package gatekeeper

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	entryPackage = "template" // the package of a template's own module, whatever the author called it
	entryRule    = "violation"
	resultVar    = "violations"
)

// entryQuery asks for all violations of a template.
func entryQuery() ast.Body {
	ref := ast.Ref{ast.DefaultRootDocument, ast.StringTerm(entryPackage), ast.StringTerm(entryRule)}
	return ast.NewBody(ast.Equality.Expr(ast.VarTerm(resultVar), ast.NewTerm(ref)))
}

// origin is where in a YAML file the text of a module begins.
type origin struct {
	path         string
	line, column int // to add to the places of the module
}

func (o origin) place(loc *ast.Location) (line, column int) {
	return loc.Row + o.line, loc.Col + o.column
}

// originOf finds the first line of a text in its file: below the key for a block, on its line for any other.
func originOf(v *view, lines []string) origin {
	line := v.line()
	o := origin{path: v.doc.Path, line: line - 1}
	if line < 1 || line > len(lines) {
		return o
	}
	head := strings.TrimSpace(lines[line-1])
	_, after, _ := strings.Cut(head, ": ")
	if after = strings.TrimSpace(strings.TrimPrefix(after, "- ")); !strings.HasPrefix(after, "|") && !strings.HasPrefix(after, ">") &&
		!strings.HasPrefix(head, "- |") {
		return o
	}
	o.line = line
	for _, text := range lines[line:] {
		if trimmed := strings.TrimLeft(text, " "); trimmed != "" {
			o.column = len(text) - len(trimmed)
			break
		}
	}
	return o
}

// compile parses and compiles the modules of a template.
func (t *Template) compile(src *source, text string, v *view, sandbox Sandbox) {
	c := &compilation{template: t, sandbox: sandbox, problems: v.problems, lines: strings.Split(text, "\n")}
	modules := map[string]*ast.Module{}
	t.origins = map[string]origin{}
	for i, part := range append([]*view{src.rego}, src.libs...) {
		name := fmt.Sprintf("%s:%s:%d", t.Path, t.Kind, i)
		t.origins[name] = originOf(part, c.lines)
		if m := c.parse(name, part, src.version); m != nil {
			c.check(m, i == 0)
			modules[name] = m
		}
	}
	if len(*v.problems) > 0 {
		return
	}
	t.compiler = ast.NewCompiler().WithCapabilities(sandbox.Capabilities).WithEnablePrintStatements(false)
	if t.compiler.Compile(modules); t.compiler.Failed() {
		c.diagnose(t.compiler.Errors)
		return
	}
	if t.inventory {
		return // the query is made with the objects of each review
	}
	var err error
	if t.query, err = t.prepare(); err != nil {
		v.complain("preparing the template: %v", err)
	}
}

type compilation struct {
	template *Template
	sandbox  Sandbox
	problems *[]manifest.Diagnostic
	lines    []string
}

func (c *compilation) complain(loc *ast.Location, format string, args ...any) {
	o := c.template.origins[loc.File]
	line, column := o.place(loc)
	*c.problems = append(*c.problems, manifest.Diagnostic{Path: o.path, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
}

func (c *compilation) diagnose(err error) {
	var list ast.Errors
	if !errors.As(err, &list) {
		*c.problems = append(*c.problems, manifest.Diagnostic{Path: c.template.Path, Line: c.template.Line, Message: oneLine(err.Error())})
		return
	}
	for _, e := range list {
		loc := e.Location
		if loc == nil {
			loc = &ast.Location{}
		}
		c.complain(loc, "%s", c.sandbox.Explain(e))
	}
}

func (c *compilation) parse(name string, v *view, version ast.RegoVersion) *ast.Module {
	m, err := ast.ParseModuleWithOpts(name, v.text(), ast.ParserOptions{RegoVersion: version})
	switch {
	case err != nil:
		c.diagnose(err)
	case m == nil:
		v.complain("the Rego of the template is empty")
	}
	return m
}

// check applies Gatekeeper's rules for modules: libraries lie below data.lib, and nothing else of data is there but the
// inventory.
func (c *compilation) check(m *ast.Module, isEntry bool) {
	path := m.Package.Path
	switch {
	case isEntry:
		c.checkEntry(m)
	case !isLibrary(path) || len(path) < 3:
		c.complain(m.Package.Loc(), "the package of a library must be lib.NAME, this is %s", strings.TrimPrefix(path.String(), "data."))
	}
	for _, i := range m.Imports {
		ref, ok := i.Path.Value.(ast.Ref)
		if !ok || !isLibrary(ref) && !ref.HasPrefix(ast.Ref{ast.FutureRootDocument}) {
			c.complain(i.Loc(), "import %s: templates import only data.lib.NAME and future.keywords", i.Path)
		}
	}
	for _, r := range m.Rules {
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			c.checkRef(ref, r)
			return false
		})
	}
	if isEntry {
		m.Package.Path = ast.Ref{ast.DefaultRootDocument, ast.StringTerm(entryPackage)}
	}
}

func (c *compilation) checkRef(ref ast.Ref, r *ast.Rule) {
	loc := ref[0].Loc()
	if loc == nil {
		loc = r.Loc()
	}
	switch {
	case ref.String() == "external_data":
		c.complain(loc, "external_data asks a service; adamant's rules must give the same answer on every machine, so it is not supported")
	case !ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}):
	case len(ref) > 1 && ref[1].Equal(ast.StringTerm("inventory")):
		c.template.inventory = true
	case !isLibrary(ref):
		c.complain(loc, "%s: templates see only data.lib and data.inventory", ref)
	}
}

func isLibrary(ref ast.Ref) bool {
	return len(ref) > 1 && ref[0].Equal(ast.DefaultRootDocument) && ref[1].Equal(ast.StringTerm("lib"))
}

// checkEntry wants the rule that Gatekeeper asks for.
func (c *compilation) checkEntry(m *ast.Module) {
	found := false
	for _, r := range m.Rules {
		if r.Head.Ref()[0].Value.Compare(ast.Var(entryRule)) != 0 {
			continue
		}
		found = true
		if r.Head.RuleKind() != ast.MultiValue || len(r.Head.Ref()) > 1 {
			c.complain(r.Loc(), "violation must be a set: violation[{\"msg\": msg}] { ... }, or violation contains {\"msg\": msg} if { ... }")
		}
	}
	if !found {
		c.complain(m.Package.Loc(), "the template has no rule violation, so it would never report anything")
	}
}
