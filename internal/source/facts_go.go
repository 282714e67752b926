package source

import (
	"go/ast"
	"go/parser"
	"go/printer"
	gotoken "go/token"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// goFacts walks the declarations of a Go file.
func goFacts(a *Analysis) {
	v := a.code
	for i := 0; i < len(v.tokens); {
		switch v.word(i) {
		case "import":
			i = goImports(a, v, i+1)
		case "func":
			i = goFunc(a, v, i+1)
		case "type", "const", "var":
			i = goGroup(a, v, i)
		default:
			i = v.statementEnd(i)
		}
	}
	if a.Class == ClassTest {
		a.asserts = v.assertsIn(0, len(v.tokens))
	}
}

// statementEnd is the index behind the statement at i.
func (v *view) statementEnd(i int) int {
	for i < len(v.tokens) {
		if v.has(i, kindNewline) || v.is(i, ";") {
			return i + 1
		}
		i = v.after(i)
	}
	return i
}

func goImports(a *Analysis, v *view, i int) int {
	end := v.statementEnd(i)
	for ; i < end; i++ {
		if !v.has(i, kindString) {
			continue
		}
		if path, err := strconv.Unquote(string(v.text(v.tokens[i]))); err == nil {
			a.imports = append(a.imports, path)
		}
	}
	return end
}

// goFunc reads the function whose "func" is before i.
func goFunc(a *Analysis, v *view, i int) int {
	receiver := ""
	if v.is(i, "(") {
		receiver = goReceiver(v, i)
		i = v.after(i)
	}
	name := v.word(i)
	body := v.goSignatureEnd(i + 1)
	end := body
	if v.is(body, "{") {
		end = v.after(body)
	}
	full := name
	if receiver != "" {
		full = receiver + "." + name
	}
	if exported(name) && (receiver == "" || exported(receiver)) && a.Class != ClassTest {
		a.exports[full] = "func " + v.shape(i, body)
	}
	if goTestName(name) && (a.Class == ClassTest || receiver == "") {
		goTest(a, v, full, body, end)
	}
	return max(end, i+1)
}

// goReceiver is the type of the receiver between the parentheses at i.
func goReceiver(v *view, i int) string {
	name := ""
	for j := i + 1; j < v.after(i)-1 && !v.is(j, "["); j++ {
		if w := v.word(j); w != "" {
			name = w
		}
	}
	return name
}

// goSignatureEnd is the index of the body's brace, or of the end of the statement.
func (v *view) goSignatureEnd(i int) int {
	for i < len(v.tokens) {
		switch {
		case v.has(i, kindNewline) || v.is(i, ";"):
			return i
		case v.is(i, "{"):
			if w := v.word(i - 1); w != "interface" && w != "struct" {
				return i
			}
		}
		i = v.after(i)
	}
	return i
}

func exported(name string) bool {
	r, _ := utf8.DecodeRuneInString(name)
	return unicode.IsUpper(r)
}

func goTestName(name string) bool {
	for _, prefix := range []string{"Test", "Benchmark", "Fuzz", "Example"} {
		rest, found := strings.CutPrefix(name, prefix)
		if r, _ := utf8.DecodeRuneInString(rest); found && (rest == "" || !unicode.IsLower(r)) {
			return name != "TestMain"
		}
	}
	return false
}

// goTest notes a test and its subtests and skips.
func goTest(a *Analysis, v *view, name string, body, end int) {
	if v.is(body+1, "return") { // a test returns nothing
		a.tests = append(a.tests, test{name: name})
		return
	}
	a.tests = append(a.tests, test{name: name, statements: v.statements(body+1, end-1), asserts: v.assertsIn(body, end)})
	for i := body; i+3 < end; i++ {
		if !v.is(i, ".") || !v.is(i+2, "(") {
			continue
		}
		switch v.word(i + 1) {
		case "Run":
			goSubtest(a, v, name, i+2)
		case "Skip", "SkipNow", "Skipf":
			a.skip(v.tokens[i].line, clip(v.shape(i-1, min(v.after(i+2), i+12))))
		}
	}
}

func goSubtest(a *Analysis, v *view, name string, open int) {
	label, literal := v.str(open + 1)
	if !literal || !v.is(open+2, ",") {
		label = "*"
	}
	a.tests = append(a.tests, test{name: name + "/" + label, statements: 1, asserts: v.assertsIn(open, v.after(open))})
}

// statements counts the ends of statements among tokens from up to to, whatever their depth, and a last one without an end.
func (v *view) statements(from, to int) int {
	n := 0
	ended := true
	for i := from; i < min(to, len(v.tokens)); i++ {
		if v.has(i, kindNewline) || v.is(i, ";") {
			n++
			ended = true
			continue
		}
		ended = false
	}
	if !ended {
		n++
	}
	return n
}

// goGroup reads a type, const or var declaration, in parentheses or not.
func goGroup(a *Analysis, v *view, i int) int {
	kind := v.word(i)
	i++
	if !v.is(i, "(") {
		end := v.statementEnd(i)
		goSpec(a, v, kind, i, end)
		return end
	}
	last := v.after(i) - 1
	for i++; i < last; {
		end := v.statementEnd(i)
		goSpec(a, v, kind, i, min(end, last))
		i = end
	}
	return max(last+1, i)
}

func goSpec(a *Analysis, v *view, kind string, i, end int) {
	if a.Class == ClassTest {
		return
	}
	if kind == "type" {
		if name := v.word(i); exported(name) {
			a.exports[name] = "type " + v.goTypeShape(i, end)
		}
		return
	}
	var names []string
	for v.word(i) != "" && i < end {
		names = append(names, v.word(i))
		i++
		if !v.is(i, ",") {
			break
		}
		i++
	}
	to := i
	for to < end && !v.is(to, "=") {
		to = v.after(to)
	}
	for _, name := range names {
		if exported(name) {
			a.exports[name] = kind + " " + name + " " + v.shape(i, min(to, end))
		}
	}
}

// goTypeShape leaves the unexported fields of a struct out.
func (v *view) goTypeShape(i, end int) string {
	open := i + 1
	for open < end && !(v.is(open, "{") && v.word(open-1) == "struct") {
		open = v.after(open)
	}
	if open >= end {
		return v.shape(i, end)
	}
	shape := v.shape(i, open+1)
	for j := open + 1; j < v.after(open)-1; {
		next := v.statementEnd(j)
		if w := v.word(j); w == "" || exported(w) || v.is(j+1, ".") || v.is(j+1, ",") {
			shape += " " + v.shape(j, min(next, v.after(open)-1)) + ";"
		}
		j = next
	}
	return shape + " }"
}

// sameGoShape reports whether two shapes of a function differ only in the names of parameters and results.
func sameGoShape(a, b string) bool {
	if !strings.HasPrefix(a, "func ") || !strings.HasPrefix(b, "func ") {
		return false
	}
	x, okX := goTypes(a)
	y, okY := goTypes(b)
	return okX && okY && x == y
}

// goTypes prints a signature without the names of its parameters. Only signatures that changed are parsed.
func goTypes(shape string) (string, bool) {
	if len(shape) > 1<<16 || strings.Count(shape, "(")+strings.Count(shape, "[") > 1000 {
		return "", false
	}
	files := gotoken.NewFileSet()
	file, err := parser.ParseFile(files, "", "package p; "+shape, parser.SkipObjectResolution)
	if err != nil || len(file.Decls) != 1 {
		return "", false
	}
	f, ok := file.Decls[0].(*ast.FuncDecl)
	if !ok {
		return "", false
	}
	var b strings.Builder
	if f.Type.TypeParams != nil {
		return "", false
	}
	for _, list := range []*ast.FieldList{f.Type.Params, f.Type.Results} {
		b.WriteString("|")
		if list == nil {
			continue
		}
		for _, field := range list.List {
			for range max(1, len(field.Names)) {
				if printer.Fprint(&b, files, field.Type) != nil {
					return "", false
				}
				b.WriteString(",")
			}
		}
	}
	return b.String(), true
}
