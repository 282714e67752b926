package cli

import (
	"fmt"
	"io"

	"github.com/adamant-os/adamant/internal/graph"
)

// maxUnread is how many files that a graph lacks are named.
const maxUnread = 10

// warnUnread names what is not in a graph, or in part: files that are too large, manifests that nobody understands.
func warnUnread(w io.Writer, s *graph.Snapshot) {
	for i, p := range s.Problems {
		if i == maxUnread {
			fmt.Fprintf(w, "%d more are left out of the graph\n", len(s.Problems)-i)
			return
		}
		at := p.Path
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d", at, p.Line)
		}
		fmt.Fprintln(w, printable(fmt.Sprintf("left out of the graph: %s: %s", at, p.Message)))
	}
}
