package host

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
	packageurl "github.com/package-url/packageurl-go"
)

func isPURL(text string) (*ast.Term, error) {
	_, err := packageurl.FromString(text)
	return boolean(err == nil), nil
}

func purlType() types.Type {
	text := func(key string) *types.StaticProperty { return types.NewStaticProperty(key, types.S) }
	qualifier := types.NewObject([]*types.StaticProperty{text("key"), text("value")}, nil)
	return types.NewObject([]*types.StaticProperty{text("name"), text("namespace"),
		types.NewStaticProperty("qualifiers", types.NewArray(nil, qualifier)), text("subpath"), text("type"), text("version")}, nil)
}

func parsePURL(text string) (*ast.Term, error) {
	p, err := packageurl.FromString(text)
	if err != nil {
		return nil, fmt.Errorf("ec.purl.parse: %w", err)
	}
	qualifiers := make([]*ast.Term, len(p.Qualifiers))
	for i, q := range p.Qualifiers {
		qualifiers[i] = ast.ObjectTerm(field("key", q.Key), field("value", q.Value))
	}
	return ast.ObjectTerm(field("type", p.Type), field("namespace", p.Namespace), field("name", p.Name), field("version", p.Version),
		field("subpath", p.Subpath), ast.Item(ast.StringTerm("qualifiers"), ast.ArrayTerm(qualifiers...))), nil
}

func field(key, value string) [2]*ast.Term {
	return ast.Item(ast.StringTerm(key), ast.StringTerm(value))
}
