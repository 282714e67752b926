package spelling

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

// kind is what a byte of a text belongs to.
type kind byte

const (
	skipped kind = iota
	prose
	code
)

// lexer gives every byte of a text its kind.
type lexer func(text []byte) []kind

// syntax is as much of a language as it takes to tell comments and strings from code.
type syntax struct {
	line       []string // what starts a comment that ends with the line
	open, shut string   // block comment
	strings    string   // quotes of strings that end on their line and escape with a backslash
	raw        string   // quote of strings that span lines and escape nothing
	triple     bool     // tripled quotes span lines
	words      string   // start of line comments that count only at a word's start, as # in shell
	data       bool     // words outside comments are values, not identifiers
}

var (
	cLike   = syntax{line: []string{"//"}, open: "/*", shut: "*/", strings: `"'`, raw: "`"}
	hashed  = syntax{line: []string{"#"}, strings: `"'`}
	data    = syntax{words: "#", strings: `"'`, data: true}
	shell   = syntax{words: "#", strings: `"'`}
	python  = syntax{line: []string{"#"}, strings: `"'`, triple: true}
	dashed  = syntax{line: []string{"--"}, open: "/*", shut: "*/", strings: `"'`}
	lisp    = syntax{line: []string{";"}, strings: `"`}
	percent = syntax{line: []string{"%"}}
)

var languages = map[string]*syntax{
	"go": &cLike, "js": &cLike, "jsx": &cLike, "mjs": &cLike, "cjs": &cLike, "ts": &cLike, "tsx": &cLike, "java": &cLike,
	"c": &cLike, "h": &cLike, "cc": &cLike, "cpp": &cLike, "hpp": &cLike, "cs": &cLike, "rs": &rust, "kt": &cLike, "swift": &cLike,
	"scala": &cLike, "php": &cLike, "proto": &cLike, "css": &cLike, "scss": &cLike, "less": &cLike, "dart": &cLike, "groovy": &cLike,
	"py": &python, "pyi": &python, "rb": &shell, "sh": &shell, "bash": &shell, "zsh": &shell, "yaml": &data, "yml": &data,
	"toml": &data, "rego": &hashed, "tf": &hashed, "hcl": &hashed, "r": &hashed, "pl": &shell, "ex": &hashed, "exs": &hashed,
	"sql": &dashed, "lua": &dashed, "hs": &dashed, "clj": &lisp, "el": &lisp, "tex": &percent, "erl": &percent,
}

// rust has lifetimes, so a single quote does not open a string there.
var rust = syntax{line: []string{"//"}, open: "/*", shut: "*/", strings: `"`}

// lexerFor chooses by extension, then by the name of the language, if that can be told. Nil: the file is not checked.
func lexerFor(file string, language func(string) string) lexer {
	name, ext := path.Base(file), strings.ToLower(strings.TrimPrefix(path.Ext(file), "."))
	if slices.ContainsFunc([]string{"vendor/", "node_modules/", "third_party/"}, func(dir string) bool {
		return strings.HasPrefix(file, dir) || strings.Contains(file, "/"+dir)
	}) || strings.HasSuffix(name, ".min.js") || strings.HasSuffix(name, ".min.css") {
		return nil
	}
	switch ext {
	case "md", "markdown", "mdx", "rst", "adoc", "txt":
		if name == "go.sum" || strings.HasPrefix(name, "requirements") || strings.HasPrefix(name, "CMakeLists") || file == wordsPath {
			return nil
		}
		return markdown
	case "html", "htm":
		return hypertext
	}
	if s := languages[ext]; s != nil {
		return s.lex
	}
	switch {
	case name == "Makefile" || name == "Dockerfile":
		return shell.lex
	case language != nil && ext == "":
		switch strings.ToLower(language(file)) {
		case "shell", "bash", "ruby", "perl":
			return shell.lex
		case "python":
			return python.lex
		}
	}
	return nil
}

// lex marks comments as prose and identifiers as code; strings are skipped.
func (s *syntax) lex(text []byte) []kind {
	kinds := make([]kind, len(text))
	for at := 0; at < len(text); {
		end, k := s.token(text, at)
		if k != skipped {
			for i := at; i < end; i++ {
				kinds[i] = k
			}
		}
		if k == prose {
			blankTicks(text[at:end], kinds[at:end])
		}
		at = end
	}
	return kinds
}

func (s *syntax) token(text []byte, at int) (end int, k kind) {
	c := text[at]
	if isLetter(c) || c == '_' {
		end = at + 1
		for end < len(text) && (isLetter(text[end]) || text[end] == '_' || text[end] >= '0' && text[end] <= '9') {
			end++
		}
		if s.data {
			return end, skipped
		}
		return end, code
	}
	for _, mark := range s.line {
		if bytes.HasPrefix(text[at:], []byte(mark)) {
			return lineEnd(text, at), prose
		}
	}
	if s.words != "" && c == s.words[0] && (at == 0 || isSpace(text[at-1])) {
		return lineEnd(text, at), prose
	}
	if s.open != "" && bytes.HasPrefix(text[at:], []byte(s.open)) {
		return after(text, at+len(s.open), s.shut), prose
	}
	if s.raw != "" && c == s.raw[0] {
		return after(text, at+1, s.raw), skipped
	}
	if strings.IndexByte(s.strings, c) >= 0 {
		if quote := strings.Repeat(string(c), 3); s.triple && bytes.HasPrefix(text[at:], []byte(quote)) {
			return after(text, at+3, quote), docstring(text, at)
		}
		return stringEnd(text, at), skipped
	}
	return at + 1, skipped
}

// docstring is prose when a tripled string stands alone on its line, as documentation does.
func docstring(text []byte, at int) kind {
	from := bytes.LastIndexByte(text[:at], '\n') + 1
	if len(bytes.Trim(text[from:at], " \t")) == 0 {
		return prose
	}
	return skipped
}

func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

func after(text []byte, at int, mark string) int {
	if n := bytes.Index(text[at:], []byte(mark)); n >= 0 {
		return at + n + len(mark)
	}
	return len(text)
}

func stringEnd(text []byte, at int) int {
	for i := at + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\n':
			return i
		case text[at]:
			return i + 1
		}
	}
	return len(text)
}

// markdown marks everything but code blocks, code spans and tags as prose.
func markdown(text []byte) []kind {
	kinds := make([]kind, len(text))
	var fence string
	for line := range builtin.Lines(text) {
		body := bytes.TrimLeft(line.Text, " \t>")
		switch {
		case fence != "":
			if bytes.HasPrefix(body, []byte(fence)) {
				fence = ""
			}
			continue
		case bytes.HasPrefix(body, []byte("```")):
			fence = "```"
			continue
		case bytes.HasPrefix(body, []byte("~~~")):
			fence = "~~~"
			continue
		}
		if bytes.HasPrefix(line.Text, []byte("    ")) && !isItem(body) || bytes.HasPrefix(line.Text, []byte("\t")) {
			continue
		}
		for i := range line.Text {
			kinds[line.Offset+i] = prose
		}
	}
	blankTicks(text, kinds)
	blankBetween(text, kinds, '<', '>')
	blankTargets(text, kinds)
	return kinds
}

func isItem(body []byte) bool {
	return len(body) > 1 && (strings.IndexByte("-*+", body[0]) >= 0 && body[1] == ' ' || body[0] >= '0' && body[0] <= '9')
}

// hypertext marks text between tags, but not what scripts and styles hold.
func hypertext(text []byte) []kind {
	kinds := make([]kind, len(text))
	for i := range kinds {
		kinds[i] = prose
	}
	lower := bytes.ToLower(text)
	for _, tag := range []string{"script", "style", "pre", "code"} {
		for at := 0; len(lower) == len(text); {
			start := bytes.Index(lower[at:], []byte("<"+tag))
			if start < 0 {
				break
			}
			end := after(lower, at+start, "</"+tag)
			clear(kinds[at+start : end])
			at = end
		}
	}
	blankBetween(text, kinds, '<', '>')
	return kinds
}

// blankTicks skips what stands between equal runs of backticks on one line.
func blankTicks(text []byte, kinds []kind) {
	for line := range builtin.Lines(text) {
		for at := 0; at < len(line.Text); {
			start := bytes.IndexByte(line.Text[at:], '`')
			if start < 0 {
				break
			}
			start += at
			run := start
			for run < len(line.Text) && line.Text[run] == '`' {
				run++
			}
			end := bytes.Index(line.Text[run:], line.Text[start:run])
			if end < 0 {
				at = run
				continue
			}
			at = run + end + run - start
			clear(kinds[line.Offset+start : line.Offset+at])
		}
	}
}

// blankBetween skips tags and autolinks: from open to shut on one line.
func blankBetween(text []byte, kinds []kind, open, shut byte) {
	for line := range builtin.Lines(text) {
		start := -1
		for i, c := range line.Text {
			switch {
			case c == open:
				start = i
			case c == shut && start >= 0:
				clear(kinds[line.Offset+start : line.Offset+i+1])
				start = -1
			}
		}
	}
}

// blankTargets skips the targets of links.
func blankTargets(text []byte, kinds []kind) {
	for at := 0; ; {
		start := bytes.Index(text[at:], []byte("]("))
		if start < 0 {
			return
		}
		start += at + 1
		end := start + 1
		for end < len(text) && text[end] != ')' && !isSpace(text[end]) {
			end++
		}
		clear(kinds[start:end])
		at = end
	}
}
