package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph/rules"
)

// maxShown bounds how many violations of one rule are printed as text.
const maxShown = 20

func graphText(out io.Writer, r *graphReport) error {
	w := bufio.NewWriter(out)
	counts := map[finding.Severity]int{}
	shown := map[string]int{}
	for i := range r.New {
		v := &r.New[i]
		counts[v.Severity]++
		if shown[v.Rule]++; shown[v.Rule] <= maxShown {
			printViolation(w, v)
		}
	}
	for _, v := range r.New {
		if n := shown[v.Rule] - maxShown; n > 0 {
			fmt.Fprintf(w, "%s: %d more, see --json\n", printable(v.Rule), n)
			shown[v.Rule] = 0
		}
	}
	for i := range r.Cycles {
		printGrowth(w, &r.Cycles[i])
	}
	for _, p := range r.Problems {
		word := "note"
		if p.Fatal {
			word = "error"
		}
		fmt.Fprintf(w, "%s  rule %s: %s\n", word, printable(p.Rule), printable(p.Message))
	}
	fmt.Fprintf(w, "%d errors, %d warnings, %d notes in %d files and %d edges, by %s\n", counts[finding.Error], counts[finding.Warning],
		counts[finding.Note], r.Files, r.Edges, strings.Join(r.Rules, ", "))
	if n := len(r.Fixed) + len(r.Moved) + r.Old; n > 0 {
		fmt.Fprintf(w, "since base: %d fixed, %d were there before (%d of them moved)\n", len(r.Fixed), r.Old, len(r.Moved))
	}
	return w.Flush()
}

func printViolation(w io.Writer, v *rules.Violation) {
	at := v.File
	if at == "" {
		at = v.From
	}
	if v.Line > 0 {
		at = fmt.Sprintf("%s:%d", at, v.Line)
	}
	fmt.Fprintf(w, "%s  %s  %s\n  %s\n", v.Severity, printable(v.Rule), printable(at), printable(v.Message))
	if v.Fix != "" {
		fmt.Fprintf(w, "  -> %s\n", printable(v.Fix))
	}
}

func printGrowth(w io.Writer, g *rules.Growth) {
	what := fmt.Sprintf("a cycle of %d files was made", len(g.Members))
	if g.Before > 0 {
		what = fmt.Sprintf("a cycle of %d files grew to %d", g.Before, len(g.Members))
	}
	fmt.Fprintln(w, "cycle  "+what)
	if g.Cut != nil {
		fmt.Fprintf(w, "  %s\n  -> cut %s:%d, which needs %s\n", printable(strings.Join(g.Cut.Cycle, " -> ")), printable(g.Cut.From), g.Cut.Line, printable(g.Cut.To))
	}
}
