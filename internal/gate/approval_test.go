package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

const why = "the pager said so, and the plan is in the ticket"

// asked is an assessment of a high change that waits for the operator and for nothing else.
func asked(change func(*Assessment)) *Assessment {
	a := &Assessment{APIVersion: AssessmentVersion, Digest: "d", Target: "main", Base: "b1", Head: "h1", MergedTree: "t1", EffectiveDiff: "e1",
		Governance: "g1", Level: risk.High, Merge: Merge{Mode: ModeManual},
		Gates: []Gate{{Name: "unit", State: Passed}, {Name: gateApproval, State: Waiting}}}
	if change != nil {
		change(a)
	}
	return a
}

func critical(a *Assessment) {
	a.Level, a.Merge.Mode = risk.Critical, ModeManualMFA
	a.Gates = []Gate{{Name: "unit", State: Passed}, {Name: gateBreakGlass, State: Waiting}, {Name: gateMFA, State: Waiting}}
}

// given is an approval of everything that a asks, by a plain SSH key unless changed.
func given(a *Assessment, change func(*Approval)) Approval {
	v := Decide(a, Standing{Change: "c1", Now: noon})
	s := Draft(v, nil)
	s.Reason, s.Nonce, s.At, s.Expires = why, strings.Repeat("0a", 16), noon, noon.Add(time.Hour)
	p := Approval{By: "ada", Key: "k1", Method: MethodSSH, At: noon, Statement: s}
	if change != nil {
		change(&p)
	}
	return p
}

func verified(p *Approval) { p.Method, p.MFA = MethodWebAuthn, true }

func TestApprovalKeepsWhileTheChangeIsTheSame(t *testing.T) {
	t.Parallel()
	withFinding := func(a *Assessment) {
		a.Findings = []finding.Finding{{Rule: "r", Fingerprint: "f1", Severity: finding.Warning, State: finding.New}}
	}
	tests := []struct {
		name  string
		first func(*Assessment) // what was approved
		by    func(*Approval)
		then  func(*Assessment) // what it is judged to be now
		after time.Duration
		void  string // a part of why, "" when it counts
	}{
		{"nothing happened", nil, nil, nil, 0, ""},
		{"main moved", nil, nil, func(a *Assessment) { a.Base, a.MergedTree, a.Digest = "b2", "t2", "d2" }, 0, ""},
		{"a new patch set", nil, nil, func(a *Assessment) { a.Head = "h2" }, 0, "new patch set"},
		{"another branch", nil, nil, func(a *Assessment) { a.Target = "release" }, 0, "not release"},
		{"another effect", nil, nil, func(a *Assessment) { a.EffectiveDiff = "e2" }, 0, "what it changes"},
		{"other governance", nil, nil, func(a *Assessment) { a.Governance = "g2" }, 0, "configuration or policy"},
		{"a higher level", nil, verified, func(a *Assessment) { a.Level = risk.Critical }, 0, "rose from high to critical"},
		{"a lower level", nil, nil, func(a *Assessment) { a.Level = risk.Low }, 0, ""},
		{"one gate more", nil, nil, func(a *Assessment) { a.Gates = append(a.Gates, Gate{Name: "load", State: Passed}) }, 0, "the gate load"},
		{"one gate less", nil, nil, func(a *Assessment) { a.Gates = a.Gates[1:] }, 0, ""},
		{"a new finding", nil, nil, withFinding, 0, "a finding that was not there: r@f1"},
		{"the same finding", withFinding, nil, withFinding, 0, ""},
		{"a finding less", withFinding, nil, nil, 0, ""},
		{"the same finding twice", withFinding, nil, func(a *Assessment) { withFinding(a); a.Findings = append(a.Findings, a.Findings[0]) }, 0, "r@f1#2"},
		{"a finding of base", nil, nil, func(a *Assessment) {
			a.Findings = []finding.Finding{{Rule: "r", Fingerprint: "f1", State: finding.Unchanged}}
		}, 0, ""},
		{"the last second", nil, nil, nil, time.Hour - time.Second, ""},
		{"the end", nil, nil, nil, time.Hour, "lapsed at 2026-11-22T13:00:00Z"},
		{"another change", nil, func(p *Approval) { p.Statement.Change = "c2" }, nil, 0, "another change"},
		{"an unknown method", nil, func(p *Approval) { p.Method = "word of honour" }, nil, 0, "nobody knows"},
		{"a code", nil, func(p *Approval) { p.Method = MethodTOTP }, nil, 0, ""},
		{"a code that claims to verify", nil, func(p *Approval) { p.Method, p.MFA = MethodTOTP, true }, nil, 0, "cannot verify a user"},
		{"a plain key that claims to verify", nil, func(p *Approval) { p.MFA = true }, nil, 0, "cannot verify a user"},
		{"critical", critical, verified, critical, 0, ""},
		{"critical by a plain key", critical, nil, critical, 0, "verifies its user"},
		{"critical by a code", critical, func(p *Approval) { p.Method = MethodTOTP }, critical, 0, "verifies its user"},
		{"critical, main moved", critical, verified, func(a *Assessment) { critical(a); a.Base = "b2" }, 0, "main has moved"},
		{"critical, another landing tree", critical, verified, func(a *Assessment) { critical(a); a.MergedTree = "t2" }, 0, "main has moved"},
		{"critical that became high", critical, verified, nil, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := given(asked(tt.first), tt.by)
			v := Decide(asked(tt.then), Standing{Change: "c1", Approvals: []Approval{p}, Now: noon.Add(tt.after)})
			got := v.Approvals[0].Void
			if tt.void == "" && (got != "" || v.Decision != Allow) {
				t.Errorf("void %q and %s, want it to count: %+v", got, v.Decision, v.Reasons)
			}
			if tt.void != "" && (!strings.Contains(got, tt.void) || v.Decision == Allow) {
				t.Errorf("void %q and %s, want %q and a hold", got, v.Decision, tt.void)
			}
		})
	}
}

func TestApprovalAnswersWhatItNames(t *testing.T) {
	t.Parallel()
	hold := Reason{Code: "policy-hold", Effect: Hold, Subject: "team/look", Path: "a.tf", Line: 3, Message: "look at this"}
	missing := Gate{Name: "load", State: Unavailable}
	tests := []struct {
		name   string
		change func(*Assessment)
		by     func(*Approval)
		want   string
	}{
		{"all of it", nil, nil, Allow},
		{"nothing was signed for the gate", nil, func(p *Approval) { p.Statement.Answers = nil }, Hold},
		{"a hold by name", func(a *Assessment) { a.Holds = []Reason{hold} }, nil, Allow},
		{"a hold nobody named", func(a *Assessment) { a.Holds = []Reason{hold} }, func(p *Approval) { p.Statement.Clears = nil }, Hold},
		{"a refusal among the holds", func(a *Assessment) { r := hold; r.Effect = Deny; a.Holds = []Reason{r} }, nil, Deny},
		{"a missing gate by name", func(a *Assessment) { a.Gates = append(a.Gates, missing) }, func(p *Approval) { p.Statement.Accepts = []string{"load"} }, Allow},
		{"a missing gate nobody named", func(a *Assessment) { a.Gates = append(a.Gates, missing) }, nil, Hold},
		{"a failed gate cannot be accepted", func(a *Assessment) { a.Gates = append(a.Gates, Gate{Name: "load", State: Failed}) },
			func(p *Approval) { p.Statement.Accepts = []string{"load"} }, Deny},
		{"base's tests that wait", func(a *Assessment) { a.Gates = append(a.Gates, Gate{Name: "regression", State: Waiting}) }, nil, Allow},
		{"two factors asked, one given", func(a *Assessment) { a.Gates[1].Name = gateMFA }, nil, Hold},
		{"two factors", func(a *Assessment) { a.Gates[1].Name = gateMFA }, verified, Allow},
		{"the glass without a reason", critical, func(p *Approval) { verified(p); p.Statement.Reason = "because" }, Hold},
		{"the glass", critical, verified, Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := asked(tt.change)
			v := Decide(a, Standing{Change: "c1", Approvals: []Approval{given(a, tt.by)}, Now: noon})
			if v.Decision != tt.want {
				t.Errorf("got %s, want %s: %+v", v.Decision, tt.want, v.Reasons)
			}
		})
	}
}

// A hold that moved to another line asks the same; one with another text asks something else.
func TestHoldKey(t *testing.T) {
	t.Parallel()
	r := Reason{Code: "unread", Subject: "files/unread", Path: "a", Line: 1, Message: "m"}
	moved, other := r, r
	moved.Line = 9
	other.Message = "n"
	if HoldKey(r) != HoldKey(moved) || HoldKey(r) == HoldKey(other) {
		t.Errorf("%s, moved %s, other %s", HoldKey(r), HoldKey(moved), HoldKey(other))
	}
}

func TestLapsedApprovalIsExplained(t *testing.T) {
	t.Parallel()
	p := given(asked(nil), nil)
	v := Decide(asked(func(a *Assessment) { a.Head = "h2" }), Standing{Change: "c1", Approvals: []Approval{p}, Now: noon})
	if len(v.Reasons) != 1 || !strings.Contains(v.Reasons[0].Message, "ada's approval of 2026-11-22T12:00:00Z does not count: there is a new patch set") {
		t.Errorf("%+v", v.Reasons)
	}
	if v.Reasons[0].Next != "adamant approve c1" {
		t.Errorf("next %q", v.Reasons[0].Next)
	}
}

func TestReplayOfApprovedVerdict(t *testing.T) {
	t.Parallel()
	a := asked(nil)
	var err error
	if a.Digest, err = Digest(a); err != nil {
		t.Fatal(err)
	}
	good, old := given(a, nil), given(asked(func(a *Assessment) { a.Head = "h0" }), nil)
	v := Decide(a, Standing{Change: "c1", Approvals: []Approval{old, good}, Now: noon})
	data, err := manifest.CanonicalJSON(v)
	if err != nil || v.Decision != Allow {
		t.Fatalf("%s, %v", v.Decision, err)
	}
	again, err := Replay(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := manifest.CanonicalJSON(again); string(got) != string(data) {
		t.Errorf("replay differs:\n%s\n%s", got, data)
	}
	for _, edit := range [][2]string{{`"void":"there is a new patch set"`, `"void":""`}, {`"answers":["approval"]`, `"answers":[]`}, {`"change":"c1","decision"`, `"change":"c2","decision"`}} {
		edited := strings.Replace(string(data), edit[0], edit[1], 2)
		if edited == string(data) {
			t.Fatalf("nothing to edit: %s", edit[0])
		}
		if _, err := Replay(t.Context(), []byte(edited)); err == nil {
			t.Errorf("%s was taken", edit[1])
		}
	}
}

func TestParseStatement(t *testing.T) {
	t.Parallel()
	good := given(asked(nil), nil).Statement
	text := func(change func(*Statement)) string {
		s := good
		change(&s)
		data, err := manifest.CanonicalJSON(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	valid := text(func(*Statement) {})
	if s, err := ParseStatement([]byte(valid)); err != nil || s.Nonce != good.Nonce {
		t.Fatalf("%+v, %v", s, err)
	}
	bad := map[string]string{
		"white space":           strings.Replace(valid, `","`, `", "`, 1),
		"a line after it":       valid + "\n",
		"an unknown field":      strings.Replace(valid, `{`, `{"aaa":1,`, 1),
		"a field twice":         strings.Replace(valid, `{"accepts":[]`, `{"accepts":[],"accepts":[]`, 1),
		"another version":       text(func(s *Statement) { s.APIVersion = "adamant.dev/approval/v9" }),
		"a short nonce":         text(func(s *Statement) { s.Nonce = "00" }),
		"an end before the day": text(func(s *Statement) { s.Expires = s.At }),
		"no head":               text(func(s *Statement) { s.Scope.Head = "" }),
		"no tree":               text(func(s *Statement) { s.MergedTree = "" }),
		"no decision":           text(func(s *Statement) { s.Answers = []string{} }),
		"acceptance, no reason": text(func(s *Statement) { s.Accepts, s.Reason = []string{"load"}, "" }),
		"glass, no reason":      text(func(s *Statement) { s.Answers, s.Reason = []string{gateBreakGlass}, "because" }),
	}
	for name, data := range bad {
		if _, err := ParseStatement([]byte(data)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// Main moves a hundred times under a waiting high change: what the rule keeps is kept every time, what it voids is void from
// that judgement on for as long as its cause lasts.
func TestMainMovesUnderAnApproval(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := asked(func(a *Assessment) {
			a.Findings = []finding.Finding{{Rule: "r", Fingerprint: "f1", Severity: finding.Warning, State: finding.New}}
		})
		p := given(first, nil)
		for i := range 100 {
			now := asked(func(a *Assessment) {
				a.Base, a.MergedTree, a.Digest = fmt.Sprint("base", i), fmt.Sprint("tree", i), fmt.Sprint("digest", i)
				a.Level = risk.Level(rapid.IntRange(0, 3).Draw(t, "level"))
				a.Findings = rapid.SampledFrom([][]finding.Finding{nil, first.Findings}).Draw(t, "findings")
				a.Findings = append(slices.Clone(a.Findings), finding.Finding{Rule: "old", Fingerprint: fmt.Sprint(i), Severity: finding.Error, State: finding.Unchanged})
			})
			voids := rapid.IntRange(0, 7).Draw(t, "event")
			switch voids {
			case 1:
				now.Head = "h2"
			case 2:
				now.EffectiveDiff = "e2"
			case 3:
				now.Governance = "g2"
			case 4:
				now.Level = risk.Critical
			case 5:
				now.Gates = append(now.Gates, Gate{Name: "load", State: Passed})
			case 6:
				now.Findings = append(now.Findings, finding.Finding{Rule: "r", Fingerprint: "f2", Severity: finding.Warning, State: finding.New})
			}
			v := Decide(now, Standing{Change: "c1", Approvals: []Approval{p}, Now: noon.Add(time.Duration(i) * time.Second)})
			if kept := v.Approvals[0].Void == ""; kept != (voids == 0 || voids == 7) {
				t.Fatalf("move %d, event %d: void %q", i, voids, v.Approvals[0].Void)
			}
			if (v.Decision == Allow) != (v.Approvals[0].Void == "") {
				t.Fatalf("move %d: void %q, yet %s", i, v.Approvals[0].Void, v.Decision)
			}
		}
	})
}

// Scope.Covers is monotone: taking away level, gates or findings never uncovers, and a scope that grows never covers less.
func TestScopeIsMonotone(t *testing.T) {
	t.Parallel()
	names := []string{"unit", "lint", "load", gateApproval, gateMFA, gateBreakGlass}
	draw := func(t *rapid.T, label string) *Assessment {
		a := asked(func(a *Assessment) { a.Gates = nil })
		a.Level = risk.Level(rapid.IntRange(0, 4).Draw(t, label+" level"))
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, len(names), rapid.ID).Draw(t, label+" gates") {
			a.Gates = append(a.Gates, Gate{Name: name, State: Passed})
		}
		for _, f := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 5).Draw(t, label+" findings") {
			a.Findings = append(a.Findings, finding.Finding{Rule: "r", Fingerprint: fmt.Sprint(f)})
		}
		return a
	}
	rapid.Check(t, func(t *rapid.T) {
		approved, judged := draw(t, "approved"), draw(t, "judged")
		scope := ScopeOf(approved)
		if why := ScopeOf(judged).Covers(judged); why != "" {
			t.Fatalf("it does not cover itself: %s", why)
		}
		covered := scope.Covers(judged) == ""
		less, more := *judged, *approved
		switch rapid.IntRange(0, 2).Draw(t, "part") {
		case 0:
			less.Level = risk.Level(rapid.IntRange(0, int(judged.Level)).Draw(t, "less"))
			more.Level = risk.Level(rapid.IntRange(int(approved.Level), 4).Draw(t, "more"))
		case 1:
			less.Gates = judged.Gates[:rapid.IntRange(0, len(judged.Gates)).Draw(t, "less")]
			more.Gates = append(slices.Clone(approved.Gates), Gate{Name: rapid.SampledFrom(names).Draw(t, "more")})
		case 2:
			less.Findings = judged.Findings[:rapid.IntRange(0, len(judged.Findings)).Draw(t, "less")]
			more.Findings = append(slices.Clone(approved.Findings), finding.Finding{Rule: "r", Fingerprint: fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "more"))})
		}
		if covered && (scope.Covers(&less) != "" || ScopeOf(&more).Covers(judged) != "") {
			t.Fatalf("not monotone: %q, %q", scope.Covers(&less), ScopeOf(&more).Covers(judged))
		}
	})
}

func FuzzParseStatement(f *testing.F) {
	data, err := manifest.CanonicalJSON(given(asked(nil), nil).Statement)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"apiVersion":"adamant.dev/approval/v1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseStatement(text)
		if err != nil {
			return
		}
		if again, err := manifest.CanonicalJSON(s); err != nil || string(again) != string(text) {
			t.Fatalf("%q reads back as %q (%v)", text, again, err)
		}
	})
}
