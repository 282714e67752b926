package source

import "bytes"

// runMarkup cuts XML and HTML into comments, tags and the text between them. White space between two tags is one token,
// whatever it is, when it holds a line break and the language is XML; all other text is kept to the byte.
func runMarkup(l *lexer) {
	if l.g.name == "html" && templatedMarkup(l.src) {
		l.exact = false
	}
	for l.pos < len(l.src) {
		switch {
		case l.at(angleOpen):
			l.markupComment()
		case l.at("<![CDATA["):
			l.markup("]]>")
		case l.at("<?"):
			l.markup("?>")
		case l.at("<!"):
			l.exact = l.exact && bytes.IndexByte(l.src[l.pos:min(l.pos+4096, len(l.src))], '[') < 0
			l.tag()
		case l.src[l.pos] == '<':
			l.tag()
		default:
			l.markupText()
		}
	}
}

// templatedMarkup finds scripts, styles and templates: what a comment is inside of them is another matter.
func templatedMarkup(data []byte) bool {
	lower := bytes.ToLower(data)
	for _, s := range []string{"<script", "<style", "<textarea", "<pre", "<xmp", "<plaintext", "<title", "<noscript", "<template", "<iframe", "{{", "{%", "<%", "@{"} {
		if bytes.Contains(lower, []byte(s)) {
			return true
		}
	}
	return false
}

func (l *lexer) markup(end string) {
	start := l.pos
	l.toComment(end)
	l.emit(kindText, start)
}

// markupComment doubts the comments that parsers end at different places.
func (l *lexer) markupComment() {
	start := l.pos
	l.pos += len(angleOpen)
	if l.at(">") || l.at("->") || l.at("-") {
		l.exact = false
	}
	l.toComment(angleClose)
	body := l.src[min(start+len(angleOpen), l.pos):max(l.pos-len(angleClose), start+len(angleOpen))]
	if bytes.Contains(body, []byte("--")) || bytes.Contains(body, []byte("<!--")) {
		l.exact = false
	}
	l.comment(start)
}

// tag cuts <...>, minding quotes.
func (l *lexer) tag() {
	start := l.pos
	quote := byte(0)
	for l.pos++; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			l.exact = false
		case c == '>':
			l.pos++
			l.emit(kindText, start)
			return
		}
	}
	l.exact = false
	l.emit(kindText, start)
}

// markupText cuts up to the next "<". XML's white space with a line break between tags is layout, unless it is all that an
// element holds.
func (l *lexer) markupText() {
	start := l.pos
	if i := bytes.IndexByte(l.src[l.pos:], '<'); i >= 0 {
		l.pos += i
	} else {
		l.pos = len(l.src)
	}
	text := l.src[start:l.pos]
	blank := len(bytes.TrimSpace(text)) == 0
	if l.g.name == "xml" && blank && bytes.IndexByte(text, '\n') >= 0 && (!l.at("</") || !l.opened()) {
		l.pos = start
		l.space()
		return
	}
	l.emit(kindText, start)
}

// opened reports whether the last token but comments is an opening tag.
func (l *lexer) opened() bool {
	for i := len(l.tokens) - 1; i >= 0; i-- {
		if l.tokens[i].kind == kindComment {
			continue
		}
		t := l.text(l.tokens[i])
		return len(t) > 1 && t[0] == '<' && t[1] != '/' && t[1] != '?' && t[1] != '!' && !bytes.HasSuffix(t, []byte("/>"))
	}
	return false
}
