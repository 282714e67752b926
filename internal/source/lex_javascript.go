package source

// js cuts JavaScript and TypeScript. What is open is a stack of modes, so depth costs memory and never recursion. Where a
// slash or an angle bracket cannot be told apart without a parser, the file is in doubt.
type js struct {
	*lexer
	modes []jsMode
	jsx   bool // "<" may open an element
	ts    bool
}

type jsMode byte

const (
	jsParen      jsMode = '('
	jsCondition  jsMode = 'c' // a parenthesis after if, while, for or with: an expression may follow it
	jsBracket    jsMode = '['
	jsBrace      jsMode = '{'
	jsTemplate   jsMode = '`' // ${ in a template
	jsExpression jsMode = 'x' // { in an element
	jsTag        jsMode = '<' // <name ...
	jsClosing    jsMode = '/' // </name
	jsChildren   jsMode = '>' // between them
)

func runJS(l *lexer) {
	name := l.g.name
	j := &js{lexer: l, jsx: name != "typescript", ts: name == "typescript" || name == "tsx"}
	for l.pos < len(l.src) {
		j.step()
	}
	if len(j.modes) > 0 {
		l.exact = false
	}
}

func (j *js) top() jsMode {
	if len(j.modes) == 0 {
		return 0
	}
	return j.modes[len(j.modes)-1]
}

func (j *js) push(m jsMode) { j.modes = append(j.modes, m) }

func (j *js) pop() { j.modes = j.modes[:len(j.modes)-1] }

func (j *js) step() {
	switch j.top() {
	case jsChildren:
		j.children()
	case jsTag, jsClosing:
		j.tagToken()
	default:
		if !j.space() {
			j.token(j.src[j.pos])
		}
	}
}

func (j *js) token(c byte) {
	switch {
	case isWord(c) && !isDigit(c) || c == '$' || c == '#':
		j.word("$")
	case isDigit(c) || c == '.' && isDigit(j.peek(1)):
		j.number()
	case c == '"' || c == '\'':
		j.simple(true, false)
	case c == '`':
		start := j.pos
		j.pos++
		j.chunk(start)
	case c == '/':
		j.slash()
	case c == '<':
		j.less()
	case c == '\\' || c == '-' && j.at("-->") && j.gap&flagNewline != 0:
		j.exact = false // an escape in a name, or an HTML comment in scripts
		j.jsPunct()
	default:
		j.jsPunct()
	}
}

// chunk cuts template text up to its end or the next ${.
func (j *js) chunk(start int) {
	for j.pos < len(j.src) {
		switch c := j.src[j.pos]; {
		case c == '\\':
			j.pos = min(j.pos+2, len(j.src))
		case c == '`':
			j.pos++
			j.emit(kindString, start)
			return
		case c == '$' && j.peek(1) == '{':
			j.pos += 2
			j.emit(kindString, start)
			j.push(jsTemplate)
			return
		default:
			j.pos++
		}
	}
	j.exact = false
	j.emit(kindString, start)
}

// slash cuts a comment, a regular expression or a division.
func (j *js) slash() {
	switch j.peek(1) {
	case '/':
		j.lineComment() // U+2028 would end it too; strange makes such a file code in any case
		return
	case '*':
		j.blockComment(starOpen, starClose, false)
		return
	}
	if j.operand() {
		j.regex()
		return
	}
	j.jsPunct()
}

// regex cuts /.../flags; a line break inside means that it was none.
func (j *js) regex() {
	start, class := j.pos, false
	for j.pos++; j.pos < len(j.src); j.pos++ {
		switch c := j.src[j.pos]; {
		case c == '\n':
			j.exact = false
			j.emit(kindString, start)
			return
		case c == '\\' && j.peek(1) != '\n':
			j.pos++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			j.pos++
			for j.pos < len(j.src) && isWord(j.src[j.pos]) {
				j.pos++
			}
			j.emit(kindString, start)
			return
		}
	}
	j.exact = false
	j.pos = min(j.pos, len(j.src))
	j.emit(kindString, start)
}

// operand reports whether an expression begins at pos, by the token before; it marks the file when that cannot be known.
func (j *js) operand() bool {
	i := len(j.tokens) - 1
	for i >= 0 && j.tokens[i].kind >= kindComment {
		i--
	}
	if i < 0 {
		return true
	}
	t := j.tokens[i]
	switch t.kind {
	case kindWord:
		return j.operandAfterWord(i)
	case kindNumber, kindString:
		return false
	}
	return j.operandAfterPunct(i)
}

func (j *js) operandAfterWord(i int) bool {
	if j.is(i-1, ".") || j.is(i-1, "?.") {
		return false
	}
	switch string(j.text(j.tokens[i])) {
	case "return", "typeof", "instanceof", "in", "new", "delete", "void", "throw", "case", "do", "else", "default", "extends":
		return true
	case "of", "yield", "await", "async", "let", "as", "satisfies", "is", "keyof":
		j.exact = false
	}
	return false
}

func (j *js) operandAfterPunct(i int) bool {
	switch string(j.text(j.tokens[i])) {
	case ")":
		return j.tokens[i].flags&flagParen != 0 // see jsPunct
	case "]":
		return false
	case "}":
		j.exact = false
		return false
	case "++", "--":
		j.exact = false
		return false
	case "!":
		if j.ts && i > 0 && j.tokens[i].flags&flagSpace == 0 && j.operandEnd(i-1) {
			j.exact = false
		}
	case ">":
		if j.tokens[i].flags&flagHead != 0 {
			return false // the end of an element
		}
		if j.ts {
			j.exact = false
		}
	}
	return true
}

func (j *js) operandEnd(i int) bool {
	return j.tokens[i].kind <= kindString && !j.is(i, "(") && !j.is(i, ",") && !j.is(i, "=")
}

// jsPunct cuts an operator and keeps the stack. A ")" that closes a condition carries flagParen.
func (j *js) jsPunct() {
	start := j.pos
	j.pos += operatorLength(jsOperators, j.src[j.pos:])
	if j.src[start] == '?' && j.pos == start+2 && j.src[start+1] == '.' && isDigit(j.peek(0)) {
		j.pos--
	}
	switch j.src[start] {
	case '(':
		j.push(j.parenthesis())
	case '[':
		j.push(jsBracket)
	case '{':
		j.push(jsBrace)
	case ')', ']', '}':
		j.close(start)
		return
	}
	j.emit(kindPunct, start)
}

func (j *js) parenthesis() jsMode {
	i := len(j.tokens) - 1
	for i >= 0 && j.tokens[i].kind >= kindComment {
		i--
	}
	if j.is(i, "await") {
		i--
	}
	if i < 0 || j.is(i-1, ".") || j.is(i-1, "?.") {
		return jsParen
	}
	switch string(j.text(j.tokens[i])) {
	case "if", "while", "for", "with":
		return jsCondition
	}
	return jsParen
}

func (j *js) close(start int) {
	m := j.top()
	if !m.closedBy(j.src[start]) {
		j.exact = false
		j.emit(kindPunct, start)
		return
	}
	j.pop()
	if m == jsTemplate {
		j.chunk(start)
		return
	}
	j.emit(kindPunct, start)
	last := &j.tokens[len(j.tokens)-1]
	if m == jsCondition {
		last.flags |= flagParen
	}
	if m == jsExpression {
		last.flags &^= flagSpace | flagNewline
		j.gap = 0
	}
}

// closedBy reports whether c is the bracket that ends the mode.
func (m jsMode) closedBy(c byte) bool {
	switch m {
	case jsParen, jsCondition:
		return c == ')'
	case jsBracket:
		return c == ']'
	case jsBrace, jsTemplate, jsExpression:
		return c == '}'
	}
	return false
}

var jsOperators = operatorTable(">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
	"<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**")

// lineBreakSafe reports whether a line break between two tokens of JavaScript never matters: no semicolon can be inserted
// there, and no rule of the grammar asks for the same line.
func lineBreakSafe(last []byte, lastKind kind, next []byte, nextKind kind) bool {
	if lastKind == kindWord && restricted(string(last)) || lastKind == kindDirective || nextKind == kindDirective {
		return false
	}
	if lastKind == kindPunct {
		switch string(last) {
		case "]", ")", "}", "++", "--", "!", "?", ">", "/>", ">>", ">>>", "@", "*":
		default:
			return true
		}
	}
	if nextKind != kindPunct {
		return false
	}
	switch string(next) {
	case ".", "?.", ",", ";", ")", "]", "}", "?", ":", "=", "==", "===", "!=", "!==", ">=", "<=", "&&", "||", "??", "%", "^",
		"&", "|", "+", "-", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "&&=", "||=", "??=", "**", "<<", ">>", ">>>":
		return lastKind != kindPunct || string(last) != "++" && string(last) != "--" && string(last) != "*"
	}
	return false
}

// restricted words forbid or need a line break behind them, or are names or keywords depending on it.
func restricted(word string) bool {
	switch word {
	case "return", "break", "continue", "throw", "yield", "async", "await", "get", "set", "static", "accessor", "let", "of", "using",
		"type", "interface", "namespace", "module", "declare", "abstract", "readonly", "public", "private", "protected",
		"override", "global", "asserts", "is", "as", "satisfies", "infer", "keyof", "unique", "out", "in", "enum", "defer", "source":
		return true
	}
	return false
}
