package manifest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MatchPath says whether a path glob matches a repository-relative path with slashes. It is the one glob language of every
// adamant format:
//
//   - any run of characters but "/"           ?      one character but "/"
//     **     any run of characters, "/" included     **/    any number of folders, none included
//     {a,b}  either; may nest and hold "/"           \x     x itself
//     /...   a leading slash, or a slash inside, anchors the glob at the root; else it matches at any depth, as in .gitignore
//     .../   a trailing slash means everything below the folder
//
// So "*.md" is every Markdown file, "/Makefile" the one at the root, "docs/" everything below any folder docs, "src/*.go"
// the files directly in /src. A glob never matches what is below a folder it names without a trailing slash or "**".
// Square brackets are ordinary characters. A malformed glob (see CheckGlob) matches nothing; use NewPathSet for many paths.
func MatchPath(glob, path string) bool {
	globs, err := compileGlob(glob)
	if err != nil {
		return false
	}
	for i := range globs {
		if globs[i].match(path) {
			return true
		}
	}
	return false
}

// CheckGlob says what is wrong with a path glob, nil when nothing is.
func CheckGlob(glob string) error {
	_, err := compileGlob(glob)
	return err
}

// maxAlternatives bounds what the braces of one glob expand to.
const maxAlternatives = 256

var errEmptyGlob = errors.New("empty path glob")

// The tokens of a glob.
type tokenKind uint8

const (
	literalToken  tokenKind = iota // text
	oneToken                       // ?
	starToken                      // *
	deepToken                      // **
	foldersToken                   // **/
	nonemptyToken                  // ** after a trailing slash: at least one character
)

type globToken struct {
	kind tokenKind
	text string
}

type compiledGlob struct {
	tokens []globToken
}

func compileGlob(glob string) ([]compiledGlob, error) {
	if glob == "" {
		return nil, errEmptyGlob
	}
	alternatives, err := expandBraces(glob)
	if err != nil {
		return nil, fmt.Errorf("path glob %q: %w", glob, err)
	}
	out := make([]compiledGlob, 0, len(alternatives))
	for _, text := range alternatives {
		tokens, err := tokenize(text)
		if err != nil {
			return nil, fmt.Errorf("path glob %q: %w", glob, err)
		}
		out = append(out, compiledGlob{tokens: tokens})
	}
	return out, nil
}

// tokenize reads a glob without braces.
func tokenize(glob string) ([]globToken, error) {
	below := strings.HasSuffix(glob, "/") && !strings.HasSuffix(glob, `\/`)
	body := strings.TrimPrefix(glob, "/")
	var tokens []globToken
	if !strings.Contains(strings.TrimSuffix(glob, "/"), "/") {
		tokens = append(tokens, globToken{kind: foldersToken})
	}
	var text strings.Builder
	flush := func(t globToken) {
		if text.Len() > 0 {
			tokens = append(tokens, globToken{text: text.String()})
			text.Reset()
		}
		tokens = append(tokens, t)
	}
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '?':
			flush(globToken{kind: oneToken})
		case '*':
			t, n := starsAt(body, i)
			flush(t)
			i += n - 1
		case '\\':
			i++
			if i == len(body) {
				return nil, errors.New("nothing follows the last backslash")
			}
			text.WriteByte(body[i])
		default:
			text.WriteByte(body[i])
		}
	}
	if text.Len() > 0 {
		tokens = append(tokens, globToken{text: text.String()})
	}
	if below {
		tokens = append(tokens, globToken{kind: nonemptyToken})
	}
	return tokens, nil
}

// starsAt reads "*", "**" or "**/" (only where a folder name may start) and says how many bytes it took.
func starsAt(glob string, i int) (globToken, int) {
	n := 1
	for i+n < len(glob) && glob[i+n] == '*' {
		n++
	}
	if n == 1 {
		return globToken{kind: starToken}, 1
	}
	atStart := i == 0 || glob[i-1] == '/'
	if atStart && i+n < len(glob)-1 && glob[i+n] == '/' {
		return globToken{kind: foldersToken}, n + 1
	}
	return globToken{kind: deepToken}, n
}

func (g *compiledGlob) match(path string) bool {
	m := matcher{tokens: g.tokens, path: path}
	for m.t < len(m.tokens) || m.p < len(path) {
		if !m.advance() && !m.again() {
			return false
		}
	}
	return path != ""
}

// matcher runs tokens over a path without recursion. It remembers the last "*" and the last "**": when nothing fits, the
// nearest of them takes one character more. That is complete, because a later wildcard of a kind makes an earlier one of
// the same kind superfluous.
type matcher struct {
	tokens     []globToken
	path       string
	t, p       int // the next token, the next byte
	star, deep retry
}

// advance takes one token; false when it does not fit.
func (m *matcher) advance() bool {
	if m.t == len(m.tokens) {
		return false
	}
	switch k := m.tokens[m.t].kind; k {
	case starToken:
		m.t++
		m.star = retry{set: true, token: m.t, path: m.p}
		return true
	case deepToken, foldersToken, nonemptyToken:
		next := retry{set: true, token: m.t + 1, path: m.p, folders: k == foldersToken}
		if k == nonemptyToken && !next.more(m.path) {
			return false
		}
		m.star, m.deep = retry{}, next
		m.t, m.p = next.token, next.path
		return true
	}
	n := m.tokens[m.t].accept(m.path[m.p:])
	m.t, m.p = m.t+1, m.p+n
	return n > 0
}

// again goes back to the nearest wildcard that can take more; false when there is none.
func (m *matcher) again() bool {
	switch {
	case m.star.set && m.star.path < len(m.path) && m.path[m.star.path] != '/':
		m.star.path += runeLength(m.path[m.star.path:])
		m.t, m.p = m.star.token, m.star.path
	case m.deep.set && m.deep.more(m.path):
		m.star = retry{}
		m.t, m.p = m.deep.token, m.deep.path
	default:
		return false
	}
	return true
}

// retry is a wildcard that may take more of the path.
type retry struct {
	set, folders bool
	token, path  int
}

// more lets "**" take one character more, or "**/" one folder more.
func (r *retry) more(path string) bool {
	if r.path >= len(path) {
		return false
	}
	if !r.folders {
		r.path += runeLength(path[r.path:])
		return true
	}
	slash := strings.IndexByte(path[r.path:], '/')
	if slash < 0 {
		return false
	}
	r.path += slash + 1
	return true
}

// accept is how many bytes of path a literal or "?" takes; 0 = it does not fit.
func (t *globToken) accept(path string) int {
	if t.kind == literalToken {
		if strings.HasPrefix(path, t.text) {
			return len(t.text)
		}
		return 0
	}
	if path == "" || path[0] == '/' {
		return 0
	}
	return runeLength(path)
}

func runeLength(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// expandBraces writes out the alternatives of a glob.
func expandBraces(glob string) ([]string, error) {
	open := indexUnescaped(glob, "{}")
	if open < 0 {
		return []string{glob}, nil
	}
	if glob[open] == '}' {
		return nil, errors.New(`"}" without "{"`)
	}
	options, rest, err := braceOptions(glob[open+1:])
	if err != nil {
		return nil, err
	}
	var out []string
	for _, option := range options {
		more, err := expandBraces(glob[:open] + option + rest)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
		if len(out) > maxAlternatives {
			return nil, fmt.Errorf("braces expand to more than %d globs", maxAlternatives)
		}
	}
	return out, nil
}

// braceOptions splits what follows "{" at the commas of its level, up to the matching "}".
func braceOptions(text string) (options []string, rest string, err error) {
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return append(options, text[start:i]), text[i+1:], nil
			}
			depth--
		case ',':
			if depth == 0 {
				options = append(options, text[start:i])
				start = i + 1
			}
		}
	}
	return nil, "", errors.New(`"{" without "}"`)
}

func indexUnescaped(s, chars string) int {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if strings.IndexByte(chars, s[i]) >= 0 {
			return i
		}
	}
	return -1
}
