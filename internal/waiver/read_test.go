package waiver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

const good = `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: w}
spec:
  rule: team/debts
  resource: src/**
  justification: the vendor fixes it in June
  owner: operator
  approvedBy: operator
  created: 2026-11-01
  expires: 2026-12-31
`

func read(text string) Waiver { return Read(Folder+"w.yaml", []byte(text), 0) }

// with replaces the value of a field of good; an empty value removes the line.
func with(field, value string) string {
	var out []string
	for line := range strings.Lines(good) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case name != field:
			out = append(out, line)
		case value != "":
			out = append(out, "  "+field+": "+value+"\n")
		}
	}
	return strings.Join(out, "")
}

func TestReadGood(t *testing.T) {
	t.Parallel()
	w := read(good + "  maxFindings: 2\n  ticket: OPS-1\n")
	if len(w.Problems) > 0 {
		t.Fatal(manifest.Join(w.Problems))
	}
	got := fmt.Sprintf("%s %s %s %s|%s|%s %s %d %s %s..%s", w.ID, w.Path, w.Rule, w.Resource, w.Justification, w.Owner, w.ApprovedBy, w.MaxFindings, w.Ticket,
		w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339))
	if want := "w .adamant/waivers/w.yaml team/debts src/**|the vendor fixes it in June|operator operator 2 OPS-1 2026-11-01T00:00:00Z..2027-01-01T00:00:00Z"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, text := range []string{with("justification", "exactly twenty chars"), good + "#" + strings.Repeat(" ", maxBytes-len(good)-1)} {
		if w := read(text); len(w.Problems) > 0 {
			t.Errorf("at the limit: %v", manifest.Join(w.Problems))
		}
	}
	if w := read(strings.Replace(good, "justification", "reason", 1)); len(w.Problems) > 0 || w.Justification == "" {
		t.Errorf("reason is not read: %v", w.Problems)
	}
}

// Every way to be malformed has a place and a message, and covers nothing.
func TestReadMalformed(t *testing.T) {
	t.Parallel()
	renewed := func(lines ...string) string {
		return good + "  renewals:\n    - {" + strings.Join(lines, "}\n    - {") + "}\n"
	}
	renewal := "on: 2026-11-20, reason: the vendor is late by a month, by: operator, expired: 2026-11-30"
	tests := []struct{ name, text, want string }{
		{"empty", "", "w.yaml:1: the file is empty"},
		{"no YAML", "a: [", `w.yaml:1:4: this "[" is never closed`},
		{"two documents", good + "---\n" + good, "w.yaml:13: the file must hold one document"},
		{"unknown field", good + "  until: 2026-12-31\n", `w.yaml:12:3: unknown field "until"`},
		{"other kind", strings.Replace(good, "kind: Waiver", "kind: Repository", 1), `w.yaml:2:7: kind cannot be "Repository"`},
		{"other version", strings.Replace(good, "dev/v1", "dev/v2", 1), `w.yaml:1:13: apiVersion cannot be "adamant.dev/v2"`},
		{"name of another file", strings.Replace(good, "name: w", "name: v", 1), `w.yaml:3:12: metadata.name is "v" but the file is w.yaml`},
		{"no expiry", with("expires", ""), `w.yaml:4:1: spec must have "expires"`},
		{"null expiry", with("expires", "null"), `w.yaml:11:3: spec.expires has no value`},
		{"empty expiry", with("expires", `""`), `w.yaml:11:12: spec.expires cannot be ""; want a date as YYYY-MM-DD`},
		{"no date", with("expires", "soon"), `w.yaml:11:12: spec.expires cannot be "soon"; want a date as YYYY-MM-DD`},
		{"no such day", with("expires", "2026-11-31"), `w.yaml:11:12: spec.expires cannot be "2026-11-31"`},
		{"number", with("expires", "20261231"), `w.yaml:11:12: spec.expires must be text`},
		{"too far", with("expires", "2027-01-31"), `w.yaml:11:3: spec.expires is 91 days after 2026-11-01; at most 90 are allowed`},
		{"too far as instant", with("expires", "2027-01-31T00:00:00Z"), `w.yaml:11:3: spec.expires is 91 days after 2026-11-01`},
		{"before creation", with("expires", "2026-10-31"), `w.yaml:11:3: spec.expires is 2026-10-31, before the waiver begins`},
		{"instant of creation", with("expires", "2026-11-01T00:00:00Z"), `w.yaml:11:3: spec.expires is 2026-11-01T00:00:00Z, before the waiver begins`},
		{"no creation", with("created", ""), `spec must have "created"`},
		{"creation is no date", with("created", "yesterday"), `w.yaml:10:12: spec.created cannot be "yesterday"`},
		{"no rule", with("rule", ""), `spec must have "rule"`},
		{"every rule", with("rule", `"*"`), `w.yaml:5:3: spec.rule cannot be "*": name the rule`},
		{"star inside", with("rule", "a*b"), `spec.rule cannot be "a*b": a * stands at the end`},
		{"star first", with("rule", `"*a"`), `spec.rule cannot be "*a": a * stands at the end`},
		{"spaces", with("rule", "a b"), `spec.rule cannot be "a b": a rule's id has no spaces`},
		{"protected rule", with("rule", "governance/unloadable"), `spec.rule cannot be "governance/unloadable": rules that protect the gate itself are never waived`},
		{"protected prefix", with("rule", "waiver/*"), "never waived"},
		{"no resource", with("resource", ""), `spec must have "resource"`},
		{"malformed glob", with("resource", `"{a"`), `w.yaml:6:13: spec.resource is malformed`},
		{"no justification", with("justification", ""), `w.yaml:4:1: spec must have "justification"`},
		{"short justification", with("justification", "nineteen characters"), `spec.justification has 19 characters; want at least 20`},
		{"blank justification", with("justification", `"     because         "`), `spec.justification says too little`},
		{"justification and reason", good + "  reason: the vendor fixes it in July\n", `w.yaml:12:3: spec has a justification and a reason`},
		{"no owner", with("owner", ""), `spec must have "owner"`},
		{"blank owner", with("owner", `" "`), `w.yaml:8:3: spec.owner is blank`},
		{"nobody approved", with("approvedBy", ""), `spec must have "approvedBy"`},
		{"blank approver", with("approvedBy", `" "`), `spec.approvedBy is blank`},
		{"no findings", good + "  maxFindings: 0\n", `spec.maxFindings is 0; want at least 1`},
		{"renewal without a reason", renewed("on: 2026-11-20, by: operator, expired: 2026-11-30"), `must have "reason"`},
		{"renewal for the same reason", renewed(strings.Replace(renewal, "the vendor is late by a month", "the vendor fixes it in June", 1)), "w.yaml:13:24: a renewal needs a reason of its own"},
		{"two renewals for the same reason", renewed(renewal, renewal), "w.yaml:14:24: a renewal needs a reason of its own"},
		{"blank renewal", renewed(strings.Replace(renewal, "the vendor is late by a month", `"   late                "`, 1)), "a renewal needs a reason of its own"},
		{"renewal before creation", renewed(strings.Replace(renewal, "on: 2026-11-20", "on: 2026-10-20", 1)), "renewals must come in order: 2026-10-20 is before 2026-11-01T00:00:00Z"},
		{"renewals out of order", renewed(renewal, "on: 2026-11-10, reason: the vendor is late by two, by: operator, expired: 2026-11-30"), "renewals must come in order"},
		{"renewal without a date", renewed(strings.Replace(renewal, "2026-11-20", "never", 1)), `spec.renewals.0.on cannot be "never"`},
		{"too large", good + "#" + strings.Repeat(" ", maxBytes), "it has"},
	}
	for _, tc := range tests {
		w := read(tc.text)
		if w.From != nil || w.Until != nil || w.At(time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)) != Malformed {
			t.Errorf("%s: it is valid from %v to %v", tc.name, w.From, w.Until)
		}
		if err := manifest.Join(w.Problems); err == nil || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(err.Error(), Folder+"w.yaml") {
			t.Errorf("%s: got %v\nwant %s", tc.name, err, tc.want)
		}
		if strings.Contains(tc.want, "spec must have") && len(w.Problems) != 1 {
			t.Errorf("%s: said more than once: %v", tc.name, manifest.Join(w.Problems))
		}
		found := Problems([]Waiver{w})
		if len(found) != len(w.Problems) || found[0].Rule != MalformedRule || found[0].Line != w.Problems[0].Line || found[0].Fingerprint == "" {
			t.Errorf("%s: findings %+v", tc.name, found)
		}
	}
}

// Rule and resource are kept when each can be read, so that findings can name the malformed waiver that was meant for them.
func TestMalformedScope(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{with("expires", "soon"): "team/debts src/**", with("resource", `"{a"`): "team/debts ", with("rule", "a*b"): " src/**"} {
		if w := read(text); w.Rule+" "+w.Resource != want {
			t.Errorf("got %q %q, want %q", w.Rule, w.Resource, want)
		}
	}
}

// The longest validity is counted from the last renewal, in UTC days, both ends included.
func TestReadDates(t *testing.T) {
	t.Parallel()
	renewals := "  renewals: [{on: 2026-12-01, reason: the vendor is late by a month, by: operator, expired: 2026-12-31}]\n"
	tests := []struct{ text, from, until string }{
		{with("expires", "2027-01-30"), "2026-11-01T00:00:00Z", "2027-01-31T00:00:00Z"},
		{with("expires", "2026-11-01"), "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"},
		{with("expires", "2027-01-31T05:00:00+06:00"), "2026-11-01T00:00:00Z", "2027-01-30T23:00:00Z"},
		{with("created", "2026-11-01T23:59:59-10:00"), "2026-11-02T09:59:59Z", "2027-01-01T00:00:00Z"},
		{with("expires", "2027-03-01") + renewals, "2026-12-01T00:00:00Z", "2027-03-02T00:00:00Z"},
	}
	for _, tc := range tests {
		w := read(tc.text)
		if len(w.Problems) > 0 {
			t.Error(manifest.Join(w.Problems))
			continue
		}
		if from, until := w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339); from != tc.from || until != tc.until {
			t.Errorf("%s..%s, want %s..%s", from, until, tc.from, tc.until)
		}
	}
	if w := Read(Folder+"w.yaml", []byte(good), 59); len(w.Problems) == 0 {
		t.Error("60 days are taken where 59 are allowed")
	}
	if w := Read(Folder+"w.yaml", []byte(good), 60); len(w.Problems) > 0 {
		t.Errorf("60 days are refused where 60 are allowed: %v", w.Problems)
	}
	if w := read(with("expires", "2027-03-02") + renewals); len(w.Problems) == 0 {
		t.Error("91 days after the renewal are taken")
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	w := read(good)
	for instant, want := range map[string]struct {
		state State
		left  int
	}{
		"2026-10-31T23:59:59.999999999Z": {Future, 61},
		"2026-11-01T00:00:00Z":           {Active, 60},
		"2026-12-30T00:00:00Z":           {Active, 1},
		"2026-12-31T00:00:00Z":           {Active, 0},
		"2026-12-31T23:59:59.999999999Z": {Active, 0},
		"2027-01-01T00:00:00Z":           {Lapsed, -1},
		"2027-01-01T23:59:59Z":           {Lapsed, -1},
		"2027-01-02T00:00:00Z":           {Lapsed, -2},
	} {
		now, err := time.Parse(time.RFC3339Nano, instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.At(now); got != want.state || w.DaysLeft(now) != want.left {
			t.Errorf("at %s: %s with %d days left, want %s with %d", instant, got, w.DaysLeft(now), want.state, want.left)
		}
	}
	for name, broken := range map[string]Waiver{"no dates": {}, "no end": {From: w.From}, "no beginning": {Until: w.Until},
		"a problem": {From: w.From, Until: w.Until, Problems: []manifest.Diagnostic{{}}}} {
		if got := broken.At(w.From.Add(time.Hour)); got != Malformed {
			t.Errorf("%s: %s", name, got)
		}
	}
	if left := (&Waiver{}).DaysLeft(time.Time{}); left >= 0 {
		t.Errorf("a waiver without an end has %d days left", left)
	}
}

// FuzzRead: whatever the bytes, a waiver is either well formed in every respect or covers nothing and says why.
func FuzzRead(f *testing.F) {
	f.Add([]byte(good), 0)
	f.Add([]byte(with("expires", "2026-02-29")), 90)
	f.Add([]byte(good+"  renewals: [{on: 2026-11-20, reason: the vendor is late by a month, by: o, expired: 2026-11-30}]\n"), 30)
	f.Add([]byte("a: &a [*a]"), 1)
	f.Add([]byte("\xff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, days int) {
		days = max(days, 0)
		w := Read(Folder+"w.yaml", data, days)
		if len(w.Problems) > 0 {
			if w.From != nil || w.Until != nil {
				t.Errorf("malformed, and valid from %v to %v", w.From, w.Until)
			}
			return
		}
		limit := days
		if limit == 0 {
			limit = DefaultDays
		}
		switch {
		case w.From == nil || w.Until == nil || !w.From.Before(*w.Until):
			t.Errorf("well formed, and valid from %v to %v", w.From, w.Until)
		case w.Until.Sub(*w.From) > time.Duration(limit+1)*24*time.Hour:
			t.Errorf("valid for %s", w.Until.Sub(*w.From))
		case w.Rule == "" || w.Resource == "" || w.Owner == "" || w.ApprovedBy == "" || short(w.Justification) || !Waivable(w.Rule):
			t.Errorf("well formed: %+v", w)
		}
	})
}
