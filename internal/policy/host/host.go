// Package host holds the built-in functions of Rego that adamant adds to OPA's own. Each is a pure function of its arguments:
// it promises the same answer everywhere and reads no file, network, clock or environment. Nothing is registered globally; a
// compiler gets the declarations and an evaluation the functions.
package host

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"
)

// Function is one built-in function: what a compiler must know and what an evaluation calls.
type Function struct {
	Decl *ast.Builtin
	Func func(*rego.Rego)
}

// Pure lists the functions that every policy may call, by name:
//
//	cidr.count_addresses(cidr)  how many addresses a block holds
//	cidr.is_public(cidr)        whether a block holds an address that is not reserved for private use
//	ec.purl.is_valid(purl)      whether a text is a package URL
//	ec.purl.parse(purl)         a package URL's parts
//	sh.parse_commands(script)   the words of every simple command of a shell script
func Pure() []Function {
	return []Function{
		onText("cidr.count_addresses", "counts the addresses of a CIDR block", types.N, countAddresses),
		onText("cidr.is_public", "says whether a CIDR block holds a public address", types.B, isPublic),
		onText("ec.purl.is_valid", "says whether a text is a package URL", types.B, isPURL),
		onText("ec.purl.parse", "takes a package URL apart", purlType(), parsePURL),
		onText("sh.parse_commands", "lists the words of every simple command of a shell script",
			types.NewArray(nil, types.NewArray(nil, types.S)), parseCommands),
	}
}

// onText makes a function of one text.
func onText(name, description string, result types.Type, f func(text string) (*ast.Term, error)) Function {
	return unary(name, description, types.S, result, func(t *ast.Term) (*ast.Term, error) {
		text, ok := t.Value.(ast.String)
		if !ok {
			return nil, fmt.Errorf("%s: the argument must be a text", name)
		}
		return f(string(text))
	})
}

func unary(name, description string, argument, result types.Type, f func(*ast.Term) (*ast.Term, error)) Function {
	decl := &rego.Function{Name: name, Description: description, Decl: types.NewFunction(types.Args(argument), result), Memoize: true}
	return Function{Decl: declaration(decl),
		Func: rego.Function1(decl, func(_ rego.BuiltinContext, t *ast.Term) (*ast.Term, error) { return f(t) })}
}

func binary(name, description string, a, b, result types.Type, f func(a, b *ast.Term) (*ast.Term, error)) Function {
	decl := &rego.Function{Name: name, Description: description, Decl: types.NewFunction(types.Args(a, b), result), Memoize: true}
	return Function{Decl: declaration(decl),
		Func: rego.Function2(decl, func(_ rego.BuiltinContext, a, b *ast.Term) (*ast.Term, error) { return f(a, b) })}
}

func declaration(f *rego.Function) *ast.Builtin {
	return &ast.Builtin{Name: f.Name, Description: f.Description, Decl: f.Decl}
}

func boolean(b bool) *ast.Term { return ast.InternedTerm(b) }
