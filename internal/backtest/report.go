package backtest

import (
	"cmp"
	"slices"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
)

// Report is the answer of a look back.
type Report struct {
	Rows       []Row        `json:"changes"` // newest first
	Levels     []LevelCount `json:"levels"`  // trivial to critical
	Landed     int          `json:"landed"`
	Soaked     int          `json:"soaked"`
	Needed     int          `json:"needed"`
	Refused    int          `json:"refused"`
	Missing    int          `json:"missing"`  // changes that this clone lacks objects of; they are in no other count
	Because    []Cause      `json:"because"`  // why the operator was needed, most frequent first
	Refusals   []Cause      `json:"refusals"` // why changes were refused, most frequent first
	Setting    *Setting     `json:"setting"`  // the one setting that would spare the operator most; null when nothing would
	Configured bool         `json:"configured"`
	Cut        bool         `json:"cut"` // a shallow clone ended the look back
	Checks     []string     `json:"checks"`
	governance *facts.Governance
}

// LevelCount is one row of the report's table.
type LevelCount struct {
	Level   risk.Level `json:"level"`
	Changes int        `json:"changes"`
	Landed  int        `json:"landed"`
	Soaked  int        `json:"soaked"`
	Needed  int        `json:"needed"`
	Refused int        `json:"refused"`
}

// Cause is why some changes did not land by themselves.
type Cause struct {
	Kind    string `json:"kind"` // floor, score, gate, rule; floor, where a rule of the same name holds for the same fact
	Name    string `json:"name"` // floor rule, gate or policy rule
	Text    string `json:"text"`
	Changes int    `json:"changes"`
	Alone   int    `json:"alone"`   // changes for which it was the only cause
	Held    int    `json:"held"`    // changes that a rule holds or refuses, whatever their level
	Example string `json:"example"` // commit
	Path    string `json:"path"`    // in the example
}

func report(rows []Row, g *facts.Governance, cut bool) *Report {
	judged := slices.DeleteFunc(slices.Clone(rows), func(row Row) bool { return row.Decision == Missing })
	r := &Report{Rows: judged, Missing: len(rows) - len(judged), Configured: g.Configured, Cut: cut, governance: g, Checks: []string{}, Because: []Cause{}, Refusals: []Cause{}}
	slices.Reverse(r.Rows)
	for _, c := range g.Config.Spec.Checks {
		r.Checks = append(r.Checks, c.Name)
	}
	for l := risk.Trivial; l <= risk.Critical; l++ {
		r.Levels = append(r.Levels, LevelCount{Level: l})
	}
	needed, refused := tally{}, tally{}
	for _, row := range r.Rows {
		level := &r.Levels[row.Level]
		level.Changes++
		switch row.Decision {
		case Landed:
			level.Landed++
			r.Landed++
		case Soaked:
			level.Soaked++
			r.Soaked++
		case Needed:
			level.Needed++
			r.Needed++
			needed.add(row, causes(row))
		case Refused:
			level.Refused++
			r.Refused++
			refused.add(row, refusals(row))
		}
	}
	r.Because, r.Refusals = needed.sorted(), refused.sorted()
	r.Setting = bestSetting(r.Rows, g.Config, r.Needed)
	return r
}

// causes says why a change needed the operator: what put it at a level that lands by hand, and what was missing.
func causes(row Row) []Cause {
	var out []Cause
	for _, f := range row.Floor {
		if f.Level == row.Level && row.Level >= risk.High {
			out = append(out, Cause{Kind: "floor", Name: f.Rule, Text: f.Message, Path: f.Path})
		}
	}
	if row.Level >= risk.High && row.Band == row.Level {
		out = append(out, Cause{Kind: "score", Name: "score", Text: "size and history of the change"})
	}
	if row.Level < risk.High {
		for _, g := range row.Gates {
			if !passes(g.State) {
				out = append(out, Cause{Kind: "gate", Name: g.Name, Text: g.Name + " is " + g.State})
			}
		}
	}
	for _, h := range row.Holds {
		out = append(out, Cause{Kind: "rule", Name: h.Rule, Text: h.Message, Path: h.Path})
	}
	return out
}

func refusals(row Row) []Cause {
	var out []Cause
	for _, f := range row.Refusals {
		out = append(out, Cause{Kind: "rule", Name: f.Rule, Text: f.Message, Path: f.Path})
	}
	for _, g := range row.Gates {
		if len(row.Refusals) == 0 && (g.State == gate.Failed || g.State == gate.Errored) {
			out = append(out, Cause{Kind: "gate", Name: g.Name, Text: g.Name + " is " + g.State})
		}
	}
	return out
}

func passes(state string) bool {
	return state == gate.Passed || state == gate.NotApplicable || state == gate.Accepted
}

// tally counts causes by name; a change counts once a cause. A fact that puts a change at a level and is held by a rule has one name
// and is one cause: both follow from it, and neither without the other would let the change land.
type tally map[string]*Cause

func (t tally) add(row Row, list []Cause) {
	seen, held := map[string]bool{}, map[string]bool{}
	for _, c := range list {
		if t[c.Name] == nil {
			c.Example = row.Commit
			t[c.Name] = &c
		}
		if c.Kind == "floor" {
			t[c.Name].Kind = c.Kind
		}
		seen[c.Name] = true
		held[c.Name] = held[c.Name] || c.Kind == "rule"
	}
	for name := range seen {
		t[name].Changes++
		if held[name] {
			t[name].Held++
		}
		if len(seen) == 1 {
			t[name].Alone++
		}
	}
}

func (t tally) sorted() []Cause {
	out := []Cause{}
	for _, c := range t {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out
}
