package adopt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Patient is what doctor looks at.
type Patient struct {
	Branch           string
	Configured       bool // adamant.yaml is on the branch
	Uncommitted      bool // adamant.yaml exists, but not on the branch
	Config           manifest.Repository
	Catalog          int // entities
	Shallow, Partial bool
	OSV              bool
	OSVDir           string // where the records would be
	MissingTools     []string
	MissingGates     []MissingGate
	Sandbox          string // what holds an agent on this machine
	NoSandbox        string // why agents cannot run on this machine; "" = they can
}

// MissingGate is a gate that a level demands and nothing answers for.
type MissingGate struct {
	Level string `json:"level"`
	Gate  string `json:"gate"`
}

// Diagnosis is what doctor says.
type Diagnosis struct {
	Phase     int           `json:"phase"`
	PhaseText string        `json:"phaseText"`
	Items     []Item        `json:"items"`
	Missing   []MissingGate `json:"missing"`
	Next      string        `json:"next"`
	Broken    bool          `json:"broken"`
}

// Item is one thing that was looked at. Marks: + good, ? missing, x broken.
type Item struct {
	Mark string `json:"mark"`
	Name string `json:"name"`
	Text string `json:"text"`
}

// Phases are the adoption phases by number.
var phases = [...]string{
	"not adopted: built-in defaults, nothing is blocked",
	"observe: every change is judged, nothing is blocked",
	"guard: what the gate refuses does not land",
	"automate: what the gate allows lands by itself",
	"delegate: agents work on their own, within their rights",
}

// Diagnose says what is set up, what is missing and what to do next.
func Diagnose(p Patient) Diagnosis {
	d := Diagnosis{Missing: p.MissingGates}
	if p.Configured {
		d.Phase = max(1, p.Config.Spec.Phase)
	}
	d.PhaseText = phases[d.Phase]
	d.configuration(p)
	d.clone(p)
	d.checks(p)
	d.gates(p)
	d.sandbox(p)
	d.Next = next(p, d)
	return d
}

func (d *Diagnosis) add(mark, name, text string) {
	d.Items = append(d.Items, Item{Mark: mark, Name: name, Text: text})
	d.Broken = d.Broken || mark == "x"
}

func (d *Diagnosis) configuration(p Patient) {
	switch {
	case p.Configured:
		d.add("+", "configuration", ".adamant/adamant.yaml on "+p.Branch)
	case p.Uncommitted:
		d.add("?", "configuration", ".adamant/adamant.yaml is not on "+p.Branch+" yet: it counts once it is")
	default:
		d.add("?", "configuration", "none: built-in defaults are used")
	}
	if p.Catalog > 0 {
		d.add("+", "catalog", fmt.Sprintf("%d entities", p.Catalog))
	} else {
		d.add("?", "catalog", "no catalog-info.yaml: nobody owns anything; adamant catalog generate proposes one")
	}
}

func (d *Diagnosis) clone(p Patient) {
	switch {
	case p.Shallow:
		d.add("x", "history", "this clone is shallow: git fetch --unshallow")
	case p.Partial:
		d.add("?", "history", "this clone is partial: what it lacks is reported, not fetched; git fetch --refetch --no-filter")
	default:
		d.add("+", "history", "complete")
	}
	if p.OSV {
		d.add("+", "vulnerability data", "present")
	} else {
		d.add("?", "vulnerability data", "none in "+p.OSVDir+": changed dependencies hold until they are there; adamant check prints the command that gets them")
	}
}

func (d *Diagnosis) checks(p Patient) {
	var names []string
	for _, c := range p.Config.Spec.Checks {
		names = append(names, c.Name)
	}
	switch {
	case len(names) == 0:
		d.add("?", "checks", "none found: declare your tests under spec.checks")
	case p.Configured:
		d.add("+", "checks", strings.Join(names, ", "))
	default:
		d.add("+", "checks", strings.Join(names, ", ")+" (detected)")
	}
	for _, tool := range p.MissingTools {
		d.add("x", "tool", tool+" is not installed; checks that need it are unavailable")
	}
}

// gates lists the gates without an answer, with the lowest level that demands each.
func (d *Diagnosis) gates(p Patient) {
	accepted := map[string]bool{}
	for _, a := range p.Config.Spec.Accept {
		accepted[a.Gate] = true
	}
	seen := map[string]bool{}
	for _, m := range p.MissingGates {
		if seen[m.Gate] {
			continue
		}
		seen[m.Gate] = true
		text := "no check answers for it; changes from " + m.Level + " risk on hold"
		if accepted[m.Gate] {
			text = "missing, accepted on record"
		}
		d.add("?", m.Gate, text)
	}
}

// sandbox says whether agents can run here. A repository without agents is well without one.
func (d *Diagnosis) sandbox(p Patient) {
	switch {
	case p.NoSandbox == "":
		d.add("+", "sandbox", "agents can run here: "+p.Sandbox)
	case d.Phase >= 4:
		d.add("x", "sandbox", "agents refuse to run: "+p.NoSandbox)
	default:
		d.add("?", "sandbox", "agents would refuse to run: "+p.NoSandbox)
	}
}

// next is the one command that brings the repository forward.
func next(p Patient, d Diagnosis) string {
	switch {
	case p.Shallow:
		return "git fetch --unshallow"
	case p.Uncommitted:
		return "commit .adamant on " + p.Branch
	case !p.Configured:
		return "adamant init --dry-run"
	case len(p.MissingTools) > 0:
		return "install " + strings.Join(p.MissingTools, ", ")
	case d.Phase == 1:
		return "adamant backtest; when you agree with it, set phase: 2 in .adamant/adamant.yaml and run adamant init --phase 2 --git-hooks --ci github"
	case d.Phase == 2 && slices.ContainsFunc(p.MissingGates, func(m MissingGate) bool { return m.Level == "low" || m.Level == "medium" }):
		return "declare checks for the gates above, or accept their absence under spec.accept; then set phase: 3"
	case d.Phase == 2:
		return "set phase: 3 when refusals no longer surprise you"
	case p.Catalog == 0:
		return "adamant catalog generate"
	}
	return ""
}
