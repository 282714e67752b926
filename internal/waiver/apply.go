package waiver

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Apply writes into every finding the id of the waiver that covers it at now, and nothing else: a waiver that a report
// names itself is dropped. Where a waiver would cover a finding but for its date, its number of findings or a mistake in
// it, the finding's message says so.
//
// Findings that were there before use up a waiver's number first, then the others in the order they are given in. Of
// several waivers the one that lasts longest is used. Findings that are gone are left alone.
func Apply(waivers []Waiver, findings []finding.Finding, now time.Time) {
	a := newApplication(waivers, now)
	for _, before := range []bool{true, false} {
		for i := range findings {
			f := &findings[i]
			if f.State != finding.Absent && (f.State == finding.Unchanged) == before {
				a.apply(f)
			}
		}
	}
}

// application is one use of waivers: how many findings each still covers.
type application struct {
	now       time.Time
	waivers   []Waiver // those that concern anything, longest lasting first
	resources *manifest.PathSet
	used      []int
}

func newApplication(waivers []Waiver, now time.Time) *application {
	a := &application{now: now, waivers: slices.Clone(waivers)}
	a.waivers = slices.DeleteFunc(a.waivers, func(w Waiver) bool { return manifest.CheckGlob(w.Resource) != nil })
	slices.SortFunc(a.waivers, func(x, y Waiver) int { return cmp.Or(-x.end().Compare(y.end()), strings.Compare(x.ID, y.ID)) })
	globs := make([]string, len(a.waivers))
	for i := range a.waivers {
		globs[i] = a.waivers[i].Resource
	}
	a.resources, _ = manifest.NewPathSet(globs) // every glob was checked
	a.used = make([]int, len(a.waivers))
	return a
}

// end is the instant it lapses at; the zero time when it covers nothing anyway.
func (w *Waiver) end() time.Time {
	if w.Until == nil {
		return time.Time{}
	}
	return *w.Until
}

func (a *application) apply(f *finding.Finding) {
	f.Waiver = ""
	note := ""
	for _, i := range a.concerning(f) {
		w := &a.waivers[i]
		if w.At(a.now) == Active && (w.MaxFindings == 0 || a.used[i] < w.MaxFindings) {
			a.used[i]++
			f.Waiver = w.ID
			return
		}
		note = cmp.Or(note, w.why(a.now))
	}
	if note = " (" + note + ")"; note != " ()" && !strings.HasSuffix(f.Message, note) {
		f.Message += note
	}
}

// concerning lists the waivers about a finding, in order.
func (a *application) concerning(f *finding.Finding) []int {
	var out []int
	if f.Path == "" {
		for i := range a.waivers {
			out = append(out, i)
		}
	} else {
		out = a.resources.Matches(f.Path)
	}
	return slices.DeleteFunc(out, func(i int) bool { return !a.waivers[i].Concerns(f.Rule, f.Path) })
}

// why says why the waiver does not cover what it concerns.
func (w *Waiver) why(now time.Time) string {
	switch w.At(now) {
	case Lapsed:
		return fmt.Sprintf("waiver %s lapsed on %s", w.ID, w.Expires)
	case Future:
		return fmt.Sprintf("waiver %s is not valid before %s", w.ID, w.From.Format(time.RFC3339))
	case Malformed:
		if len(w.Problems) == 0 {
			return fmt.Sprintf("waiver %s has no dates and covers nothing", w.ID)
		}
		return fmt.Sprintf("waiver %s is malformed and covers nothing: %s", w.ID, w.Problems[0].Error())
	}
	return fmt.Sprintf("waiver %s covers %s at most, and there are more", w.ID, count(w.MaxFindings))
}
