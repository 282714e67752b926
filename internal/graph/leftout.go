package graph

import (
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// mostLeftOut is how many problems of a snapshot are told one by one.
const mostLeftOut = 10

// LeftOut is what the graph lacks, or has in part, for people: files that are too large, manifests that nobody understands. Each
// message is a sentence that names its file; those beyond the tenth are counted.
func (s *Snapshot) LeftOut() []imports.Problem {
	told := slices.Clone(s.Problems[:min(len(s.Problems), mostLeftOut)])
	for i := range told {
		p := &told[i]
		at := p.Path
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d", at, p.Line)
		}
		p.Message = "left out of the graph: " + at + ": " + p.Message
	}
	if more := len(s.Problems) - len(told); more > 0 {
		told = append(told, imports.Problem{Message: fmt.Sprintf("%d more are left out of the graph", more)})
	}
	return told
}
