package policy

import (
	"context"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// unit is the compiled policies of one foreign form: they are compiled apart from adamant's own, see what their own tool
// would show them, and report to the gate as every other rule does. It is safe for concurrent use.
type unit interface {
	// rules lists every rule that may report, switched ones too.
	rules() []Rule
	// judge says what the rules find in the documents of in: with kind, severity and state as the settings switch them,
	// without fingerprints. Rules that are off say nothing.
	judge(ctx context.Context, in *facts.Input, now time.Time) ([]Violation, error)
}

// form is one foreign form of policies. compile takes what is its own of the modules and options; a nil unit says that there
// is nothing of this form. What it cannot use is a manifest.Diagnostics.
type form struct {
	name    string
	compile func(ctx context.Context, modules []facts.Module, opt Options) (unit, error)
}

// forms is the registry: one line a form.
func forms() []form {
	return []form{{"conftest", compileConftest}, {"gatekeeper", compileConstraints}}
}

// compileForms compiles the foreign policies, each form on its own.
func compileForms(ctx context.Context, modules []facts.Module, opt Options) ([]unit, error) {
	foreign := slices.DeleteFunc(slices.Clone(modules), func(m facts.Module) bool { return !Foreign(m) || IsTest(m.Path) })
	var units []unit
	for _, f := range forms() {
		u, err := f.compile(ctx, foreign, opt)
		if err != nil {
			return nil, err
		}
		if u != nil {
			units = append(units, u)
		}
	}
	return units, nil
}

// evalUnits adds what the foreign policies say about the documents; what they said about base's is unchanged.
func (e *Engine) evalUnits(ctx context.Context, in *facts.Input, now time.Time, result *Result) error {
	for _, u := range e.units {
		list, err := u.judge(ctx, in, now)
		if err != nil {
			return err
		}
		fingerprint(list)
		old, err := e.compareUnit(ctx, u, in, now, list)
		if err != nil {
			return err
		}
		result.Gone = append(result.Gone, old...)
		result.Violations = append(result.Violations, list...)
	}
	if len(e.units) > 0 {
		sortResult(result)
	}
	return nil
}

// compareUnit marks what base's documents broke too, and returns what they broke alone of the rules that the ratchet counts.
func (e *Engine) compareUnit(ctx context.Context, u unit, in *facts.Input, now time.Time, list []Violation) ([]finding.Finding, error) {
	before, counted := baseInput(in), e.counted(in)
	anchors := anchorPaths(before)
	for i := range before.Around {
		anchors[before.Around[i].Path] = true
	}
	if len(anchors) == 0 || len(list) == 0 && !wants(u, counted) {
		return nil, nil
	}
	old, err := u.judge(ctx, before, now)
	if err != nil {
		return nil, err
	}
	fingerprint(old)
	matchNowhere(old, list)
	return gone(match(old, list, anchors, in.Renames()), counted), nil
}

// matchNowhere marks violations that are about all documents and have no place unchanged: each of base answers for one.
func matchNowhere(old, list []Violation) {
	type identity struct{ rule, fingerprint string }
	free := map[identity]int{}
	for _, v := range old {
		if v.Path == "" {
			free[identity{v.Rule, v.Fingerprint}]++
		}
	}
	for i := range list {
		v := &list[i]
		if id := (identity{v.Rule, v.Fingerprint}); v.Path == "" && free[id] > 0 {
			free[id]--
			v.State = finding.Unchanged
		}
	}
}

// switchedOn counts the rules that the settings leave on.
func switchedOn(units []unit) int {
	n := 0
	for _, u := range units {
		for _, r := range u.rules() {
			if r.Mode != "off" {
				n++
			}
		}
	}
	return n
}
