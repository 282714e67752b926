package risk

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// compared are the files whose interfaces were compared.
func compared(delta *exports.Delta) map[string]bool {
	out := map[string]bool{}
	if delta != nil {
		for _, path := range delta.Looked {
			out[path] = true
		}
	}
	return out
}

// interfaces prices what others rely on and is gone or changed so that they may break. What is new harms nobody.
func (f *floor) interfaces() {
	if f.in.API == nil {
		return
	}
	said := map[string]bool{}
	var groups []broken
	at := map[broken]int{} // without count
	for i := range f.in.API.Changes {
		c := &f.in.API.Changes[i]
		said[c.Path] = true
		level, ok := priceOf(c)
		if !ok {
			continue
		}
		key := broken{level: level, path: c.Path, rule: ruleOf(c), where: where(c)}
		if k, ok := at[key]; ok {
			groups[k].more++
			continue
		}
		at[key] = len(groups)
		key.line, key.what = c.Line, what(c)
		groups = append(groups, key)
	}
	for _, g := range groups {
		message := g.where + ": " + g.what
		if g.more > 0 {
			message += fmt.Sprintf("; and %d more", g.more)
		}
		f.add(g.level, g.rule, g.path, g.line, "%s", message)
	}
	for _, u := range f.in.API.Unread {
		level := High
		if u.Scope == exports.Repository {
			level = Medium
		}
		said[u.Path] = true
		f.add(level, "interface/unread", u.Path, u.Line, "what happened to its interface is not known: %s", u.Message)
	}
	for i := range f.in.Files {
		file := &f.in.Files[i]
		if schema(file.Path) && f.compared[file.Path] && !said[file.Path] && !proven(file) {
			f.add(Medium, "interface/schema", file.Path, 0, "an interface between programs; what it offers is the same, its settings are not")
		}
	}
}

// widelyNeeded is how many other components may need what a change touches before it is more than low.
const widelyNeeded = 3

// reach prices changes that many others need. How likely a mistake is does not depend on it (docs/risk.md), how many it hits does.
func (f *floor) reach() {
	r := f.in.Reach
	if r == nil || r.Components < widelyNeeded {
		return
	}
	path := ""
	if len(r.Paths) > 0 {
		path = r.Paths[0].Path
	}
	f.add(Medium, "reach/components", path, 0, "%d other components need what changes", r.Components)
}

// priceOf is the level of one change, false when it has none.
func priceOf(c *exports.Change) (Level, bool) {
	switch {
	case c.Breaking && c.Scope == exports.Public:
		return High, true
	case c.Breaking, c.Scope == exports.Public && (c.Unsure || c.Change == exports.Moved):
		return Medium, true
	}
	return Trivial, false
}

// broken is what one file's interface lost, of one level: the first of it, and how much more there is.
type broken struct {
	level             Level
	path, rule, where string
	line              int
	what              string
	more              int
}

func ruleOf(c *exports.Change) string {
	if schemaLanguage(c.Language) {
		return "interface/schema"
	}
	return "interface/exports"
}

func schemaLanguage(name string) bool { return name == "proto" || name == "openapi" }

func schema(path string) bool { return source.IsSchema(path) && strings.HasSuffix(path, ".proto") }

func where(c *exports.Change) string {
	if c.Scope == exports.Public {
		return "public interface"
	}
	return "interface inside the repository"
}

func what(c *exports.Change) string {
	switch c.Change {
	case exports.Removed:
		return fmt.Sprintf("no longer has %s %s (%s)", c.Kind, c.Name, c.Reason)
	case exports.Moved:
		return c.Reason
	}
	return fmt.Sprintf("%s %s: %s", c.Kind, c.Name, c.Reason)
}
