package agentsmd

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/adamant-os/adamant/internal/catalog"
)

// What a page lists at most, so that it stays within MaxLines.
const (
	maxComponents = 15
	maxPlaces     = 40
	maxCommands   = 15
	maxBindings   = 40
	maxNames      = 8
	maxRunes      = 300 // of one text that somebody wrote
)

func (p *place) page(all map[string]*place) Page {
	out := Page{Path: path.Join(p.folder, File), Title: p.title()}
	for _, e := range p.components {
		out.Components = append(out.Components, e.Ref)
	}
	blocks := []string{p.about(), p.elsewhere(all), p.commands(), p.bindings(), p.limits()}
	blocks = slices.DeleteFunc(blocks, func(b string) bool { return b == "" })
	out.Text = strings.Join(blocks, "\n")
	return out
}

func (p *place) title() string {
	switch {
	case len(p.components) == 1:
		return plain(cmp.Or(p.components[0].Title, p.components[0].Name))
	case p.folder == "":
		return plain(p.repository.Name)
	}
	return plain(path.Base(p.folder))
}

// about says what the components of the folder are.
func (p *place) about() string {
	var b strings.Builder
	for _, e := range most(p.components, maxComponents) {
		fmt.Fprintf(&b, "%s\n", p.entry(e))
	}
	if left := len(p.components) - maxComponents; left > 0 {
		fmt.Fprintf(&b, "… and %d more components: `adamant catalog list`.\n", left)
	}
	return b.String()
}

// entry is one component in a paragraph.
func (p *place) entry(e *catalog.Entity) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**", plain(e.Name))
	g := e.Governance()
	var traits []string
	for _, t := range []struct{ name, value string }{
		{"", e.Type}, {"", e.Lifecycle}, {"owner ", e.Owner}, {"system ", e.System}, {"data ", g.DataClassification}, {"risk profile ", g.RiskProfile},
	} {
		if t.value != "" {
			traits = append(traits, t.name+plain(t.value))
		}
	}
	if len(traits) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(traits, ", "))
	}
	if e.Description != "" {
		fmt.Fprintf(&b, ": %s", sentence(e.Description))
	} else {
		b.WriteString(".")
	}
	if own := "/" + p.folder + "/"; len(e.Claims) > 0 && !slices.Equal(e.Claims, []string{own}) && e.Claims[0] != "/" {
		fmt.Fprintf(&b, " Its files: %s.", codes(e.Claims))
	}
	needs, needed := p.relations(e)
	if len(needs) > 0 {
		fmt.Fprintf(&b, " Needs %s.", codes(needs))
	}
	if len(needed) > 0 {
		fmt.Fprintf(&b, " Needed by %s: a change of what it offers breaks them.", codes(needed))
	}
	return b.String()
}

// relations are what the catalog says an entity needs, and who needs it or an API that it provides.
func (p *place) relations(e *catalog.Entity) (needs, needed []string) {
	offers := []string{e.Ref}
	for _, r := range e.Relations {
		switch r.Field {
		case "dependsOn", "consumesApis":
			needs = append(needs, short(r.Target))
		case "providesApis":
			offers = append(offers, r.Target)
		}
	}
	for _, other := range p.repository.Catalog.Entities() {
		for _, r := range other.Relations {
			if (r.Field == "dependsOn" || r.Field == "consumesApis") && slices.Contains(offers, r.Target) {
				needed = append(needed, short(other.Ref))
			}
		}
	}
	slices.Sort(needs)
	slices.Sort(needed)
	return slices.Compact(needs), slices.Compact(needed)
}

// short is a ref without what most have.
func short(ref string) string {
	return strings.TrimPrefix(strings.Replace(ref, ":default/", ":", 1), "component:")
}

// elsewhere lists, at the root, the components that live in folders of their own.
func (p *place) elsewhere(all map[string]*place) string {
	if p.folder != "" || len(all) == 1 {
		return ""
	}
	folders := make([]string, 0, len(all))
	for folder := range all {
		if folder != "" {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	var b strings.Builder
	fmt.Fprintf(&b, "## Components\n\nEach folder has an %s of its own.\n\n", File)
	for _, folder := range most(folders, maxPlaces) {
		var says []string
		for _, e := range most(all[folder].components, 3) {
			says = append(says, strings.TrimSuffix(sentence(cmp.Or(e.Description, e.Title, e.Name)), "."))
		}
		fmt.Fprintf(&b, "- %s: %s\n", code(folder+"/"), strings.Join(says, "; "))
	}
	if left := len(folders) - maxPlaces; left > 0 {
		fmt.Fprintf(&b, "- … and %d more: `adamant catalog list`\n", left)
	}
	return b.String()
}

// most is the beginning of a list.
func most[T any](list []T, n int) []T { return list[:min(len(list), n)] }

// codes writes names as code, a few of them.
func codes(names []string) string {
	var out []string
	for _, n := range most(names, maxNames) {
		out = append(out, code(n))
	}
	if left := len(names) - maxNames; left > 0 {
		out = append(out, fmt.Sprintf("%d more", left))
	}
	return strings.Join(out, ", ")
}

// code is a text in the font of code, whatever back-ticks it has.
func code(text string) string {
	text = oneLine(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}

// sentence is a text of others as one sentence.
func sentence(text string) string {
	text = plain(text)
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".!?…") {
		text += "."
	}
	return text
}

// plain is a text of others in one line that means nothing to Markdown: no comment, no heading, no list, no link.
func plain(text string) string {
	return strings.NewReplacer("<", `\<`, "[", `\[`, "`", "'", "|", `\|`, "#", `\#`).Replace(oneLine(text))
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > maxRunes {
		return strings.TrimSpace(string(runes[:maxRunes])) + "…"
	}
	return string(runes)
}
