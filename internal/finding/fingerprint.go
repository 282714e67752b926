package finding

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FingerprintVersion names the algorithm. It is hashed into every fingerprint and is the key of SARIF's
// partialFingerprints, so a change of algorithm can never be taken for a change of code.
const FingerprintVersion = "adamant/v1"

// Text returns the content of a repository-relative path. False means that it cannot be read, not that it is empty.
type Text func(path string) ([]byte, bool)

// Symbol names what encloses a 1-based line of a file (a function, a class), or "" when nothing does or it is not known.
type Symbol func(path string, content []byte, line int) string

// Fingerprint is the identity of a violation: 32 hex digits of SHA-256 over the version, the rule, the normalised line,
// the enclosing symbol and the 0-based occurrence among equal ones in the file, each with its length before it. It holds
// no line number and no path, so it survives moved lines and renamed files.
func Fingerprint(rule, snippet, symbol string, occurrence int) string {
	var b []byte
	for _, part := range []string{FingerprintVersion, rule, snippet, symbol, strconv.Itoa(occurrence)} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Normalise reduces a line to its tokens with one space between them, so that layout does not matter. Words, quoted
// strings (kept as they are) and single other characters are tokens; a quote that is not closed on the line is one too.
func Normalise(line string) string {
	var b strings.Builder
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeftFunc(line, unicode.IsSpace) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		n := token(line)
		b.WriteString(line[:n])
		line = line[n:]
	}
	return b.String()
}

// token returns the length of the first token of s, which is not empty and does not begin with a space.
func token(s string) int {
	if n := quoted(s); n > 0 {
		return n
	}
	n := strings.IndexFunc(s, func(r rune) bool { return !wordRune(r) })
	switch {
	case n < 0:
		return len(s)
	case n > 0:
		return n
	}
	_, n = utf8.DecodeRuneInString(s)
	return n
}

func wordRune(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// quoted returns the length of the quoted string that s begins with, 0 when there is none.
func quoted(s string) int {
	q := s[0]
	if q != '"' && q != '\'' && q != '`' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case q:
			return i + 1
		}
	}
	return 0
}

// AssignFingerprints sets the fingerprint of every finding, whatever it held before: one that came with a report is only
// its writer's claim. The snippet is the normalised first line of the place. A finding without a line, or whose line
// cannot be read, is identified by its message with every number kept (a CVE id, a version or a port is what
// distinguishes it) and its own path replaced. Equal (rule, snippet, symbol) in one file are numbered in the order of
// Sort. symbol may be nil. The order of fs does not matter and is kept.
func AssignFingerprints(fs []Finding, text Text, symbol Symbol) {
	type key struct{ path, rule, snippet, symbol string }
	seen := make(map[key]int, len(fs))
	files := reader{text: text, lines: map[string]file{}}
	for _, i := range placed(fs) {
		f := &fs[i]
		k := key{path: f.Path, rule: f.Rule}
		k.snippet, k.symbol = files.describe(f, symbol)
		f.Fingerprint = Fingerprint(k.rule, k.snippet, k.symbol, seen[k])
		seen[k]++
	}
}

// placed returns the indexes of fs in the order of their places.
func placed(fs []Finding) []int {
	order := make([]int, len(fs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return byContent(&fs[a], &fs[b]) })
	return order
}

// reader keeps the lines of the files that were looked at.
type reader struct {
	text  Text
	lines map[string]file
}

type file struct {
	content  []byte
	lines    [][]byte
	snippets map[int]string // of long lines, by line
}

// longLine is how many bytes of a line are normalised by tokens. A longer one is no source that people wrote; a thousand
// findings on it must not cost a thousand times its length.
const longLine = 4096

// snippet is the normalised line, or the digest of a long one with its white space evened out.
func (f *file) snippet(line int) string {
	text := f.lines[line-1]
	if len(text) <= longLine {
		return Normalise(string(text))
	}
	known, ok := f.snippets[line]
	if !ok {
		sum := sha256.Sum256(bytes.Join(bytes.Fields(text), []byte(" ")))
		known = "sha256 " + hex.EncodeToString(sum[:])
		f.snippets[line] = known
	}
	return known
}

func (r reader) file(path string) file {
	f, ok := r.lines[path]
	if ok || r.text == nil || path == "" {
		return f
	}
	if content, ok := r.text(path); ok {
		f = file{content, bytes.Split(content, []byte("\n")), map[int]string{}}
	}
	r.lines[path] = f
	return f
}

func (r reader) describe(f *Finding, symbol Symbol) (snippet, sym string) {
	src := r.file(f.Path)
	if f.Line < 1 || f.Line > len(src.lines) {
		return "message " + withoutPath(f.Message, f.Path), ""
	}
	if symbol != nil {
		sym = symbol(f.Path, src.content, f.Line)
	}
	return "line " + src.snippet(f.Line), sym
}

// withoutPath replaces whole words that are the path, so that a renamed file keeps its findings.
func withoutPath(message, path string) string {
	words := strings.Fields(message)
	for i, w := range words {
		if path != "" && strings.Trim(w, "\"'`()[],:;.") == path {
			words[i] = "{path}"
		}
	}
	return strings.Join(words, " ")
}
