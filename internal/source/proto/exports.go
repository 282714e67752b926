package proto

import (
	"strings"

	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// Exports reads messages with their fields and numbers, enums, services and methods. Names say where they belong, so a message
// that moves to another file of its package is the same one. Options and syntax are none of the surface.
func Exports() exports.Language {
	return exports.Language{Name: "proto", Match: match, Unit: func(string) string { return "" }, Read: Surface, Compare: compareSurfaces,
		Scope: func(p string) string {
			if exports.Inside(p, "testdata", "fixtures", "vendor", "node_modules", "third_party") {
				return exports.Repository
			}
			return exports.Public
		}}
}

// Surface reads one file.
func Surface(p string, src []byte) *exports.Surface {
	r := &surface{code: source.Cut("proto", src), path: p, out: &exports.Surface{}}
	if len(r.code.Tokens) == 0 && len(src) >= 1<<22 {
		r.out.Problem = "it is too large to be read"
		return r.out
	}
	r.read()
	return r.out
}

// surface collects the declarations of one file.
type surface struct {
	code   *source.Code
	path   string
	out    *exports.Surface
	prefix string // the package, with its dot
	open   []block
}

// block is what an open brace belongs to.
type block struct {
	kind string // message, enum, service, oneof, extend, ""
	name string // with package and outer names
}

// The parts of a field's or method's symbol.
const (
	partType = iota
	partLabel
	partOneof
)

func (r *surface) around() block {
	if len(r.open) == 0 {
		return block{}
	}
	return r.open[len(r.open)-1]
}

// owner is the name that declarations in a block begin with: that of the message around a oneof.
func (r *surface) owner() string {
	for i := len(r.open) - 1; i >= 0; i-- {
		if k := r.open[i].kind; k != "oneof" && k != "" {
			return r.open[i].name + "."
		}
	}
	return r.prefix
}

func (r *surface) read() {
	c := r.code
	from := 0
	for i := 0; i < len(c.Tokens); {
		switch {
		case c.Is(i, "{"):
			if r.simple(from) { // an option's value
				i = c.After(i)
				continue
			}
			r.enter(from, i)
			from = i + 1
		case c.Is(i, "}"):
			r.open = r.open[:max(0, len(r.open)-1)]
			from = i + 1
		case c.Is(i, ";"):
			r.statement(from, i)
			from = i + 1
		}
		i++
	}
}

// simple says whether a statement that has a brace is one without a block.
func (r *surface) simple(from int) bool {
	c := r.code
	switch c.Word(from) {
	case "option":
		return true
	case "message", "enum", "service", "oneof", "extend", "rpc":
		return c.Is(from+1, "=")
	}
	for k := from; k < from+64 && k < len(c.Tokens) && !c.Is(k, "{"); k++ {
		if c.Is(k, "[") { // options of a field
			return true
		}
	}
	return false
}

// enter opens the block of the statement from from up to the brace at i.
func (r *surface) enter(from, i int) {
	c := r.code
	b := block{kind: c.Word(from), name: r.owner() + c.Word(from+1)}
	switch b.kind {
	case "message", "enum", "service":
		r.add(exports.Symbol{Name: b.name, Kind: b.kind, Signature: b.kind}, from)
	case "oneof":
		b.name = c.Word(from + 1)
	case "rpc":
		r.method(from, i)
		b.kind = ""
	case "extend":
		b.name = r.prefix + "extend " + r.typeName(from+1, i)
	default:
		if group := r.group(from, i); group != "" {
			b = block{kind: "message", name: r.owner() + group}
			r.add(exports.Symbol{Name: b.name, Kind: "message", Signature: "message"}, from)
		} else {
			b.kind = ""
		}
	}
	if len(r.open) >= maxNames {
		b.name = "..."
	}
	r.open = append(r.open, b)
}

// group is the name of: label group Name = number {
func (r *surface) group(from, i int) string {
	for k := from; k < i && k < from+3; k++ {
		if r.code.Is(k, "group") {
			return r.code.Word(k + 1)
		}
	}
	return ""
}

func (r *surface) add(s exports.Symbol, i int) {
	s.Path, s.Line = r.path, r.code.Tokens[i].Line
	if len(s.Name) < 1000 {
		r.out.Symbols = append(r.out.Symbols, s)
	}
}

// statement reads what ends at i with a semicolon.
func (r *surface) statement(from, i int) {
	c := r.code
	switch w := c.Word(from); {
	case from >= i || w == "option" || w == "import" || w == "syntax" || w == "edition" || w == "extensions":
	case w == "package" && len(r.open) == 0:
		r.prefix = r.typeName(from+1, i) + "."
	case w == "reserved":
		r.reserved(from+1, i)
	case w == "rpc":
		r.method(from, i)
	case r.around().kind == "enum":
		r.value(from, i)
	case len(r.open) > 0 && r.around().kind != "" && r.around().kind != "service":
		r.field(from, i)
	}
}

// typeName joins the tokens of a name.
func (r *surface) typeName(from, to int) string {
	var b strings.Builder
	for k := from; k < to && k < from+128; k++ {
		b.WriteString(r.code.Tokens[k].Text)
	}
	name := b.String()
	if r.prefix != "" {
		name = strings.TrimPrefix(strings.TrimPrefix(name, "."), r.prefix)
	}
	return name
}

// field reads: [label] type name = number
func (r *surface) field(from, to int) {
	c := r.code
	label := ""
	start := from
	switch w := c.Word(from); w {
	case "optional", "required", "repeated":
		label, from = w, from+1
	}
	equal := from
	for equal < to && !c.Is(equal, "=") && !c.Is(equal, "[") {
		equal++
	}
	if !c.Is(equal, "=") || equal <= from+1 || equal+1 >= to {
		return
	}
	if label == "optional" { // may be there or not, with and without the word
		label = ""
	}
	s := exports.Symbol{Name: r.owner() + c.Word(equal-1), Kind: "field", Result: c.Tokens[equal+1].Text}
	s.Bases = []string{r.typeName(from, equal-1), label, ""}
	if b := r.around(); b.kind == "oneof" {
		s.Bases[partOneof] = b.name
	}
	s.Signature = strings.TrimSpace(label+" "+s.Bases[partType]) + " = " + s.Result
	if s.Bases[partOneof] != "" {
		s.Signature += " in " + s.Bases[partOneof]
	}
	r.add(s, start)
}

// value reads: NAME = number
func (r *surface) value(from, to int) {
	c := r.code
	if !c.Is(from+1, "=") || from+2 >= to {
		return
	}
	number := c.Tokens[from+2].Text
	if number == "-" && from+3 < to {
		number += c.Tokens[from+3].Text
	}
	r.add(exports.Symbol{Name: r.owner() + c.Word(from), Kind: "value", Result: number, Signature: "= " + number, Bases: []string{"", "", ""}}, from)
}

// method reads: rpc Name ( [stream] A ) returns ( [stream] B )
func (r *surface) method(from, to int) {
	c := r.code
	if !c.Is(from+2, "(") {
		return
	}
	ends := c.After(from+2) - 1
	request := r.streamed(from+3, ends)
	response := ""
	if c.Is(ends+1, "returns") && c.Is(ends+2, "(") {
		response = r.streamed(ends+3, c.After(ends+2)-1)
	}
	r.add(exports.Symbol{Name: r.owner() + c.Word(from+1), Kind: "rpc", Signature: "(" + request + ") returns (" + response + ")"}, from)
}

func (r *surface) streamed(from, to int) string {
	if r.code.Is(from, "stream") && from+1 < to && !r.code.Is(from+1, ".") {
		return "stream " + r.typeName(from+1, to)
	}
	return r.typeName(from, to)
}

// reserved reads numbers, ranges and names that must not be used again.
func (r *surface) reserved(from, to int) {
	s := exports.Symbol{Name: r.owner() + "reserved", Kind: "reserved", Hidden: true}
	for k := from; k < to && len(s.Bases) < 4096; {
		start := k
		for k < to && !r.code.Is(k, ",") {
			k++
		}
		var parts []string
		for p := start; p < k && p < start+4; p++ {
			parts = append(parts, r.code.Tokens[p].Text)
		}
		s.Bases = append(s.Bases, strings.Join(parts, " "))
		k++
	}
	r.add(s, from-1)
}
