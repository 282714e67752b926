package manifest

import (
	"fmt"
	"strings"
)

// Diagnostic is one problem at one place of a document. It is an error.
type Diagnostic struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`              // 1-based; 0 = the whole file
	Column  int    `json:"column"`            // 1-based, in characters; 0 = the whole line
	Pointer string `json:"pointer,omitempty"` // JSON pointer (RFC 6901) of the value, when there is one
	Message string `json:"message"`
}

// Error is "path:line:column: message", without the parts that are unknown.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	b.WriteString(d.Path)
	if d.Line > 0 {
		fmt.Fprintf(&b, ":%d", d.Line)
		if d.Column > 0 {
			fmt.Fprintf(&b, ":%d", d.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	return b.String() + d.Message
}

// Diagnostics is a list of problems as one error. Join builds it.
type Diagnostics []Diagnostic

// Error lists the problems, one a line.
func (l Diagnostics) Error() string {
	lines := make([]string, len(l))
	for i := range l {
		lines[i] = l[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Join makes one error of diagnostics, nil when there are none.
func Join(list []Diagnostic) error {
	if len(list) == 0 {
		return nil
	}
	return Diagnostics(list)
}
