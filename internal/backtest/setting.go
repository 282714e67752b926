package backtest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

// Setting is one edit of adamant.yaml and what it would have spared the operator.
type Setting struct {
	YAML    string `json:"yaml"`   // goes below spec:
	Text    string `json:"text"`   // what it means, and what it gives up
	Needed  int    `json:"needed"` // changes that would still have needed the operator
	Halves  bool   `json:"halves"` // whether that is half or less
	changed tweak
}

// tweak is the effect of a setting on a row.
type tweak struct {
	accepts string // gate whose absence is accepted
	quiet   string // floor rule that is not applied...
	below   string // ...to paths below this folder
}

// bestSetting tries every setting that the rows suggest and returns the one after which the fewest changes need the operator.
// It never proposes to switch off a governance rule.
func bestSetting(rows []Row, cfg manifest.Repository, needed int) *Setting {
	candidates := proposals(rows)
	for i := range candidates {
		for _, row := range rows {
			if row.Decision == Needed && stillNeeded(row, cfg, candidates[i].changed) {
				candidates[i].Needed++
			}
		}
		candidates[i].Halves = candidates[i].Needed*2 <= needed
	}
	candidates = slices.DeleteFunc(candidates, func(s Setting) bool { return s.Needed >= needed })
	if len(candidates) == 0 {
		return nil
	}
	best := slices.MinFunc(candidates, func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.Needed, b.Needed), cmp.Compare(a.YAML, b.YAML))
	})
	return &best
}

// stillNeeded judges a row again with one thing changed.
func stillNeeded(row Row, cfg manifest.Repository, t tweak) bool {
	if len(row.Holds) > 0 {
		return true
	}
	level := row.Band
	for _, f := range row.Floor {
		if t.quiet == "" || f.Rule != t.quiet || !below(f.Path, t.below) {
			level = risk.Max(level, f.Level)
		}
	}
	level = min(level, row.Level) // a relaxation that the row got stays
	required, merge := gate.Required(cfg, level)
	if merge.Merge == gate.ModeManual || merge.Merge == gate.ModeManualMFA {
		return true
	}
	for _, g := range row.Gates {
		if slices.Contains(required, g.Name) && !passes(g.State) && g.Name != t.accepts {
			return true
		}
	}
	return false
}

func below(file, folder string) bool { return folder == "" || strings.HasPrefix(file, folder+"/") }

// proposals are the settings worth trying.
func proposals(rows []Row) []Setting {
	var out []Setting
	seen := map[string]bool{}
	propose := func(s Setting) {
		if !seen[s.YAML] {
			seen[s.YAML] = true
			out = append(out, s)
		}
	}
	for _, row := range rows {
		if row.Decision != Needed {
			continue
		}
		for _, g := range row.Gates {
			if g.State == gate.Unavailable {
				propose(acceptGate(g.Name))
			}
		}
		for _, f := range row.Floor {
			if f.Level == risk.High && quietable(f.Rule) {
				for _, folder := range []string{path.Dir(f.Path), path.Dir(path.Dir(f.Path))} {
					if strings.Contains(folder, "/") && plain(folder) { // a top folder is too much to wave through
						propose(quietPath(f.Rule, folder))
					}
				}
			}
		}
	}
	return out
}

func acceptGate(name string) Setting {
	return Setting{
		YAML:    fmt.Sprintf("accept:\n  - gate: %s\n    reason: no %s yet; I rely on the other gates", name, name),
		Text:    fmt.Sprintf("land without %s until you have it; better: declare a check of kind %s", name, name),
		changed: tweak{accepts: name},
	}
}

// quietable says whether a floor rule guesses from names, so that the operator may know better. Governance never is.
func quietable(rule string) bool { return strings.HasPrefix(rule, "sensitive/") }

// plain says that a folder can stand in YAML and in a glob as it is: the operator pastes what we propose.
func plain(folder string) bool {
	return strings.Trim(folder, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" && folder[0] != '-'
}

func quietPath(rule, folder string) Setting {
	return Setting{
		YAML:    fmt.Sprintf("risk:\n  notSensitive:\n    - %s/**", folder),
		Text:    fmt.Sprintf("names below %s/ look like authentication, encryption, IAM or billing; say that they are not", folder),
		changed: tweak{quiet: rule, below: folder},
	}
}
