package manifest

import "strings"

// Most YAML that people write uses little of the language: block mappings and lists, values on one line, short flow
// collections, literal blocks. fastParse reads that part, several times faster than the library does, and gives up
// (false) on everything else: anchors, tags, multi-line scalars, tabs, odd indentation and every error. What it accepts, it
// reads exactly like the library: FuzzFast compares values and places.

// fastParse reads the text of one document; line is the number of its first line.
func fastParse(text []byte, line int) (node, bool) {
	ascii, ok := plainText(text)
	if !ok {
		return node{}, false
	}
	f := fast{s: string(text), base: line, ascii: ascii}
	f.cutLines()
	if f.next() && f.at(f.lines[f.i].content) == "---" {
		f.i++
	}
	if f.hasMarker() {
		return node{}, false
	}
	if !f.next() {
		return node{at: Position{Line: line, Column: 1}, size: 1}, true
	}
	root, ok := f.block(0, -1)
	if !ok || f.next() {
		return node{}, false
	}
	return root, true
}

// plainText refuses tabs, control characters, lone carriage returns and the characters that the library takes for line
// breaks or refuses.
func plainText(text []byte) (ascii, ok bool) {
	ascii = true
	for i, c := range text {
		switch {
		case c >= 0x20 && c < 0x7f || c == '\n':
		case c == '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				return false, false
			}
		case c < 0x20, c == 0x7f, c == 0xef: // byte order marks and private characters begin with 0xef
			return false, false
		default:
			ascii = false
			if c == 0xc2 && text[i+1] < 0xa0 || c == 0xe2 && text[i+1] == 0x80 && text[i+2]&0xfe == 0xa8 {
				return false, false
			}
		}
	}
	return ascii, true
}

type fast struct {
	s     string
	base  int
	ascii bool
	lines []fastLine
	i     int    // current line
	stack []node // children of the collections being read
}

// fastLine is a line by offsets: where it starts, its first character, the end of its text without trailing spaces, and
// the end without the line break.
type fastLine struct{ start, content, end, full int }

func (f *fast) cutLines() {
	f.lines = make([]fastLine, 0, strings.Count(f.s, "\n")+1)
	for start := 0; start < len(f.s); {
		full := len(f.s)
		next := full
		if n := strings.IndexByte(f.s[start:], '\n'); n >= 0 {
			full, next = start+n, start+n+1
		}
		if full > start && f.s[full-1] == '\r' {
			full--
		}
		l := fastLine{start: start, content: start, end: full, full: full}
		for l.content < full && f.s[l.content] == ' ' {
			l.content++
		}
		for l.end > l.content && f.s[l.end-1] == ' ' {
			l.end--
		}
		f.lines = append(f.lines, l)
		start = next
	}
}

// next goes to the next line with content, the current one included.
func (f *fast) next() bool {
	for ; f.i < len(f.lines); f.i++ {
		if l := f.lines[f.i]; l.content < l.end && f.s[l.content] != '#' {
			return true
		}
	}
	return false
}

// hasMarker looks for "---" or "..." at the start of a line that is still to be read.
func (f *fast) hasMarker() bool {
	for _, l := range f.lines[f.i:] {
		if line := f.s[l.start:l.full]; isMarker(line, '-') || isMarker(line, '.') {
			return true
		}
	}
	return false
}

func (f *fast) indent() int { l := &f.lines[f.i]; return l.content - l.start }

// at is the text of the current line from an offset, without a comment that stands alone after it.
func (f *fast) at(pos int) string {
	s := f.s[pos:f.lines[f.i].end]
	if i := strings.Index(s, " #"); i >= 0 {
		s = strings.TrimRight(s[:i], " ")
	}
	return s
}

func (f *fast) position(pos int) Position {
	l := &f.lines[f.i]
	column := pos - l.start
	if !f.ascii {
		for i := l.start; i < pos; i++ {
			if f.s[i]&0xc0 == 0x80 {
				column--
			}
		}
	}
	return Position{Line: f.base + f.i, Column: column + 1}
}

// block reads the collection that starts with the current line, which is indented by more than parent.
func (f *fast) block(depth, parent int) (node, bool) {
	pos := f.lines[f.i].content
	if f.indent() <= parent {
		return node{}, false
	}
	if f.isItem(pos) {
		return f.list(pos, depth)
	}
	return f.dictionary(pos, depth)
}

func (f *fast) isItem(pos int) bool {
	end := f.lines[f.i].end
	return f.s[pos] == '-' && (pos+1 == end || f.s[pos+1] == ' ')
}

// dictionary reads a block mapping whose first key stands at pos.
func (f *fast) dictionary(pos, depth int) (node, bool) {
	if depth > MaxDepth {
		return node{}, false
	}
	column := pos - f.lines[f.i].start
	out := node{kind: mapping, at: f.position(pos)}
	base := len(f.stack)
	for {
		key, after, ok := f.key(pos)
		if !ok || key == "<<" {
			return node{}, false
		}
		keyAt := f.position(pos)
		child, ok := f.value(after, column, depth, true)
		if !ok {
			return node{}, false
		}
		child.key, child.keyAt = key, keyAt
		f.stack = append(f.stack, child)
		if !f.next() || f.indent() < column {
			break
		}
		pos = f.lines[f.i].content
		if f.indent() > column || f.isItem(pos) {
			return node{}, false
		}
	}
	return f.finishMapping(out, base)
}

func (f *fast) finishMapping(out node, base int) (node, bool) {
	f.finish(&out, base)
	values := make(map[string]any, len(out.children))
	for i := range out.children {
		values[out.children[i].key] = out.children[i].value
	}
	out.value = values
	return out, len(values) == len(out.children) // else a key is there twice: the library's path says where
}

// finish takes the children from the stack.
func (f *fast) finish(out *node, base int) {
	out.children = make([]node, len(f.stack)-base)
	copy(out.children, f.stack[base:])
	clear(f.stack[base:])
	f.stack = f.stack[:base]
	out.size = 1
	for i := range out.children {
		out.size += out.children[i].size
		out.levels = max(out.levels, out.children[i].levels+1)
	}
}

// list reads a block sequence whose first "-" stands at pos.
func (f *fast) list(pos, depth int) (node, bool) {
	if depth > MaxDepth {
		return node{}, false
	}
	column := pos - f.lines[f.i].start
	out := node{kind: sequence, at: f.position(pos)}
	base := len(f.stack)
	for {
		child, ok := f.item(pos, column, depth)
		if !ok {
			return node{}, false
		}
		f.stack = append(f.stack, child)
		if !f.next() || f.indent() != column {
			break
		}
		if pos = f.lines[f.i].content; !f.isItem(pos) {
			break
		}
	}
	return f.finishSequence(out, base), true
}

func (f *fast) finishSequence(out node, base int) node {
	f.finish(&out, base)
	values := make([]any, len(out.children))
	for i := range out.children {
		values[i] = out.children[i].value
	}
	out.value = values
	return out
}

// item reads what follows a "-": a collection that goes on below, or a value.
func (f *fast) item(dash, column, depth int) (node, bool) {
	pos := f.skip(dash + 1)
	if pos < f.lines[f.i].end && f.s[pos] != '#' {
		if f.isItem(pos) {
			return f.list(pos, depth+1)
		}
		if c := f.s[pos]; c != '|' && c != '[' && c != '{' {
			if _, _, isKey := f.key(pos); isKey {
				return f.dictionary(pos, depth+1)
			}
		}
	}
	return f.value(dash+1, column, depth, false)
}

func (f *fast) skip(pos int) int {
	for end := f.lines[f.i].end; pos < end && f.s[pos] == ' '; pos++ {
	}
	return pos
}

// value reads what follows a ":" or "-" at after and leaves the current line behind it. column is the collection's.
func (f *fast) value(after, column, depth int, inMapping bool) (node, bool) {
	pos := f.skip(after)
	if pos == f.lines[f.i].end || f.s[pos] == '#' && pos > after {
		return f.below(after, column, depth, inMapping)
	}
	if pos == after {
		return node{}, false
	}
	if f.s[pos] == '|' {
		return f.literal(pos, column)
	}
	out, end, ok := f.inline(pos, depth)
	if !ok || !f.rests(end) {
		return node{}, false
	}
	f.i++
	// text that is indented further would belong to this value
	return out, !f.next() || f.indent() <= column
}

// below reads a value that starts on a line of its own, or is not there.
func (f *fast) below(after, column, depth int, inMapping bool) (node, bool) {
	missing := node{at: f.position(after), size: 1}
	f.i++
	switch {
	case !f.next():
		return missing, true
	case f.indent() > column:
		return f.block(depth+1, column)
	case inMapping && f.indent() == column && f.isItem(f.lines[f.i].content):
		return f.list(f.lines[f.i].content, depth+1)
	}
	return missing, true
}

// rests says whether nothing but a comment follows on the line.
func (f *fast) rests(pos int) bool {
	next := f.skip(pos)
	return next == f.lines[f.i].end || f.s[next] == '#' && next > pos
}
