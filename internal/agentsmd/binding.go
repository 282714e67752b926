package agentsmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/persona"
)

// bindings are the rules that a change here can break.
func (p *place) bindings() string {
	all := p.binding()
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## What binds you here\n\n")
	for _, l := range most(all, maxBindings) {
		b.WriteString("- " + l + "\n")
	}
	if left := len(all) - maxBindings; left > 0 {
		fmt.Fprintf(&b, "- … and %d more\n", left)
	}
	return b.String()
}

func (p *place) binding() []string {
	return slices.Concat(p.architecture(), p.privacy(), p.risk(), p.ratchets(), p.waivers())
}

// privacy is what follows from data about people.
func (p *place) privacy() []string {
	policy := p.repository.Config.Policy
	var names, fields []string
	for _, e := range p.components {
		g := e.Governance()
		if !facts.IsPersonal(g.DataClassification) {
			continue
		}
		names = append(names, e.Name)
		for field := range strings.SplitSeq(g.PIIFields, ",") {
			if field = strings.TrimSpace(field); field != "" {
				fields = append(fields, field)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	about := "Data about people"
	if len(p.components) > 1 {
		about += " in " + codes(names)
	}
	fields = append(fields, policy.PIIFields...)
	slices.Sort(fields)
	extra := ""
	if fields = slices.Compact(fields); len(fields) > 0 {
		extra = " (here also " + codes(fields) + ")"
	}
	provider := "No provider of models may be called (`privacy/provider`)."
	if len(policy.Providers) > 0 {
		provider = "The only providers of models that may be called: " + codes(policy.Providers) + " (`privacy/provider`)."
	}
	return []string{
		about + ": no field such as email, phone or date of birth" + extra + " goes to a logger, print or analytics (`privacy/logged`, `privacy/analytics`), " +
			"and no real number, address or card goes into a file (`privacy/personal-data`, `privacy/contact-data`). " + provider,
	}
}

// risk are the operator's rows about these paths.
func (p *place) risk() []string {
	var out []string
	for _, row := range p.repository.Config.Risk.Governance {
		if globs := p.touched(row.Paths); len(globs) > 0 {
			out = append(out, fmt.Sprintf("A change of %s is of %s risk: %s", codes(globs), plain(row.Level), sentence(row.Reason)))
		}
	}
	if globs := p.touched(p.repository.Config.Risk.Sensitive); len(globs) > 0 {
		out = append(out, "Sensitive, so of higher risk: "+codes(globs)+".")
	}
	return out
}

func (p *place) touched(globs []string) []string {
	return slices.DeleteFunc(slices.Clone(globs), func(glob string) bool { return !p.touches(glob) })
}

// ratchets are the rules whose violations are counted here. Numbers are left out: they change with every change that lands.
func (p *place) ratchets() []string {
	var rules []string
	for _, mark := range p.repository.Ratchets {
		for scope := range mark.Scopes {
			if p.within(scope) {
				rules = append(rules, mark.Rule)
				break
			}
		}
	}
	if len(rules) == 0 {
		return nil
	}
	slices.Sort(rules)
	return []string{"Old violations are counted and may only become fewer (`adamant ratchet show`): " + codes(rules) + "."}
}

// within says that a ratchet's scope, a component or a folder, is about this place.
func (p *place) within(scope string) bool {
	for _, e := range p.components {
		if scope == e.Ref {
			return true
		}
	}
	return strings.HasSuffix(scope, "/") && slices.ContainsFunc(p.bound(), func(f string) bool { return strings.HasPrefix(f, scope) })
}

func (p *place) waivers() []string {
	var out []string
	for _, w := range p.repository.Waivers {
		if len(w.Problems) > 0 || w.Resource == "" || !p.touches(w.Resource) {
			continue
		}
		out = append(out, fmt.Sprintf("Waived until %s: %s for %s. %s", plain(w.Expires), code(w.Rule), code(w.Resource), sentence(w.Justification)))
	}
	return out
}

// limits are the paths that agents may not write.
func (p *place) limits() string {
	if !p.repository.Configured {
		return ""
	}
	var lines []string
	agents := p.repository.Config.Agents
	if len(agents.Paths) > 0 {
		switch globs := p.touched(agents.Paths); {
		case p.folder == "":
			lines = append(lines, "Agents write only "+codes(agents.Paths)+".")
		case len(globs) == 0:
			lines = append(lines, "Agents write nothing here: ask the operator.")
		case !p.covered(globs):
			lines = append(lines, "Of this folder agents write only "+codes(globs)+".")
		}
	}
	denied, governed := p.touched(agents.Denied), p.touched(persona.Governed())
	if p.folder == "" {
		denied, governed = agents.Denied, persona.Governed()
	}
	if len(denied) > 0 {
		lines = append(lines, "Agents do not write "+codes(denied)+".")
	}
	if len(governed) > 0 {
		lines = append(lines, "Only the operator changes "+listed(governed)+" (`agents/governance`).")
	}
	if len(lines) == 0 {
		return ""
	}
	return "## Who writes what\n\n- " + strings.Join(lines, "\n- ") + "\n"
}

// listed writes all names as code.
func listed(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, code(n))
	}
	return strings.Join(out, ", ")
}

// covered says that globs have all the files here.
func (p *place) covered(globs []string) bool {
	return !slices.ContainsFunc(p.bound(), func(f string) bool { return !p.repository.matches(globs, f) })
}
