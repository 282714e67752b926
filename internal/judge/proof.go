package judge

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

// Proof is what a run of declared checks on another tree answers for a change: the last commit of the batch that it lands
// in, or the tree it was proven in before changes landed that share nothing with it. Whoever gives it vouches for that. It
// answers for checks alone that base declares as they were run, and that say nothing about single changes
// (check.PerChange): all others are run.
type Proof struct {
	Source string // facts.SourceBatch, facts.SourceLane
	Tree   git.OID
	Checks []Proven
}

// Proven is the answer of one check.
type Proven struct {
	Check    manifest.Check
	Evidence facts.Evidence
}

// ProofOf keeps of a judgement what its declared checks answered.
func ProofOf(source string, outcome *Outcome, declared []manifest.Check) *Proof {
	p := &Proof{Source: source, Tree: git.OID(outcome.Input.Change.MergedTree)}
	for _, k := range declared {
		for _, e := range outcome.Input.Evidence {
			if e.Check == k.Name && (e.Source == facts.SourceLocal || e.Source == facts.SourceCache) {
				p.Checks = append(p.Checks, Proven{k, e})
			}
		}
	}
	return p
}

// proven adds what the proof answers to the document and lists the checks that are left to run.
func (c *courtroom) proven(wanted []manifest.Check, level risk.Level) []manifest.Check {
	if c.req.Proof == nil {
		return wanted
	}
	in := c.collected.Input
	return slices.DeleteFunc(wanted, func(k manifest.Check) bool {
		e, ok := c.req.Proof.answer(&k, level)
		if ok {
			in.Evidence = append(in.Evidence, e)
		}
		return ok
	})
}

// answer is the evidence for a check, if the proof has it and may give it.
func (p *Proof) answer(k *manifest.Check, level risk.Level) (facts.Evidence, bool) {
	i := slices.IndexFunc(p.Checks, func(one Proven) bool { return one.Check.Name == k.Name })
	if i < 0 || check.PerChange(k, level >= risk.Medium) || !same(&p.Checks[i].Check, k) {
		return facts.Evidence{}, false
	}
	e := p.Checks[i].Evidence
	if e.State != facts.Passed && e.State != facts.NotAffected {
		return facts.Evidence{}, false
	}
	e.Source, e.Tree = p.Source, string(p.Tree)
	if e.Reason == "" {
		e.Reason = fmt.Sprintf("run on tree %s", p.Tree.Short())
	}
	return e, true
}

func same(a, b *manifest.Check) bool {
	left, err := manifest.CanonicalJSON(a)
	right, err2 := manifest.CanonicalJSON(b)
	return err == nil && err2 == nil && bytes.Equal(left, right)
}
