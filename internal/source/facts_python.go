package source

import "strings"

// pythonFacts walks the statements of a Python file; the depth of INDENT tells where each stands.
func pythonFacts(a *Analysis) {
	p := &pythonWalk{a: a, v: a.code}
	for i := 0; i < len(p.v.tokens); {
		i = p.statement(i)
	}
	if a.Class == ClassTest {
		a.asserts = p.v.assertsIn(0, len(p.v.tokens))
	}
}

type pythonWalk struct {
	a       *Analysis
	v       *view
	depth   int
	classes []pythonClass // open class blocks
}

type pythonClass struct {
	name  string
	depth int // of its body
}

// statement reads one statement or compound header and gives the index of the next.
func (p *pythonWalk) statement(i int) int {
	v := p.v
	switch {
	case v.has(i, kindIndent):
		p.depth++
		return i + 1
	case v.has(i, kindDedent):
		p.depth--
		for len(p.classes) > 0 && p.classes[len(p.classes)-1].depth > p.depth {
			p.classes = p.classes[:len(p.classes)-1]
		}
		return i + 1
	}
	end := v.pythonEnd(i)
	switch v.word(i) {
	case "import":
		p.names(i+1, end)
	case "from":
		p.from(i+1, end)
	case "async":
		p.define(i+1, end)
	case "def", "class":
		p.define(i, end)
	case "__all__":
		p.a.exports["__all__"] = v.shape(i, end)
	}
	if v.is(i, "@") {
		p.decorator(i, end)
	} else {
		p.calls(i, end)
	}
	return end
}

// pythonEnd is the index behind the NEWLINE of the statement at i.
func (v *view) pythonEnd(i int) int {
	for i < len(v.tokens) && !v.has(i, kindNewline) {
		i++
	}
	return i + 1
}

// dotted reads a module's name at i.
func (p *pythonWalk) dotted(i int) (string, int) {
	var b strings.Builder
	for p.v.is(i, ".") || p.v.is(i, "...") || p.v.word(i) != "" && p.v.word(i) != "import" && p.v.word(i) != "as" {
		b.Write(p.v.text(p.v.tokens[i]))
		i++
	}
	return b.String(), i
}

func (p *pythonWalk) names(i, end int) {
	for i < end {
		name, next := p.dotted(i)
		if name != "" {
			p.a.imports = append(p.a.imports, name)
		}
		for next < end && !p.v.is(next, ",") {
			next++
		}
		i = next + 1
	}
}

// from notes the module, and of "from . import a" each name.
func (p *pythonWalk) from(i, end int) {
	module, next := p.dotted(i)
	if strings.Trim(module, ".") != "" {
		p.a.imports = append(p.a.imports, module)
		return
	}
	for next++; next < end; next++ {
		if w := p.v.word(next); w != "" && !p.v.is(next-1, "as") && w != "as" {
			p.a.imports = append(p.a.imports, module+w)
		}
	}
}

// define reads the def or class at i.
func (p *pythonWalk) define(i, end int) {
	kind, name := p.v.word(i), p.v.word(i+1)
	if name == "" || kind != "def" && kind != "class" {
		return
	}
	inClass := len(p.classes) > 0 && p.classes[len(p.classes)-1].depth == p.depth
	full := name
	if inClass {
		full = p.classes[len(p.classes)-1].name + "." + name
	}
	if (p.depth == 0 || inClass) && !hiddenPython(full) && p.a.Class != ClassTest {
		p.a.exports[full] = p.v.shape(i, end-1)
	}
	if kind == "class" {
		p.classes = append(p.classes, pythonClass{full, p.depth + 1})
		return
	}
	if p.a.Class == ClassTest && (p.depth == 0 || inClass) && strings.HasPrefix(name, "test") {
		from, to := p.body(i, end)
		p.a.tests = append(p.a.tests, test{name: full, statements: p.statements(from, to), asserts: p.v.assertsIn(from, to)})
	}
}

// hiddenPython reports whether a part of a dotted name is private; names such as __init__ are not.
func hiddenPython(name string) bool {
	for part := range strings.SplitSeq(name, ".") {
		if strings.HasPrefix(part, "_") && !strings.HasSuffix(part, "__") {
			return true
		}
	}
	return false
}

// body is the block of the header that ends at end, or the rest of a one-line header.
func (p *pythonWalk) body(i, end int) (from, to int) {
	if !p.v.has(end, kindIndent) {
		for i < end && !p.v.is(i, ":") {
			i = p.v.after(i)
		}
		return i + 1, end
	}
	depth := 0
	for to = end; to < len(p.v.tokens); to++ {
		switch p.v.tokens[to].kind {
		case kindIndent:
			depth++
		case kindDedent:
			depth--
			if depth == 0 {
				return end + 1, to
			}
		}
	}
	return end + 1, to
}

// statements counts the lines of a block that do something: not pass, "...", or a literal alone.
func (p *pythonWalk) statements(from, to int) int {
	n := 0
	for i := from; i < to; {
		end := p.v.pythonEnd(i)
		trivial := end-i <= 2 && (p.v.is(i, "pass") || p.v.is(i, "...") || p.v.has(i, kindString) || p.v.has(i, kindNewline) || p.v.has(i, kindDedent))
		if n == 0 && p.v.is(i, "return") && end-i <= 2 {
			return 0
		}
		if !trivial && !p.v.has(i, kindDedent) {
			n++
		}
		i = end
	}
	return n
}

// decorator notes skips of pytest and unittest.
func (p *pythonWalk) decorator(i, end int) {
	for j := i; j < end; j++ {
		switch w := p.v.word(j); w {
		case "skip", "skipif", "skipIf", "skipUnless", "xfail", "expectedFailure", "SkipTest":
			p.a.skip(p.v.tokens[i].line, clip(p.v.shape(i, min(end-1, i+20))))
			return
		}
	}
}

// calls notes pytest.skip(...), self.skipTest(...), pytestmark, and clients of sensitive services: boto3.client("iam").
func (p *pythonWalk) calls(i, end int) {
	for j := i; j < end; j++ {
		w := p.v.word(j)
		if w == "" || !p.v.is(j+1, "(") && w != "pytestmark" {
			continue
		}
		switch w {
		case "skip", "skipTest", "xfail", "importorskip":
			if p.v.is(j-1, ".") {
				p.a.skip(p.v.tokens[j].line, clip(p.v.shape(j, min(end-1, j+20))))
			}
		case "pytestmark":
			p.decorator(j, end)
		case "client", "resource":
			if s, ok := p.v.str(j + 2); ok && p.v.is(j-1, ".") && sensitive(s) {
				p.a.sensitive = append(p.a.sensitive, w+":"+s)
			}
		}
	}
}
