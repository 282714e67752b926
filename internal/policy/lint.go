package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/host"
)

// What OPA compiles and we do not accept, because it would be undefined in silence.

// checkReferences refuses data that no module defines: there is no data but the policies themselves.
func checkReferences(c *ast.Compiler, modules []*module) []manifest.Diagnostic {
	var diags []manifest.Diagnostic
	for _, m := range modules {
		tree := c.Modules[m.Path]
		ast.WalkRefs(tree, func(ref ast.Ref) bool {
			if problem := unknownData(c, ref); problem != "" {
				diags = append(diags, at(ref[0].Loc(), problem))
			}
			return false
		})
	}
	return diags
}

func unknownData(c *ast.Compiler, ref ast.Ref) string {
	if !ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}) {
		return ""
	}
	if len(ref) < 2 || !ref[1].IsGround() {
		return "data as a whole cannot be used; name the package"
	}
	if missing := undefinedPrefix(c, ref); missing != nil {
		return fmt.Sprintf("%s is defined by no policy; there is no other data", missing)
	}
	return ""
}

// undefinedPrefix is the first part of a reference to data that no module defines, nil when there is none.
func undefinedPrefix(c *ast.Compiler, ref ast.Ref) ast.Ref {
	node := c.RuleTree.Child(ref[0].Value)
	for i := 1; i < len(ref) && ref[i].IsGround(); i++ {
		if node != nil {
			node = node.Child(ref[i].Value)
		}
		if node == nil {
			return ref[:i+1]
		}
		if len(node.Values) > 0 {
			return nil
		}
	}
	return nil
}

// checkNegations refuses "not f(x) == y" for functions of policies: OPA calls f before the negation, so where f(x) is
// undefined the rule does not apply, and the author meant that it does.
func checkNegations(modules []*module) []manifest.Diagnostic {
	var diags []manifest.Diagnostic
	for _, m := range modules {
		ast.WalkExprs(m.tree, func(expr *ast.Expr) bool {
			if call := nestedCall(expr); call != "" {
				diags = append(diags, at(expr.Location, fmt.Sprintf(
					"%s is called before the negation, so where it is undefined the rule does not apply; write y := %s(...) on a line before if that is meant, else a helper rule to negate", call, call)))
			}
			return false
		})
	}
	return diags
}

// nestedCall names a function of a policy that is called inside a negated expression, "" when there is none.
func nestedCall(expr *ast.Expr) string {
	terms, ok := expr.Terms.([]*ast.Term)
	if !expr.Negated || !ok {
		return ""
	}
	name := ""
	for _, operand := range terms[1:] {
		ast.WalkTerms(operand, func(t *ast.Term) bool {
			if call, ok := t.Value.(ast.Call); ok && ast.BuiltinMap[call[0].String()] == nil && !isOwnFunction(call[0].String()) {
				name = call[0].String()
			}
			return name != ""
		})
	}
	return name
}

// isOwnFunction says that adamant adds a built-in function of this name.
func isOwnFunction(name string) bool {
	return slices.ContainsFunc(functions(), func(f host.Function) bool { return f.Decl.Name == name })
}

// recordFields are the fields of a record and whether they are texts or numbers.
func recordFields(kind string) map[string]types.Type {
	if kind == Require {
		return map[string]types.Type{"gate": types.S, "reason": types.S, "rule": types.S}
	}
	return map[string]types.Type{"rule": types.S, "message": types.S, "path": types.S, "line": types.N, "pointer": types.S,
		"document": types.N, "fix": types.S, "fingerprint": types.S}
}

// checkRecords compares what the type checker knows about the records of a rule with what a record is.
func checkRecords(c *ast.Compiler, entries []*entry) []manifest.Diagnostic {
	var diags []manifest.Diagnostic
	for _, e := range entries {
		set, ok := c.TypeEnv.GetByRef(e.ref()).(*types.Set)
		if !ok {
			continue
		}
		if problem := wrongRecord(e.Kind, set.Of()); problem != "" {
			diags = append(diags, at(e.rule.Loc(), fmt.Sprintf("a record of %s %s", e.Kind, problem)))
		}
	}
	return diags
}

func wrongRecord(kind string, t types.Type) string {
	fields := recordFields(kind)
	object, ok := t.(*types.Object)
	switch {
	case !ok && (types.Contains(t, types.A) || kind != Require && types.Contains(t, types.S)):
		return ""
	case !ok && isUnion(t):
		return "" // looked at when it is evaluated
	case !ok:
		return fmt.Sprintf("is a %s; it must be an object with %s", typeName(t), fieldNames(kind))
	}
	for _, p := range object.StaticProperties() {
		want, known := fields[fmt.Sprint(p.Key)]
		if !known {
			return fmt.Sprintf("has the field %q; its fields are %s", p.Key, fieldNames(kind))
		}
		if !types.Contains(p.Value, want) && !types.Contains(p.Value, types.A) && !isUnion(p.Value) {
			return fmt.Sprintf("has a %s as %s; it must be a %s", typeName(p.Value), p.Key, typeName(want))
		}
	}
	return ""
}

func isUnion(t types.Type) bool {
	_, ok := t.(types.Any)
	return ok
}

func typeName(t types.Type) string {
	switch t.(type) {
	case *types.Object:
		return "object"
	case *types.Array:
		return "list"
	case *types.Set:
		return "set"
	}
	return types.Sprint(t)
}

func fieldNames(kind string) string {
	var names []string
	for name := range recordFields(kind) {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
