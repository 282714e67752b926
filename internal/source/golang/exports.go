package golang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// Exports reads the exported API of Go packages from their syntax: signatures are compared as written, with packages by their
// import path, so a type that is another name for the same counts as another one. Files of every platform and tag count.
func Exports() exports.Language {
	return exports.Language{Name: "go", Match: match, Unit: folderOf, Folders: true, Read: Surface, Compare: compareSurfaces, Scope: scopeOf}
}

func folderOf(p string) string { return path.Dir(p) }

func scopeOf(p string) string {
	if exports.Aside(p) {
		return exports.Repository
	}
	return exports.Public
}

// Surface reads what one file adds to its package's API; nil for tests, programs and files that Go leaves out.
func Surface(p string, src []byte) *exports.Surface {
	base := path.Base(p)
	if strings.HasSuffix(base, "_test.go") || base[0] == '_' || base[0] == '.' {
		return nil
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", src, parser.SkipObjectResolution)
	s := &surface{files: files, path: p, out: &exports.Surface{}}
	if err != nil {
		s.out.Problem, s.out.Line = problem(err)
	}
	if parsed == nil || parsed.Name == nil {
		return s.out
	}
	if name := parsed.Name.Name; name == "main" || name == "documentation" {
		return nil
	}
	s.printer.imports = importNames(parsed)
	for _, decl := range parsed.Decls {
		s.declaration(decl)
	}
	return s.out
}

// importNames maps the names that a file gives to packages to their import paths.
func importNames(f *ast.File) map[string]string {
	out := make(map[string]string, len(f.Imports))
	for _, spec := range f.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		local := localName(name)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		out[local] = name
	}
	return out
}

// localName guesses the name of a package by its import path: the last element that is no version.
func localName(importPath string) string {
	base := path.Base(importPath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(importPath))
	}
	base, _, _ = strings.Cut(base, ".v") // gopkg.in/yaml.v3
	return strings.TrimPrefix(base, "go-")
}

// surface collects the symbols of one file.
type surface struct {
	files   *token.FileSet
	path    string
	printer printer
	out     *exports.Surface

	spec       *ast.ValueSpec // whose type and values are known
	specType   string
	specValues []value
}

func (s *surface) add(sym exports.Symbol, at token.Pos) {
	sym.Path, sym.Line = s.path, int32(s.files.Position(at).Line)
	s.out.Symbols = append(s.out.Symbols, sym)
}

func (s *surface) declaration(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		s.function(d)
	case *ast.GenDecl:
		s.group(d)
	}
}

func (s *surface) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	p := s.printer
	if d.Recv == nil || len(d.Recv.List) == 0 {
		p.params = typeParams(d.Type.TypeParams)
		s.add(exports.Symbol{Name: d.Name.Name, Kind: "func", Signature: "func" + p.typeParams(d.Type.TypeParams) + p.signature(d.Type)}, d.Name.Pos())
		return
	}
	name, params, pointer := receiver(d.Recv.List[0].Type)
	p.params = params
	sig := "func" + p.signature(d.Type)
	if pointer {
		sig = "*" + sig
	}
	s.add(exports.Symbol{Name: name + "." + d.Name.Name, Kind: "method", Signature: sig, Hidden: !ast.IsExported(name)}, d.Name.Pos())
}

// receiver takes a receiver's type apart: its name, its type parameters in order, and whether it is a pointer.
func receiver(expr ast.Expr) (name string, params map[string]string, pointer bool) {
	for {
		switch t := expr.(type) {
		case *ast.ParenExpr:
			expr = t.X
		case *ast.StarExpr:
			expr, pointer = t.X, true
		case *ast.IndexExpr:
			expr, params = t.X, positions([]ast.Expr{t.Index})
		case *ast.IndexListExpr:
			expr, params = t.X, positions(t.Indices)
		case *ast.Ident:
			return t.Name, params, pointer
		default:
			return "", params, pointer
		}
	}
}

// positions names type parameters by their place.
func positions(list []ast.Expr) map[string]string {
	out := map[string]string{}
	for i, e := range list {
		if id, ok := e.(*ast.Ident); ok {
			out[id.Name] = "$" + strconv.Itoa(i)
		}
	}
	return out
}

func typeParams(list *ast.FieldList) map[string]string {
	var idents []ast.Expr
	if list != nil {
		for _, f := range list.List {
			for _, name := range f.Names {
				idents = append(idents, name)
			}
		}
	}
	return positions(idents)
}

// group reads a type, const or var declaration.
func (s *surface) group(d *ast.GenDecl) {
	var last *ast.ValueSpec // what a constant without a value repeats
	for i, spec := range d.Specs {
		switch t := spec.(type) {
		case *ast.TypeSpec:
			s.typed(t)
		case *ast.ValueSpec:
			if d.Tok == token.CONST && len(t.Values) == 0 && t.Type == nil && last != nil {
				s.values(d.Tok, t, last, i)
				continue
			}
			last = t
			s.values(d.Tok, t, t, i)
		}
	}
}

// values reads names whose type and values stand in from; place is that of the spec in its group, which iota counts.
func (s *surface) values(tok token.Token, spec, from *ast.ValueSpec, place int) {
	if s.spec != from {
		s.spec, s.specType, s.specValues = from, short(s.printer.expr(from.Type)), make([]value, len(from.Values))
		for i, v := range from.Values {
			s.specValues[i] = value{short(s.printer.typeOf(v)), short(s.printer.expr(v))}
		}
	}
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		sym := exports.Symbol{Name: name.Name, Kind: tok.String(), Signature: s.specType}
		if i < len(s.specValues) {
			v := s.specValues[i]
			if sym.Signature == "" {
				sym.Signature = v.kind
			}
			if tok == token.CONST {
				sym.Result = placed(v.text, place)
				sym.Signature += " = " + sym.Result
			}
		}
		s.add(sym, name.Pos())
	}
}

// value is a value's type, as far as its form tells, and its text.
type value struct{ kind, text string }

// placed is the text of a constant's value; where iota counts, with its place.
func placed(text string, place int) string {
	if strings.Contains(text, "iota") {
		return text + "#" + strconv.Itoa(place)
	}
	return text
}

func (s *surface) typed(t *ast.TypeSpec) {
	p := s.printer
	p.params = typeParams(t.TypeParams)
	name, hidden := t.Name.Name, !t.Name.IsExported()
	if t.Assign.IsValid() {
		s.add(exports.Symbol{Name: name, Kind: "alias", Signature: "= " + p.expr(t.Type), Bases: []string{p.expr(t.Type)}, Hidden: hidden}, t.Name.Pos())
		return
	}
	params := p.typeParams(t.TypeParams)
	switch u := t.Type.(type) {
	case *ast.StructType:
		s.add(exports.Symbol{Name: name, Kind: "struct", Signature: "struct" + params, Bases: embedded(p, u.Fields), Hidden: hidden}, t.Name.Pos())
		s.members(p, name, "field", u.Fields, hidden)
	case *ast.InterfaceType:
		s.add(exports.Symbol{Name: name, Kind: "interface", Signature: "interface" + params + p.elements(u), Bases: embedded(p, u.Methods), Hidden: hidden,
			Result: sealed(u)}, t.Name.Pos())
		s.members(p, name, "interface method", u.Methods, hidden)
	default:
		s.add(exports.Symbol{Name: name, Kind: "type", Signature: params + p.expr(t.Type), Hidden: hidden}, t.Name.Pos())
	}
}

// embedded lists the types that a struct or interface takes members from.
func embedded(p printer, fields *ast.FieldList) []string {
	var out []string
	for _, f := range fields.List {
		if len(f.Names) == 0 {
			out = append(out, strings.TrimPrefix(p.expr(f.Type), "*"))
		}
	}
	return out
}

// sealed says whether nobody outside of the package can implement an interface.
func sealed(t *ast.InterfaceType) string {
	for _, f := range t.Methods.List {
		for _, name := range f.Names {
			if !name.IsExported() {
				return "sealed"
			}
		}
	}
	return ""
}

func (s *surface) members(p printer, owner, kind string, fields *ast.FieldList, hidden bool) {
	for _, f := range fields.List {
		text := short(p.expr(f.Type))
		for _, name := range f.Names {
			if name.IsExported() {
				s.add(exports.Symbol{Name: owner + "." + name.Name, Kind: kind, Signature: text, Hidden: hidden}, name.Pos())
			}
		}
		if len(f.Names) == 0 && kind == "field" {
			if name := lastName(f.Type); ast.IsExported(name) {
				s.add(exports.Symbol{Name: owner + "." + name, Kind: "embedded field", Signature: text, Hidden: hidden}, f.Type.Pos())
			}
		}
	}
}

// lastName is the name that an embedded field has.
func lastName(expr ast.Expr) string {
	for {
		switch t := expr.(type) {
		case *ast.StarExpr:
			expr = t.X
		case *ast.IndexExpr:
			expr = t.X
		case *ast.IndexListExpr:
			expr = t.X
		case *ast.SelectorExpr:
			return t.Sel.Name
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}
