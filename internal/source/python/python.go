// Package python reads the imports of Python files and resolves them against the folders of a tree, as CPython's import system
// does (https://docs.python.org/3/reference/import.html), with every project's root on the path. It knows logical lines,
// strings and brackets, and no more of the grammar: that is all it takes to find import statements.
package python

import (
	"bytes"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is Python.
func Language() imports.Language {
	return imports.Language{Name: "python", Version: 1, Match: match, Extract: Extract, Sees: sees, Resolver: newResolver, Manifest: manifest}
}

func match(p string) bool { return strings.HasSuffix(p, ".py") || strings.HasSuffix(p, ".pyi") }

func manifest(p string) bool {
	switch path.Base(p) {
	case "pyproject.toml", "setup.py", "setup.cfg":
		return true
	}
	return false
}

func sees(p string) bool { return match(p) || manifest(p) }

// Extract reads the import statements of one file, wherever they stand, and the calls that import by name.
func Extract(src []byte) *imports.File {
	s := &scanner{src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), line: 1, typing: -1, file: &imports.File{}}
	s.run()
	return s.file
}

// scanner walks through logical lines.
type scanner struct {
	src    []byte
	pos    int
	line   int32
	depth  int // open brackets
	start  bool
	indent int // of the logical line
	typing int // indentation of an if TYPE_CHECKING that is open, -1 for none
	inline bool
	file   *imports.File
}

func (s *scanner) run() {
	s.begin()
	for s.pos < len(s.src) {
		s.step()
	}
}

// begin measures a logical line's indentation. Blank lines and comments have none.
func (s *scanner) begin() {
	s.start, s.inline = true, false
	at, columns := s.pos, 0
	for at < len(s.src) && (s.src[at] == ' ' || s.src[at] == '\t' || s.src[at] == '\f') {
		if s.src[at] == '\t' {
			columns += 8 - columns%8
		} else {
			columns++
		}
		at++
	}
	if at == len(s.src) || s.src[at] == '\n' || s.src[at] == '\r' || s.src[at] == '#' {
		return
	}
	s.indent = columns
	if s.typing >= 0 && columns <= s.typing {
		s.typing = -1
	}
}

func (s *scanner) step() {
	switch c := s.src[s.pos]; {
	case c == '\n':
		s.newline()
	case c == '#':
		s.comment()
	case c == '\\':
		s.escape()
	case c == '"' || c == '\'':
		s.skipString()
		s.start = false
	case c == '(' || c == '[' || c == '{':
		s.depth, s.start = s.depth+1, false
		s.pos++
	case c == ')' || c == ']' || c == '}':
		s.depth, s.start = max(0, s.depth-1), false
		s.pos++
	case (c == ';' || c == ':') && s.depth == 0:
		s.start = true
		s.pos++
	case c == ' ' || c == '\t' || c == '\r' || c == '\f':
		s.pos++
	case letter(c):
		s.word()
	default:
		s.start = false
		s.pos++
	}
}

// newline ends a physical line, and the logical one unless a bracket is open.
func (s *scanner) newline() {
	s.pos++
	s.line++
	if s.depth == 0 {
		s.begin()
	}
}

func (s *scanner) comment() {
	if end := bytes.IndexByte(s.src[s.pos:], '\n'); end >= 0 {
		s.pos += end
		return
	}
	s.pos = len(s.src)
}

// escape joins lines.
func (s *scanner) escape() {
	s.pos++
	if s.pos < len(s.src) && s.src[s.pos] == '\r' {
		s.pos++
	}
	if s.pos < len(s.src) && s.src[s.pos] == '\n' {
		s.pos++
		s.line++
	}
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func wordByte(c byte) bool { return letter(c) || c >= '0' && c <= '9' }

func (s *scanner) name() string {
	from := s.pos
	for s.pos < len(s.src) && wordByte(s.src[s.pos]) {
		s.pos++
	}
	return string(s.src[from:s.pos])
}

// word looks at a name: a statement that imports, a condition on TYPE_CHECKING, a call that imports, or the prefix of a string.
func (s *scanner) word() {
	start, line := s.start, s.line
	name := s.name()
	s.start = false
	switch {
	case start && name == "import":
		s.importStatement(line)
	case start && name == "from":
		s.fromStatement(line)
	case start && (name == "if" || name == "elif"):
		s.condition()
	case name == "import_module" || name == "__import__":
		s.call(line)
	case s.pos < len(s.src) && (s.src[s.pos] == '"' || s.src[s.pos] == '\'') && len(name) <= 3:
		s.skipString() // escapes mean the same for where a raw string ends
	}
}

// condition notes the block of an if TYPE_CHECKING.
func (s *scanner) condition() {
	rest := s.src[s.pos:]
	if end := bytes.IndexAny(rest, ":\n#"); end >= 0 {
		rest = rest[:end]
	}
	switch strings.Trim(string(rest), " \t()") {
	case "TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING":
		if s.typing < 0 {
			s.typing = s.indent
		}
		s.inline = true
	}
}

func (s *scanner) kind() imports.Kind {
	if s.typing >= 0 && (s.indent > s.typing || s.inline) {
		return imports.TypeOnly
	}
	return imports.Static
}

func (s *scanner) add(specifier string, line int32, kind imports.Kind, names ...string) {
	s.file.Imports = append(s.file.Imports, imports.Import{Specifier: specifier, Line: line, Kind: kind, Names: names})
}

// importStatement reads: import a.b as c, d
func (s *scanner) importStatement(line int32) {
	for {
		name := s.dotted()
		if name == "" {
			return
		}
		s.add(name, line, s.kind())
		s.alias()
		s.blank()
		if !s.take(',') {
			return
		}
	}
}

// fromStatement reads: from ..a.b import (c as d, e) or *
func (s *scanner) fromStatement(line int32) {
	module := s.dotted()
	s.blank()
	if module == "" || s.name() != "import" {
		return
	}
	s.blank()
	if s.take('*') {
		s.add(module, line, s.kind(), "*")
		return
	}
	inside := s.take('(')
	if inside {
		s.depth++
	}
	var names []string
	for {
		s.blank()
		name := s.name()
		if name == "" {
			break
		}
		names = append(names, name)
		s.alias()
		s.blank()
		if !s.take(',') {
			break
		}
	}
	if len(names) > 0 {
		s.add(module, line, s.kind(), names...)
	}
	if s.blank(); inside && s.take(')') {
		s.depth--
	}
}

// dotted reads a module name with its leading dots.
func (s *scanner) dotted() string {
	var out strings.Builder
	for {
		s.blank()
		if s.take('.') {
			out.WriteByte('.')
			continue
		}
		if s.pos == len(s.src) || !letter(s.src[s.pos]) {
			return out.String()
		}
		if text := out.String(); text != "" && text[len(text)-1] != '.' || s.at("import") {
			return text
		}
		out.WriteString(s.name())
	}
}

// at says whether a word is next.
func (s *scanner) at(word string) bool {
	rest := s.src[s.pos:]
	return bytes.HasPrefix(rest, []byte(word)) && (len(rest) == len(word) || !wordByte(rest[len(word)]))
}

func (s *scanner) alias() {
	if s.blank(); s.at("as") {
		s.pos += len("as")
		s.blank()
		s.name()
	}
}

// blank skips what separates the parts of a statement: in brackets, comments and line ends too.
func (s *scanner) blank() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			s.pos++
		case c == '\\':
			s.escape()
		case s.depth > 0 && c == '\n':
			s.pos++
			s.line++
		case s.depth > 0 && c == '#':
			s.comment()
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.pos < len(s.src) && s.src[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// call reads the first argument of importlib.import_module and __import__: a text, or something computed.
func (s *scanner) call(line int32) {
	s.blank()
	if s.pos == len(s.src) || s.src[s.pos] != '(' {
		return
	}
	s.pos++
	s.depth++
	s.blank()
	if s.pos == len(s.src) || s.src[s.pos] == ')' {
		return
	}
	if c := s.src[s.pos]; c == '"' || c == '\'' {
		from := s.pos
		s.skipString()
		text := strings.Trim(string(s.src[from:s.pos]), "\"'")
		if s.blank(); s.pos < len(s.src) && (s.src[s.pos] == ')' || s.src[s.pos] == ',') && !strings.ContainsAny(text, "\\\n ") {
			s.add(text, line, imports.Dynamic)
			return
		}
	}
	s.file.Open = append(s.file.Open, line)
}

// skipString moves past a string, from its first quote. One that is not closed ends with its line.
func (s *scanner) skipString() {
	quote := s.src[s.pos]
	if triple := bytes.Repeat([]byte{quote}, 3); bytes.HasPrefix(s.src[s.pos:], triple) {
		s.pos += 3
		s.until(triple)
		return
	}
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case '\\':
			s.pos++
			if s.pos < len(s.src) && s.src[s.pos] == '\n' {
				s.line++
			}
		case '\n':
			s.file.Problem, s.file.Line = first(s.file, "a string is not closed", s.line)
			return
		case quote:
			s.pos++
			return
		}
	}
	s.pos = min(s.pos, len(s.src))
}

// until moves past the end of a triple-quoted string.
func (s *scanner) until(end []byte) {
	opened := s.line
	for ; s.pos < len(s.src); s.pos++ {
		switch {
		case s.src[s.pos] == '\\':
			s.pos++
			if s.pos < len(s.src) && s.src[s.pos] == '\n' {
				s.line++
			}
		case s.src[s.pos] == '\n':
			s.line++
		case s.src[s.pos] == end[0] && bytes.HasPrefix(s.src[s.pos:], end):
			s.pos += len(end)
			return
		}
	}
	s.pos = min(s.pos, len(s.src))
	s.file.Problem, s.file.Line = first(s.file, "a string is not closed", opened)
}

// first keeps the first problem of a file.
func first(f *imports.File, message string, line int32) (string, int32) {
	if f.Problem != "" {
		return f.Problem, f.Line
	}
	return message, line
}
