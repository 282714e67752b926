package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// otherRecord says how the record of a rule changed, but for the wording of its message and fix.
func otherRecord(b, m *ast.Rule) string {
	if b.Head.Key == nil || m.Head.Key == nil || loose(b.Head.Key, "") != loose(m.Head.Key, "") {
		return "more than the wording of its record changed"
	}
	return ""
}

// loose is a record without the wording of message and fix. What a message is made of stays: a message without its parts
// would tell fewer violations apart.
func loose(t *ast.Term, field string) string {
	switch v := t.Value.(type) {
	case ast.Object:
		if field != "" {
			break
		}
		var parts []string
		v.Foreach(func(key, value *ast.Term) { parts = append(parts, key.String()+": "+loose(value, key.String())) })
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case ast.String:
		if field == "" || field == `"message"` || field == `"fix"` {
			return "a text"
		}
	case ast.Call:
		format, ok := v[len(v)-2].Value.(ast.String)
		if ok && len(v) == 3 && v[0].String() == ast.Sprintf.Name && (field == "" || field == `"message"` || field == `"fix"`) {
			return fmt.Sprintf("sprintf(%q, %s)", verbs().FindAllString(string(format), -1), v[2])
		}
	}
	return t.String()
}

var verbs = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[^A-Za-z%]*[A-Za-z%]`) })

// otherBody says which condition of m is not one of b's, or a wider one; "" when b's conditions imply m's.
func otherBody(b, m ast.Body) string {
	left := slices.Clone(b)
	take := func(fits func(*ast.Expr) bool) bool {
		at := slices.IndexFunc(left, fits)
		if at >= 0 {
			left = slices.Delete(left, at, at+1)
		}
		return at >= 0
	}
	var more []*ast.Expr
	for _, expr := range m {
		if !take(func(old *ast.Expr) bool { return old.String() == expr.String() }) {
			more = append(more, expr)
		}
	}
	for _, expr := range more {
		if !take(func(old *ast.Expr) bool { return wider(old, expr) }) && !isTrue(expr) {
			return fmt.Sprintf("has a new or an edited condition at line %d: %s", expr.Loc().Row, oneLine(string(expr.Loc().Text)))
		}
	}
	for _, old := range left {
		if declares(old) {
			return fmt.Sprintf("no longer has %s, which says what a name stands for", oneLine(string(old.Loc().Text)))
		}
	}
	return ""
}

// isTrue recognises the body that the parser gives a rule without conditions.
func isTrue(expr *ast.Expr) bool {
	t, ok := expr.Terms.(*ast.Term)
	return ok && !expr.Negated && len(expr.With) == 0 && t.Equal(ast.BooleanTerm(true))
}

// declares says that a condition introduces names.
func declares(expr *ast.Expr) bool {
	_, some := expr.Terms.(*ast.SomeDecl)
	return some || expr.IsAssignment() || expr.IsEquality()
}

// wider says that old implies expr: the same comparison of the same thing with a number that lets more through.
func wider(old, expr *ast.Expr) bool {
	if old.Negated || expr.Negated || len(old.With)+len(expr.With) > 0 {
		return false
	}
	a, ok := boundOf(old)
	b, fine := boundOf(expr)
	if !ok || !fine || a.of != b.of || a.upper != b.upper {
		return false
	}
	order := ast.Compare(b.number, a.number)
	if !a.upper {
		order = -order
	}
	return order > 0 || order == 0 && (b.closed || !a.closed)
}

// bound is a comparison of something with a number.
type bound struct {
	of     string
	number ast.Number
	upper  bool // it must be less than the number
	closed bool // or equal
}

func boundOf(expr *ast.Expr) (bound, bool) {
	terms, ok := expr.Terms.([]*ast.Term)
	if !ok || len(terms) != 3 {
		return bound{}, false
	}
	op := terms[0].String()
	less, closed := op == ast.LessThan.Name || op == ast.LessThanEq.Name, op == ast.LessThanEq.Name || op == ast.GreaterThanEq.Name
	if !less && op != ast.GreaterThan.Name && op != ast.GreaterThanEq.Name {
		return bound{}, false
	}
	if n, ok := terms[2].Value.(ast.Number); ok {
		return bound{terms[1].String(), n, less, closed}, true
	}
	if n, ok := terms[1].Value.(ast.Number); ok {
		return bound{terms[2].String(), n, !less, closed}, true
	}
	return bound{}, false
}
