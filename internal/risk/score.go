package risk

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/persona"
)

// Features are the measured values a score is made of. Only source files whose edit is not proven harmless are counted.
type Features struct {
	Files       int // source files
	Lines       int // new lines of code
	Gone        int // lines of code that are no more
	Identifiers int // distinct names in the new lines, per file
	Characters  int // bytes of the new lines
	Conditions  int // branches in the new lines
	Places      int // runs of new lines
	RecentFixes int // thousandths: earlier fixes of these files, each halved for every year of its age
	FileAge     int // mean hours since the first change of those files that are not new
	FixAge      int // hours since the latest fix of any of these files; NeverFixed when there was none
	FanIn       int // files of the repository that need these, directly or not, at base; without weight (docs/risk.md)
	Distrust    int // of the agent that made it, in milli-units; 0 for people and for agents of tier senior or standard
}

// NeverFixed is the FixAge of files that were never fixed, in hours (11 years); older fixes count as never.
const NeverFixed = 100_000

// Measure takes the features of a change from its input document.
func Measure(in *facts.Input) Features {
	f := Features{FixAge: NeverFixed}
	pasts := make(map[string]facts.Past, len(in.History.Paths))
	for _, p := range in.History.Paths {
		pasts[p.Path] = p
	}
	known, hours := 0, 0
	for _, file := range in.Files {
		if file.Growth == nil {
			continue
		}
		f.grow(file)
		past, ok := pasts[cmp.Or(file.OldPath, file.Path)]
		if !ok || file.Status == "added" {
			continue
		}
		known++
		hours += past.BornHours
		f.RecentFixes += past.RecentFixes
		if past.FixHours >= 0 {
			f.FixAge = min(f.FixAge, past.FixHours)
		}
	}
	if known > 0 {
		f.FileAge = hours / known
	}
	if in.Reach != nil {
		f.FanIn = in.Reach.Files
	}
	f.Distrust = distrust(in.Change)
	return f
}

// distrust is what the agent's tier adds to the score of code, in milli-units. No tier takes anything off: trust is no proof.
func distrust(c facts.Change) int {
	switch {
	case c.Persona != nil && c.Persona.Tier == string(persona.Junior), c.Personas && c.Persona == nil:
		return 100
	case c.Persona != nil && c.Persona.Tier == string(persona.Experimental):
		return 50
	}
	return 0
}

func (f *Features) grow(file facts.File) {
	g := file.Growth
	f.Files++
	f.Lines += g.Lines
	f.Gone += g.Gone
	f.Identifiers += g.Identifiers
	f.Characters += g.Characters
	f.Conditions += g.Conditions
	f.Places += g.Places
}

// Values are the features with their names, in a fixed order.
func (f Features) Values() []Value {
	return []Value{
		{"files", f.Files}, {"lines", f.Lines}, {"gone", f.Gone}, {"identifiers", f.Identifiers}, {"characters", f.Characters},
		{"conditions", f.Conditions}, {"places", f.Places}, {"recentFixes", f.RecentFixes},
		{"fileAge", f.FileAge}, {"fixAge", f.FixAge},
	}
}

// Value is one named feature.
type Value struct {
	Name  string
	Value int
}

// Score returns the score in milli-units, 0..1000, and what each factor gave to it, greatest contribution first. A change
// without source code to judge scores 0.
func Score(f Features) (int, []Factor) {
	if f.Files == 0 {
		return 0, nil
	}
	sum := base
	factors := []Factor{{Name: "base", Value: f.Files, Milli: base, Text: fmt.Sprintf("source files changed %d: %+d", f.Files, base)}}
	for _, w := range weights {
		factor := w.factor(f)
		sum += factor.Milli
		if factor.Milli != 0 {
			factors = append(factors, factor)
		}
	}
	if f.Distrust > 0 {
		sum += f.Distrust
		factors = append(factors, Factor{Name: "agentTrust", Value: f.Distrust, Milli: f.Distrust, Text: fmt.Sprintf("trust in the agent that made it: %+d", f.Distrust)})
	}
	slices.SortStableFunc(factors, func(a, b Factor) int { return cmp.Compare(b.Milli, a.Milli) })
	if f.FanIn > 0 {
		factors = append(factors, Factor{Name: "fanIn", Value: f.FanIn, Text: fmt.Sprintf("files that need these %d: +0", f.FanIn)})
	}
	return min(max(sum, 0), 1000), factors
}

// log is 1024 times the binary logarithm of x/unit + 1, for x >= 0: integers only, so every machine agrees.
func log(x, unit int) int { return log1024(max(x, 0)+unit) - log1024(unit) }

// log1024 is 1024 times the binary logarithm of x >= 1, interpolated in a table, never off by more than 1.
func log1024(x int) int {
	n := bits.Len64(uint64(x)) - 1
	fraction := int(uint64(x) << (63 - n) << 1 >> 48) // 16 bits after the leading one
	step, inside := fraction>>10, fraction&1023
	return n<<10 + logs[step] + (logs[step+1]-logs[step])*inside>>10
}

// logs are 1024 times log2(1 + i/64), rounded.
var logs = [65]int{
	0, 23, 45, 68, 90, 111, 132, 153, 174, 194, 214, 234, 254, 273, 292, 311,
	330, 348, 366, 384, 402, 419, 436, 454, 470, 487, 504, 520, 536, 552, 568, 584,
	599, 614, 629, 644, 659, 674, 689, 703, 717, 731, 745, 759, 773, 787, 800, 813,
	827, 840, 853, 866, 879, 891, 904, 916, 929, 941, 953, 965, 977, 989, 1001, 1012,
	1024,
}
