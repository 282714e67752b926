package source

// grammar is what the lexer must know of a language.
type grammar struct {
	name    string
	layout  layout
	run     func(*lexer)      // cuts the whole file
	literal func(*lexer) bool // cuts the literal at pos, false when there is none
	starts  string            // the bytes a literal may begin with
	line    string            // the bytes a line comment begins with, as accepted by lineOpener
	block   string            // the opener of block comments
	end     string            // their end
	word    string            // bytes beside letters, digits and _ in identifiers

	nested      bool // block comments nest
	multiline   bool // a block comment that spans lines is a line break
	tight       bool // a comment is not white space (CSS)
	splice      bool // a line comment may go on after a backslash (C)
	crlf        bool // CRLF is read as LF inside literals
	bom         bool // a byte order mark at the start is ignored
	munch       bool // operators are cut whole
	quoteDigits bool // 1'000
}

const (
	slashes    = "/"
	hash       = "#"
	dashes     = "-"
	slashHash  = "/#"
	starOpen   = "/*"
	starClose  = "*/"
	angleOpen  = "<!--"
	angleClose = "-->"
)

// grammars are the languages in which an edit can be proven trivial, by the names that Classify gives.
var grammars = byName(
	grammar{name: "go", run: runGo, layout: layoutFree, multiline: true, crlf: true, bom: true, munch: true},
	grammar{name: "javascript", run: runJS, layout: layoutASI, multiline: true, crlf: true, bom: true, munch: true},
	grammar{name: "jsx", run: runJS, layout: layoutASI, multiline: true, crlf: true, bom: true, munch: true},
	grammar{name: "typescript", run: runJS, layout: layoutASI, multiline: true, crlf: true, bom: true, munch: true},
	grammar{name: "tsx", run: runJS, layout: layoutASI, multiline: true, crlf: true, bom: true, munch: true},
	grammar{name: "python", run: runPython, layout: layoutFree, crlf: true, bom: true, munch: true},
	grammar{name: "java", run: runJava, layout: layoutFree, literal: javaLiteral, starts: `"'`, line: slashes, block: starOpen, end: starClose, word: "$", crlf: true},
	grammar{name: "kotlin", run: runCode, layout: layoutSpace, literal: kotlinLiteral, starts: "\"'`", line: slashes, block: starOpen, end: starClose, nested: true},
	grammar{name: "scala", run: runCode, layout: layoutIndent, literal: kotlinLiteral, starts: "\"'`", line: slashes, block: starOpen, end: starClose, nested: true, word: "$"},
	grammar{name: "groovy", run: runCode, layout: layoutSpace, literal: groovyLiteral, starts: `"'/$`, line: slashes, block: starOpen, end: starClose},
	grammar{name: "c", run: runC, layout: layoutMacro, literal: cLiteral, starts: `"'#RuUL`, line: slashes, block: starOpen, end: starClose, splice: true, quoteDigits: true},
	grammar{name: "cpp", run: runC, layout: layoutMacro, literal: cLiteral, starts: `"'#RuUL`, line: slashes, block: starOpen, end: starClose, splice: true, quoteDigits: true},
	grammar{name: "csharp", run: runCode, layout: layoutFree, literal: csharpLiteral, starts: `"'@$#`, line: slashes, block: starOpen, end: starClose, bom: true},
	grammar{name: "rust", run: runCode, layout: layoutFree, literal: rustLiteral, starts: `"'rbc`, line: slashes, block: starOpen, end: starClose, nested: true, crlf: true},
	grammar{name: "swift", run: runCode, layout: layoutSpace, literal: swiftLiteral, starts: `"#/`, line: slashes, block: starOpen, end: starClose, nested: true},
	grammar{name: "php", run: runPHP, layout: layoutFree, literal: phpLiteral, starts: "\"'`<", line: slashHash, block: starOpen, end: starClose, word: "$"},
	grammar{name: "proto", run: runCode, layout: layoutFree, literal: plainLiteral, starts: `"'`, line: slashes, block: starOpen, end: starClose},
	grammar{name: "graphql", run: runCode, layout: layoutFree, literal: graphqlLiteral, starts: `"`, line: hash},
	grammar{name: "rego", run: runRego, layout: layoutSpace, literal: regoLiteral, starts: "\"`", line: hash},
	grammar{name: "hcl", run: runCode, layout: layoutLine, literal: hclLiteral, starts: `"<`, line: slashHash, block: starOpen, end: starClose, word: "-"},
	grammar{name: "toml", run: runCode, layout: layoutSpace, literal: tomlLiteral, starts: `"'`, line: hash, word: "-"},
	grammar{name: "sql", run: runSQL, layout: layoutAny, literal: sqlLiteral, starts: "'\"`$[\\#", line: dashes, block: starOpen, end: starClose, word: "$"},
	grammar{name: "css", run: runCSS, layout: layoutAny, literal: cssLiteral, starts: `"'uU`, block: starOpen, end: starClose, word: "-", tight: true, bom: true},
	grammar{name: "scss", run: runCSS, layout: layoutAny, literal: cssLiteral, starts: `"'uU`, line: slashes, block: starOpen, end: starClose, word: "-", tight: true},
	grammar{name: "less", run: runCSS, layout: layoutAny, literal: cssLiteral, starts: `"'uU`, line: slashes, block: starOpen, end: starClose, word: "-", tight: true},
	grammar{name: "json", run: runCode, layout: layoutFree, literal: jsonLiteral, starts: `"-+.`},
	grammar{name: "jsonc", run: runCode, layout: layoutFree, literal: jsonLiteral, starts: `"-+.`, line: slashes, block: starOpen, end: starClose},
	grammar{name: "yaml", run: runYAML, layout: layoutFree},
	grammar{name: "github-workflow", run: runYAML, layout: layoutFree},
	grammar{name: "xml", run: runMarkup, layout: layoutFree, block: angleOpen, end: angleClose, tight: true},
	grammar{name: "html", run: runMarkup, layout: layoutFree, block: angleOpen, end: angleClose, tight: true},
	grammar{name: "shell", run: runShell, layout: layoutSpace, line: hash},
	grammar{name: "dockerfile", run: runDockerfile, layout: layoutFree, line: hash},
	grammar{name: "makefile", run: runMakefile, layout: layoutFree, line: hash},
	grammar{name: "ini", run: runINI, layout: layoutFree, line: hash},
	grammar{name: "properties", run: runINI, layout: layoutFree, line: hash},
	grammar{name: "dotenv", run: runINI, layout: layoutFree, line: hash},
	grammar{name: "ruby", run: runRuby, layout: layoutSpace, line: hash},
)

func byName(list ...grammar) map[string]*grammar {
	m := make(map[string]*grammar, len(list))
	for i := range list {
		m[list[i].name] = &list[i]
	}
	return m
}

// runCode cuts a language of words, numbers, literals, comments and single-byte operators.
func runCode(l *lexer) {
	for l.space(); l.pos < len(l.src); l.space() {
		l.one()
	}
}

// one cuts the token or comment at pos.
func (l *lexer) one() {
	c := l.src[l.pos]
	switch {
	case indexByte(l.g.starts, c) && l.g.literal(l):
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		l.number()
	case isWord(c) || indexByte(l.g.word, c):
		l.wordOrComment()
	case !l.anyComment():
		l.punct()
	}
}

// wordOrComment keeps "-" of identifiers apart from "--".
func (l *lexer) wordOrComment() {
	if isWord(l.src[l.pos]) || !l.anyComment() {
		l.word(l.g.word)
	}
}

func (l *lexer) punct() {
	start := l.pos
	l.pos++
	switch l.src[start] {
	case '(':
		l.emit(kindPunct, start)
		l.deep++
		return
	case ')':
		l.deep = max(0, l.deep-1)
	}
	l.emit(kindPunct, start)
}

// anyComment cuts the comment at pos, if there is one.
func (l *lexer) anyComment() bool {
	c := l.src[l.pos]
	switch {
	case l.g.block != "" && c == l.g.block[0] && l.at(l.g.block):
		l.blockComment(l.g.block, l.g.end, l.g.nested)
	case indexByte(l.g.line, c) && (c == '#' || l.peek(1) == c) && !(c == '#' && l.peek(1) == '[' && l.g.name == "php"):
		l.lineComment() // PHP's #[...] is an attribute
	default:
		return false
	}
	return true
}
