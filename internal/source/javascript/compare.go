package javascript

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// compareSurfaces compares a module with itself. Where types are written, what callers gave and took must still fit; where they are
// not, only names, parameters and kinds can be told.
func compareSurfaces(base, head *exports.Surface) []exports.Change {
	c := comparison{base: base, head: head, old: byName(base), now: byName(head)}
	return slices.DeleteFunc(exports.Variants(base, head, judge, c.kept), c.told)
}

type comparison struct {
	base, head *exports.Surface
	old, now   map[string]*exports.Symbol
}

func byName(s *exports.Surface) map[string]*exports.Symbol {
	out := make(map[string]*exports.Symbol, len(s.Symbols))
	for i := range s.Symbols {
		out[s.Symbols[i].Name] = &s.Symbols[i]
	}
	return out
}

// owner is the class, interface or namespace that a name is a member of, "" when it is none.
func owner(name, kind string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 && kind != "all" {
		return name[:i]
	}
	return ""
}

// kept explains a name that is gone: what is exported as a whole from elsewhere may have it, and a class what it extends.
func (c *comparison) kept(s *exports.Symbol) exports.Effect {
	name := owner(s.Name, s.Kind)
	if name == "" {
		if c.head.Open != "" && (s.Kind != "all" || c.head.Open != c.base.Open) {
			return exports.Doubts("it may come from: " + c.head.Open)
		}
		return exports.Effect{}
	}
	switch o := c.now[name]; {
	case o == nil:
	case o.Kind == "reexport":
		return exports.Allows("its owner is exported from elsewhere")
	case (o.Kind == "class" || o.Kind == "interface") && len(o.Bases) > 0 && (c.old[name] == nil || !slices.Equal(c.old[name].Bases, o.Bases)):
		return exports.Doubts("it may come from " + strings.Join(o.Bases, ", "))
	}
	return exports.Effect{}
}

// told says that an owner that is gone or new tells of its members.
func (c *comparison) told(change exports.Change) bool {
	name := owner(change.Name, change.Kind)
	return name != "" && (change.Change == exports.Removed && c.now[name] == nil && c.old[name] != nil ||
		change.Change == exports.Added && c.old[name] == nil && c.now[name] != nil)
}

func judge(before, after *exports.Symbol) exports.Effect {
	switch {
	case after.Kind == "reexport" || before.Kind == "reexport" || after.Kind == "namespace" && before.Kind == "namespace":
		return exports.Effect{} // the name is there; what it stands for is compared where it is declared
	case before.Kind == "all":
		return exports.Effect{}
	case before.Result == overloaded || after.Result == overloaded:
		return overload(before, after)
	case callable(before) && callable(after):
		return judgeCallable(before, after)
	case before.Kind == "property" && after.Kind == "property":
		return judgeType(before.Signature, after.Signature)
	case before.Kind != after.Kind:
		return judgeKinds(before, after)
	case before.Kind == "value" || before.Kind == "type":
		return judgeType(before.Signature, after.Signature)
	case before.Kind == "member":
		return exports.Allows("its value is another one")
	}
	return judgeParameters(before.Result, after.Result)
}

func callable(s *exports.Symbol) bool { return s.Kind == "func" || s.Kind == "method" }

// judgeKinds compares a name that became something else: a value whose type is not written may be anything.
func judgeKinds(before, after *exports.Symbol) exports.Effect {
	for _, s := range []*exports.Symbol{before, after} {
		if (s.Kind == "value" || s.Kind == "property") && strings.TrimPrefix(s.Signature, "?") == unknown {
			return exports.Doubts(fmt.Sprintf("it was a %s and is a %s", before.Kind, after.Kind))
		}
	}
	if before.Kind == "type" && after.Kind == "interface" || before.Kind == "interface" && after.Kind == "type" {
		return exports.Doubts("it is written in another way")
	}
	if before.Kind == "interface" && after.Kind == "class" {
		return exports.Doubts("it is a class now")
	}
	return exports.Breaks(fmt.Sprintf("it was a %s and is a %s", before.Kind, after.Kind))
}

// overload asks whether all forms that callers could use are there.
func overload(before, after *exports.Symbol) exports.Effect {
	forms := func(s *exports.Symbol) []string {
		if s.Result == overloaded {
			return s.Bases
		}
		return []string{s.Signature}
	}
	now := forms(after)
	for _, form := range forms(before) {
		if !slices.Contains(now, form) {
			return exports.Doubts("it can be called in other ways than before")
		}
	}
	return exports.Allows("it can be called in more ways")
}

func judgeCallable(before, after *exports.Symbol) exports.Effect {
	if e := judgeParams(before.Params, after.Params); e.Reason != "" {
		return e
	}
	if e := judgeParameters(strings.Join(before.Bases, ""), strings.Join(after.Bases, "")); e.Reason != "" {
		return e
	}
	if before.Result != "" && after.Result != "" && before.Result != after.Result {
		if within(after.Result, before.Result) {
			return exports.Allows("it returns less than before")
		}
		return exports.Breaks("it returns another type")
	}
	if strings.HasPrefix(after.Signature, "?") && !strings.HasPrefix(before.Signature, "?") {
		return exports.Doubts("it may be missing now")
	}
	return exports.Allows("it is written in another way")
}

// judgeParams compares parameters by place: their names mean nothing to callers, but those of a pattern do.
func judgeParams(before, after []exports.Param) exports.Effect {
	typed := slices.ContainsFunc(slices.Concat(before, after), func(p exports.Param) bool { return p.Type != "" })
	rest := len(after) > 0 && after[len(after)-1].Rest
	for i, old := range before {
		if i >= len(after) {
			if rest {
				break
			}
			return sure(typed, "it takes fewer parameters")
		}
		if e := judgeParam(old, after[i], typed); e.Reason != "" && (e.Breaking || e.Unsure) {
			return e
		}
	}
	for _, p := range after[min(len(before), len(after)):] {
		if !p.Optional {
			return sure(typed, fmt.Sprintf("it needs a parameter %s", p.Name))
		}
	}
	return exports.Effect{}
}

// sure breaks where types are written; without, callers may have given less or more all the time.
func sure(typed bool, reason string) exports.Effect {
	if typed {
		return exports.Breaks(reason)
	}
	return exports.Doubts(reason)
}

func judgeParam(old, now exports.Param, typed bool) exports.Effect {
	switch {
	case old.Optional && !now.Optional:
		return sure(typed, fmt.Sprintf("parameter %s can no longer be left out", now.Name))
	case old.Rest != now.Rest && !now.Rest:
		return exports.Breaks("it takes no more than one value for " + now.Name)
	case strings.HasPrefix(old.Name, "{") && strings.HasPrefix(now.Name, "{"):
		if name := lost(old.Name, now.Name); name != "" {
			return exports.Breaks("it no longer takes " + name)
		}
	}
	if old.Type != "" && now.Type != "" && old.Type != now.Type && !within(old.Type, now.Type) {
		return exports.Breaks(fmt.Sprintf("parameter %s has another type", now.Name))
	}
	return exports.Effect{}
}

// lost is a name that the pattern before took and the one after does not.
func lost(before, after string) string {
	now := strings.Split(strings.Trim(after, "{}"), ",")
	if slices.Contains(now, "...") {
		return ""
	}
	for name := range strings.SplitSeq(strings.Trim(before, "{}"), ",") {
		if name != "..." && !slices.Contains(now, name) {
			return name
		}
	}
	return ""
}

// judgeParameters compares type parameters: more of them are fine when they need not be given.
func judgeParameters(before, after string) exports.Effect {
	if before == after {
		return exports.Effect{}
	}
	rest, ok := strings.CutPrefix(strings.TrimSuffix(after, " >"), strings.TrimSuffix(before, " >"))
	if before == "" {
		rest, ok = strings.CutPrefix(strings.TrimSuffix(after, ">"), "<")
	}
	commas := strings.Count(rest, ",")
	if before == "" {
		commas++
	}
	if ok && commas > 0 && strings.Count(rest, "=") >= commas {
		return exports.Allows("it has more type parameters, which can be left out")
	}
	return exports.Doubts("its type parameters are other ones")
}

// judgeType compares the type of something that is read and written.
func judgeType(before, after string) exports.Effect {
	old, oldOptional := strings.CutPrefix(before, "?")
	now, nowOptional := strings.CutPrefix(after, "?")
	switch {
	case oldOptional && !nowOptional && old != "" && now != "":
		return exports.Breaks("it is required now")
	case old == unknown || old == "":
		return exports.Allows("its type is written now")
	case now == unknown || now == "":
		return exports.Doubts("its type is not written any more")
	case within(old, now) && nowOptional == oldOptional:
		return exports.Allows("it can be more than before")
	case old == now:
		return exports.Doubts("it may be missing now")
	case within(now, old):
		return exports.Breaks("it can be less than before")
	}
	return exports.Breaks("its type is another one")
}

// within says whether all alternatives of one type are alternatives of the other.
func within(inner, outer string) bool {
	all := alternatives(outer)
	for _, a := range alternatives(inner) {
		if !slices.Contains(all, a) {
			return false
		}
	}
	return true
}

// alternatives cuts a type at the bars outside of brackets.
func alternatives(text string) []string {
	var out []string
	depth, from := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '[', '{', '<':
			depth++
		case ')', ']', '}':
			depth--
		case '>':
			if i == 0 || text[i-1] != '=' {
				depth--
			}
		case '|':
			if depth == 0 && i > 0 && text[i-1] == ' ' {
				out = append(out, strings.TrimSpace(text[from:i]))
				from = i + 1
			}
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
			}
		}
	}
	return append(out, strings.TrimSpace(text[from:]))
}
