package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// compareSurfaces compares a package with itself: everything in Go is matched exactly, so another signature breaks somebody.
func compareSurfaces(base, head *exports.Surface) []exports.Change {
	c := &comparison{base: types(base), head: types(head), names: map[string]bool{}}
	for i := range head.Symbols {
		c.names[head.Symbols[i].Name] = true
	}
	changes := exports.Variants(base, head, c.judge, c.kept)
	out := changes[:0]
	for _, change := range changes {
		if !c.swallowed(&change) {
			out = append(out, change)
		}
	}
	return out
}

type comparison struct {
	base, head map[string]*exports.Symbol // types by name
	names      map[string]bool            // of head
	looks      int
}

func types(s *exports.Surface) map[string]*exports.Symbol {
	out := map[string]*exports.Symbol{}
	for i := range s.Symbols {
		switch sym := &s.Symbols[i]; sym.Kind {
		case "struct", "interface", "type", "alias":
			out[sym.Name] = sym
		}
	}
	return out
}

// swallowed drops what another change says already: members of a type that is gone, new or became another name, and methods
// of interfaces that nobody else can implement. A new method of any other interface breaks who implements it.
func (c *comparison) swallowed(change *exports.Change) bool {
	owner, _, member := strings.Cut(change.Name, ".")
	if !member {
		return false
	}
	before, after := c.base[owner], c.head[owner]
	if before == nil || after == nil || after.Kind == "alias" || before.Kind == "alias" {
		return before != nil || after != nil
	}
	if change.Change == exports.Added && change.Kind == "interface method" && before.Kind == "interface" && before.Result == "" {
		change.Breaking, change.Reason = true, "who implements the interface lacks the method"
	}
	return false
}

func (c *comparison) judge(before, after *exports.Symbol) exports.Effect {
	switch {
	case before.Kind == "const" && after.Kind == "const":
		return constant(before, after)
	case before.Kind == "var" && after.Kind == "var" && (strings.HasPrefix(before.Signature, unknown) || strings.HasPrefix(after.Signature, unknown)):
		return exports.Allows("it is made in another way; its type is not written")
	case before.Kind == "alias" || after.Kind == "alias":
		return c.alias(before, after)
	case before.Kind == "method" && after.Kind == "method" && before.Signature == "*"+after.Signature:
		return exports.Allows("its receiver is no pointer any more")
	case before.Kind == "field" && after.Kind == "embedded field" && before.Signature == after.Signature:
		return exports.Allows("it is embedded")
	case before.Kind != after.Kind:
		return exports.Breaks(fmt.Sprintf("it was a %s and is a %s", before.Kind, after.Kind))
	}
	return exports.Breaks("its type is another one")
}

// constant tells another value from another type.
func constant(before, after *exports.Symbol) exports.Effect {
	old, _ := strings.CutSuffix(before.Signature, " = "+before.Result)
	now, _ := strings.CutSuffix(after.Signature, " = "+after.Result)
	if old == now || strings.HasPrefix(old, unknown) || strings.HasPrefix(now, unknown) || old == "" || now == "" {
		return exports.Allows("its value is another one")
	}
	return exports.Breaks("its type is another one")
}

// alias looks at a type that became another name of one, or stopped to be one.
func (c *comparison) alias(before, after *exports.Symbol) exports.Effect {
	if before.Kind == "alias" {
		return exports.Breaks("it is another type: " + after.Kind + " " + after.Signature)
	}
	target := after.Bases[0]
	switch t := c.head[target]; {
	case t != nil && t.Kind == before.Kind && t.Signature == before.Signature:
		return exports.Allows("it is another name of " + target)
	case strings.Contains(target, "."):
		return exports.Doubts("it is another name of " + target + ", which was not compared")
	}
	return exports.Breaks("it is another type: " + target)
}

// kept explains a member that is gone from where it was: it may come from what is embedded.
func (c *comparison) kept(s *exports.Symbol) exports.Effect {
	owner, member, ok := strings.Cut(s.Name, ".")
	if !ok || c.head[owner] == nil {
		return exports.Effect{}
	}
	return c.promoted(owner, member, map[string]bool{})
}

// maxLooks bounds the types that are looked at for promoted members, in one comparison.
const maxLooks = 100_000

// promoted looks for a member in what a type embeds. A type of another package that base did not embed may have it.
func (c *comparison) promoted(owner, member string, seen map[string]bool) exports.Effect {
	t := c.head[owner]
	if t == nil || seen[owner] {
		return exports.Effect{}
	}
	seen[owner] = true
	for _, base := range t.Bases {
		if c.looks++; c.looks > maxLooks {
			return exports.Effect{}
		}
		name, _, _ := strings.Cut(base, "[")
		switch {
		case c.names[name+"."+member]:
			return exports.Allows("it comes from " + name)
		case strings.Contains(name, "."):
			if old := c.base[owner]; old == nil || !slices.Contains(old.Bases, base) {
				return exports.Doubts("it may come from " + name + ", which is embedded now")
			}
		default:
			if e := c.promoted(name, member, seen); e.Reason != "" {
				return e
			}
		}
	}
	return exports.Effect{}
}
