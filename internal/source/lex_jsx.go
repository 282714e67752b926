package source

// less cuts "<": the start of an element where an expression may begin, else an operator.
func (j *js) less() {
	if j.at(angleOpen) {
		j.exact = false // an HTML comment in scripts
	}
	if next := j.peek(1); !j.jsx || !isWord(next) && next != '>' && next != '$' || isDigit(next) || !j.operand() {
		j.jsPunct()
		return
	}
	if j.generic() {
		j.jsPunct()
		return
	}
	start := j.pos
	j.pos++
	j.emit(kindPunct, start) // a line break before it may end a return
	j.push(jsTag)
}

// generic reports whether "<T," or "<T extends X" begins type parameters, which elements cannot.
func (j *js) generic() bool {
	if !j.ts {
		return false
	}
	i := j.pos + 1
	for i < len(j.src) && isWord(j.src[i]) {
		i++
	}
	for i < len(j.src) && j.src[i] == ' ' {
		i++
	}
	if i >= len(j.src) {
		return false
	}
	const word = "extends "
	return j.src[i] == ',' || j.src[i] == '=' || len(j.src)-i > len(word) && string(j.src[i:i+len(word)]) == word && isWord(j.src[i+len(word)])
}

func (j *js) openTag() {
	start := j.pos
	j.pos++
	j.free(kindPunct, start)
	j.push(jsTag)
}

// free emits a token around which white space means nothing.
func (j *js) free(k kind, start int) {
	j.gap = 0
	j.emit(k, start)
}

// tagToken cuts inside <...> and </...>.
func (j *js) tagToken() {
	if j.space() {
		return
	}
	start := j.pos
	c := j.src[j.pos]
	switch {
	case c == '/' && (j.peek(1) == '/' || j.peek(1) == '*'):
		j.slash()
	case isWord(c) || c == '$':
		j.name()
	case c == '"' || c == '\'':
		j.gap = 0
		j.simple(false, true)
	case c == '{':
		j.pos++
		j.free(kindPunct, start)
		j.push(jsExpression)
	case c == '/' && j.top() == jsTag:
		j.selfClose()
	case c == '>':
		j.pos++
		j.endTag(start)
	case indexByte("=:.", c):
		j.pos++
		j.free(kindPunct, start)
	default:
		j.pos++
		j.exact = false
		j.free(kindPunct, start)
	}
}

// name cuts an element's or attribute's name, which may hold "-".
func (j *js) name() {
	start := j.pos
	for j.pos < len(j.src) && (isWord(j.src[j.pos]) || indexByte("-$", j.src[j.pos])) {
		j.pos++
	}
	j.free(kindWord, start)
}

func (j *js) selfClose() {
	start := j.pos
	j.pos++
	j.exact = j.exact && j.peek(0) == '>'
	if j.peek(0) == '>' {
		j.pos++
	}
	j.pop()
	j.element(start)
}

// endTag cuts ">": children follow an opening tag; a closing one ends the element with its children.
func (j *js) endTag(start int) {
	m := j.top()
	j.pop()
	if m == jsTag {
		j.free(kindPunct, start)
		j.push(jsChildren)
		return
	}
	if j.top() == jsChildren {
		j.pop()
	} else {
		j.exact = false
	}
	j.element(start)
}

// element emits the token that ends an element; flagHead tells it from a comparison.
func (j *js) element(start int) {
	j.free(kindPunct, start)
	j.tokens[len(j.tokens)-1].flags |= flagHead
}

// children cuts text, {expressions} and elements.
func (j *js) children() {
	start := j.pos
	switch c := j.src[j.pos]; {
	case c == '{':
		j.pos++
		j.free(kindPunct, start)
		j.push(jsExpression)
	case c == '<' && j.peek(1) == '/':
		j.pos += 2
		j.free(kindPunct, start)
		j.push(jsClosing)
	case c == '<':
		j.openTag()
	case c == '>' || c == '}':
		j.exact = false
		j.pos++
		j.free(kindPunct, start)
	default:
		j.childText()
	}
}

// childText emits the lines of text between tags as React reads them: white space around a line break means nothing.
func (j *js) childText() {
	for first := true; ; first = false {
		start := j.pos
		if !first {
			for j.pos < len(j.src) && indexByte(" \t\r", j.src[j.pos]) {
				j.pos++
			}
			start = j.pos
		}
		for j.pos < len(j.src) && !indexByte("{}<>\n", j.src[j.pos]) {
			j.pos++
		}
		if j.pos >= len(j.src) || j.src[j.pos] != '\n' {
			j.textLine(start, j.pos)
			return
		}
		end := j.pos
		for end > start && indexByte(" \t\r", j.src[end-1]) {
			end--
		}
		j.textLine(start, end)
		j.pos++
		j.line++
		if j.pos >= len(j.src) {
			return
		}
	}
}

// textLine emits src[start:end] and leaves pos where it was.
func (j *js) textLine(start, end int) {
	if end <= start {
		return
	}
	pos := j.pos
	j.pos = end
	j.free(kindText, start)
	j.pos = pos
}
