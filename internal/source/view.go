package source

import "strings"

// view is the code of a file without comments, with brackets matched and, when first asked for, assertions counted.
type view struct {
	stream
	language string
	source   string  // src once more, so that names are cut without copying
	match    []int32 // of a bracket, the index of its partner; else -1
	asserts  []int32 // assertions before token i, or nil
}

func newView(language string, s *stream) *view {
	v := &view{stream: *s.code(), language: language, source: string(s.src)}
	v.match = make([]int32, len(v.tokens))
	var open []int32
	for i, t := range v.tokens {
		v.match[i] = -1
		if t.kind == kindPunct {
			open = v.pair(open, i, v.src[t.start])
		}
	}
	return v
}

// countAsserts counts once, so that the assertions of any run of tokens are a subtraction.
func (v *view) countAsserts() {
	v.asserts = make([]int32, len(v.tokens)+1)
	for i, t := range v.tokens {
		v.asserts[i+1] = v.asserts[i]
		if t.kind == kindWord && v.assertion(i) {
			v.asserts[i+1]++
		}
	}
}

// pair matches brackets of any kind; what does not fit is left alone.
func (v *view) pair(open []int32, i int, c byte) []int32 {
	switch c {
	case '(', '[', '{':
		return append(open, int32(i))
	case ')', ']', '}':
		if len(open) == 0 {
			return open
		}
		j := open[len(open)-1]
		v.match[i], v.match[j] = j, int32(i)
		return open[:len(open)-1]
	}
	return open
}

// word is the text of token i when it is a name, else "".
func (v *view) word(i int) string {
	if i < 0 || i >= len(v.tokens) || v.tokens[i].kind != kindWord {
		return ""
	}
	return v.source[v.tokens[i].start:v.tokens[i].end]
}

// str is the text between the quotes of token i when it is a plain literal.
func (v *view) str(i int) (string, bool) {
	if i < 0 || i >= len(v.tokens) || v.tokens[i].kind != kindString {
		return "", false
	}
	s := strings.TrimLeft(v.source[v.tokens[i].start:v.tokens[i].end], "rRbBuUfF@$#")
	return strings.Trim(s, "\"'`#"), true
}

func (v *view) has(i int, k kind) bool { return i >= 0 && i < len(v.tokens) && v.tokens[i].kind == k }

// after is the index behind the bracket that opens at i, or i+1 when it is none.
func (v *view) after(i int) int {
	if i < len(v.match) && int(v.match[i]) > i {
		return int(v.match[i]) + 1
	}
	return i + 1
}

// limit is how far to look for the end of the declaration at i, so that a file of beginnings costs linear time.
func (v *view) limit(i int) int { return min(len(v.tokens), i+1000) }

// shape joins the tokens from up to to by spaces.
func (v *view) shape(from, to int) string {
	var b strings.Builder
	for i := from; i < min(to, len(v.tokens)); i++ {
		if i > from {
			b.WriteByte(' ')
		}
		if v.tokens[i].kind == kindNewline {
			b.WriteByte(';')
			continue
		}
		b.Write(v.text(v.tokens[i]))
	}
	return b.String()
}

// assertsIn counts the assertions in tokens from up to to.
func (v *view) assertsIn(from, to int) int {
	to = min(to, len(v.tokens))
	if from >= to {
		return 0
	}
	if v.asserts == nil {
		v.countAsserts()
	}
	return int(v.asserts[to] - v.asserts[from])
}

// assertion reports whether the word at i calls an assertion of a known library.
func (v *view) assertion(i int) bool {
	w := v.text(v.tokens[i])
	if len(w) < 4 {
		return false
	}
	switch w[0] {
	case 'a', 'A', 'e', 'r', 's', 'v', 'E', 'F', 'f', 'd', 'w':
	default:
		return false
	}
	next := byte(0)
	if i+1 < len(v.tokens) && v.tokens[i+1].end > v.tokens[i+1].start {
		next = v.src[v.tokens[i+1].start]
	}
	return v.assertWord(string(w), next, i)
}

func (v *view) assertWord(w string, next byte, i int) bool {
	member := v.is(i-1, ".")
	called := next == '(' || next == '.' || next == '!' && v.language == "rust"
	switch v.language {
	case "go":
		if member {
			return next == '(' && (strings.HasPrefix(w, "Error") || strings.HasPrefix(w, "Fatal") || w == "Fail" || w == "FailNow") && v.word(i-2) != "errors" && v.word(i-2) != "fmt" && v.word(i-2) != "log"
		}
		return next == '.' && (w == "assert" || w == "require") || next == '(' && strings.HasPrefix(w, "assert")
	case "python":
		return w == "assert" || called && (strings.HasPrefix(w, "assert") || member && (w == "raises" || w == "fail" || w == "warns"))
	case "rust":
		return next == '!' && (strings.HasPrefix(w, "assert") || strings.HasPrefix(w, "debug_assert"))
	}
	lower := strings.ToLower(w)
	return called && !member && (strings.HasPrefix(lower, "assert") || strings.HasPrefix(lower, "expect") || strings.HasPrefix(lower, "verify")) || member && w == "should" || member && called && strings.HasPrefix(w, "assert")
}
