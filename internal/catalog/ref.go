package catalog

import (
	"cmp"
	"fmt"
	"strings"
)

// ParseRef completes a reference "[kind:][namespace/]name" to "kind:namespace/name" in lower case. An empty defaultKind
// makes the kind obligatory; an empty defaultNamespace is "default".
func ParseRef(ref, defaultKind, defaultNamespace string) (string, error) {
	kind, rest, hasKind := strings.Cut(ref, ":")
	if !hasKind || strings.Contains(kind, "/") {
		kind, rest, hasKind = defaultKind, ref, false
	}
	namespace, name, hasNamespace := strings.Cut(rest, "/")
	if !hasNamespace {
		namespace, name = cmp.Or(defaultNamespace, "default"), rest
	}
	if namespace == "" || name == "" || hasKind && kind == "" {
		return "", fmt.Errorf("%q is no reference; want [kind:][namespace/]name", ref)
	}
	if kind == "" {
		return "", fmt.Errorf("%q names no kind; write e.g. component:%s", ref, ref)
	}
	return strings.ToLower(kind + ":" + namespace + "/" + name), nil
}

// relationFields are the fields of spec that refer to other entities, with the kind they mean when they name none.
var relationFields = []struct{ field, kind string }{
	{"children", "group"},
	{"consumesApis", "api"},
	{"dependencyOf", ""},
	{"dependsOn", ""},
	{"domain", "domain"},
	{"memberOf", "group"},
	{"members", "user"},
	{"parent", "group"},
	{"plugins", "airesource"},
	{"providesApis", "api"},
	{"skills", "airesource"},
	{"subcomponentOf", "component"},
	{"subdomainOf", "domain"},
	{"system", "system"},
}
