package document

import (
	"strconv"
	"strings"

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

// itemLines cuts the lines of a List into those of its n items, with pointers relative to the item.
func itemLines(lines map[string]int, n int) []map[string]int {
	out := make([]map[string]int, n)
	for i := range out {
		out[i] = map[string]int{}
	}
	for pointer, line := range lines {
		rest, ok := strings.CutPrefix(pointer, "/items/")
		if !ok {
			continue
		}
		index, below, _ := strings.Cut(rest, "/")
		i, err := strconv.Atoi(index)
		if err != nil || i >= n {
			continue
		}
		if len(rest) > len(index) {
			below = "/" + below
		}
		out[i][below] = line
	}
	return out
}
