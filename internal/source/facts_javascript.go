package source

import "strings"

// jsFacts finds what a JavaScript or TypeScript module imports, exports and tests. One pass; bodies are looked up by the
// matched brackets.
func jsFacts(a *Analysis) {
	v := a.code
	depth := 0
	for i := range v.tokens {
		if v.tokens[i].kind == kindPunct {
			depth = jsDepth(depth, v.src[v.tokens[i].start])
			continue
		}
		if v.tokens[i].kind != kindWord || v.is(i-1, ".") && v.word(i) != "exports" {
			continue
		}
		switch w := v.word(i); w {
		case "import":
			jsImport(a, v, i)
		case "require":
			jsCall(a, v, i)
		case "export":
			if depth == 0 {
				jsExport(a, v, i+1)
			}
		case "exports", "module":
			if depth == 0 {
				jsCommon(a, v, i)
			}
		default:
			jsTest(a, v, i, w)
		}
	}
	if a.Class == ClassTest {
		a.asserts = v.assertsIn(0, len(v.tokens))
		jsSkips(a, v)
	}
}

func jsDepth(depth int, c byte) int {
	switch c {
	case '{', '(', '[':
		return depth + 1
	case '}', ')', ']':
		return max(0, depth-1)
	}
	return depth
}

// jsCall notes the literal argument of require(...) or import(...).
func jsCall(a *Analysis, v *view, i int) {
	if !v.is(i+1, "(") {
		return
	}
	if s, ok := v.str(i + 2); ok {
		a.imports = append(a.imports, s)
	}
}

// jsImport notes import "x", import ... from "x" and import("x").
func jsImport(a *Analysis, v *view, i int) {
	if v.is(i+1, "(") {
		jsCall(a, v, i)
		return
	}
	if s, ok := v.str(i + 1); ok {
		a.imports = append(a.imports, s)
		return
	}
	jsFrom(a, v, i+1)
}

// jsFrom notes the module behind the next "from" of the statement.
func jsFrom(a *Analysis, v *view, i int) {
	for limit := min(i+300, len(v.tokens)); i < limit && !v.is(i, ";") && !v.is(i, "=") && !v.is(i, "("); i = v.after(i) {
		if s, ok := v.str(i + 1); ok && v.is(i, "from") {
			a.imports = append(a.imports, s)
			return
		}
	}
}

// jsExport reads the export whose first word behind "export" is at i.
func jsExport(a *Analysis, v *view, i int) {
	for v.is(i, "declare") || v.is(i, "async") || v.is(i, "abstract") || v.is(i, "type") && v.is(i+1, "{") {
		i++
	}
	switch {
	case v.is(i, "default"):
		a.exports["default"] = v.signature(i + 1)
	case v.is(i, "*"):
		jsFrom(a, v, i)
		if v.is(i+1, "as") {
			a.exports[v.word(i+2)] = "namespace"
			return
		}
		if s, ok := v.str(i + 2); ok {
			a.exports["* from "+s] = ""
		}
	case v.is(i, "{"):
		jsNames(a, v, i)
		if v.is(v.after(i), "from") {
			jsFrom(a, v, v.after(i))
		}
	case v.is(i, "const") || v.is(i, "let") || v.is(i, "var"):
		jsVariable(a, v, i+1)
	default:
		jsDeclaration(a, v, i)
	}
}

// jsNames reads { a, b as c } or, of a pattern, { a, b: c }.
func jsNames(a *Analysis, v *view, open int) {
	end := v.after(open) - 1
	for i := open + 1; i < end; i++ {
		if w := v.word(i); w != "" && (v.is(i+1, ",") || i+1 == end || v.is(i+1, "=")) {
			a.exports[w] = ""
		}
	}
}

func jsVariable(a *Analysis, v *view, i int) {
	if v.is(i, "enum") {
		i++
	}
	if v.is(i, "{") || v.is(i, "[") {
		jsNames(a, v, i)
		return
	}
	name := v.word(i)
	if name == "" {
		return
	}
	to := i + 1
	for limit := v.limit(i); to < limit && !v.is(to, "=") && !v.is(to, ";") && (to == i+1 || v.tokens[to].flags&flagNewline == 0 || v.is(to-1, ":")); {
		to = v.after(to)
	}
	a.exports[name] = v.shape(i+1, to)
	if v.is(to, "=") {
		a.exports[name] += v.signature(to + 1)
	}
}

// signature is the shape of the function at i up to its body, "" when there is none.
func (v *view) signature(i int) string {
	from := i
	for v.is(i, "async") || v.is(i, "function") || v.is(i, "*") || v.word(i) != "" && v.is(i-1, "function") {
		i++
	}
	if !v.is(i, "(") {
		return ""
	}
	to := v.after(i)
	for limit := v.limit(i); to < limit && !v.is(to, "{") && !v.is(to, "=>") && !v.is(to, ";") && v.tokens[to].flags&flagNewline == 0; {
		to = v.after(to)
	}
	return v.shape(from, to)
}

// jsDeclaration reads function, class, interface, type, enum and namespace.
func jsDeclaration(a *Analysis, v *view, i int) {
	kind := v.word(i)
	i++
	if v.is(i, "*") {
		i++
	}
	name := v.word(i)
	if kind == "" || name == "" {
		return
	}
	to := i + 1
	for limit := v.limit(i); to < limit && !v.is(to, "{") && !v.is(to, ";"); {
		if kind == "type" && to > i+1 && v.tokens[to].flags&flagNewline != 0 && v.has(to, kindWord) {
			break
		}
		to = v.after(to)
	}
	if v.is(to, "{") && (kind == "interface" || kind == "type" || kind == "enum") {
		to = v.after(to)
	}
	a.exports[name] = kind + " " + v.shape(i, to)
}

// jsCommon reads exports.x = ... and module.exports = {...}.
func jsCommon(a *Analysis, v *view, i int) {
	if v.is(i, "module") {
		if v.is(i+1, ".") && v.is(i+2, "exports") && v.is(i+3, "=") {
			a.exports["module.exports"] = v.signature(i + 4)
			if v.is(i+4, "{") {
				jsNames(a, v, i+4)
			}
		}
		return
	}
	if v.is(i+1, ".") && v.is(i+3, "=") {
		a.exports[v.word(i+2)] = v.signature(i + 4)
	}
}

// jsTest notes a test case: it(...), test(...), with .only, .skip and so on.
func jsTest(a *Analysis, v *view, i int, w string) {
	focus, ok := jsTestWord(w)
	if !ok || a.Class != ClassTest || v.is(i-1, "function") {
		return
	}
	line, text := v.tokens[i].line, w
	for i++; v.is(i, ".") && v.word(i+1) != ""; {
		member := v.word(i + 1)
		text += "." + member
		i += 2
		switch member {
		case "skip", "only", "todo", "fixme", "fails", "failing", "skipIf", "runIf":
			focus = true
		}
		switch member {
		case "each", "for", "skipIf", "runIf": // what it is called with comes before the name
			if v.is(i, "(") {
				i = v.after(i)
			}
		}
	}
	if v.is(i-1, "each") {
		i = jsTable(v, i)
	}
	if !v.is(i, "(") {
		return
	}
	name, literal := v.str(i + 1)
	if !literal && !strings.Contains(text, "skip") {
		return
	}
	if focus {
		a.skip(line, clip(text+" "+name))
	}
	if literal && jsCase(w) {
		end := v.after(i)
		a.tests = append(a.tests, test{name: name, statements: jsStatements(v, i+2, end-1), asserts: v.assertsIn(i, end)})
	}
}

// jsTable is the index behind the template literal of each`...`.
func jsTable(v *view, i int) int {
	for limit := v.limit(i); i < limit && !v.is(i, "(") && !v.is(i, ";"); {
		i++
	}
	return i
}

func jsTestWord(w string) (focus, ok bool) {
	switch w {
	case "it", "test", "describe", "context", "suite", "specify", "bench":
		return false, true
	case "xit", "xtest", "xdescribe", "xcontext", "xspecify", "fit", "fdescribe", "ftest":
		return true, true
	}
	return false, false
}

func jsCase(w string) bool {
	switch w {
	case "it", "test", "specify", "bench", "xit", "xtest", "xspecify", "fit", "ftest":
		return true
	}
	return false
}

// jsStatements counts roughly what the callback among the arguments does: the tokens in its last braces, or its expression.
func jsStatements(v *view, from, to int) int {
	for i := from; i < min(to, v.limit(from)); i++ {
		if !v.is(i, "=>") && !v.is(i, "function") {
			continue
		}
		for i++; i < to && !v.is(i, "{"); i = v.after(i) {
			if v.is(i-1, "=>") {
				return 1
			}
		}
		if v.after(i)-i > 2 && !v.atOnce(i) {
			return 1
		}
		return 0
	}
	return 0
}

// jsSkips notes this.skip(), t.skip(...) and { skip: true } in tests.
func jsSkips(a *Analysis, v *view) {
	for i := range v.tokens {
		switch w := v.word(i); w {
		case "skip", "only", "todo":
			if v.is(i-1, ".") && v.is(i+1, "(") && (v.is(i-2, "this") || v.is(i-2, "t") || v.is(i-2, "ctx")) || v.is(i+1, ":") && (v.is(i+2, "true") || v.has(i+2, kindString)) {
				a.skip(v.tokens[i].line, w)
			}
		}
	}
}
