package policy

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/host"
)

// matchPath is adamant.match_path(glob, path): the path globs of every adamant format, for policies.
func matchPath() *rego.Function {
	return &rego.Function{
		Name:        "adamant.match_path",
		Description: "says whether a path glob of adamant.yaml matches a path",
		Decl:        types.NewFunction(types.Args(types.S, types.S), types.B),
		Memoize:     true,
	}
}

func matchPathDecl() *ast.Builtin {
	f := matchPath()
	return &ast.Builtin{Name: f.Name, Description: f.Description, Decl: f.Decl}
}

// matchPathFunc gives an evaluation the function. A malformed glob is an error, not a miss.
func matchPathFunc() func(*rego.Rego) {
	return rego.Function2(matchPath(), func(_ rego.BuiltinContext, glob, path *ast.Term) (*ast.Term, error) {
		g, ok := glob.Value.(ast.String)
		p, fine := path.Value.(ast.String)
		if !ok || !fine {
			return nil, fmt.Errorf("adamant.match_path: glob and path must be texts")
		}
		if err := manifest.CheckGlob(string(g)); err != nil {
			return nil, fmt.Errorf("adamant.match_path: glob %q: %w", string(g), err)
		}
		return ast.InternedTerm(manifest.MatchPath(string(g), string(p))), nil
	})
}

// functions are the built-in functions that every policy may call beyond OPA's own.
func functions() []host.Function {
	return append(host.Pure(), host.Function{Decl: matchPathDecl(), Func: matchPathFunc()})
}

func declarations(list []host.Function) []*ast.Builtin {
	out := make([]*ast.Builtin, len(list))
	for i, f := range list {
		out[i] = f.Decl
	}
	return out
}

func implementations(list []host.Function) []func(*rego.Rego) {
	out := make([]func(*rego.Rego), len(list))
	for i, f := range list {
		out[i] = f.Func
	}
	return out
}

func testBuiltins(list []host.Function) []*tester.Builtin {
	out := make([]*tester.Builtin, len(list))
	for i, f := range list {
		out[i] = &tester.Builtin{Decl: f.Decl, Func: f.Func}
	}
	return out
}
