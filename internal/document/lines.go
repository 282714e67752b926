package document

import (
	"github.com/adamant-os/adamant/internal/document/format"
)

// LineOf is the 1-based line of the value at a JSON pointer, or of the nearest parent that is there; 0 when the document
// has no lines.
func (d *Document) LineOf(pointer string) int {
	if d.Lines == nil && d.places != nil {
		return d.places.LineOf(pointer)
	}
	return format.Lines(d.Lines).LineOf(pointer)
}

// place fills Lines.
func (d *Document) place() {
	if d.Lines == nil && d.places != nil {
		d.Lines = d.places.All()
	}
}
