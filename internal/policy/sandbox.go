package policy

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// capabilities are the built-in functions policies may call: those whose answer depends on their arguments alone, and
// time.now_ns, which is pinned to the instant of the evaluation. A call of any other is a compile error.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	kept := make([]*ast.Builtin, 0, len(all.Builtins))
	for _, b := range all.Builtins {
		if isDeterministic(b) {
			kept = append(kept, withoutZones(b))
		}
	}
	all.Builtins = append(kept, declarations(functions())...)
	all.AllowNet = []string{} // not nil: nil would let schemas be fetched
	return all
}

func isDeterministic(b *ast.Builtin) bool {
	if b.Name == ast.NowNanos.Name {
		return true
	}
	if b.Nondeterministic {
		return false
	}
	for _, prefix := range []string{"http.", "rand.", "uuid.", "opa.", "providers.", "net.lookup"} {
		if strings.HasPrefix(b.Name, prefix) {
			return false
		}
	}
	return true
}

// withoutZones takes the time zone argument away from functions of time: zones are read from the machine's files and
// environment. Times are UTC.
func withoutZones(b *ast.Builtin) *ast.Builtin {
	zoned := []string{ast.Format.Name, ast.Clock.Name, ast.Date.Name, ast.Weekday.Name, ast.AddDate.Name, ast.Diff.Name}
	if !slices.Contains(zoned, b.Name) {
		return b
	}
	args := slices.Clone(b.Decl.FuncArgs().Args)
	for i, arg := range args {
		if named, ok := arg.(*types.NamedType); ok {
			arg = named.Type
		}
		if union, ok := arg.(types.Any); ok && types.Contains(union, types.N) {
			args[i] = types.N
		}
	}
	narrow := *b
	narrow.Decl = types.NewFunction(args, b.Decl.Result())
	return &narrow
}

// newCompiler makes a compiler that knows the input document's schema. print calls are erased.
func newCompiler() *ast.Compiler {
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, inputSchema()) // under the root: under schema.input it would bind annotated rules only
	return ast.NewCompiler().
		WithCapabilities(capabilities()).
		WithSchemas(schemas).
		WithStrict(true).
		WithUseTypeCheckAnnotations(false).
		WithEnablePrintStatements(false)
}

// parserOptions read Rego v1 by the same capabilities.
func parserOptions() ast.ParserOptions {
	return ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true}
}
