package gate

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/source"
)

// The gates that only the operator can answer.
const (
	gateApproval   = "approval"
	gateMFA        = "mfa-approval"
	gateBreakGlass = "break-glass"
)

// gateCoverage asks for the operator when the added lines are not tested well enough.
const gateCoverage = "diff-coverage"

// answer says which kinds of checks answer for a gate, when the gate has nothing to validate, and what is missing when no
// check of those kinds is there.
type answer struct {
	kinds   []string
	empty   func(*facts.Input) string // reason why the gate does not apply, "" when it does
	install string                    // what is missing when nobody answers
}

var testKinds = []string{"unit", "snapshot", "integration", "regression", "e2e"}

// answers is the table of gates that the default matrix names. A gate outside the table is answered by the checks whose
// kind or name equals it.
func answers(gate string) answer {
	switch gate {
	case "lint":
		return answer{kinds: []string{"lint", "format"}}
	case "unit":
		return answer{kinds: []string{"unit"}, install: "no check of kind unit is declared"}
	case "snapshot":
		return answer{kinds: []string{"snapshot", "unit"}, empty: noSnapshots, install: "no check of kind snapshot is declared"}
	case "vulnerabilities":
		return answer{kinds: []string{"vulnerabilities"}, empty: noLockfiles, install: "the built-in check is switched off"}
	case "integration":
		return answer{kinds: []string{"integration", "e2e"}, install: "no check of kind integration is declared"}
	case "regression":
		return answer{kinds: []string{"regression"}, install: "no check of kind unit is declared whose tests at base could run"}
	case "quality":
		return answer{kinds: []string{"quality", "lint"}, install: "no linter and no sonarqube is declared"}
	case "all-tests":
		return answer{kinds: testKinds, install: "no test is declared"}
	}
	return answer{kinds: []string{gate}, install: "no check of kind " + gate + " is declared"}
}

func noSnapshots(in *facts.Input) string {
	is := func(path string) bool { return path != "" && source.TraitsOf(path, nil).Snapshot }
	gone := func(f facts.File) bool { return is(f.Path) || is(f.OldPath) }
	if in.Tree.Snapshots == 0 && !slices.ContainsFunc(in.Files, gone) { // whoever takes the last ones away is asked
		return "no snapshot files in the tree"
	}
	return ""
}

func noLockfiles(in *facts.Input) string {
	if in.Tree.Lockfiles == 0 {
		return "no dependency manifest or lock file in the tree"
	}
	return ""
}

// Required returns the gates that level demands, in the order of the matrix, and the level's own merge row. Rows are
// cumulative: a level's gates include those of every level below.
func Required(cfg manifest.Repository, level risk.Level) ([]string, manifest.MatrixRow) {
	var gates []string
	for l := risk.Trivial; l <= level; l++ {
		for _, gate := range cfg.Spec.Risk.Matrix[l.String()].Gates {
			if !slices.Contains(gates, gate) {
				gates = append(gates, gate)
			}
		}
	}
	if level == risk.Critical { // one approval, the stronger one
		gates = slices.DeleteFunc(gates, func(g string) bool { return g == gateApproval })
	}
	row := cfg.Spec.Risk.Matrix[level.String()]
	if gate := operatorGate(row.Merge); gate != "" && !slices.Contains(gates, gate) && !slices.Contains(gates, gateMFA) {
		gates = append(gates, gate)
	}
	return gates, row
}

// operatorGate is the gate that a merge mode implies: what lands by the operator's hand needs the operator's answer, whether or
// not a row of the matrix names it.
func operatorGate(mode string) string {
	switch mode {
	case ModeManual:
		return gateApproval
	case ModeManualMFA:
		return gateMFA
	}
	return ""
}

// Wanted says which of the declared checks can answer for the gates, sorted by name: the checks to run.
func Wanted(cfg manifest.Repository, gates []string) []manifest.Check {
	var out []manifest.Check
	for _, check := range cfg.Spec.Checks {
		if slices.ContainsFunc(gates, func(gate string) bool { return answersFor(check.Name, check.Kind, gate) }) {
			out = append(out, check)
		}
	}
	slices.SortFunc(out, func(a, b manifest.Check) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// answersFor says whether a check of that name and kind answers for gate. Base's tests run with the unit tests, so unit
// checks answer for the regression gate too.
func answersFor(name, kind, gate string) bool {
	return name == gate || slices.Contains(answers(gate).kinds, kind) || gate == "regression" && kind == "unit"
}

// Missing says that no declared check, built-in check or approval answers for a gate.
func Missing(cfg manifest.Repository, gate string) bool {
	switch gate {
	case gateApproval, gateMFA, gateBreakGlass, "policy", "spelling", "links", "vulnerabilities", "snapshot":
		return false
	}
	return !slices.ContainsFunc(cfg.Spec.Checks, func(c manifest.Check) bool { return answersFor(c.Name, c.Kind, gate) })
}
