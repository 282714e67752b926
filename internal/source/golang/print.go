package golang

import (
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// printer writes types in one form: packages by import path, type parameters by place, no names of parameters. A parser that
// bounds nesting came before it.
type printer struct {
	imports map[string]string // local name to import path
	params  map[string]string // type parameter to its place
	depth   int               // of structs and interfaces in one another
}

// The bounds of what is written, so that a hostile source costs linear time: what is deeper or longer is written in short.
const (
	maxLevels = 50
	maxText   = 2048
	maxNames  = 64
)

// short replaces a long text by its digest, which is as good to compare.
func short(text string) string {
	if len(text) <= maxText {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return text[:maxText/8] + "#" + hex.EncodeToString(sum[:])
}

func (p printer) expr(e ast.Expr) string {
	var b strings.Builder
	p.write(&b, e)
	return b.String()
}

func (p printer) write(b *strings.Builder, e ast.Expr) {
	switch t := e.(type) {
	case nil:
	case *ast.Ident:
		if place, ok := p.params[t.Name]; ok {
			b.WriteString(place)
			return
		}
		b.WriteString(t.Name)
	case *ast.SelectorExpr:
		p.selector(b, t)
	case *ast.ParenExpr:
		p.write(b, t.X)
	case *ast.BasicLit:
		b.WriteString(t.Value)
	default:
		p.composite(b, e)
	}
}

func (p printer) selector(b *strings.Builder, t *ast.SelectorExpr) {
	if id, ok := t.X.(*ast.Ident); ok {
		if name, ok := p.imports[id.Name]; ok {
			b.WriteString(name + "." + t.Sel.Name)
			return
		}
	}
	p.write(b, t.X)
	b.WriteString("." + t.Sel.Name)
}

func (p printer) composite(b *strings.Builder, e ast.Expr) {
	switch t := e.(type) {
	case *ast.StarExpr:
		b.WriteByte('*')
		p.write(b, t.X)
	case *ast.ArrayType:
		b.WriteByte('[')
		p.write(b, t.Len)
		b.WriteByte(']')
		p.write(b, t.Elt)
	case *ast.MapType:
		b.WriteString("map[")
		p.write(b, t.Key)
		b.WriteByte(']')
		p.write(b, t.Value)
	case *ast.ChanType:
		b.WriteString([]string{"", "chan<- ", "<-chan ", "chan "}[int(t.Dir)&3])
		p.write(b, t.Value)
	case *ast.FuncType:
		b.WriteString("func")
		p.writeSignature(b, t)
	case *ast.InterfaceType:
		if len(t.Methods.List) == 0 {
			b.WriteString("any")
			return
		}
		b.WriteString("interface")
		p.fields(b, t.Methods, true)
	case *ast.StructType:
		b.WriteString("struct")
		p.fields(b, t.Fields, false)
	default:
		p.operation(b, e)
	}
}

func (p printer) operation(b *strings.Builder, e ast.Expr) {
	switch t := e.(type) {
	case *ast.IndexExpr:
		p.write(b, t.X)
		b.WriteByte('[')
		p.write(b, t.Index)
		b.WriteByte(']')
	case *ast.IndexListExpr:
		p.write(b, t.X)
		b.WriteByte('[')
		p.list(b, t.Indices)
		b.WriteByte(']')
	case *ast.Ellipsis:
		b.WriteString("...")
		p.write(b, t.Elt)
	case *ast.UnaryExpr:
		b.WriteString(t.Op.String())
		p.write(b, t.X)
	case *ast.BinaryExpr:
		p.write(b, t.X)
		b.WriteString(t.Op.String())
		p.write(b, t.Y)
	case *ast.CallExpr:
		p.write(b, t.Fun)
		b.WriteByte('(')
		p.list(b, t.Args)
		b.WriteByte(')')
	default:
		b.WriteByte('?') // an expression that is no type
	}
}

func (p printer) list(b *strings.Builder, list []ast.Expr) {
	for i, e := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		p.write(b, e)
	}
}

// fields writes the members of a struct in order, those of an interface sorted.
func (p printer) fields(b *strings.Builder, list *ast.FieldList, sorted bool) {
	if p.depth++; p.depth > maxLevels {
		b.WriteString("{...}")
		return
	}
	var parts []string
	for _, f := range list.List {
		text := short(p.expr(f.Type))
		for _, name := range f.Names {
			parts = append(parts, name.Name+" "+text)
		}
		if len(f.Names) == 0 {
			parts = append(parts, text)
		}
	}
	if sorted {
		slices.Sort(parts)
	}
	b.WriteString("{" + strings.Join(parts, "; ") + "}")
}

func (p printer) signature(t *ast.FuncType) string {
	var b strings.Builder
	p.writeSignature(&b, t)
	return b.String()
}

func (p printer) writeSignature(b *strings.Builder, t *ast.FuncType) {
	b.WriteByte('(')
	p.types(b, t.Params)
	b.WriteByte(')')
	if t.Results == nil || len(t.Results.List) == 0 {
		return
	}
	b.WriteString(" (")
	p.types(b, t.Results)
	b.WriteByte(')')
}

func (p printer) types(b *strings.Builder, list *ast.FieldList) {
	first := true
	for _, f := range list.List {
		text, n := short(p.expr(f.Type)), max(1, len(f.Names))
		if n > maxNames {
			text, n = strconv.Itoa(n)+"*"+text, 1
		}
		for range n {
			if !first {
				b.WriteByte(',')
			}
			first = false
			b.WriteString(text)
		}
	}
}

// typeParams writes the constraints of type parameters.
func (p printer) typeParams(list *ast.FieldList) string {
	if list == nil || len(list.List) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte('[')
	p.types(&b, list)
	b.WriteByte(']')
	return b.String()
}

// elements are what an interface demands besides methods, sorted: embedded interfaces and unions.
func (p printer) elements(t *ast.InterfaceType) string {
	var parts []string
	for _, f := range t.Methods.List {
		if len(f.Names) == 0 {
			parts = append(parts, p.expr(f.Type))
		}
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ";") + "}"
}

// typeOf is what a value's type is known to be by its form; a call's is what was called.
func (p printer) typeOf(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.BasicLit:
		return map[token.Token]string{token.INT: "number", token.FLOAT: "number", token.IMAG: "number", token.CHAR: "number", token.STRING: "string"}[t.Kind]
	case *ast.CompositeLit:
		return p.expr(t.Type)
	case *ast.FuncLit:
		return p.expr(t.Type)
	case *ast.ParenExpr:
		return p.typeOf(t.X)
	case *ast.UnaryExpr:
		if t.Op == token.AND {
			return "*" + p.typeOf(t.X)
		}
		return p.typeOf(t.X)
	case *ast.Ident:
		if t.Name == "true" || t.Name == "false" {
			return "bool"
		}
	case *ast.CallExpr:
		return unknown + p.expr(t.Fun)
	}
	return unknown
}

// unknown marks a type that only a compiler knows.
const unknown = "?"
