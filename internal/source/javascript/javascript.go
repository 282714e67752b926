// Package javascript reads what JavaScript and TypeScript files import, in every form Node and bundlers know, and resolves it
// against the files of a tree without an installation. It is a lexer, not a parser: it knows comments, strings, templates,
// regular expressions and JSX well enough not to find an import inside one, and needs no more of the grammar.
package javascript

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

const family = "javascript"

// Languages are JavaScript and TypeScript, with JSX and without, and the scripts of Vue, Svelte and Astro files. All share one
// resolver.
func Languages() []imports.Language {
	return []imports.Language{
		language("javascript", extensions(".js", ".mjs", ".cjs", ".jsx", ".tsx"), extractJSX),
		language("typescript", extensions(".ts", ".mts", ".cts"), extractPlain),
		language("component", extensions(".vue", ".svelte", ".astro"), extractScripts),
	}
}

func language(name string, match func(string) bool, extract func([]byte) *imports.File) imports.Language {
	return imports.Language{Name: name, Family: family, Version: 2, Match: match, Extract: extract, Resolver: newResolver, Manifest: manifest}
}

func extensions(list ...string) func(string) bool {
	return func(p string) bool {
		ext := path.Ext(p)
		for _, e := range list {
			if ext == e {
				return true
			}
		}
		return false
	}
}

func manifest(p string) bool {
	base := path.Base(p)
	return base == "package.json" || base == "jsconfig.json" || strings.HasPrefix(base, "tsconfig") && strings.HasSuffix(base, ".json")
}

func extractJSX(src []byte) *imports.File   { return extract(src, true) }
func extractPlain(src []byte) *imports.File { return extract(src, false) }

func extract(src []byte, jsx bool) *imports.File {
	s := newScanner(src, jsx)
	r := &reader{scanner: s, file: &imports.File{}}
	r.run(r.skim)
	return r.file
}
