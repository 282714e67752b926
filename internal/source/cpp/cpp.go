// Package cpp reads the #include directives of C, C++ and Objective-C files. Which folders a compiler searches is not in the
// sources: a name is looked for beside the file, in the folders that projects keep headers in, and then by its own folders
// anywhere in the tree if there is only one such file. Conditions are not evaluated: every platform's includes count.
package cpp

import (
	"bytes"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is C and its family.
func Language() imports.Language {
	return imports.Language{Name: "c", Version: 1, Match: match, Extract: Extract, Resolver: newResolver}
}

func match(p string) bool {
	switch path.Ext(p) {
	case ".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp", ".tpp", ".m", ".mm", ".cu", ".cuh":
		return true
	}
	return false
}

// Extract reads the include directives of one file, outside comments and strings.
func Extract(src []byte) *imports.File {
	f := &imports.File{}
	s := scanner{src: src, line: 1}
	for s.pos < len(s.src) {
		if directive := s.directive(); directive != nil {
			include(f, directive, s.line)
			s.pos += len(directive)
			continue
		}
		s.skipLine()
	}
	if s.open > 0 {
		f.Problem, f.Line = "a comment is not closed", s.open
	}
	return f
}

type scanner struct {
	src  []byte
	pos  int
	line int32
	open int32 // line of a comment that is not closed
}

// directive is the rest of a line behind its #, nil when the line is none.
func (s *scanner) directive() []byte {
	at := s.pos
	for at < len(s.src) && (s.src[at] == ' ' || s.src[at] == '\t') {
		at++
	}
	if at == len(s.src) || s.src[at] != '#' {
		return nil
	}
	s.pos = at + 1
	end := bytes.IndexByte(s.src[s.pos:], '\n')
	if end < 0 {
		return s.src[s.pos:]
	}
	return s.src[s.pos : s.pos+end]
}

// skipLine moves behind the end of a line, over comments and strings that span lines.
func (s *scanner) skipLine() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.pos++
			s.line++
			return
		case c == '\\':
			s.newlineAt(s.pos + 1)
			s.pos += 2
		case c == '/' && s.at(1) == '/':
			s.lineComment()
		case c == '/' && s.at(1) == '*':
			s.comment()
		case c == '"' && s.pos > 0 && s.src[s.pos-1] == 'R':
			s.rawString()
		case c == '"' || c == '\'' && (s.pos == 0 || !digit(s.src[s.pos-1])): // 1'000 is a number
			s.text(c)
		default:
			s.pos++
		}
	}
	s.pos = min(s.pos, len(s.src))
}

func digit(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func (s *scanner) at(n int) byte {
	if s.pos+n < len(s.src) {
		return s.src[s.pos+n]
	}
	return 0
}

func (s *scanner) newlineAt(i int) {
	if i < len(s.src) && s.src[i] == '\n' {
		s.line++
	}
}

// lineComment moves to the end of the line, which a backslash puts off.
func (s *scanner) lineComment() {
	for s.pos < len(s.src) && s.src[s.pos] != '\n' {
		if s.src[s.pos] == '\\' {
			s.pos++
			s.newlineAt(s.pos)
		}
		s.pos++
	}
}

func (s *scanner) comment() {
	end := bytes.Index(s.src[s.pos+2:], []byte("*/"))
	if end < 0 {
		s.open, s.pos = s.line, len(s.src)
		return
	}
	s.line += int32(bytes.Count(s.src[s.pos:s.pos+2+end], []byte{'\n'}))
	s.pos += 2 + end + 2
}

// rawString moves behind R"delimiter( ... )delimiter".
func (s *scanner) rawString() {
	open := bytes.IndexByte(s.src[s.pos:min(len(s.src), s.pos+20)], '(')
	if open < 0 {
		s.pos++
		return
	}
	closing := ")" + string(s.src[s.pos+1:s.pos+open]) + `"`
	end := bytes.Index(s.src[s.pos:], []byte(closing))
	if end < 0 {
		s.pos++
		return
	}
	s.line += int32(bytes.Count(s.src[s.pos:s.pos+end], []byte{'\n'}))
	s.pos += end + len(closing)
}

// text moves behind a string or character, which ends with its line at the latest.
func (s *scanner) text(quote byte) {
	for s.pos++; s.pos < len(s.src) && s.src[s.pos] != '\n'; s.pos++ {
		switch s.src[s.pos] {
		case quote:
			s.pos++
			return
		case '\\':
			s.pos++
			s.newlineAt(s.pos)
		}
	}
}

// include reads: include "x", include <x>, import "x". Anything else is a macro: what it stands for is not known.
func include(f *imports.File, directive []byte, line int32) {
	rest := bytes.TrimLeft(directive, " \t")
	for _, word := range []string{"include_next", "include", "import"} {
		after, ok := bytes.CutPrefix(rest, []byte(word))
		if !ok {
			continue
		}
		after = bytes.TrimLeft(after, " \t")
		if len(after) < 2 {
			return
		}
		closing := map[byte]byte{'"': '"', '<': '>'}[after[0]]
		if closing == 0 {
			if word != "import" && !bytes.HasPrefix(after, []byte("/")) {
				f.Open = append(f.Open, line)
			}
			return
		}
		if end := bytes.IndexByte(after[1:], closing); end > 0 {
			imp := imports.Import{Specifier: string(after[1 : 1+end]), Kind: imports.Include, Line: line}
			if closing == '>' {
				imp.Exotic = "system"
			}
			f.Imports = append(f.Imports, imp)
		}
		return
	}
}

// resolver knows the tree's headers by the ends of their paths.
type resolver struct {
	tree   imports.Tree
	roots  []string            // folders that headers are included from
	byName map[string][]string // base name to paths
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{tree: tree, byName: map[string][]string{}}
	seen := map[string]bool{".": true}
	r.roots = []string{"."}
	for _, p := range tree.Paths() {
		if !match(p) {
			continue
		}
		r.byName[path.Base(p)] = append(r.byName[path.Base(p)], p)
		for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
			if base := path.Base(dir); !seen[dir] && (base == "include" || base == "inc" || base == "src" || base == "lib") {
				seen[dir] = true
				r.roots = append(r.roots, dir)
			}
		}
	}
	return r, nil
}

// Resolve implements imports.Resolver.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	name := imp.Specifier
	if imp.Exotic != "system" {
		if p := r.tree.Real(path.Join(path.Dir(from), name)); p != "" {
			return []imports.Target{{Path: p}}
		}
	}
	for _, root := range r.roots {
		if p := r.tree.Real(path.Join(root, name)); p != "" {
			return []imports.Target{{Path: p}}
		}
	}
	if p := r.only(name); p != "" && (imp.Exotic != "system" || strings.Contains(name, "/")) {
		return []imports.Target{{Path: p}}
	}
	return []imports.Target{{External: "c:" + name}}
}

// only is the one file of the tree whose path ends in name, "" when there are none or several.
func (r *resolver) only(name string) string {
	found := ""
	for _, p := range r.byName[path.Base(name)] {
		if strings.HasSuffix(p, "/"+path.Clean(name)) {
			if found != "" {
				return ""
			}
			found = p
		}
	}
	return found
}
