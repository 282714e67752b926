package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
)

// Deleting any rule of the base constitution, or any condition of one, makes one of its tests fail: every rule has a test
// that it reports and every condition a test that it holds back. Mutants that do not compile count as found.
func TestBaseMutants(t *testing.T) {
	t.Parallel()
	for _, m := range Builtin() {
		if IsTest(m.Path) || strings.HasPrefix(m.Path, builtinPath+"lib_") {
			continue
		}
		t.Run(strings.TrimPrefix(m.Path, builtinPath), func(t *testing.T) {
			t.Parallel()
			suite := append(builtins(true), testsOf(m)...)
			for _, mutant := range mutants(t, m) {
				report, err := Test(context.Background(), append([]facts.Module{mutant.module}, suite...), TestOptions{Parallel: 1, brief: true})
				if err == nil && report.Failed == 0 {
					t.Errorf("no test fails %s", mutant.what)
				}
			}
		})
	}
}

func testsOf(m facts.Module) []facts.Module {
	for _, other := range Builtin() {
		if other.Path == strings.TrimSuffix(m.Path, ".rego")+"_test.rego" {
			return []facts.Module{other}
		}
	}
	return nil
}

// implied conditions change nothing when they are deleted: the head needs what they ask for, or they only keep a built-in
// function from failing (TestBaseSurvivesAnyDocument sees to those).
func implied(rule *ast.Rule, expr *ast.Expr) bool {
	text := string(expr.Loc().Text)
	return strings.Contains(string(rule.Head.Loc().Text), text) || strings.HasPrefix(text, "is_string(") || strings.HasPrefix(text, "is_object(")
}

type mutant struct {
	module facts.Module
	what   string
}

func mutants(t *testing.T, m facts.Module) []mutant {
	t.Helper()
	var out []mutant
	parse := func() *ast.Module {
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	add := func(tree *ast.Module, what string) {
		out = append(out, mutant{facts.Module{Path: m.Path, Text: tree.String()}, what})
	}
	for i, rule := range parse().Rules {
		tree := parse()
		tree.Rules = append(tree.Rules[:i], tree.Rules[i+1:]...)
		add(tree, fmt.Sprintf("when the rule on line %d is deleted", rule.Loc().Row))
		for j, expr := range rule.Body {
			if _, declares := expr.Terms.(*ast.SomeDecl); declares || len(rule.Body) < 2 || implied(rule, expr) {
				continue
			}
			tree := parse()
			body := tree.Rules[i].Body
			tree.Rules[i].Body = append(body[:j:j], body[j+1:]...)
			add(tree, fmt.Sprintf("when the condition on line %d is deleted: %s", expr.Loc().Row, oneLine(string(expr.Loc().Text))))
		}
	}
	return out
}
