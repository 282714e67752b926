package policy

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

func conftestBuiltins() []*ast.Builtin { return nil }

func foreignFunctions() []func(*rego.Rego) { return []func(*rego.Rego){matchPathFunc()} }
