package hcl

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/adamant-os/adamant/internal/document/format"
)

// value reads what is literal and quotes the rest.
func (r *reader) value(e hclsyntax.Expression, at string) any {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return r.literal(e, e.Val)
	case *hclsyntax.UnaryOpExpr:
		return r.unary(e)
	case *hclsyntax.ParenthesesExpr:
		return r.value(e.Expression, at)
	case *hclsyntax.TemplateExpr:
		return r.template(e)
	case *hclsyntax.TemplateWrapExpr:
		return r.value(e.Wrapped, at)
	case *hclsyntax.TupleConsExpr:
		return r.tuple(e, at)
	case *hclsyntax.ObjectConsExpr:
		return r.object(e, at)
	}
	return r.quote(e)
}

// quote is the source text of an expression.
func (r *reader) quote(e hclsyntax.Expression) string {
	return "${" + r.source(e.Range()) + "}"
}

func (r *reader) source(at hcl.Range) string { return string(at.SliceBytes(r.text)) }

func (r *reader) literal(e hclsyntax.Expression, v cty.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.String:
		return escape(v.AsString())
	case v.Type() == cty.Number:
		if n, ok := number(v.AsBigFloat()); ok {
			return n
		}
	}
	return r.quote(e)
}

// maxDigits bounds numbers: longer ones are no quantities.
const maxDigits = 1000

// number spells a number as JSON files are read: integers exactly, all others as the nearest float.
func number(f *big.Float) (any, bool) {
	if f.IsInt() {
		if n, exact := f.Int64(); exact == big.Exact {
			return n, true
		}
		if f.MantExp(nil) < maxDigits {
			n, _ := f.Int(nil)
			return json.Number(n.String()), true
		}
	}
	n, _ := f.Float64()
	_, err := json.Marshal(n) // infinite numbers are not JSON
	return n, err == nil
}

// unary reads negative numbers; everything else is computed.
func (r *reader) unary(e *hclsyntax.UnaryOpExpr) any {
	if n, ok := e.Val.(*hclsyntax.LiteralValueExpr); !ok || n.Val.IsNull() {
		return r.quote(e)
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() {
		return r.quote(e)
	}
	return r.literal(e, v)
}

// template joins the literal parts of a string with the source text of the others.
func (r *reader) template(e *hclsyntax.TemplateExpr) string {
	var b strings.Builder
	for _, part := range e.Parts {
		b.WriteString(r.part(part))
	}
	return b.String()
}

func (r *reader) part(e hclsyntax.Expression) string {
	if literal, ok := e.(*hclsyntax.LiteralValueExpr); ok && literal.Val.Type() == cty.String && literal.Val.IsKnown() && !literal.Val.IsNull() {
		return escape(literal.Val.AsString())
	}
	if text := r.source(e.Range()); strings.HasPrefix(text, "%{") {
		return text // a directive: if or for
	}
	return r.quote(e)
}

// escape keeps text that looks like an expression apart from one.
func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "${", "$${"), "%{", "%%{")
}

func (r *reader) tuple(e *hclsyntax.TupleConsExpr, at string) []any {
	out := make([]any, len(e.Exprs))
	for i, item := range e.Exprs {
		here := format.Join(at, strconv.Itoa(i))
		r.lines[here] = item.Range().Start.Line
		out[i] = r.value(item, here)
	}
	return out
}

func (r *reader) object(e *hclsyntax.ObjectConsExpr, at string) map[string]any {
	out := make(map[string]any, len(e.Items))
	for _, item := range e.Items {
		key := r.key(item.KeyExpr)
		here := format.Join(at, key)
		r.lines[here] = item.KeyExpr.Range().Start.Line
		out[key] = r.value(item.ValueExpr, here)
	}
	return out
}

// key is a bare word, a string or, for keys that are computed, their source text.
func (r *reader) key(e hclsyntax.Expression) string {
	if word := hcl.ExprAsKeyword(e); word != "" {
		return word
	}
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		e = k.Wrapped
	}
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		return r.template(e)
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.LiteralValueExpr:
		return r.source(e.Range())
	}
	return r.quote(e)
}
