package policy

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// names are the terms of the names that policies look up. Documents are built from the same terms, so that a look-up is a
// comparison of pointers and a name is held once, not once a document: this halves the time of an evaluation.
type names map[string]*ast.Term

// shareNames makes every reference of the compiled policies use one term for each name, and returns those terms.
func shareNames(c *ast.Compiler) names {
	shared := names{}
	for _, tree := range c.Modules {
		for _, rule := range tree.Rules {
			ast.WalkRefs(rule, func(ref ast.Ref) bool {
				if isValueRef(ref) {
					shared.share(ref[1:])
					shared.noteInput(ref)
				}
				return false
			})
		}
	}
	return shared
}

// isValueRef leaves the names of built-in functions alone: OPA shares those itself.
func isValueRef(ref ast.Ref) bool {
	head, ok := ref[0].Value.(ast.Var)
	return ok && (head == ast.InputRootDocument.Value || strings.HasPrefix(string(head), ast.LocalVarPrefix))
}

// wholeInput stands among the names when a policy looks at input without saying at what in it.
const wholeInput = "the whole input"

func (n names) noteInput(ref ast.Ref) {
	if !ref.HasPrefix(ast.Ref{ast.InputRootDocument}) {
		return
	}
	if len(ref) > 1 {
		if _, named := ref[1].Value.(ast.String); named {
			return
		}
	}
	n[wholeInput] = ast.StringTerm(wholeInput)
}

// mayLookAt says that a policy may look at a part of the input document, by its JSON name.
func (n names) mayLookAt(part string) bool { return n[part] != nil || n[wholeInput] != nil }

func (n names) share(path []*ast.Term) {
	for i, part := range path {
		text, ok := part.Value.(ast.String)
		if !ok {
			continue
		}
		if n[string(text)] == nil {
			n[string(text)] = part
		}
		path[i] = n[string(text)]
	}
}

// maxShared bounds the texts that are looked for in a table instead of being made anew.
const maxShared = 32

// text is the term of a text.
func (p *planner) text(s string) *ast.Term {
	if len(s) > maxShared {
		return ast.StringTerm(s)
	}
	if t, ok := p.names[s]; ok {
		return t
	}
	if t, ok := p.texts[s]; ok {
		return t
	}
	if p.texts == nil {
		p.texts = map[string]*ast.Term{}
	}
	t := ast.StringTerm(s)
	p.texts[s] = t
	return t
}
