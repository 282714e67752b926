package waiver

import (
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
)

// What a sweep says about one waiver, by its state and what the tree holds.
func TestReview(t *testing.T) {
	t.Parallel()
	known, unknown := func(string) bool { return true }, func(string) bool { return false }
	here := []finding.Finding{debt("src/a.go", ""), debt("lib/b.go", "")}
	two := append(here[:1:1], debt("src/b.go", ""))
	two[1].Line = 7
	silenced := []finding.Finding{debt("src/a.go", "")}
	silenced[0].Suppress = "inSource"
	limited := on("w", "owner: operator", "owner: operator\n  maxFindings: 1")
	after := at("2027-01-01T00:00:00Z")
	tests := []struct {
		name     string
		waiver   Waiver
		findings []finding.Finding
		measured func(string) bool
		unused   time.Time
		since    time.Time
		now      time.Time
		state    State
		covered  int
		want     string // severity rule: message
	}{
		{"used", on("w"), here, known, mid, time.Time{}, mid, Active, 1, ""},
		{"used for six days and a second", on("w"), nil, known, mid.Add(-7*24*time.Hour + time.Second), time.Time{}, mid, Active, 0, "warning waiver/stale: waiver w: it has covered nothing since 2026-11-08 or longer"},
		{"unused for seven days", on("w"), nil, known, mid.Add(-7 * 24 * time.Hour), time.Time{}, mid, Active, 0, "error waiver/stale: waiver w: it has covered nothing since 2026-11-08 or longer"},
		{"what the source silences needs no waiver", on("w"), silenced, known, mid.AddDate(0, 0, -8), time.Time{}, mid, Active, 0, "error waiver/stale: "},
		{"what is gone uses nothing", on("w"), []finding.Finding{debt("src/a.go", finding.Absent)}, known, mid.AddDate(0, 0, -8), time.Time{}, mid, Active, 0, "error waiver/stale: "},
		{"nobody knows", on("w"), nil, unknown, mid.AddDate(0, 0, -8), time.Time{}, mid, Active, 0, ""},
		{"since when is not known", on("w"), nil, known, time.Time{}, time.Time{}, mid, Active, 0, ""},
		{"more than it covers", limited, two, known, mid, time.Time{}, mid, Active, 1, "warning waiver/exceeded: waiver w: it covers 1 finding at most; open: 1 finding, the first in src/b.go:7"},
		{"lapsed, findings left", on("w"), two, known, mid, time.Time{}, after, Lapsed, 0, "error waiver/lapsed: waiver w: it lapsed on 2026-12-31; still there: 2 findings, the first in src/a.go"},
		{"lapsed, mended", on("w"), nil, known, mid, time.Time{}, after, Lapsed, 0, "note waiver/lapsed: waiver w: it lapsed on 2026-12-31 and nothing is left for it to cover"},
		{"lapsed, nobody knows", on("w"), nil, unknown, mid, time.Time{}, after, Lapsed, 0, "warning waiver/lapsed: waiver w: it lapsed on 2026-12-31; whether its findings are gone is not known"},
		{"lapsed since then", on("w"), two, known, mid, after.Add(-time.Second), after, Lapsed, 0, "error waiver/lapsed: "},
		{"lapsed by then", on("w"), two, known, mid, after, after, Lapsed, 0, ""},
		{"not yet valid", on("w"), here, known, mid, time.Time{}, at("2026-10-31T23:59:59Z"), Future, 0, ""},
		{"malformed", on("w", "2026-12-31", "soon"), here, known, mid, time.Time{}, mid, Malformed, 0, "error waiver/malformed: this waiver covers nothing: spec.expires cannot be"},
	}
	for _, tc := range tests {
		s := Review([]Waiver{tc.waiver}, tc.findings, tc.measured, tc.now)[0]
		if !tc.unused.IsZero() {
			s.UnusedSince = &tc.unused
		}
		got := ""
		for _, f := range s.Todo(tc.since, tc.now) {
			got += string(f.Severity) + " " + f.Rule + ": " + f.Message
			if f.Path == "" || f.Fix == "" || f.Fingerprint == "" {
				t.Errorf("%s: %+v", tc.name, f)
			}
		}
		if s.State != tc.state || len(s.Covered) != tc.covered || !strings.HasPrefix(got, tc.want) || (got == "") != (tc.want == "") {
			t.Errorf("%s: %s, %d covered, %q; want %s, %d, %q", tc.name, s.State, len(s.Covered), got, tc.state, tc.covered, tc.want)
		}
	}
	// A lapsed waiver whose findings another one covers has nothing left.
	both := Review([]Waiver{on("a", "2026-12-31", "2026-11-02"), on("b")}, here, known, mid)
	if len(both[0].Open) != 0 || len(both[1].Covered) != 1 {
		t.Errorf("%+v", both)
	}
}
