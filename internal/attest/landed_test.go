package attest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/risk"
)

var update = flag.Bool("update", false, "write the golden files anew")

var landedAt = time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)

func oid(c string) string { return strings.Repeat(c, 40) }

// assessment is what the gate found about a change of a level; edits make it another one.
func assessment(t *testing.T, level risk.Level, edit func(*gate.Assessment)) *gate.Assessment {
	t.Helper()
	a := &gate.Assessment{
		APIVersion: gate.AssessmentVersion, Input: digestOf(1), Change: "0123456789abcdef", Target: "refs/heads/main", Base: oid("b"), Head: oid("e"),
		MergeBase: []string{oid("b")}, MergedTree: oid("7"), EffectiveDiff: digestOf(2), Level: level, Score: 120, Band: risk.Low,
		Floor: []risk.Reason{}, Factors: []risk.Factor{}, Findings: []finding.Finding{}, Waivers: []gate.UsedWaiver{}, Holds: []gate.Reason{},
		Ratchet: []ratchet.Standing{}, Marks: []ratchet.Mark{}, Merge: gate.Merge{Mode: gate.ModeAuto}, Diffstat: gate.Diffstat{Files: 2, Added: 10, Deleted: 3},
		Governance: digestOf(3), Gates: []gate.Gate{{Name: "lint", State: gate.Passed, Source: "local", Checks: []string{"lint"}}},
	}
	if edit != nil {
		edit(a)
	}
	var err error
	a.Digest, err = gate.Digest(a)
	must(t, err)
	return a
}

// landed is a commit of an assessment, with the approvals that were given.
func landed(t *testing.T, a *gate.Assessment, approvals ...gate.Approval) Landed {
	t.Helper()
	l := Landed{
		Repository: "clinic", Gate: "https://adamant.dev/id/clinic/gate", Version: "1.0.0", Target: "refs/heads/main", Commit: oid("c"), Base: a.Base, Tree: oid("8"),
		Change: Change{ID: digestOf(7), Head: a.Head, PatchSet: 2, Title: "Sessions end after an hour", By: "person:ada"},
		Record: Record{Writer: "k-1", Seq: 41, Line: digestOf(8), Landing: strings.Repeat("d", 32), Nth: 1, Of: 1},
		Signed: true, Linear: true, Unbroken: true,
	}
	l.Verdict = gate.Decide(a, gate.Standing{Change: l.Change.ID, Approvals: approvals, Now: landedAt})
	for _, one := range l.Verdict.Approvals {
		c, err := Consented(one)
		must(t, err)
		c.Proof, c.PublicKey = json.RawMessage(`{"key":"953ad126f266c5ec","method":"ssh","signature":"-----BEGIN SSH SIGNATURE-----"}`), "ssh-ed25519 AAAA"
		l.Consents = append(l.Consents, c)
	}
	return l
}

// approve is an approval of everything that waits in an assessment, given some time before it landed.
func approve(a *gate.Assessment, change string, before time.Duration) gate.Approval {
	s := gate.Draft(&gate.Verdict{Change: change, Assessment: a}, nil)
	s.Nonce, s.At, s.Expires = strings.Repeat("0a", 16), landedAt.Add(-before), landedAt.Add(-before+time.Hour)
	return gate.Approval{By: "ada", Key: "953ad126f266c5ec", Method: gate.MethodSSH, At: s.At, Statement: s}
}

func risky(a *gate.Assessment) {
	a.Level, a.Merge.Mode = risk.High, gate.ModeManual
	a.Floor = []risk.Reason{{Level: risk.High, Rule: "auth/session", Path: "auth/session.go", Line: 40, Message: "how a session is checked changes"},
		{Level: risk.High, Rule: "auth/session", Path: "auth/cookie.go"}, {Level: risk.Medium, Rule: "api/exported"}}
	a.Gates = append(a.Gates, gate.Gate{Name: "approval", State: gate.Waiting})
	a.Findings = []finding.Finding{{Rule: "todo", Severity: finding.Warning, Message: "a todo", Fingerprint: "f1", State: finding.New},
		{Rule: "vet", Severity: finding.Error, Message: "old", Fingerprint: "f2", State: finding.Unchanged},
		{Rule: "size", Severity: finding.Error, Message: "waived", Fingerprint: "f3", State: finding.New, Waiver: "w-7"}}
	a.Waivers = []gate.UsedWaiver{{ID: "w-7", Path: "auth/**", Rule: "size", ApprovedBy: "ada", Expires: "2026-12-31", Findings: 1,
		Justification: "split is under way", Owner: "ada", Until: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}}
	a.Marks = []ratchet.Mark{{Rule: "todo", Version: "1", Scopes: map[string]ratchet.Units{}}}
}

func TestGoldenStatements(t *testing.T) {
	t.Parallel()
	plain := landed(t, assessment(t, risk.Low, nil))
	high := assessment(t, risk.High, risky)
	stale := approve(high, digestOf(7), 2*time.Hour)
	stale.Statement.Nonce = strings.Repeat("0b", 16)
	approved := landed(t, high, stale, approve(high, digestOf(7), time.Minute))
	approved.Change.Agent, approved.Change.Model, approved.Change.Task, approved.Change.By = "coder", "m-1", digestOf(9), "agent:coder"
	for name, l := range map[string]Landed{"plain": plain, "approved": approved} {
		decision, err := l.Decision()
		must(t, err)
		golden(t, name+"-decision", decision)
		text, err := decision.Text()
		must(t, err)
		summary, err := l.Summary(text)
		must(t, err)
		golden(t, name+"-summary", summary)
		approvals, err := l.Approvals()
		must(t, err)
		if want := map[string]int{"plain": 0, "approved": 1}[name]; len(approvals) != want {
			t.Fatalf("%s has %d approvals that counted, want %d", name, len(approvals), want)
		}
		for _, a := range approvals {
			golden(t, name+"-approval", a)
		}
	}
}

// golden compares a statement, spread over lines for people; what is read back is what was written.
func golden(t *testing.T, name string, s Statement) {
	t.Helper()
	text, err := s.Text()
	must(t, err)
	again, err := s.Text()
	must(t, err)
	back, err := ParseStatement(text)
	must(t, err)
	round, err := back.Text()
	must(t, err)
	if !bytes.Equal(text, again) || !bytes.Equal(text, round) {
		t.Errorf("%s is not the same twice", name)
	}
	var spread bytes.Buffer
	must(t, json.Indent(&spread, text, "", "  "))
	spread.WriteByte('\n')
	file := filepath.Join("testdata", name+".json")
	if *update {
		must(t, os.WriteFile(file, spread.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if !bytes.Equal(spread.Bytes(), want) {
		t.Errorf("%s differs from %s:\n%s", name, file, spread.Bytes())
	}
}

// TestNothingIsStatedOf: what does not fit together is never stated.
func TestNothingIsStatedOf(t *testing.T) {
	t.Parallel()
	high := assessment(t, risk.High, risky)
	fresh := func() Landed { return landed(t, high, approve(high, digestOf(7), time.Minute)) }
	for name, edit := range map[string]func(*Landed){
		"no verdict":                    func(l *Landed) { l.Verdict = nil },
		"a verdict without assessment":  func(l *Landed) { l.Verdict.Assessment = nil },
		"an edited assessment":          func(l *Landed) { a := *l.Verdict.Assessment; a.Score = 1; l.Verdict.Assessment = &a },
		"a verdict that holds":          func(l *Landed) { l.Verdict.Decision = gate.Hold },
		"a verdict that denies":         func(l *Landed) { l.Verdict.Decision = gate.Deny },
		"another change":                func(l *Landed) { l.Change.ID = digestOf(70) },
		"another patch set":             func(l *Landed) { l.Change.Head = oid("f") },
		"another base":                  func(l *Landed) { l.Base = oid("a") },
		"another branch":                func(l *Landed) { l.Target = "refs/heads/release" },
		"an approval left out":          func(l *Landed) { l.Consents = nil },
		"another statement":             func(l *Landed) { l.Consents[0].Statement = "{}" },
		"another digest of a statement": func(l *Landed) { l.Consents[0].Digest = digestOf(1) },
		"a void approval that counts":   func(l *Landed) { l.Verdict.Approvals[0].Void = "it lapsed" },
	} {
		l := fresh()
		edit(&l)
		_, first := l.Decision()
		_, second := l.Approvals()
		_, third := l.Summary([]byte("{}"))
		if first == nil || second == nil || third == nil {
			t.Errorf("%s was stated: %v, %v, %v", name, first, second, third)
		}
	}
	if _, err := fresh().Decision(); err != nil {
		t.Error(err)
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		signed, linear, unbroken bool
		want                     string
	}{
		{true, true, true, SourceLevel3},
		{true, true, false, SourceLevel2},
		{true, false, true, SourceLevel1},
		{true, false, false, SourceLevel1},
		{false, true, true, SourceLevel1},
		{false, false, false, SourceLevel1},
	} {
		l := landed(t, assessment(t, risk.Low, nil))
		l.Signed, l.Linear, l.Unbroken = test.signed, test.linear, test.unbroken
		s, err := l.Summary([]byte("{}"))
		must(t, err)
		v, err := ParseSummary(s)
		must(t, err)
		if v.VerifiedLevels[0] != test.want || strings.HasPrefix(v.VerifiedLevels[1], "SLSA_") {
			t.Errorf("signed %t, linear %t, unbroken %t: %v, want %s first", test.signed, test.linear, test.unbroken, v.VerifiedLevels, test.want)
		}
		if got := slices.Contains(v.VerifiedLevels, PropertyUnbroken); got != (test.linear && test.unbroken) {
			t.Errorf("%+v claims %v", test, v.VerifiedLevels)
		}
		if !slices.Contains(v.VerifiedLevels, PropertyOneOperator) {
			t.Errorf("%v does not say that there is one operator", v.VerifiedLevels)
		}
	}
}

func TestParseDecision(t *testing.T) {
	t.Parallel()
	l := landed(t, assessment(t, risk.Low, nil))
	s, err := l.Decision()
	must(t, err)
	d, err := ParseDecision(s)
	must(t, err)
	if !d.Allowed() || d.Commit != l.Commit || d.Record != l.Record {
		t.Errorf("it reads as %+v", d)
	}
	for name, edit := range map[string]func(*Statement){
		"another predicate type": func(s *Statement) { s.PredicateType = ApprovalType },
		"another subject":        func(s *Statement) { s.Subject[0].Digest = map[string]string{GitCommit: oid("d")} },
		"another algorithm":      func(s *Statement) { s.Subject[0].Digest = map[string]string{GitTree: oid("c")} },
		"two subjects":           func(s *Statement) { s.Subject = append(s.Subject, s.Subject[0]) },
		"an unknown field":       func(s *Statement) { s.Predicate = append([]byte(`{"more":1,`), s.Predicate[1:]...) },
		"no object":              func(s *Statement) { s.Predicate = []byte("7") },
	} {
		bad, err := l.Decision()
		must(t, err)
		edit(&bad)
		if _, err := ParseDecision(bad); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestParseStatement(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":              `{`,
		"two values":           `{"_type":"` + StatementType + `","subject":[{"digest":{"sha256":"` + digestOf(1) + `"}}],"predicateType":"x","predicate":{}} {}`,
		"another type":         `{"_type":"x","subject":[{"digest":{"sha256":"` + digestOf(1) + `"}}],"predicateType":"x"}`,
		"no subject":           `{"_type":"` + StatementType + `","subject":[],"predicateType":"x"}`,
		"a subject of nothing": `{"_type":"` + StatementType + `","subject":[{"name":"x"}],"predicateType":"x"}`,
		"a digest in capitals": `{"_type":"` + StatementType + `","subject":[{"digest":{"sha256":"` + strings.Repeat("AB", 32) + `"}}],"predicateType":"x"}`,
		"no predicate type":    `{"_type":"` + StatementType + `","subject":[{"digest":{"sha256":"` + digestOf(1) + `"}}]}`,
		"too long":             strings.Repeat(" ", statementLimit+1),
	} {
		if _, err := ParseStatement([]byte(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Unwrap(data)
		if err != nil {
			return
		}
		if _, err := (Item{Bundle: data, Kind: KindOther}).places(); err != nil {
			t.Errorf("%+v was read and has no place: %v", s, err)
		}
		_, _ = ParseDecision(s)
		_, _ = ParseApproval(s)
		_, _ = ParseSummary(s)
	})
}
