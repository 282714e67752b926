package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// gates gives every required gate its state, and adds one for evidence that nobody required but somebody brought: a failing
// check counts whether or not the matrix asked for it.
func gates(in *facts.Input, cfg manifest.Repository, required []string, a *Assessment) []Gate {
	out := make([]Gate, 0, len(required))
	claimed := map[string]bool{}
	for _, name := range required {
		g := state(in, cfg, name, a)
		for _, check := range g.Checks {
			claimed[check] = true
		}
		out = append(out, g)
	}
	for _, e := range in.Evidence {
		if !claimed[e.Check] && e.State != facts.NotAffected {
			out = append(out, optional(fold(Gate{Name: e.Check}, []facts.Evidence{current(forgiven(switchedOff(e, a.Findings), cfg, a.Findings), in.Now)})))
		}
	}
	return out
}

// optional keeps a check that nobody required and that could not be carried out here from holding the change.
func optional(g Gate) Gate {
	if g.State == Unavailable {
		g.State, g.Reason = NotApplicable, "not required at this level; unavailable: "+g.Reason
	}
	return g
}

// state answers for one gate.
func state(in *facts.Input, cfg manifest.Repository, name string, a *Assessment) Gate {
	g := Gate{Name: name}
	switch name {
	case gateApproval, gateMFA, gateBreakGlass:
		g.State, g.Reason = Waiting, "a "+a.Level.String()+" change is the operator's decision"
		return g
	case "policy":
		return policyState(g, a.Findings)
	case "ratchet":
		return ratchetState(g, a)
	}
	evidence := evidenceFor(in, cfg, name, a.Findings)
	if len(evidence) > 0 {
		g = fold(g, evidence)
	} else {
		g = absent(g, cfg)
	}
	if why := nothingToValidate(in, name); why != "" && (g.State != Failed && g.State != Errored || !speaksOf(evidence, name)) {
		g.State, g.Reason = NotApplicable, why
	}
	if g.State == Unavailable {
		g = accept(g, in.Now, cfg.Spec.Accept)
	}
	return g
}

// speaksOf says that some of the evidence is of a check made for this very gate: its failure counts whatever the tree holds. That of
// a check that only lends its answer counts at its own gate.
func speaksOf(evidence []facts.Evidence, gate string) bool {
	return slices.ContainsFunc(evidence, func(e facts.Evidence) bool { return e.Check == gate || e.Kind == gate })
}

// policyState says whether the constitution was kept. The rules ran: had one failed, there would be no assessment.
func policyState(g Gate, findings []finding.Finding) Gate {
	g.State, g.Source = Passed, facts.SourceBuiltin
	for _, f := range findings {
		if f.Tool == "policy" && Blocks(f) {
			g.State, g.Reason = Failed, f.Rule
			return g
		}
	}
	return g
}

func evidenceFor(in *facts.Input, cfg manifest.Repository, gate string, findings []finding.Finding) []facts.Evidence {
	var out []facts.Evidence
	for _, e := range in.Evidence {
		e = current(forgiven(switchedOff(e, findings), cfg, findings), in.Now)
		if !answersFor(e.Check, e.Kind, gate) {
			continue
		}
		if gate == "regression" && e.Kind == "unit" {
			if e.Source == facts.SourceCI {
				continue // the change's own pipeline ran the change's own tests
			}
			e = regression(e)
		}
		out = append(out, e)
	}
	return out
}

// current turns a good answer that is too old into one that has to be asked for again.
func current(e facts.Evidence, now time.Time) facts.Evidence {
	if stale(e, now) && slices.Index(badness, e.State) < slices.Index(badness, Pending) {
		e.State, e.Reason = Pending, "observed at "+e.ObservedAt.UTC().Format(time.RFC3339)+", which is too long ago or yet to come: ask again"
	}
	return e
}

// clockSkew is how far another machine's clock may be ahead.
const clockSkew = 5 * time.Minute

// stale says that a fact has an age limit and is over it, or claims to come from the future.
func stale(e facts.Evidence, now time.Time) bool {
	age := now.Sub(e.ObservedAt)
	return e.MaxAge != 0 && (age < -clockSkew || age >= time.Duration(e.MaxAge)*time.Second)
}

// switchedOff turns a built-in check's failure into a pass when the operator's switches left none of its findings blocking.
func switchedOff(e facts.Evidence, findings []finding.Finding) facts.Evidence {
	if e.Source != facts.SourceBuiltin || e.State != facts.Failed {
		return e
	}
	for _, f := range findings {
		if strings.HasPrefix(f.Rule, e.Check+"/") && Blocks(f) {
			return e
		}
	}
	e.State = facts.Passed
	return e
}

// forgiven turns a check's failure into a pass when nothing but new findings made it fail, the operator switched all their
// rules or waived all of a rule's findings, and none of them refuses the change.
func forgiven(e facts.Evidence, cfg manifest.Repository, findings []finding.Finding) facts.Evidence {
	if e.State != facts.Failed || len(e.Rules) == 0 {
		return e
	}
	for _, rule := range e.Rules {
		if cfg.Spec.Policy.Mode(rule) == "" && !waivedThroughout(rule, findings) {
			return e
		}
	}
	for _, f := range findings {
		if slices.Contains(e.Rules, f.Rule) && Blocks(f) {
			return e
		}
	}
	e.State, e.Reason = facts.Passed, "new findings, none of which refuses the change by your switches and waivers"
	return e
}

// regression reads the outcome of base's tests out of a unit check's evidence. Tests that a change rewrote together with the
// behaviour may be right: that is the operator's to say, not a failure.
func regression(e facts.Evidence) facts.Evidence {
	switch {
	case e.State != facts.Passed:
	case e.BaseTests == nil:
		e.State, e.Reason = facts.Unavailable, "base's tests did not run against the merged source"
	case e.BaseTests.Failed > 0:
		e.State, e.Reason = Waiting, "base's tests fail against the merged source: is the new behaviour wanted?"
	default:
		e.Reason = fmt.Sprintf("%d of base's tests passed against the merged source", e.BaseTests.Passed)
	}
	return e
}

// badness orders states from good to bad: a gate is as good as its worst check.
var badness = []string{facts.NotAffected, Passed, Pending, Unavailable, Waiting, Failed, Errored}

// fold joins the evidence of several checks: the worst state wins, and a state nobody knows is an error.
func fold(g Gate, evidence []facts.Evidence) Gate {
	worst := -1
	var sources []string
	for _, e := range evidence {
		rank := slices.Index(badness, e.State)
		if rank < 0 {
			rank = len(badness) - 1
			e.Reason = "evidence with unknown state " + e.State
		}
		if rank > worst {
			worst, g.Reason = rank, e.Reason
		}
		g.Checks = append(g.Checks, e.Check)
		if !slices.Contains(sources, e.Source) {
			sources = append(sources, e.Source)
		}
	}
	g.State = badness[worst]
	if g.State == facts.NotAffected {
		g.State = Passed
	}
	slices.Sort(sources)
	g.Source = strings.Join(sources, "+")
	return g
}

func nothingToValidate(in *facts.Input, gate string) string {
	if empty := answers(gate).empty; empty != nil {
		return empty(in)
	}
	return ""
}

// absent explains a gate without evidence.
func absent(g Gate, cfg manifest.Repository) Gate {
	for _, check := range cfg.Spec.Checks {
		if answersFor(check.Name, check.Kind, g.Name) {
			g.State, g.Reason = Pending, "declared, not run"
			g.Checks = append(g.Checks, check.Name)
		}
	}
	if g.State == "" {
		g.State, g.Reason = Unavailable, answers(g.Name).install
	}
	return g
}

// accept turns an unavailable gate into an accepted one where the operator has put that on record and it has not lapsed.
func accept(g Gate, now time.Time, accepted []manifest.Acceptance) Gate {
	for _, a := range accepted {
		if a.Gate != g.Name {
			continue
		}
		if end, ok := acceptedUntil(a); a.Until == "" || ok && now.Before(end) {
			g.State, g.Reason = Accepted, "absence accepted by the operator: "+a.Reason
		}
	}
	return g
}

// acceptedUntil is the first instant after an acceptance with an end; a date nobody can read has ended.
func acceptedUntil(a manifest.Acceptance) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, a.Until)
	if err != nil {
		return time.Time{}, false
	}
	return day.AddDate(0, 0, 1), true
}
