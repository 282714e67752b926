package source

// TokenKind tells tokens apart.
type TokenKind uint8

// The kinds of tokens.
const (
	Word    TokenKind = iota // a name or keyword
	Number                   //
	String                   // a literal with its quotes, or a part of a template
	Punct                    // an operator or bracket
	LineEnd                  // an end of line that ends a statement: Go, Python
	Indent                   // Python
	Dedent                   // Python
	Text                     // markup, a line of a line-based format
)

// Token is one token of code; comments are none.
type Token struct {
	Text  string
	Line  int32 // 1-based
	Kind  TokenKind
	Fresh bool // a line break came before it
}

// Code is a source cut into tokens.
type Code struct {
	Tokens []Token
	Match  []int32 // of a bracket, the index of its partner; else -1
	Exact  bool    // the lexer is sure of every token
}

// Cut cuts a source in the language that Classify gave into its tokens, without comments; nil when there is no lexer for
// the language. It never fails, and its work is linear in data.
func Cut(language string, data []byte) *Code {
	s := lexed(language, data)
	if s == nil {
		return nil
	}
	v := newView(language, s)
	c := &Code{Tokens: make([]Token, len(v.tokens)), Match: v.match, Exact: s.exact}
	for i, t := range v.tokens {
		c.Tokens[i] = Token{Text: v.source[t.start:t.end], Line: t.line, Kind: tokenKind(t.kind), Fresh: t.flags&flagNewline != 0}
	}
	return c
}

func tokenKind(k kind) TokenKind {
	switch k {
	case kindWord:
		return Word
	case kindNumber:
		return Number
	case kindString:
		return String
	case kindPunct:
		return Punct
	case kindNewline:
		return LineEnd
	case kindIndent:
		return Indent
	case kindDedent:
		return Dedent
	}
	return Text
}

// Is reports whether token i is this word or punctuation. Out of range is never.
func (c *Code) Is(i int, text string) bool {
	return i >= 0 && i < len(c.Tokens) && c.Tokens[i].Kind != String && c.Tokens[i].Text == text
}

// Word is the text of token i when it is a name or keyword, else "".
func (c *Code) Word(i int) string {
	if i < 0 || i >= len(c.Tokens) || c.Tokens[i].Kind != Word {
		return ""
	}
	return c.Tokens[i].Text
}

// Quoted is the text between the quotes of token i when it is a literal.
func (c *Code) Quoted(i int) (string, bool) {
	if i < 0 || i >= len(c.Tokens) || c.Tokens[i].Kind != String {
		return "", false
	}
	text := c.Tokens[i].Text
	from := 0
	for from < len(text) && text[from] != '"' && text[from] != '\'' && text[from] != '`' {
		from++
	}
	if len(text)-from < 2 || text[len(text)-1] != text[from] {
		return "", false
	}
	return text[from+1 : len(text)-1], true
}

// After is the index behind the bracket that opens at i, or i+1 when it is none.
func (c *Code) After(i int) int {
	if i >= 0 && i < len(c.Match) && int(c.Match[i]) > i {
		return int(c.Match[i]) + 1
	}
	return i + 1
}
