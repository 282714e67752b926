package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
)

const textWidth = 100

// writeVerdictText explains a verdict to a person: the decision first, then why the level, the gates, what was found, and
// the next step.
func writeVerdictText(w io.Writer, v *gate.Verdict, s style) {
	a := v.Assessment
	fmt.Fprintf(w, "%s  %s risk, score %d  %s +%d -%d  %s..%s\n",
		s.decision(strings.ToUpper(v.Decision), v.Decision), a.Level, a.Score, plural(a.Diffstat.Files, "file"),
		a.Diffstat.Added, a.Diffstat.Deleted, shortOID(a.Base), shortOID(a.Head))
	fmt.Fprintf(w, "%s\n", landing(v))
	writeWhy(w, a, s)
	writeGates(w, a, s)
	writeFindings(w, a, s)
	writeRatchet(w, a, s)
	writeWaivers(w, v, s)
	writeReasons(w, v, s)
}

// landing says how and when the change may land, in one line.
func landing(v *gate.Verdict) string {
	switch {
	case v.Decision == gate.Deny:
		return "It may not land as it is."
	case v.Decision == gate.Allow && v.Assessment.Diffstat.Files == 0:
		return "The change is empty: there is nothing to judge. Uncommitted work is judged with --worktree."
	case v.Decision == gate.Allow:
		return "It may land now, by " + mergeWords(v.Merge) + "."
	case v.NotBefore != nil:
		return "It may land from " + v.NotBefore.Format(time.RFC3339) + ", by " + mergeWords(v.Merge) + "."
	}
	return "It waits, and then lands by " + mergeWords(v.Merge) + "."
}

func mergeWords(m gate.Merge) string {
	switch m.Mode {
	case gate.ModeAuto:
		return "itself"
	case gate.ModeSoak:
		return "itself after " + soakWords(time.Duration(m.SoakSeconds)*time.Second)
	case gate.ModeManual:
		return "your approval"
	case gate.ModeManualMFA:
		return "your approval with two factors"
	}
	return "nothing"
}

// soakWords leaves out the zeros that Duration.String ends in.
func soakWords(soak time.Duration) string {
	text := soak.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func writeWhy(w io.Writer, a *gate.Assessment, s style) {
	fmt.Fprintf(w, "\n%s\n", s.bold("Why "+a.Level.String()))
	const most = 8
	for i, r := range a.Floor {
		if i == most {
			fmt.Fprintf(w, "  %s\n", s.dim(fmt.Sprintf("and %s (--json shows all)", plural(len(a.Floor)-most, "more reason"))))
			break
		}
		fmt.Fprintf(w, "  %s %s\n", pad(r.Level.String(), 8), clip(place(r.Path, r.Line)+r.Message, textWidth-11))
	}
	var parts []string
	for _, f := range a.Factors {
		parts = append(parts, f.Text)
	}
	if len(parts) == 0 {
		parts = []string{"nothing in it adds to the score"}
	}
	for i, line := range wrap(fmt.Sprintf("score %d: %s", a.Score, strings.Join(parts, ", ")), textWidth-11) {
		head := "  " + pad(a.Band.String(), 9)
		if i > 0 {
			head = "           "
		}
		fmt.Fprintf(w, "%s%s\n", head, line)
	}
}

func writeGates(w io.Writer, a *gate.Assessment, s style) {
	fmt.Fprintf(w, "\n%s\n", s.bold("Gates"))
	var quiet []string
	for _, g := range a.Gates {
		if g.State == gate.Passed && g.Source == "builtin" && g.Reason == "" {
			quiet = append(quiet, g.Name)
			continue
		}
		about := g.Reason
		if len(g.Checks) > 0 && !(len(g.Checks) == 1 && g.Checks[0] == g.Name) {
			about = strings.TrimSpace(strings.Join(g.Checks, ", ") + "  " + about)
		}
		if g.Source == "ci" || g.Source == "cache" {
			about = strings.TrimSpace("(" + g.Source + ") " + about)
		}
		mark := gateMark(g.State)
		line := fmt.Sprintf("  %s %s %s %s", mark, pad(g.Name, 16), pad(g.State, 14), about)
		fmt.Fprintln(w, paintGate(s, g.State, clip(strings.TrimRight(line, " "), textWidth)))
	}
	if len(quiet) > 0 {
		for i, line := range wrap(strings.Join(quiet, ", "), textWidth-36) {
			head := "  + " + pad("built in", 16) + " " + pad("passed", 14)
			if i > 0 {
				head = pad("", 35)
			}
			fmt.Fprintln(w, paintGate(s, gate.Passed, head+" "+line))
		}
	}
}

func gateMark(state string) string {
	switch state {
	case gate.Passed:
		return "+"
	case gate.NotApplicable, gate.Accepted:
		return "="
	case gate.Failed, gate.Errored:
		return "x"
	}
	return "?"
}

func paintGate(s style, state, line string) string {
	switch gateMark(state) {
	case "+":
		return s.green(line)
	case "x":
		return s.red(line)
	case "?":
		return s.yellow(line)
	}
	return s.dim(line)
}

// mostOfRule is how many findings of one rule are written out: a suite that fails as a whole says the same thing many times.
const mostOfRule = 8

// writeFindings shows the new findings, counts what would repeat itself and the ones that were there before.
func writeFindings(w io.Writer, a *gate.Assessment, s style) {
	known, shown := 0, 0
	ofRule := map[string]int{}
	for _, f := range a.Findings {
		if f.State == finding.Unchanged || f.State == finding.Absent {
			known++
			continue
		}
		if shown == 0 {
			fmt.Fprintf(w, "\n%s\n", s.bold("Findings"))
		}
		shown++
		if ofRule[f.Rule]++; ofRule[f.Rule] <= mostOfRule {
			writeFinding(w, f, s)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(ofRule)) {
		if more := ofRule[rule] - mostOfRule; more > 0 {
			fmt.Fprintf(w, "  %s\n", s.dim(fmt.Sprintf("... and %d more of %s (--json shows all)", more, printable(rule))))
		}
	}
	if known > 0 {
		fmt.Fprintf(w, "\n%s\n", s.dim(plural(known, "older finding")+" in these files, not counted against the change"))
	}
}

func writeFinding(w io.Writer, f finding.Finding, s style) {
	head := pad(printable(string(f.Severity)), 7)
	switch {
	case gate.Blocks(f):
		head = s.red(head)
	case f.Waiver != "":
		head = s.dim(pad("waived", 7))
	}
	fmt.Fprintf(w, "  %s %s %s\n", head, s.bold(strings.TrimSuffix(place(f.Path, f.Line), "  ")), printable(f.Rule))
	for _, line := range wrap(printable(f.Message), textWidth-10) {
		fmt.Fprintf(w, "          %s\n", line)
	}
	if f.Fix != "" {
		for i, line := range wrap(printable(f.Fix), textWidth-15) {
			head := "fix: "
			if i > 0 {
				head = "     "
			}
			fmt.Fprintf(w, "          %s%s\n", s.dim(head), line)
		}
	}
}

// writeReasons ends with what to do, once for all that wait for the same, except for findings, which carry their fix.
func writeReasons(w io.Writer, v *gate.Verdict, s style) {
	waiting := map[string][]gate.Reason{}
	var nexts []string
	for _, r := range v.Reasons {
		if r.Code == "finding" {
			continue
		}
		if len(waiting[r.Next]) == 0 {
			nexts = append(nexts, r.Next)
		}
		waiting[r.Next] = append(waiting[r.Next], r)
	}
	if len(nexts) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.bold("What it waits for"))
	}
	for _, next := range nexts {
		said := ""
		for _, r := range waiting[next] {
			text := place(r.Path, r.Line) + r.Message
			if text == said {
				text = "the same"
			} else {
				said = text
			}
			writeColumn(w, printable(r.Subject), text)
		}
		if next != "" {
			writeColumn(w, "", "next: "+next)
		}
	}
}

// writeColumn writes text beside a name. What is longer than a few lines is in the JSON.
func writeColumn(w io.Writer, name, text string) {
	const most = 4
	lines := wrap(printable(text), textWidth-20)
	if len(lines) > most {
		lines = append(lines[:most-1], lines[most-1]+" ... (--json shows all)")
	}
	for _, line := range lines {
		fmt.Fprintf(w, "  %s %s\n", pad(name, 16), clip(line, textWidth-19))
		name = ""
	}
}

func place(path string, line int) string {
	switch {
	case path == "":
		return ""
	case line == 0:
		return printable(path) + "  "
	}
	return fmt.Sprintf("%s:%d  ", printable(path), line)
}

// clip shortens text to width columns, for lines that must not wrap. JSON output carries the whole text.
func clip(text string, width int) string {
	text = printable(text)
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text
}

func shortOID(oid string) string {
	if len(oid) > 12 {
		return oid[:12]
	}
	return oid
}
