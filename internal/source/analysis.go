package source

// Range is a run of 1-based lines, both ends included.
type Range struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Analysis is what one version of a file declares. It refers to the bytes it was made from; do not change them.
type Analysis struct {
	Language string
	Class    string
	data     []byte
	tokens   *stream // nil when the language has no lexer
}

// Analyse reads one version of a file. It never fails: what it cannot read it leaves out, and EffectOf then says code.
func Analyse(language, class, path string, data []byte) *Analysis {
	return &Analysis{Language: language, Class: class, data: data, tokens: lexed(language, data)}
}

// Compare says what changed between two versions of a file; either may be nil when the file was added or deleted. Changed
// holds the added or changed lines of after, sorted; nil means that they are not known.
func Compare(before, after *Analysis, changed []Range) *Delta { return &Delta{} }

// Index answers questions about the lines of one file.
type Index struct{}

// NewIndex prepares data, in the language that Classify gave, for many questions.
func NewIndex(language string, data []byte) *Index { return &Index{} }

// Symbol is the dotted name of the innermost declaration around the 1-based line, "" at top level or when unknown.
func (x *Index) Symbol(line int) string { return "" }

// Line is the 1-based line without comments, tokens joined by one space; "" when there is no such line.
func (x *Index) Line(line int) string { return "" }
