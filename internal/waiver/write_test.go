package waiver

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDraft(t *testing.T) {
	t.Parallel()
	d := Draft{ID: "w", Rule: "team/debts", Resource: "**", Justification: "the vendor fixes it in June", Owner: "o", ApprovedBy: "a", Created: "2026-11-01", Expires: "2026-12-31", MaxFindings: 2, Ticket: "T"}
	_, text, err := d.Write(0)
	want := `apiVersion: adamant.dev/v1
kind: Waiver
metadata:
  name: w
spec:
  rule: team/debts
  resource: '**'
  justification: the vendor fixes it in June
  owner: o
  approvedBy: a
  created: "2026-11-01"
  expires: "2026-12-31"
  maxFindings: 2
  ticket: T
`
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
	d.Expires = "2027-12-31"
	if _, _, err := d.Write(0); err == nil || !strings.Contains(err.Error(), "at most 90 are allowed") {
		t.Errorf("too long: %v", err)
	}
}

// Whatever the texts, a draft that is written reads back as it was.
func TestDraftReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := Draft{ID: "w", Rule: "team/debts", Resource: "**", Justification: rapid.StringN(0, 60, 200).Draw(t, "justification"), Owner: rapid.String().Draw(t, "owner"),
			ApprovedBy: rapid.SampledFrom([]string{"yes", "null", "1", "a: b", "# a", "- a", "\"", "a\nb"}).Draw(t, "approver"), Created: "2026-11-01", Expires: "2026-12-31"}
		w, _, err := d.Write(0)
		if err == nil && (w.Justification != d.Justification || w.Owner != d.Owner || w.ApprovedBy != d.ApprovedBy) {
			t.Fatalf("%+v became %+v", d, w)
		}
	})
}

func TestRenew(t *testing.T) {
	t.Parallel()
	file := Folder + "w.yaml"
	renewal := Renewal{On: "2026-12-20", Reason: "the vendor is late by a month", By: "operator"}
	commented := "# why this is here\n" + good
	w, text, err := Renew(file, []byte(commented), "2027-01-31", renewal, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# why this is here\n", "expires: \"2027-01-31\"\n", "reason: the vendor is late by a month\n", "expired: \"2026-12-31\"\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if w.Renewals != 1 || w.From.Format(time.DateOnly) != "2026-12-20" || w.Until.Format(time.DateOnly) != "2027-02-01" {
		t.Errorf("%+v", w)
	}
	again := Renewal{On: "2027-01-20", Reason: "the vendor is late by two months", By: "operator"}
	if w, text, err := Renew(file, text, "2027-03-31", again, 0); err != nil || w.Renewals != 2 || !strings.Contains(string(text), "late by a month") {
		t.Errorf("the second renewal: %v\n%s", err, text)
	}
	again.Reason = renewal.Reason
	tests := []struct {
		name, text, expires string
		renewal             Renewal
		want                string
	}{
		{"the same reason", string(text), "2027-03-31", again, "a reason of its own"},
		{"the justification as a reason", good, "2027-01-31", Renewal{On: "2026-12-20", Reason: "the vendor fixes it in June", By: "o"}, "a reason of its own"},
		{"no reason", good, "2027-01-31", Renewal{On: "2026-12-20", By: "o"}, "reason"},
		{"too long", good, "2027-12-31", renewal, "at most 90 are allowed"},
		{"no date", good, "soon", renewal, "cannot be \"soon\""},
		{"malformed", with("owner", ""), "2027-01-31", renewal, "mend it first"},
		{"before its creation", good, "2027-01-01", Renewal{On: "2026-10-01", Reason: "the vendor is late by a month", By: "o"}, "in order"},
		{"merged from elsewhere", strings.Replace(good, "spec:\n", "spec:\n  <<: {expires: 2026-12-31}\n", 1), "2027-01-31", renewal, ""},
		{"after an empty document", "---\n---\n" + good, "2027-01-31", renewal, "without aliases"},
		{"all merged", strings.NewReplacer("spec:\n", "spec:\n  <<: {expires: 2026-12-31}\n", "  expires: 2026-12-31\n", "").Replace(good), "2027-01-31", renewal, "without aliases"},
	}
	for _, tc := range tests {
		_, _, err := Renew(file, []byte(tc.text), tc.expires, tc.renewal, 0)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestNameFor(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{"kubernetes/privileged": "kubernetes-privileged", "team/*": "team", "*": "waiver", "ä/ö": "waiver", "a/b": "a-b-3", strings.Repeat("x", 100): strings.Repeat("x", 56)} {
		if got := NameFor(rule, []string{"a-b", "a-b-2"}); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

// FuzzRenew: whatever the file, a renewal is refused or gives a well-formed waiver with one renewal more.
func FuzzRenew(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("# c\n" + good + "  renewals: [{on: 2026-11-20, reason: the vendor is late by a week, by: o, expired: 2026-11-30}]\n"))
	f.Add([]byte(strings.Replace(good, "spec:\n", "spec: &a\n  <<: {ticket: T}\n", 1)))
	f.Add([]byte(strings.NewReplacer("created: 2026-11-01", "created: &d 2026-11-01", "expires: 2026-12-31", "expires: *d").Replace(good)))
	f.Fuzz(func(t *testing.T, data []byte) {
		old := Read(Folder+"w.yaml", data, 366)
		w, text, err := Renew(Folder+"w.yaml", data, "2027-01-31", Renewal{On: "2026-12-20", Reason: "the vendor is late by a month", By: "o"}, 0)
		if err != nil {
			return
		}
		if len(old.Problems) > 0 || w.Renewals != old.Renewals+1 || w.Expires != "2027-01-31" || w.Rule != old.Rule || w.Resource != old.Resource || w.Justification != old.Justification {
			t.Errorf("%+v became %+v\n%s", old, w, text)
		}
	})
}
