package source

import "bytes"

// Growth measures the code that one version of a file has and the other had not. Lines are compared as a multiset, without
// white space at the ends and with inner runs of it as one blank, so moved and re-indented lines weigh nothing. Blank lines
// and lines that hold only a comment never count. The measures depend on the two contents alone, not on a diff algorithm.
type Growth struct {
	Lines       int `json:"lines"`       // new lines of code
	Gone        int `json:"gone"`        // lines of code that are no more
	Identifiers int `json:"identifiers"` // distinct names in new lines, text in quotes left out
	Characters  int `json:"characters"`  // bytes of new lines
	Conditions  int `json:"conditions"`  // if, case, while, &&, ||, ? and their like in new lines
	Places      int `json:"places"`      // runs of new lines
}

// Grow measures from before to after in linear time; nil is a file that does not exist.
func Grow(before, after []byte) Growth {
	before, after = trimCommon(before, after)
	known := map[string]int{}
	var g Growth
	for line := range bytes.Lines(before) {
		if line = codeLine(line); line != nil {
			known[string(line)]++
			g.Gone++
		}
	}
	count := counter{growth: &g, names: map[string]struct{}{}}
	run := false
	for line := range bytes.Lines(after) {
		if line = codeLine(line); line == nil {
			continue
		}
		if left := known[string(line)]; left > 0 {
			known[string(line)] = left - 1
			g.Gone--
			run = false
			continue
		}
		if !run {
			g.Places++
		}
		run = true
		count.line(line)
	}
	g.Identifiers = len(count.names)
	return g
}

// trimCommon drops the whole lines that both contents start or end with: most edits are small.
func trimCommon(a, b []byte) ([]byte, []byte) {
	start := commonStart(a, b)
	a, b = a[start:], b[start:]
	n, same := min(len(a), len(b)), 0
	for same < n && a[len(a)-1-same] == b[len(b)-1-same] {
		same++
	}
	cut := bytes.IndexByte(a[len(a)-same:], '\n')
	if cut < 0 {
		return a, b
	}
	keep := same - cut - 1
	return a[:len(a)-keep], b[:len(b)-keep]
}

// commonStart is the length of the whole lines that both contents start with.
func commonStart(a, b []byte) int {
	n, same := min(len(a), len(b)), 0
	for same < n && a[same] == b[same] {
		same++
	}
	return bytes.LastIndexByte(a[:same], '\n') + 1
}

// codeLine returns the line as it is compared, nil when it is blank, only a comment or only punctuation.
func codeLine(line []byte) []byte {
	line = bytes.TrimSpace(line)
	if isCommentLine(line) || bytes.IndexFunc(line, isNameRune) < 0 {
		return nil
	}
	return squeeze(line)
}

var commentStarts = [][]byte{[]byte("//"), []byte("/*"), []byte("* "), []byte("*/"), []byte("**"), []byte("<!--"), []byte("-- ")}

// directives are what a # may start without being a comment: C's preprocessor and Rust's attributes.
var directives = [][]byte{[]byte("["), []byte("!["), []byte("include"), []byte("define"), []byte("if"), []byte("el"), []byte("endif"), []byte("undef"), []byte("pragma")}

func isCommentLine(line []byte) bool {
	if rest, ok := bytes.CutPrefix(line, []byte("#")); ok {
		for _, d := range directives {
			if bytes.HasPrefix(rest, d) {
				return false
			}
		}
		return true
	}
	for _, start := range commentStarts {
		if bytes.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

// squeeze makes every inner run of white space one blank. It copies only when there is something to do.
func squeeze(line []byte) []byte {
	if bytes.IndexByte(line, '\t') < 0 && !bytes.Contains(line, []byte("  ")) {
		return line
	}
	return bytes.Join(bytes.Fields(line), []byte(" "))
}

// counter adds lines to a Growth.
type counter struct {
	growth *Growth
	names  map[string]struct{}
}

func (c *counter) line(line []byte) {
	c.growth.Lines++
	c.growth.Characters += len(line)
	for i := 0; i < len(line); {
		switch b := line[i]; {
		case b == '"' || b == '\'' || b == '`':
			i += quoted(line[i:])
		case isNameByte(b):
			i += c.word(line[i:])
		case b == '/' && i+1 < len(line) && line[i+1] == '/':
			return // the rest is a comment; in the few languages where it divides, a little is lost
		case (b == '&' || b == '|') && i+1 < len(line) && line[i+1] == b:
			c.growth.Conditions++
			i += 2
		case b == '?' && (i+1 == len(line) || !bytes.ContainsRune([]byte(".:?"), rune(line[i+1]))):
			c.growth.Conditions++
			i++
		default:
			i++
		}
	}
}

// quoted returns the length of the quoted text at the start of s; 1 when the quote does not end on this line.
func quoted(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return 1
}

// word counts the name or number at the start of s and returns its length.
func (c *counter) word(s []byte) int {
	n := 1
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	if s[0] >= '0' && s[0] <= '9' {
		return n
	}
	c.name(s[:n])
	switch string(s[:n]) {
	case "if", "elif", "case", "while", "when", "unless", "match":
		c.growth.Conditions++
	}
	return n
}

func (c *counter) name(s []byte) {
	if _, seen := c.names[string(s)]; !seen {
		c.names[string(s)] = struct{}{}
	}
}

func isNameByte(b byte) bool {
	return b == '_' || b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func isNameRune(r rune) bool { return r >= 0x80 || isNameByte(byte(r)) }
