package rust

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// use reads one use declaration.
func (r *reader) use() {
	kind := imports.Static
	if r.public {
		kind = imports.Reexport
	}
	r.reset()
	if r.advance(); !r.tok.is("<") { // + use<'a> is a bound
		r.tree(kind, nil, 0)
	}
}

// tree reads one branch: a::b, a::*, a::{b, c as d}, a::{self}.
func (r *reader) tree(kind imports.Kind, prefix []string, depth int) {
	if r.tok.is("::") {
		r.advance()
		if len(prefix) == 0 {
			prefix = []string{""}
		}
	}
	for len(prefix) < maxSegments {
		if r.tok.is("$") {
			r.advance()
			if !r.tok.name("crate") { // a name that a macro is given
				r.rootPath()
				return
			}
		}
		switch {
		case r.tok.kind == 'i':
			name, line := r.tok.text, r.tok.line
			if r.advance(); r.tok.is("::") {
				prefix = append(slices.Clip(prefix), name)
				r.advance()
				continue
			}
			r.leaf(kind, prefix, name, line)
			r.alias()
		case r.tok.is("*"):
			r.leaf(kind, prefix, "*", r.tok.line)
			r.advance()
		case r.tok.is("{"):
			r.branches(kind, prefix, depth+1)
		}
		return
	}
	r.fail("a use is nested too deeply", r.tok.line)
}

func (r *reader) alias() {
	if r.tok.name("as") {
		if r.advance(); r.tok.kind == 'i' {
			r.advance()
		}
	}
}

// branches reads { ..., ... }. What stands in braces that are too deep is left to the caller's loop, as code.
func (r *reader) branches(kind imports.Kind, prefix []string, depth int) {
	if depth > maxNesting {
		r.fail("a use is nested too deeply", r.tok.line)
		return
	}
	r.depth++
	r.advance()
	for r.tok.kind != 0 && !r.tok.is("}") && !r.tok.is(";") {
		before := r.pos
		r.tree(kind, prefix, depth)
		if r.problem != "" && depth > 1 {
			return
		}
		if r.tok.is(",") || r.pos == before && !r.tok.is("}") {
			r.advance()
		}
	}
	if r.tok.is("}") {
		r.depth--
		r.advance()
	}
}

// leaf adds the end of a branch.
func (r *reader) leaf(kind imports.Kind, prefix []string, name string, line int32) {
	imp := imports.Import{Kind: kind, Line: line}
	switch {
	case name == "self" && len(prefix) > 0:
	case (len(prefix) == 0 || len(prefix) == 1 && prefix[0] == "") && name != "*": // use a; use ::a
		prefix = append(slices.Clip(prefix), name)
	default:
		imp.Names = []string{name}
	}
	if imp.Specifier = r.absolute(prefix); imp.Specifier != "" {
		r.file.Imports = append(r.file.Imports, imp)
	}
}

// absolute writes a path as seen from the file's own module: modules with a body are a part of the path.
func (r *reader) absolute(prefix []string) string {
	if len(prefix) == 0 || prefix[0] != "self" && prefix[0] != "super" {
		return strings.Join(prefix, "::")
	}
	within := r.within()
	for len(within) > 0 && len(prefix) > 0 && (prefix[0] == "super" || prefix[0] == "self") {
		if prefix[0] == "super" {
			within = within[:len(within)-1]
		}
		prefix = prefix[1:]
	}
	if len(within) == 0 && len(prefix) > 0 && prefix[0] == "super" {
		return strings.Join(prefix, "::")
	}
	if len(prefix) > 0 && prefix[0] == "self" {
		prefix = prefix[1:]
	}
	return strings.Join(slices.Concat([]string{"self"}, within, prefix), "::")
}

// code reads a path in an expression or a type. Types and local names begin none that leads to a file.
func (r *reader) code() {
	first, line := r.tok.text, r.tok.line
	r.reset()
	segments := []string{first}
	for r.advance(); r.tok.is("::"); {
		if r.advance(); r.tok.kind != 'i' {
			break
		}
		if len(segments) < maxSegments {
			segments = append(segments, r.tok.text)
		}
		r.advance()
	}
	if len(segments) < 2 || first[0] >= 'A' && first[0] <= 'Z' {
		return
	}
	last := len(segments) - 1
	specifier := r.absolute(segments[:last])
	if key := specifier + "::" + segments[last]; !r.seen[key] {
		r.seen[key] = true
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: specifier, Line: line, Names: segments[last:], Exotic: inCode})
	}
}
