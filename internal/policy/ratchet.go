package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/patience"
)

// counted says which rules the ratchet counts: those that are switched to it, and those with a mark at base.
func (e *Engine) counted(in *facts.Input) func(rule string) bool {
	marked := map[string]bool{}
	for _, m := range in.Marks {
		marked[m.Rule] = true
	}
	return func(rule string) bool { return marked[rule] || e.settings.Mode(rule) == manifest.RuleRatchet }
}

// countable are the entries of counted rules that base can be asked about.
func (e *Engine) countable(counted func(string) bool) []*entry {
	var out []*entry
	for _, entry := range e.active {
		if counted(entry.ID) && e.looksAtDocumentsOnly(entry) {
			out = append(out, entry)
		}
	}
	return out
}

// gone keeps of base's violations those that the ratchet counts.
func gone(old []Violation, counted func(string) bool) []finding.Finding {
	var out []finding.Finding
	for _, v := range old {
		if counted(v.Rule) && v.Kind != Hold {
			v.State = finding.Absent
			out = append(out, v.Finding)
		}
	}
	return out
}

// Countable says whether a rule can be counted on a tree by itself, without a change: its answer depends on documents,
// findings and configuration alone. Rules that the engine does not know are others' to count.
func (e *Engine) Countable(rule string) (countable, known bool) {
	for _, entry := range e.entries {
		if entry.ID == rule {
			return e.looksAtDocumentsOnly(entry), true
		}
	}
	return e.hasUnit(func(id string) bool { return id == rule }), e.hasUnit(func(id string) bool { return id == rule })
}

func (e *Engine) hasUnit(want func(rule string) bool) bool {
	return slices.ContainsFunc(e.units, func(u unit) bool { return wants(u, want) })
}

func wants(u unit, want func(rule string) bool) bool {
	return slices.ContainsFunc(u.rules(), func(r Rule) bool { return want(r.ID) })
}

// countDeadlines is how many times the deadline of one evaluation counting a whole tree may take.
const countDeadlines = 12

// Count asks the rules that want names about everything in documents of in, which are those of a whole tree. Rules about a
// change have nothing to say there.
func (e *Engine) Count(ctx context.Context, in *facts.Input, now time.Time, want func(rule string) bool) ([]finding.Finding, error) {
	limit := countDeadlines * e.deadline
	ctx, cancel := patience.With(ctx, limit, &TimeoutError{limit})
	defer cancel()
	var list []Violation
	if asked := e.countable(want); len(asked) > 0 {
		found, err := e.evalBase(ctx, in, now, asked)
		if err != nil {
			return nil, fmt.Errorf("counting violations: %w", err)
		}
		list = found
	}
	for _, u := range e.units {
		if !wants(u, want) {
			continue
		}
		found, err := u.judge(ctx, in, now)
		if err != nil {
			return nil, fmt.Errorf("counting violations: %w", err)
		}
		fingerprint(found)
		list = append(list, found...)
	}
	out := gone(list, want)
	for i := range out {
		out[i].State = ""
	}
	finding.Sort(out)
	return out, nil
}

// Version names a rule by what it says: the text of its definitions and of everything they use. A rule whose version changed
// counts something else. Rules that are not written in adamant's Rego have the version of the fingerprints.
func (e *Engine) Version(rule string) string {
	texts := map[string]bool{}
	seen := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		texts[r.Module.Package.Path.String()+"\n"+string(r.Loc().Text)] = true
		for used := range e.compiler.Graph.Dependencies(r) {
			visit(used.(*ast.Rule))
		}
	}
	for _, entry := range e.entries {
		if entry.ID == rule {
			for _, r := range e.compiler.GetRulesExact(entry.ref()) {
				visit(r)
			}
		}
	}
	if len(texts) == 0 {
		return finding.FingerprintVersion
	}
	h := sha256.New()
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(h, "%d:%s", len(text), text)
	}
	return finding.FingerprintVersion + "+" + hex.EncodeToString(h.Sum(nil))[:12]
}
