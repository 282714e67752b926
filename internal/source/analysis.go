package source

import (
	"maps"
	"slices"
	"strings"
)

// Range is a run of 1-based lines, both ends included.
type Range struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Analysis is what one version of a file declares. It refers to the bytes it was made from; do not change them.
type Analysis struct {
	Language string
	Class    string

	data   []byte
	tokens *stream // nil when the language has no lexer
	code   *view   // likewise

	imports      []string
	sensitive    []string
	exports      map[string]string // name to shape: tokens of the signature, joined by spaces
	tests        []test
	asserts      int
	skips        []mark
	suppressions []mark
	leftOut      string // why the runner leaves out its tests
}

// test is one test case with what its body holds.
type test struct {
	name       string
	statements int
	asserts    int
}

// mark is a place in a file, with the declaration around it.
type mark struct {
	Mark
	symbol string
}

// Analyse reads one version of the file at path. It never fails: what it cannot read it leaves out, and EffectOf then says
// code. The work is linear in data.
func Analyse(language, class, path string, data []byte) *Analysis {
	if data == nil {
		data = []byte{} // an empty file exists
	}
	a := &Analysis{Language: language, Class: class, data: data, tokens: lexed(language, data)}
	x := &Index{data: data}
	if a.tokens != nil && len(a.tokens.tokens) > 0 {
		a.code = newView(language, a.tokens)
		x = indexView(a.code, data)
		a.facts()
	}
	a.leftOut = leftOut(a, path)
	a.suppressions = suppressions(a)
	for i := range a.suppressions {
		a.suppressions[i].symbol = x.Symbol(a.suppressions[i].Line)
	}
	for i := range a.skips {
		a.skips[i].symbol = x.Symbol(a.skips[i].Line)
	}
	a.sort()
	return a
}

// facts fills what the language tells.
func (a *Analysis) facts() {
	a.exports = map[string]string{}
	switch a.Language {
	case "go":
		goFacts(a)
	case "javascript", "jsx", "typescript", "tsx":
		jsFacts(a)
	case "python":
		pythonFacts(a)
	case "java", "kotlin", "scala", "groovy", "csharp":
		javaFacts(a)
	case "rust":
		rustFacts(a)
	case "c", "cpp":
		cFacts(a)
	case "proto":
		protoFacts(a)
	case "hcl":
		hclFacts(a)
	}
}

func (a *Analysis) sort() {
	slices.Sort(a.imports)
	a.imports = slices.Compact(a.imports)
	for _, name := range a.imports {
		if sensitive(name) {
			a.sensitive = append(a.sensitive, name)
		}
	}
	slices.Sort(a.sensitive)
	a.sensitive = slices.Compact(a.sensitive)
	byLine := func(x, y mark) int {
		if x.Line != y.Line {
			return x.Line - y.Line
		}
		return strings.Compare(x.Text, y.Text)
	}
	slices.SortStableFunc(a.skips, byLine)
	slices.SortStableFunc(a.suppressions, byLine)
}

// skip notes that a test at line is left out, or leaves out others.
func (a *Analysis) skip(line int32, text string) {
	a.skips = append(a.skips, mark{Mark: Mark{Line: int(line), Text: text}})
}

// Compare says what changed between two versions of a file; either may be nil when the file was added or deleted. Changed
// holds the added or changed lines of after, sorted; it decides which of several equal marks are the new ones, and nil means
// that it is not known.
func Compare(before, after *Analysis, changed []Range) *Delta {
	if before == nil {
		before = &Analysis{}
	}
	if after == nil {
		after = &Analysis{}
	}
	d := &Delta{Sensitive: after.sensitive}
	d.ImportsAdded, d.ImportsRemoved = difference(after.imports, before.imports), difference(before.imports, after.imports)
	compareExports(d, before, after)
	compareTests(d, before, after)
	d.SkipsBefore, d.SkipsAfter = len(before.skips), len(after.skips)
	d.AssertsBefore, d.AssertsAfter = before.asserts, after.asserts
	d.SkipsAdded = append(nowLeftOut(before, after), addedMarks(before.skips, after.skips, changed)...)
	d.SuppressionsAdded = addedMarks(before.suppressions, after.suppressions, changed)
	return d
}

// difference lists what sorted a has and sorted b has not.
func difference(a, b []string) []string {
	var list []string
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); !found {
			list = append(list, s)
		}
	}
	return list
}

func compareExports(d *Delta, before, after *Analysis) {
	for _, name := range slices.Sorted(maps.Keys(after.exports)) {
		shape, known := before.exports[name]
		switch {
		case !known:
			d.ExportsAdded = append(d.ExportsAdded, name)
		case shape != after.exports[name] && !(after.Language == "go" && sameGoShape(shape, after.exports[name])):
			d.ExportsChanged = append(d.ExportsChanged, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.exports)) {
		if _, known := after.exports[name]; !known {
			d.ExportsRemoved = append(d.ExportsRemoved, name)
		}
	}
}

// compareTests matches tests by name; of several with one name the emptiest are compared with the emptiest.
func compareTests(d *Delta, before, after *Analysis) {
	d.TestsBefore, d.TestsAfter = len(before.tests), len(after.tests)
	left := map[string][]test{}
	for _, t := range sortedTests(after.tests) {
		left[t.name] = append(left[t.name], t)
	}
	for _, t := range sortedTests(before.tests) {
		now := left[t.name]
		if len(now) == 0 {
			d.TestsRemoved = append(d.TestsRemoved, t.name)
			continue
		}
		if t.statements > 0 && now[0].statements == 0 || t.asserts > 0 && now[0].asserts == 0 {
			d.TestsEmptied = append(d.TestsEmptied, t.name)
		}
		left[t.name] = now[1:]
	}
}

func sortedTests(list []test) []test {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b test) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		if a.asserts != b.asserts {
			return a.asserts - b.asserts
		}
		return a.statements - b.statements
	})
	return list
}

// addedMarks lists the marks of after that before has not: more of one text in one declaration than there were. Those on
// changed lines are taken to be the new ones.
func addedMarks(before, after []mark, changed []Range) []Mark {
	type key struct{ symbol, text string }
	had := map[key]int{}
	for _, m := range before {
		had[key{m.symbol, m.Text}]++
	}
	var list []Mark
	take := func(onChanged bool) {
		for _, m := range after {
			k := key{m.symbol, m.Text}
			if inRanges(changed, m.Line) != onChanged {
				continue
			}
			if had[k] > 0 {
				had[k]--
				continue
			}
			list = append(list, m.Mark)
		}
	}
	take(false)
	take(true)
	slices.SortStableFunc(list, func(a, b Mark) int { return a.Line - b.Line })
	return list
}

func inRanges(list []Range, line int) bool {
	i, found := slices.BinarySearchFunc(list, line, func(r Range, line int) int { return r.From - line })
	return found || i > 0 && line <= list[i-1].To
}
