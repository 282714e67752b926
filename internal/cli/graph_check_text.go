package cli

import (
	"bufio"
	"cmp"
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
		fmt.Fprintf(w, "%s  rule %s\n", word, printable(p.Rule))
		indented(w, "", p.Message)
	}
	fmt.Fprintf(w, "%s, %s, %s in %s and %s, by %s\n", plural(counts[finding.Error], "error"), plural(counts[finding.Warning], "warning"),
		plural(counts[finding.Note], "note"), plural(r.Files, "file"), plural(r.Edges, "edge"), cmp.Or(strings.Join(r.Rules, ", "), "what is watched of agents"))
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
	fmt.Fprintf(w, "%s  %s  %s\n", v.Severity, printable(v.Rule), printable(at))
	indented(w, "", v.Message)
	if v.Fix != "" {
		indented(w, "-> ", v.Fix)
	}
}

// indented prints text in lines of at most 100 columns.
func indented(w io.Writer, mark, text string) {
	lead := "  " + mark
	for _, line := range wrap(printable(text), 98-len(mark)) {
		fmt.Fprintln(w, lead+line)
		lead = strings.Repeat(" ", len(lead))
	}
}

func printGrowth(w io.Writer, g *rules.Growth) {
	what := fmt.Sprintf("a cycle of %d files was made", len(g.Members))
	if g.Before > 0 {
		what = fmt.Sprintf("a cycle of %d files grew to %d", g.Before, len(g.Members))
	}
	fmt.Fprintln(w, "cycle  "+what)
	if g.Cut != nil {
		if len(g.Cut.Cycle) > 0 {
			indented(w, "", strings.Join(g.Cut.Cycle, " -> "))
		}
		indented(w, "-> ", fmt.Sprintf("cut %s:%d, which needs %s", g.Cut.From, g.Cut.Line, g.Cut.To))
	}
}
