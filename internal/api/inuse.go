package api

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// The rules about interfaces that are still in use.
const (
	RuleRemoved = "api/removed-in-use"
	RuleChanged = "api/changed-in-use"
)

// The bounds of one change: how many names are followed, and how much is told.
const (
	maxLooked   = 500
	maxFindings = 200
)

// InUse finds what the merged tree still uses of an interface that the change takes away, or uses in a way that it no longer
// allows. Only what an import proves is said: a member whose owner's type is not known, and a change whose effect is not known,
// are no findings. base is asked for the graph of base, and only when a file is gone.
func InUse(ctx context.Context, w *World, d *exports.Delta, gone []string, base func() (*World, error)) ([]finding.Finding, error) {
	r := &review{world: w}
	looked := 0
	for i := range d.Changes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c := &d.Changes[i]; c.Breaking && looked < maxLooked {
			looked++
			r.change(c, base)
		}
	}
	if err := r.missing(gone, base); err != nil {
		return nil, err
	}
	finding.Sort(r.found)
	r.found = slices.CompactFunc(r.found, func(a, b finding.Finding) bool { return a.Fingerprint == b.Fingerprint })
	return r.found[:min(len(r.found), maxFindings)], nil
}

// review collects findings.
type review struct {
	world *World
	found []finding.Finding
}

// change looks at one change of an interface.
func (r *review) change(c *exports.Change, base func() (*World, error)) {
	if c.Language == "openapi" {
		return
	}
	switch c.Change {
	case exports.Removed:
		if c.Language != "proto" && strings.Contains(c.Name, ".") || c.Kind == "all" || !r.world.knows(c.Path) && c.Language != "go" {
			return
		}
		for _, u := range r.world.trace(c.Language, c.Path, c.Name).uses {
			if u.Path != c.Path && sure(c.Language, u) && !tried(r.world.code(u.Path), u.at) {
				r.add(RuleRemoved, c, u, fmt.Sprintf("%s uses %s, which %s no longer has", u.Path, u.Text, home(c)))
			}
		}
	case exports.Changed:
		r.calls(c, base)
	}
}

func home(c *exports.Change) string {
	if c.Language == "go" {
		return "package " + path.Dir(c.Path)
	}
	return c.Path
}

// sure says whether a use proves that the name is needed.
func sure(language string, u Use) bool {
	if language == "go" {
		return u.Kind == UseName && strings.Contains(u.Text, ".")
	}
	return u.Kind == UseImport || u.Kind == UseName && strings.Contains(u.Text, ".")
}

// tried says whether what stands at i is tried, so that its absence is expected: the statement follows try.
func tried(c *source.Code, i int) bool {
	for ; i > 0 && c.Tokens[i-1].Kind != source.LineEnd && c.Tokens[i-1].Kind != source.Indent; i-- {
		if c.Is(i, "{") {
			return c.Is(i-1, "try")
		}
	}
	for ; i > 0 && (c.Tokens[i-1].Kind == source.Indent || c.Tokens[i-1].Kind == source.LineEnd); i-- {
	}
	return c.Is(i-1, ":") && (c.Is(i-2, "try") || c.Is(i-2, "suppress"))
}

func (r *review) add(rule string, c *exports.Change, u Use, message string) {
	r.found = append(r.found, finding.Finding{
		Rule: rule, Severity: finding.Error, State: finding.New, Tool: "adamant", Path: u.Path, Line: u.Line, Message: message,
		Fix:         "change it there too: adamant graph uses " + quoted(home(c), c.Name),
		Fingerprint: finding.Fingerprint(rule, c.Path+" "+c.Name+" in "+u.Path+" as "+u.Text, "", 0),
	})
}

func quoted(home, name string) string {
	home = strings.TrimPrefix(home, "package ")
	if strings.Contains(home+name, " ") {
		return fmt.Sprintf("%q", home+":"+name)
	}
	return home + ":" + name
}

// calls finds calls that fitted before and do not any more. Go's compiler says that better.
func (r *review) calls(c *exports.Change, base func() (*World, error)) {
	name := c.Name
	class, construct := strings.CutSuffix(name, ".__init__")
	if construct && c.Language == "python" {
		name = class
	}
	if strings.Contains(name, ".") || c.Language != "python" && (c.Language != "javascript" || !typed(c.Path)) {
		return
	}
	now := r.world.declared(c.Language, c.Path, c.Name)
	old, err := base()
	if err != nil || now == nil {
		return
	}
	before := old.declared(c.Language, c.Path, c.Name)
	if before == nil {
		return
	}
	for _, u := range r.world.trace(c.Language, c.Path, name).uses {
		args, ok := arguments(r.world.code(u.Path), u.at, c.Language)
		if u.Kind != UseName || !ok || c.Language == "javascript" && !typed(u.Path) {
			continue
		}
		if fits(args, before.Params, c.Language) && !fits(args, now.Params, c.Language) {
			r.add(RuleChanged, c, u, fmt.Sprintf("%s calls %s in a way that %s no longer allows: %s", u.Path, u.Text, c.Path, c.Reason))
		}
	}
}

func typed(p string) bool {
	switch path.Ext(p) {
	case ".ts", ".tsx", ".mts", ".cts":
		return true
	}
	return false
}

// declared is the declaration of a name in a file, nil when it is not there, or there more than once.
func (w *World) declared(language, file, name string) *exports.Symbol {
	data, err := w.Read(file)
	if err != nil {
		return nil
	}
	var out *exports.Symbol
	for _, l := range Languages() {
		if l.Name != language {
			continue
		}
		s := l.Read(file, data)
		if s == nil {
			return nil
		}
		for i := range s.Symbols {
			if sym := &s.Symbols[i]; sym.Name == name {
				if out != nil || sym.Params == nil && sym.Signature != "()" {
					return nil
				}
				out = sym
			}
		}
	}
	return out
}

// call is how something is called: how many arguments by place, and which by name.
type call struct {
	places int
	names  []string
}

// arguments reads the call of the name at i, false when it is none or holds arguments that only running it counts.
func arguments(c *source.Code, i int, language string) (call, bool) {
	var out call
	if !c.Is(i+1, "(") || int(c.Match[i+1]) < 0 || c.Word(i-1) == "def" || c.Word(i-1) == "class" || c.Word(i-1) == "function" || c.Is(i-1, "@") {
		return out, false
	}
	end := int(c.Match[i+1])
	for k := i + 2; k < end; {
		if c.Is(k, "...") || c.Is(k, "*") || c.Is(k, "**") {
			return out, false
		}
		from := k
		for k < end && !c.Is(k, ",") {
			if c.Word(k) == "for" && language == "python" { // a generator is one argument
				return out, false
			}
			k = c.After(k)
		}
		switch {
		case language == "python" && c.Word(from) != "" && c.Is(from+1, "="):
			out.names = append(out.names, c.Word(from))
		case k > from:
			out.places++
		}
		k++
	}
	return out, true
}

// fits says whether a call gives a function what it needs, and no more than it takes.
func fits(a call, params []exports.Param, language string) bool {
	list, keys := false, false
	given := map[string]bool{}
	for _, n := range a.names {
		given[n] = true
	}
	place, left := 0, len(a.names)
	for _, p := range params {
		switch {
		case p.Rest && p.Only:
			keys = true
			continue
		case p.Rest:
			list = true
			continue
		}
		byPlace := !p.Only && place < a.places
		if !p.Only {
			place++
		}
		if given[p.Name] && (p.Named || language != "python") {
			left--
			if byPlace {
				return false // given twice
			}
			continue
		}
		if !byPlace && !p.Optional {
			return false
		}
	}
	return (a.places <= place || list) && (left == 0 || keys)
}

// missing finds imports of files that are gone: they led to a file of the tree before and lead nowhere now.
func (r *review) missing(gone []string, base func() (*World, error)) error {
	if len(gone) == 0 {
		return nil
	}
	old, err := base()
	if err != nil {
		return err
	}
	for _, file := range gone {
		for _, e := range old.importing(graph.File, file) {
			from := old.node(e.From)
			at, ok := r.world.unresolved(from, e.Specifier)
			if !ok || e.Kind != imports.Static && e.Kind != imports.Reexport && e.Kind != imports.Require && e.Kind != imports.Include && !e.Kind.TypeLevel() {
				continue
			}
			c := &exports.Change{Path: file, Name: path.Base(file), Language: "file"}
			r.found = append(r.found, finding.Finding{
				Rule: RuleRemoved, Severity: finding.Error, State: finding.New, Tool: "adamant", Path: from, Line: int(at),
				Message:     fmt.Sprintf("%s imports %s, which is gone: nothing is found for %q any more", from, file, e.Specifier),
				Fix:         "change the import, or keep the file",
				Fingerprint: finding.Fingerprint(RuleRemoved, c.Path+" in "+from, "", 0),
			})
		}
	}
	return nil
}

// unresolved is the line of an import that leads nowhere.
func (w *World) unresolved(from, specifier string) (int32, bool) {
	id, ok := w.Graph.Graph.Find(graph.File, from)
	if !ok {
		return 0, false
	}
	for _, e := range w.Graph.Graph.Out(id) {
		if e.Specifier == specifier {
			return e.Line, w.Graph.Graph.Node(e.To).Kind == graph.Unresolved
		}
	}
	return 0, false
}
