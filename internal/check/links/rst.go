package links

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

var (
	directive = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*\.\. (?:\|[^|]+\| )?(image|figure|include|literalinclude)::\s+(\S+)\s*$`)
	})
	hyperlink = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("`[^`<]*<([^`<>]+)>`__?") })
	named     = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile("^\\s*\\.\\. _(`[^`]+`|[^:`]+):\\s*(\\S.*)?$")
	})
)

// restructured collects links from reStructuredText: hyperlinks with an embedded target, named targets, and the files of
// image, figure, include and literalinclude directives. Roles of Sphinx (:doc:, :ref:) need its project and are left alone.
func (d *document) restructured(text []byte) {
	d.open = true // anchors come from labels, directives and extensions: a missing one proves nothing
	add := func(target []byte, offset int) {
		if !bytes.HasSuffix(target, []byte("_")) {
			d.links = append(d.links, link{target: string(target), offset: offset})
		}
	}
	literal := -1 // indentation of the line that opened a literal block
	for line := range builtin.Lines(text) {
		body := bytes.TrimLeft(line.Text, " \t")
		indent := len(line.Text) - len(body)
		if len(body) == 0 {
			continue
		}
		if literal >= 0 && indent > literal {
			continue
		}
		literal = -1
		if m := directive().FindSubmatchIndex(line.Text); m != nil {
			add(line.Text[m[4]:m[5]], line.Offset+m[4])
			continue
		}
		if m := named().FindSubmatchIndex(line.Text); m != nil {
			if m[4] >= 0 {
				add(line.Text[m[4]:m[5]], line.Offset+m[4])
			}
			continue
		}
		for _, m := range hyperlink().FindAllSubmatchIndex(line.Text, -1) {
			if !bytes.HasSuffix(line.Text[:m[0]], []byte(":")) { // a role's target
				add(line.Text[m[2]:m[3]], line.Offset+m[2])
			}
		}
		if opensLiteral(string(body)) {
			literal = indent
		}
	}
}

func opensLiteral(body string) bool {
	return strings.HasSuffix(strings.TrimRight(body, " \t\r"), "::") && !strings.HasPrefix(body, ".. _") ||
		strings.HasPrefix(body, ".. code") || strings.HasPrefix(body, ".. sourcecode")
}
