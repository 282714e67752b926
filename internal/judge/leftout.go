package judge

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
)

// ruleLeftOut names the notes about what a graph lacks that the gate went by.
const ruleLeftOut = "graph/left-out"

// noteLeftOut adds a note for each file that is not in a graph which the gate goes by: what it needs is not known. Several graphs
// of one change mostly lack the same; each is said once.
func noteLeftOut(in *facts.Input, s *graph.Snapshot) {
	for _, p := range s.LeftOut() {
		f := finding.Finding{Rule: ruleLeftOut, Severity: finding.Note, Tool: "adamant", Message: strings.ToValidUTF8(p.Message, "\uFFFD"),
			Line: int(p.Line), Fix: "look there yourself for what needs this change"}
		if p.Path != "" {
			f.Path = facts.SpellPath(p.Path)
		}
		f.Fingerprint = finding.Fingerprint(f.Rule, f.Message, "", 0)
		if !slices.ContainsFunc(in.Findings, func(o finding.Finding) bool { return o.Rule == f.Rule && o.Fingerprint == f.Fingerprint }) {
			in.Findings = append(in.Findings, f)
		}
	}
}
