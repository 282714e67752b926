package python

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// compareSurfaces compares a module with itself: what can be called with which arguments, and which names are there.
func compareSurfaces(base, head *exports.Surface) []exports.Change {
	c := &comparison{head: head, old: byName(base), now: byName(head)}
	return slices.DeleteFunc(exports.Variants(base, head, judge, c.kept), c.told)
}

type comparison struct {
	head     *exports.Surface
	old, now map[string]*exports.Symbol
	looks    int
}

func byName(s *exports.Surface) map[string]*exports.Symbol {
	out := make(map[string]*exports.Symbol, len(s.Symbols))
	for i := range s.Symbols {
		out[s.Symbols[i].Name] = &s.Symbols[i]
	}
	return out
}

func owner(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// told says that a class that is gone, new or comes from elsewhere tells of its members.
func (c *comparison) told(change exports.Change) bool {
	name := owner(change.Name)
	if name == "" {
		return false
	}
	old, now := c.old[name], c.now[name]
	return old == nil || now == nil || old.Kind == "reexport" || now.Kind == "reexport"
}

// kept explains a name that is gone: a module may make names when it is asked, a class inherits.
func (c *comparison) kept(s *exports.Symbol) exports.Effect {
	name := owner(s.Name)
	if name == "" {
		if c.head.Open != "" {
			return exports.Doubts("it may come from " + c.head.Open)
		}
		return exports.Effect{}
	}
	return c.inherited(name, strings.TrimPrefix(s.Name, name+"."), map[string]bool{})
}

// maxLooks bounds the classes that are looked at, in one comparison.
const maxLooks = 100_000

// inherited looks for a member in the bases of a class. One of another module that base did not inherit from may have it.
func (c *comparison) inherited(class, member string, seen map[string]bool) exports.Effect {
	now := c.now[class]
	if now == nil || seen[class] {
		return exports.Effect{}
	}
	seen[class] = true
	for _, base := range now.Bases {
		if c.looks++; c.looks > maxLooks {
			return exports.Effect{}
		}
		local := c.now[base]
		switch {
		case c.now[base+"."+member] != nil:
			return exports.Allows("it is inherited from " + base)
		case local == nil || local.Kind != "class":
			if old := c.old[class]; old == nil || !slices.Contains(old.Bases, base) {
				return exports.Doubts("it may be inherited from " + base)
			}
		default:
			if e := c.inherited(base, member, seen); e.Reason != "" {
				return e
			}
		}
	}
	return exports.Effect{}
}

func judge(before, after *exports.Symbol) exports.Effect {
	switch {
	case before.Kind == "reexport" || after.Kind == "reexport":
		return exports.Effect{} // the name is there; what it stands for is compared where it is defined
	case before.Kind == "class" && after.Kind == "class":
		return judgeBases(before.Bases, after.Bases)
	case before.Signature == unknown || after.Signature == unknown:
		return exports.Doubts("a decorator decides how it is called")
	case callable(before) && callable(after):
		return judgeCallable(before, after)
	case before.Kind == "attribute" && after.Kind == "method" || before.Kind == "method" && after.Kind == "attribute":
		return exports.Breaks(fmt.Sprintf("it was a %s and is a %s", before.Kind, after.Kind))
	case before.Kind != after.Kind:
		return exports.Doubts(fmt.Sprintf("it was a %s and is a %s", before.Kind, after.Kind))
	}
	return exports.Effect{}
}

func callable(s *exports.Symbol) bool { return s.Kind == "func" || s.Kind == "method" }

func judgeBases(before, after []string) exports.Effect {
	for _, b := range before {
		if b != "object" && !slices.Contains(after, b) {
			return exports.Doubts("it no longer inherits from " + b)
		}
	}
	return exports.Allows("it inherits from more")
}

func judgeCallable(before, after *exports.Symbol) exports.Effect {
	if strings.HasPrefix(before.Signature, "async ") != strings.HasPrefix(after.Signature, "async ") {
		return exports.Breaks("it became a coroutine, or stopped to be one")
	}
	return judgeParams(before.Params, after.Params)
}

// form is a list of parameters by the way they can be given.
type form struct {
	places     []exports.Param // by place
	byName     map[string]exports.Param
	list, keys bool // *args, **kwargs
}

func formOf(params []exports.Param) form {
	f := form{byName: map[string]exports.Param{}}
	for _, p := range params {
		switch {
		case p.Rest && p.Only:
			f.keys = true
		case p.Rest:
			f.list = true
		default:
			if !p.Only {
				f.places = append(f.places, p)
			}
			if p.Named {
				f.byName[p.Name] = p
			}
		}
	}
	return f
}

func judgeParams(before, after []exports.Param) exports.Effect {
	old, now := formOf(before), formOf(after)
	if old.list && !now.list {
		return exports.Breaks("it no longer takes any number of arguments")
	}
	if old.keys && !now.keys {
		return exports.Breaks("it no longer takes arguments of any name")
	}
	doubt := exports.Effect{}
	for i, p := range before {
		e := old.judge(i, p, now)
		if e.Breaking {
			return e
		}
		if e.Unsure {
			doubt = e
		}
	}
	for i, p := range now.places {
		if !p.Optional && i >= len(old.places) && (!p.Named || old.byName[p.Name].Name == "") && !old.list {
			return exports.Breaks("it needs an argument " + p.Name)
		}
	}
	for _, p := range after {
		if p.Only && !p.Optional && old.byName[p.Name].Name == "" {
			return exports.Breaks("it needs an argument " + p.Name)
		}
	}
	if doubt.Reason != "" {
		return doubt
	}
	return exports.Allows("it can be called in more ways")
}

// judge asks whether the i-th parameter can be given as before.
func (f form) judge(i int, p exports.Param, now form) exports.Effect {
	if p.Rest {
		return exports.Effect{}
	}
	same, named := now.byName[p.Name]
	if named && p.Optional && !same.Optional {
		return exports.Breaks("argument " + p.Name + " can no longer be left out")
	}
	if p.Named && !named && !now.keys && !private(p.Name) {
		return exports.Breaks("it no longer takes an argument " + p.Name)
	}
	switch {
	case p.Only:
	case i >= len(now.places) && !now.list:
		return exports.Breaks("argument " + p.Name + " must be given by name")
	case i < len(now.places) && named && now.places[i].Name != p.Name:
		return exports.Breaks("argument " + p.Name + " stands in another place")
	case i < len(now.places) && p.Optional && !now.places[i].Optional:
		return exports.Breaks("argument " + now.places[i].Name + " can no longer be left out")
	}
	if p.Named && !named && now.keys {
		return exports.Doubts("argument " + p.Name + " is one of any name")
	}
	return exports.Effect{}
}
