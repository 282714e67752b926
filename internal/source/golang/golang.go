// Package golang reads the imports of Go files and resolves them by the go.mod and go.work files of a tree, as the go command
// does (https://go.dev/ref/mod) but for one thing: files of every platform and tag count, since a change for another platform
// breaks that platform. It never runs the go command.
package golang

import (
	"bytes"
	"errors"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is Go.
func Language() imports.Language {
	return imports.Language{Name: "go", Version: 1, Match: match, Extract: Extract, Resolver: newResolver, Package: packageOf, Manifest: manifest}
}

func match(p string) bool { return strings.HasSuffix(p, ".go") }

func manifest(p string) bool {
	base := path.Base(p)
	return base == "go.mod" || base == "go.work" || base == "modules.txt"
}

// packageOf names a package by its folder. Tests see it and are no part of it; what begins with _ or . is ignored by Go.
func packageOf(p string, f *imports.File) (string, bool) {
	dir, base := path.Split(p)
	if base[0] == '_' || base[0] == '.' {
		return "", false
	}
	test := strings.HasSuffix(base, "_test.go")
	if !test && f.Package == "documentation" { // the go command leaves it out
		return "", false
	}
	return nodeOf(path.Clean(dir)), !test
}

// nodeOf is the name of the package in a folder.
func nodeOf(dir string) string { return "go:" + dir }

// Extract reads the package clause, the imports and the go:embed patterns of one file.
func Extract(src []byte) *imports.File {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "", src, parser.ImportsOnly|parser.SkipObjectResolution)
	f := &imports.File{}
	if err != nil {
		f.Problem, f.Line = problem(err)
	}
	if parsed == nil {
		return f
	}
	if parsed.Name != nil {
		f.Package = parsed.Name.Name
	}
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil || name == "" {
			continue // the parser has reported it
		}
		f.Imports = append(f.Imports, imports.Import{Specifier: name, Line: int32(files.Position(spec.Pos()).Line)})
	}
	f.Imports = append(f.Imports, embeds(src)...)
	return f
}

func problem(err error) (string, int32) {
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		return list[0].Msg, int32(list[0].Pos.Line)
	}
	return err.Error(), 0
}

var embedDirective = []byte("//go:embed ")

// embeds finds go:embed directives, which stand at the beginning of a line. One inside a raw string is taken for real: it
// names a file that exists or nothing.
func embeds(src []byte) []imports.Import {
	var out []imports.Import
	line, from := int32(1), 0
	for {
		at := bytes.Index(src[from:], embedDirective)
		if at < 0 {
			return out
		}
		at += from
		line += int32(bytes.Count(src[from:at], []byte{'\n'}))
		from = at + len(embedDirective)
		if at > 0 && src[at-1] != '\n' {
			continue
		}
		rest, _, _ := bytes.Cut(src[from:], []byte{'\n'})
		for _, pattern := range strings.Fields(string(rest)) {
			out = append(out, imports.Import{Specifier: strings.Trim(pattern, "`\""), Kind: imports.Embed, Line: line})
		}
	}
}
