package waiver

import (
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
)

// The rules of the findings about waivers on a whole tree.
const (
	LapsedRule   = "waiver/lapsed"
	StaleRule    = "waiver/stale"
	ExceededRule = "waiver/exceeded"
)

// StaleAfter is how long a waiver may cover nothing before that is an error.
const StaleAfter = 7 * 24 * time.Hour

// Standing is what a waiver is worth on a whole tree at an instant.
type Standing struct {
	Waiver
	State    State             `json:"state"`
	DaysLeft int               `json:"daysLeft"`
	Measured bool              `json:"measured"` // false: nothing is known about its rule, so it may cover more than is listed
	Covered  []finding.Finding `json:"covered"`
	Open     []finding.Finding `json:"open"` // what it is about and no waiver covers
	// UnusedSince is the first instant since which it is known to cover nothing. Set by the caller, for active ones.
	UnusedSince *time.Time `json:"unusedSince,omitempty"`
}

// Review says what every waiver is worth. findings are all of a tree; measured says whether all findings of a waiver's rule
// are among them.
func Review(waivers []Waiver, findings []finding.Finding, measured func(rule string) bool, now time.Time) []Standing {
	findings = slices.Clone(findings)
	Apply(waivers, findings, now)
	out := make([]Standing, len(waivers))
	for i, w := range waivers {
		s := Standing{Waiver: w, State: w.At(now), DaysLeft: w.DaysLeft(now), Measured: measured(w.Rule), Covered: []finding.Finding{}, Open: []finding.Finding{}}
		for _, f := range findings {
			switch {
			case f.State == finding.Absent || f.Suppress == "inSource":
			case f.Waiver == w.ID:
				s.Covered = append(s.Covered, f)
			case f.Waiver == "" && w.Concerns(f.Rule, f.Path):
				s.Open = append(s.Open, f)
			}
		}
		out[i] = s
	}
	return out
}

// Unused says that an active waiver covers nothing, as far as that can be known.
func (s *Standing) Unused() bool { return s.State == Active && s.Measured && len(s.Covered) == 0 }

// Soon is how long before its end a waiver counts as expiring.
const Soon = 14 * 24 * time.Hour

// Label is the state in more words: an active waiver may be expiring, unused or stale.
func (s *Standing) Label(now time.Time) string {
	switch {
	case s.State != Active:
		return string(s.State)
	case s.stale(now):
		return "stale"
	case s.Unused():
		return "unused"
	case s.Until.Sub(now) <= Soon:
		return "expiring"
	}
	return string(Active)
}

func (s *Standing) stale(now time.Time) bool {
	return s.Unused() && s.UnusedSince != nil && now.Sub(*s.UnusedSince) >= StaleAfter
}

// Todo says what the operator has to do about a waiver. Lapsed waivers whose end is not after since are left out;
// the zero time leaves none out.
func (s *Standing) Todo(since, now time.Time) []finding.Finding {
	switch {
	case s.State == Malformed:
		return Problems([]Waiver{s.Waiver})
	case s.State == Lapsed && s.Until.After(since):
		return s.lapsed()
	case s.State == Active && len(s.Open) > 0:
		return []finding.Finding{s.problem(ExceededRule, finding.Warning, fmt.Sprintf("it covers %s at most; open: %s, the first in %s", count(s.MaxFindings), count(len(s.Open)), place(s.Open[0])),
			"mend them")}
	case s.Unused() && s.UnusedSince != nil:
		severity := finding.Warning
		if s.stale(now) {
			severity = finding.Error
		}
		return []finding.Finding{s.problem(StaleRule, severity, "it has covered nothing since "+s.UnusedSince.UTC().Format(time.DateOnly)+" or longer", "delete "+s.Path)}
	}
	return nil
}

func (s *Standing) lapsed() []finding.Finding {
	renew := "mend them, or adamant waiver renew " + s.ID
	switch {
	case len(s.Open) > 0:
		return []finding.Finding{s.problem(LapsedRule, finding.Error, fmt.Sprintf("it lapsed on %s; still there: %s, the first in %s", s.Expires, count(len(s.Open)), place(s.Open[0])), renew)}
	case !s.Measured:
		return []finding.Finding{s.problem(LapsedRule, finding.Warning, "it lapsed on "+s.Expires+"; whether its findings are gone is not known, since its rule needs a report (--evidence)", "delete "+s.Path+", or "+renew)}
	}
	return []finding.Finding{s.problem(LapsedRule, finding.Note, "it lapsed on "+s.Expires+" and nothing is left for it to cover", "delete "+s.Path)}
}

func (s *Standing) problem(rule string, severity finding.Severity, what, fix string) finding.Finding {
	return finding.Finding{Rule: rule, Severity: severity, Path: s.Path, Tool: "adamant", Message: "waiver " + s.ID + ": " + what, Fix: fix,
		Fingerprint: finding.Fingerprint(rule, s.ID, "", 0)}
}

func count(n int) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

func place(f finding.Finding) string {
	switch {
	case f.Path == "":
		return "the repository"
	case f.Line == 0:
		return f.Path
	}
	return fmt.Sprintf("%s:%d", f.Path, f.Line)
}
