package policy

import (
	"strings"

	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// Sandbox is what Gatekeeper's templates may do: what adamant's own rules may, without adamant's own functions.
func Sandbox() gatekeeper.Sandbox {
	all := capabilities()
	all.Builtins = slices.DeleteFunc(slices.Clone(all.Builtins), func(b *ast.Builtin) bool { return strings.HasPrefix(b.Name, "adamant.") })
	return gatekeeper.Sandbox{Capabilities: all, Explain: explain}
}
