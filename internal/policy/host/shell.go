package host

import (
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"mvdan.cc/sh/v3/syntax"
)

// parseCommands lists the words of every simple command of a script, as they are written, in order. Assignments and
// redirections are no words. A script that is no bash is an error.
func parseCommands(script string) (*ast.Term, error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, fmt.Errorf("sh.parse_commands: %w", err)
	}
	printer := syntax.NewPrinter()
	commands := []*ast.Term{}
	var wrong error
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		words := make([]*ast.Term, len(call.Args))
		for i, word := range call.Args {
			var text strings.Builder
			if err := printer.Print(&text, word); err != nil && wrong == nil {
				wrong = fmt.Errorf("sh.parse_commands: %w", err)
			}
			words[i] = ast.StringTerm(text.String())
		}
		commands = append(commands, ast.ArrayTerm(words...))
		return true
	})
	return ast.ArrayTerm(commands...), wrong
}
