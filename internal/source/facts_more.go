package source

import (
	"bytes"
	"strings"
)

// javaFacts reads Java, Kotlin, Scala, Groovy and C#: imports or usings, and annotated tests.
func javaFacts(a *Analysis) {
	v := a.code
	for i := range v.tokens {
		if v.tokens[i].kind != kindWord {
			continue
		}
		switch v.word(i) {
		case "import", "using":
			javaImport(a, v, i)
		case "Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate", "Property", "Fact", "Theory", "TestMethod", "TestCase":
			if v.is(i-1, "@") || v.is(i-1, "[") || v.is(i-1, ".") {
				javaTest(a, v, i)
			}
		case "Disabled", "Ignore", "Ignored", "DisabledOnOs", "DisabledIf", "EnabledIf", "Explicit":
			if v.is(i-1, "@") || v.is(i-1, "[") {
				a.skip(v.tokens[i].line, v.word(i))
			}
		case "Skip":
			if a.Language == "csharp" && v.is(i+1, "=") {
				a.skip(v.tokens[i].line, "Skip")
			}
		case "public":
			javaExport(a, v, i)
		}
	}
	if a.Class == ClassTest {
		a.asserts = v.assertsIn(0, len(v.tokens))
	}
}

func javaImport(a *Analysis, v *view, i int) {
	if v.is(i+1, "(") || i > 0 && v.tokens[i].flags&flagNewline == 0 && !v.is(i-1, ";") {
		return
	}
	var b strings.Builder
	line := v.tokens[i].line
	for i++; i < len(v.tokens) && (v.word(i) != "" || v.is(i, ".") || v.is(i, "*")) && v.tokens[i].line == line; i++ {
		switch w := v.word(i); w {
		case "static", "global":
			continue
		case "as":
			i = len(v.tokens)
			continue
		}
		if i < len(v.tokens) {
			b.Write(v.text(v.tokens[i]))
		}
	}
	if b.Len() > 0 && !strings.Contains(b.String(), "=") {
		a.imports = append(a.imports, b.String())
	}
}

// javaTest notes the method behind an annotation: the next name before parentheses and a block.
func javaTest(a *Analysis, v *view, i int) {
	limit := min(len(v.tokens), i+200)
	for i++; i < limit; i++ {
		if v.is(i, "(") && (v.is(i-2, "@") || v.is(i-2, "[")) {
			i = v.after(i) - 1
			continue
		}
		if v.is(i, ";") || v.is(i, "{") {
			return
		}
		if !v.is(i+1, "(") || v.word(i) == "" && !v.has(i, kindString) || v.is(i-1, "@") || v.is(i-1, "[") {
			continue
		}
		body := v.after(i + 1)
		for body < limit && !v.is(body, "{") && !v.is(body, ";") && !v.is(body, "=") {
			body++
		}
		end := v.after(body)
		a.tests = append(a.tests, test{name: strings.Trim(string(v.text(v.tokens[i])), "`"), statements: min(1, end-body-2), asserts: v.assertsIn(body, max(end, v.lineEnd(body)))})
		return
	}
}

// lineEnd is the index of the first token on a later line than token i.
func (v *view) lineEnd(i int) int {
	if i >= len(v.tokens) {
		return i
	}
	line := v.tokens[i].line
	for i < len(v.tokens) && v.tokens[i].line == line {
		i++
	}
	return i
}

// javaExport notes a public type or method: tokens up to its body.
func javaExport(a *Analysis, v *view, i int) {
	if a.Class == ClassTest {
		return
	}
	name, to := "", i+1
	for limit := min(len(v.tokens), i+300); to < limit && !v.is(to, "{") && !v.is(to, ";") && !v.is(to, "="); to = v.after(to) {
		if w := v.word(to); w != "" && (name == "" && v.is(to+1, "(") || typeKeyword(v.word(to-1))) {
			name = w
		}
	}
	if name == "" && to > i+1 {
		name = v.word(to - 1)
	}
	if name == "" {
		return
	}
	shape := v.shape(i, to)
	if old := a.exports[name]; old != "" && old != shape {
		name = shape // an overload
	}
	a.exports[name] = shape
}

func typeKeyword(w string) bool {
	switch w {
	case "class", "interface", "enum", "record", "struct", "object", "trait":
		return true
	}
	return false
}

// rustFacts reads use, pub and #[test].
func rustFacts(a *Analysis) {
	v := a.code
	for i := range v.tokens {
		switch v.word(i) {
		case "use":
			if !v.is(i-1, ".") {
				a.imports = append(a.imports, rustPath(v, i+1))
			}
		case "pub":
			rustExport(a, v, i)
		case "test", "test_case", "rstest", "proptest":
			if v.is(i+1, "]") && (v.is(i-1, "[") || v.is(i-1, ":")) || v.is(i-1, "[") && v.is(i-2, "#") && v.is(i+1, "(") {
				rustTest(a, v, i)
			}
		case "ignore":
			if v.is(i-1, "[") && v.is(i-2, "#") {
				a.skip(v.tokens[i].line, "#[ignore]")
			}
		}
	}
	a.asserts = v.assertsIn(0, len(v.tokens))
}

func rustPath(v *view, i int) string {
	to := i
	for to < len(v.tokens) && !v.is(to, ";") && !v.is(to, "use") && to < i+200 {
		to++
	}
	return strings.ReplaceAll(v.shape(i, to), " ", "")
}

func rustTest(a *Analysis, v *view, i int) {
	for limit := min(len(v.tokens), i+100); i < limit && !v.is(i, "fn"); i++ {
		if v.is(i, "{") {
			return
		}
	}
	body := i
	for limit := v.limit(i); body < limit && !v.is(body, "{") && !v.is(body, ";"); {
		body = v.after(body)
	}
	end := v.after(body)
	if name := v.word(i + 1); name != "" {
		a.tests = append(a.tests, test{name: name, statements: min(1, end-body-2), asserts: v.assertsIn(body, end)})
	}
}

// rustExport notes a plainly public item; pub(crate) is none.
func rustExport(a *Analysis, v *view, i int) {
	to := i + 1
	if v.is(to, "(") || v.tokens[i].flags&flagNewline == 0 && i > 0 {
		return
	}
	for to < len(v.tokens) && !v.is(to, "{") && !v.is(to, ";") && !v.is(to, "=") && to < i+400 {
		to = v.after(to)
	}
	for j := i + 1; j < to; j++ {
		switch v.word(j) {
		case "fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union":
			if name := v.word(j + 1); name != "" && name != "fn" {
				a.exports[name] = v.shape(i+1, to)
				return
			}
		}
	}
}

// cFacts reads #include lines.
func cFacts(a *Analysis) {
	v := a.code
	for _, t := range v.tokens {
		if t.kind != kindText {
			continue
		}
		line := bytes.TrimLeft(v.text(t)[1:], " \t")
		if rest, ok := bytes.CutPrefix(line, []byte("include")); ok {
			name, _, _ := strings.Cut(strings.TrimLeft(strings.TrimSpace(string(rest)), `<"`), `"`)
			name, _, _ = strings.Cut(name, ">")
			a.imports = append(a.imports, name)
		}
	}
	if a.Class == ClassTest {
		a.asserts = v.assertsIn(0, len(v.tokens))
	}
}

// protoFacts notes imports, and every message, enum, service, field and method by its dotted name.
func protoFacts(a *Analysis) {
	v := a.code
	var scope []string
	name := ""
	start := 0
	for i := range v.tokens {
		switch {
		case v.is(i, "{"):
			scope = append(scope, name)
			start = i + 1
		case v.is(i, "}"):
			scope = scope[:max(0, len(scope)-1)]
			start = i + 1
		case v.is(i, ";"):
			protoField(a, v, scope, start, i)
			start = i + 1
		}
		switch v.word(i) {
		case "message", "enum", "service", "oneof", "extend", "rpc":
			if name = v.word(i + 1); i == start && name != "" {
				a.exports[protoName(scope, name)] = v.word(i)
				if v.is(i, "rpc") {
					a.exports[protoName(scope, name)] = v.shape(i, v.protoEnd(i))
				}
			}
		}
	}
}

// protoEnd is the index of the next ";" or "{".
func (v *view) protoEnd(i int) int {
	for limit := v.limit(i); i < limit && !v.is(i, ";") && !v.is(i, "{"); {
		i++
	}
	return i
}

// protoField notes the statement of tokens from up to to: a field, an enum value or an import.
func protoField(a *Analysis, v *view, scope []string, from, to int) {
	switch v.word(from) {
	case "import":
		if s, ok := v.str(to - 1); ok {
			a.imports = append(a.imports, s)
		}
		return
	case "package", "syntax", "edition", "rpc", "reserved", "extensions":
		if !v.is(from, "rpc") {
			a.exports[protoName(scope, v.word(from))] = v.shape(from, to)
		}
		return
	case "option":
		return
	}
	for i := from; i+1 < to; i++ {
		if v.is(i+1, "=") && v.word(i) != "" {
			a.exports[protoName(scope, v.word(i))] = v.shape(from, min(to, i+3))
			return
		}
	}
}

// protoName joins at most the innermost scopes: nesting may be as deep as its author likes.
func protoName(scope []string, name string) string {
	return strings.Join(append(append([]string{}, scope[max(0, len(scope)-8):]...), name), ".")
}

// hclFacts notes resources, data and modules whose type touches access rights, keys or secrets.
func hclFacts(a *Analysis) {
	v := a.code
	for i := range v.tokens {
		switch v.word(i) {
		case "resource", "data":
			if s, ok := v.str(i + 1); ok && sensitiveResource(s) {
				a.sensitive = append(a.sensitive, s)
			}
		case "source":
			if s, ok := v.str(i + 2); ok && v.is(i+1, "=") {
				a.imports = append(a.imports, s)
			}
		}
	}
}

func sensitiveResource(name string) bool {
	for word := range strings.SplitSeq(name, "_") {
		if sensitiveWord(word) {
			return true
		}
	}
	return false
}
