package cli

import (
	"fmt"
	"io"

	"github.com/adamant-os/adamant/internal/graph"
)

// warnUnread names what is not in a graph, or in part.
func warnUnread(w io.Writer, s *graph.Snapshot) {
	for _, p := range s.LeftOut() {
		fmt.Fprintln(w, printable(p.Message))
	}
}
