package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/finding"
)

func many(n int, edit func(i int, f *finding.Finding)) []finding.Finding {
	out := make([]finding.Finding, n)
	for i := range out {
		out[i] = finding.Finding{Rule: "team/a", Severity: finding.Error, State: finding.New, Message: "a debt", Path: fmt.Sprintf("f%05d", i), Line: 1,
			Fingerprint: fmt.Sprint("x", i), Fix: "pay it"}
		if edit != nil {
			edit(i, &out[i])
		}
	}
	finding.Sort(out)
	return out
}

// A verdict that would list forty thousand findings is bounded, says how many there are, and refuses all the same.
func TestFoldedVerdict(t *testing.T) {
	t.Parallel()
	v := Decide(assessment(func(a *Assessment) { a.Findings = foldFindings(many(40_000, nil)) }), Standing{Now: noon})
	if v.Decision != Deny || len(v.Reasons) != mostOfKind+1 || len(v.Assessment.Findings) != mostOfKind+1 {
		t.Fatalf("%s for %d reasons, %d findings", v.Decision, len(v.Reasons), len(v.Assessment.Findings))
	}
	if !slices.ContainsFunc(v.Reasons, func(r Reason) bool {
		return r.Effect == Deny && r.Next == "pay it" && strings.Contains(r.Message, "39000 more of this rule") && strings.Contains(r.Message, "in 39000 files: f01000, f01001, f01002, ...")
	}) {
		t.Error("nothing says how many there are")
	}
}

// What refuses hides behind nothing that does not: warnings, older findings and waived ones are counted by themselves.
func TestFoldNeverLosesTheDeny(t *testing.T) {
	t.Parallel()
	for name, harmless := range map[string]func(f *finding.Finding){
		"warning":   func(f *finding.Finding) { f.Severity = finding.Warning },
		"unchanged": func(f *finding.Finding) { f.State = finding.Unchanged },
		"waived":    func(f *finding.Finding) { f.Waiver = "w" },
		"in source": func(f *finding.Finding) { f.Suppress = "inSource" },
		"absent":    func(f *finding.Finding) { f.State = finding.Absent },
	} {
		got := foldFindings(many(3000, func(i int, f *finding.Finding) {
			if i < 2999 {
				harmless(f)
			}
		}))
		if !slices.ContainsFunc(got, Blocks) || len(got) != mostOfKind+2 {
			t.Errorf("%s: %d left, and none blocks", name, len(got))
		}
		if i := slices.IndexFunc(got, func(f finding.Finding) bool { return f.Path == "" }); i < 0 || Blocks(got[i]) {
			t.Errorf("%s: those that were folded block", name)
		}
	}
}

// Few findings stay as they are; other ones, folded, are another finding and another hold.
func TestFoldTellsApart(t *testing.T) {
	t.Parallel()
	few := many(mostOfKind, nil)
	if got := foldFindings(few); !slices.Equal(got, few) {
		t.Error("a thousand are folded")
	}
	other := func(i int, f *finding.Finding) {
		if i == 1500 {
			f.Fingerprint = "other"
		}
	}
	a, b := foldFindings(many(2000, nil)), foldFindings(many(2000, other))
	if slices.Equal(findingKeys(a), findingKeys(b)) {
		t.Error("an approval of these covers others")
	}
	holds := func(message string) []Reason {
		out := make([]Reason, 2000)
		for i := range out {
			out[i] = Reason{Code: "policy-hold", Effect: Hold, Subject: "team/h", Path: fmt.Sprint("f", i), Message: "look"}
		}
		out[1999].Message = message
		return foldHolds(out)
	}
	x, y := holds("look"), holds("look away")
	if len(x) != mostOfKind+1 || HoldKey(x[mostOfKind]) == HoldKey(y[mostOfKind]) {
		t.Errorf("%d holds; one answer for others", len(x))
	}
}
