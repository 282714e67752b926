package thought

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
)

// Made is what the daemon knows of an attempt that made a part of a change, without the ledger's entries.
type Made struct {
	Attempt string
	Head    git.OID // the commit that adamant made of what was pulled
}

// Account says what is on record of how a change was made, and what is not. Entries are all of its task's, in the order of the
// ledger; made are the attempts whose work the change has; silent says that a model is declared to show no reasoning.
func Account(entries []Entry, made []Made, silent func(model string) bool) facts.Reasoning {
	a := account{silent: silent}
	byAttempt := map[string][]Entry{}
	for _, e := range entries {
		byAttempt[e.Attempt] = append(byAttempt[e.Attempt], e)
	}
	for _, m := range made {
		a.attempt(m, byAttempt[m.Attempt])
	}
	slices.SortFunc(a.out.Models, func(x, y facts.Model) int {
		return cmp.Or(cmp.Compare(x.Family, y.Family), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Temperature, y.Temperature))
	})
	a.out.Models = slices.Compact(a.out.Models)
	slices.Sort(a.out.Families)
	a.out.Families = slices.Compact(a.out.Families)
	if a.out.Families == nil {
		a.out.Families, a.out.Models = []string{}, []facts.Model{}
	}
	return a.out
}

type account struct {
	out    facts.Reasoning
	silent func(model string) bool
}

const maxGaps = 20

func (a *account) miss(n int, format string, args ...any) {
	a.out.Missing += n
	if len(a.out.Gaps) < maxGaps {
		a.out.Gaps = append(a.out.Gaps, fmt.Sprintf(format, args...))
	}
}

// attempt goes along the chain of one attempt. An entry that does not continue the one before is a gap; so is an end without
// actions, and work of which no end tells.
func (a *account) attempt(m Made, entries []Entry) {
	seq, prev, writes, ended := 0, "", false, false
	for _, e := range entries {
		if e.Seq != seq+1 || e.Prev != prev {
			a.miss(max(e.Seq-seq-1, 1), "%s: action %d does not continue action %d", m.Attempt, e.Seq, seq)
		}
		digest, err := e.Digest()
		if err != nil {
			a.miss(1, "%s: action %d: %v", m.Attempt, e.Seq, err)
		}
		seq, prev = e.Seq, digest
		if e.Action.Kind == ActResult {
			ended = ended || e.Action.Head == string(m.Head)
			continue
		}
		a.count(e)
		writes = writes || e.Action.Writes
	}
	switch {
	case len(entries) == 0:
		a.miss(1, "%s: nothing of what it did is on record", m.Attempt)
	case !ended:
		a.miss(1, "%s: no record says that commit %.12s is what came of it", m.Attempt, m.Head)
	case !writes:
		a.miss(1, "%s: it changed files, and no action that could is on record", m.Attempt)
	}
}

func (a *account) count(e Entry) {
	a.out.Entries++
	if e.Action.Writes {
		a.out.Writing++
	}
	switch e.Source {
	case Provider:
		a.out.Sources.Provider++
	case Summary:
		a.out.Sources.Summary++
	case SelfReport:
		a.out.Sources.SelfReport++
	default:
		a.out.Sources.None++
		if e.Action.Writes && (a.silent == nil || !a.silent(e.Model)) {
			a.out.Silent++
		}
	}
	if e.Model == "" {
		return
	}
	a.out.Models = append(a.out.Models, modelOf(e))
	a.out.Families = append(a.out.Families, e.Family)
}

func modelOf(e Entry) facts.Model {
	m := facts.Model{Name: e.Model, Family: e.Family, Temperature: -1}
	if e.Temperature != nil {
		m.Temperature = *e.Temperature
	}
	return m
}

// ModelsOf are the models that answered an attempt, sorted, each once.
func ModelsOf(entries []Entry, attempt string) []facts.Model {
	out := []facts.Model{}
	for _, e := range entries {
		if e.Attempt == attempt && e.Model != "" {
			out = append(out, modelOf(e))
		}
	}
	slices.SortFunc(out, func(x, y facts.Model) int {
		return cmp.Or(strings.Compare(x.Family, y.Family), strings.Compare(x.Name, y.Name), cmp.Compare(x.Temperature, y.Temperature))
	})
	return slices.Compact(out)
}
