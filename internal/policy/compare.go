package policy

import (
	"context"
	"path"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// compare asks the rules that reported something about the base documents too, and marks what was there before as
// unchanged. Only rules that look at nothing but documents, findings and configuration are asked: what a rule says about
// the change itself is always new. Nothing is unchanged in a file that base has no document of.
func (e *Engine) compare(ctx context.Context, in *facts.Input, now time.Time, result *Result) error {
	before := baseInput(in)
	anchors := anchorPaths(before)
	counted := e.counted(in)
	asked := e.comparable(result)
	for _, entry := range e.countable(counted) {
		if !slices.Contains(asked, entry) {
			asked = append(asked, entry)
		}
	}
	if len(anchors) == 0 || len(asked) == 0 {
		return nil
	}
	old, err := e.evalBase(ctx, before, now, asked)
	if err != nil {
		return err
	}
	result.Gone = append(result.Gone, gone(match(old, result.Violations, anchors, in.Renames()), counted)...)
	return nil
}

// baseInput is the document as it was before the change: base's documents and the findings that were there, no files.
func baseInput(in *facts.Input) *facts.Input {
	before := *in
	before.Documents, before.Before, before.Files = in.Before, nil, nil
	before.Findings = nil
	for _, f := range in.Findings {
		if f.State == finding.Unchanged || f.State == finding.Updated {
			before.Findings = append(before.Findings, f)
		}
	}
	return &before
}

func anchorPaths(before *facts.Input) map[string]bool {
	paths := map[string]bool{}
	for i := range before.Documents {
		paths[before.Documents[i].Path] = true
	}
	for _, f := range before.Findings {
		if f.Path != "" {
			paths[f.Path] = true
		}
	}
	return paths
}

// comparable are the rules with violations whose answer depends on documents, findings and configuration alone.
func (e *Engine) comparable(result *Result) []*entry {
	var out []*entry
	seen := map[*entry]bool{}
	for _, v := range result.Violations {
		if !seen[v.entry] && e.looksAtDocumentsOnly(v.entry) {
			out = append(out, v.entry)
		}
		seen[v.entry] = true
	}
	return out
}

// looksAtDocumentsOnly walks a rule and everything it uses.
func (e *Engine) looksAtDocumentsOnly(entry *entry) bool {
	only := true
	seen := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			only = only && !looksElsewhere(ref)
			return false
		})
		for used := range e.compiler.Graph.Dependencies(r) {
			visit(used.(*ast.Rule))
		}
	}
	for _, r := range e.compiler.GetRulesExact(entry.ref()) {
		visit(r)
	}
	return only && len(seen) > 0
}

func looksElsewhere(ref ast.Ref) bool {
	if !ref.HasPrefix(ast.Ref{ast.InputRootDocument}) {
		return false
	}
	if len(ref) < 2 {
		return true
	}
	name, _ := ref[1].Value.(ast.String)
	switch name {
	case "apiVersion", "byKind", "config", "documents", "findings", "now", "waivers":
		return false
	}
	return true
}

func (e *Engine) evalBase(ctx context.Context, before *facts.Input, now time.Time, asked []*entry) ([]Violation, error) {
	input, err := inputValue(before, e.names)
	if err != nil {
		return nil, err
	}
	query, err := e.prepare(ctx, asked)
	if err != nil {
		return nil, err
	}
	sets, err := e.run(ctx, query, input, now)
	if err != nil {
		return nil, err
	}
	narrow := &Engine{active: asked, settings: e.settings}
	result, err := narrow.collect(before, sets)
	if err != nil {
		return nil, err
	}
	return result.Violations, nil
}

// match marks violations unchanged: each of base answers for one, first in the same file, then in the same folder: what a
// document says often differs from another by its name only, and that a pod was privileged in dev excuses no pod in prod. It
// returns those of base that nothing answers to any more.
func match(old, list []Violation, anchors map[string]bool, renames map[string]string) []Violation {
	left := slices.DeleteFunc(slices.Clone(old), func(v Violation) bool { return !anchors[v.Path] })
	renamed := func(p string) string {
		if to, ok := renames[p]; ok {
			return to
		}
		return p
	}
	left = pair(left, list, renamed, func(p string) string { return p })
	return pair(left, list, func(p string) string { return path.Dir(renamed(p)) }, path.Dir)
}

// pair matches violations that are equal but for their places, which before spells for those of old and after for those of
// list, and returns those of old that are left.
func pair(old, list []Violation, before, after func(path string) string) []Violation {
	type identity struct{ rule, fingerprint, place string }
	free := map[identity][]int{}
	for i, v := range old {
		id := identity{v.Rule, v.Fingerprint, before(v.Path)}
		free[id] = append(free[id], i)
	}
	taken := map[int]bool{}
	for i := range list {
		v := &list[i]
		id := identity{v.Rule, v.Fingerprint, after(v.Path)}
		if v.State == finding.Unchanged || v.Path == "" || len(free[id]) == 0 {
			continue
		}
		was := old[free[id][0]]
		taken[free[id][0]], free[id] = true, free[id][1:]
		v.State = finding.Unchanged
		if was.Path != v.Path {
			v.OldPath = was.Path
		}
	}
	var left []Violation
	for i, v := range old {
		if !taken[i] {
			left = append(left, v)
		}
	}
	return left
}
