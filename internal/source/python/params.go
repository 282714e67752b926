package python

import (
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

const maxParams = 255

// params reads the parameters between the parentheses at open.
func (m *module) params(open int) []exports.Param {
	c := m.code
	end := c.After(open) - 1
	var out []exports.Param
	only := false
	for i := open + 1; i < end && len(out) < maxParams; {
		from := i
		optional := false
		for i < end && !c.Is(i, ",") {
			optional = optional || c.Is(i, "=")
			i = c.After(i)
		}
		p := exports.Param{Name: c.Word(from), Optional: optional, Named: true, Only: only}
		switch {
		case c.Is(from, "/"):
			for k := range out {
				out[k].Named = false
			}
		case c.Is(from, "*") && i == from+1:
			only = true
		case c.Is(from, "*"):
			out = append(out, exports.Param{Name: c.Word(from + 1), Rest: true, Optional: true})
			only = true
		case c.Is(from, "**"):
			out = append(out, exports.Param{Name: c.Word(from + 1), Rest: true, Optional: true, Only: true})
		case p.Name != "":
			out = append(out, p)
		}
		i++
	}
	return out
}

// signature writes parameters in one line.
func signature(params []exports.Param) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range params {
		if i > 0 {
			b.WriteString(", ")
		}
		switch {
		case p.Rest && p.Only:
			b.WriteString("**")
		case p.Rest:
			b.WriteString("*")
		case p.Only && (i == 0 || !params[i-1].Only && !params[i-1].Rest):
			b.WriteString("*, ")
		}
		if p.Rest {
			continue
		}
		b.WriteString(p.Name)
		if !p.Named {
			b.WriteString("/")
		}
		if p.Optional {
			b.WriteString("=")
		}
	}
	b.WriteByte(')')
	return b.String()
}

// bases are the classes between the parentheses at open; keywords such as metaclass= are none.
func (m *module) bases(open int) []string {
	c := m.code
	end := c.After(open) - 1
	var out []string
	for i := open + 1; i < end && len(out) < maxParams; {
		from := i
		for i < end && !c.Is(i, ",") {
			i = c.After(i)
		}
		var b strings.Builder
		for k := from; k < i && !c.Is(k, "[") && !c.Is(k, "(") && b.Len() < 200; k++ {
			b.WriteString(c.Tokens[k].Text)
		}
		if text := b.String(); text != "" && !strings.Contains(text, "=") {
			out = append(out, text)
		}
		i++
	}
	return out
}
