package source

import (
	"bytes"
	"sort"
	"strings"
)

// Index answers questions about the lines of one file.
type Index struct {
	data   []byte
	view   *view
	lines  []int32 // offsets of lines, made when first needed
	scopes []scope
	spans  []span
}

// scope is a named declaration; parent is an index of scopes, or -1.
type scope struct {
	name   string
	parent int32
}

// span says that from this line on, scope is the innermost.
type span struct {
	line  int32
	scope int32
}

// maxDepth bounds the names in one symbol.
const maxDepth = 8

// NewIndex prepares data, in the language that Classify gave, for many questions.
func NewIndex(language string, data []byte) *Index {
	s := lexed(language, data)
	if s == nil || len(s.tokens) == 0 {
		return &Index{data: data}
	}
	return indexView(newView(language, s), data)
}

func indexView(v *view, data []byte) *Index {
	x := &Index{data: data, view: v}
	switch v.language {
	case "python":
		x.pythonScopes()
	case "yaml", "github-workflow", "dockerfile", "makefile", "ini", "dotenv", "properties", "xml", "html", "shell", "ruby", "sql", "toml", "json", "jsonc":
	default:
		x.braceScopes()
	}
	return x
}

// Symbol is the dotted name of the innermost declaration around the 1-based line, at most eight names; "" at top level, and
// where the language or the line is unknown.
func (x *Index) Symbol(line int) string {
	i := sort.Search(len(x.spans), func(i int) bool { return int(x.spans[i].line) > line }) - 1
	if i < 0 {
		return ""
	}
	var names []string
	for s := x.spans[i].scope; s >= 0 && len(names) < maxDepth; s = x.scopes[s].parent {
		names = append(names, x.scopes[s].name)
	}
	for i, j := 0, len(names)-1; i < j; i, j = i+1, j-1 {
		names[i], names[j] = names[j], names[i]
	}
	return strings.Join(names, ".")
}

// Line is the code on the 1-based line, its tokens joined by one space, without comments. A line without code of its own
// (a comment, a part of a literal, a file without a lexer) is its text with white space collapsed; "" when it is blank or
// there is no such line.
func (x *Index) Line(line int) string {
	if x.view != nil {
		tokens := x.view.tokens
		from := sort.Search(len(tokens), func(i int) bool { return int(tokens[i].line) >= line })
		to := from
		for to < len(tokens) && int(tokens[to].line) == line && to < from+1000 {
			to++
		}
		for to > from && tokens[to-1].kind >= kindNewline && tokens[to-1].kind <= kindDedent {
			to--
		}
		if s := x.view.shape(from, to); s != "" {
			return clipLine(s, tokens[from].kind == kindText)
		}
	}
	return clipLine(string(x.raw(line)), true)
}

// clipLine bounds a line that holds a whole literal to its first line and 4 KiB; text is not cut to tokens, so its white
// space is collapsed.
func clipLine(s string, text bool) string {
	s, _, _ = strings.Cut(s, "\n")
	s = s[:min(len(s), 4096)]
	if text {
		return strings.Join(strings.Fields(s), " ")
	}
	return strings.TrimSpace(s)
}

// raw is the text of a line.
func (x *Index) raw(line int) []byte {
	if x.lines == nil {
		x.lines = append(x.lines, 0)
		for i := 0; ; {
			j := bytes.IndexByte(x.data[i:], '\n')
			if j < 0 {
				break
			}
			i += j + 1
			x.lines = append(x.lines, int32(i))
		}
	}
	if line < 1 || line > len(x.lines) {
		return nil
	}
	end := len(x.data)
	if line < len(x.lines) {
		end = int(x.lines[line])
	}
	return x.data[x.lines[line-1]:end]
}

// note says that scope is innermost from line on. Lines only grow; a second note for one line wins.
func (x *Index) note(line, scope int32) {
	if n := len(x.spans); n > 0 && x.spans[n-1].line >= line {
		if x.spans[n-1].line == line {
			x.spans[n-1].scope = scope
		}
		return
	}
	x.spans = append(x.spans, span{line, scope})
}

// pythonScopes opens a scope at each def or class and closes it with its block.
func (x *Index) pythonScopes() {
	v := x.view
	stack := []int32{-1}
	pending := int32(-1)
	for i, t := range v.tokens {
		top := stack[len(stack)-1]
		switch t.kind {
		case kindIndent:
			if pending >= 0 {
				top = pending
			}
			stack = append(stack, top)
			pending = -1
		case kindDedent:
			stack = stack[:max(1, len(stack)-1)]
			x.note(t.line, stack[len(stack)-1])
		case kindWord:
			if w := v.word(i); (w == "def" || w == "class") && v.word(i+1) != "" {
				pending = x.open(v.word(i+1), top)
				x.note(t.line, pending)
			}
		case kindNewline:
			if !v.has(i+1, kindIndent) {
				pending = -1
				x.note(t.line+1, top)
			}
		}
	}
}

// more reports whether code follows token i on its line.
func (v *view) more(i int) bool {
	return i+1 < len(v.tokens) && v.tokens[i+1].line == v.tokens[i].line && v.tokens[i+1].kind != kindNewline
}

func (x *Index) open(name string, parent int32) int32 {
	x.scopes = append(x.scopes, scope{name, parent})
	return int32(len(x.scopes) - 1)
}

// braceScopes names each block by the tokens before its brace.
func (x *Index) braceScopes() {
	v := x.view
	stack := []int32{-1}
	header := 0
	for i, t := range v.tokens {
		if t.kind == kindNewline {
			header = i + 1
		}
		if v.layout == layoutASI && i > 0 && t.flags&flagNewline != 0 {
			if last := v.tokens[i-1]; !lineBreakSafe(v.text(last), last.kind, v.text(t), t.kind) {
				header = i
			}
		}
		if t.kind != kindPunct {
			continue
		}
		top := stack[len(stack)-1]
		switch v.src[t.start] {
		case ';':
			header = i + 1
		case '{':
			if name := v.headerName(header, i); name != "" {
				top = x.open(name, top)
				x.note(v.tokens[header].line, top)
			}
			stack = append(stack, top)
			header = i + 1
		case '}':
			stack = stack[:max(1, len(stack)-1)]
			header = i + 1
			if !v.more(i) {
				x.note(t.line+1, stack[len(stack)-1])
			}
		}
	}
}
