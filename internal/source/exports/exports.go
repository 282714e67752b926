// Package exports is the seam between languages and the interfaces of a repository: what a file of any language offers to code
// outside of it, and what an edit does to that. Reading is a pure function of bytes, so is comparing; neither runs a compiler,
// reads a disk or aborts. What a language cannot know it says: such a change is unsure, never silently harmless.
package exports

import (
	"cmp"
	"slices"
	"strings"
)

// Symbol is one name that code outside of the file can use.
type Symbol struct {
	Name      string // within its unit: "Client", "Client.Do", "default", "GET /pets", "shop.v1.Order.id"
	Kind      string // func, method, type, field, const, var, class, interface, message, rpc, operation, ...
	Signature string // normalised: equal means the same to every user
	Line      int32  // 1-based
	Path      string // the file that declares it; set by Compare's callers
	// Hidden symbols are no interface of their own; they tell where others went: members of types that are not exported, names
	// that a module only imports.
	Hidden bool
	// Params and Result are the parts of a callable's signature, where a language compares them one by one.
	Params []Param
	Result string
	// Bases are what it inherits from or is another name of.
	Bases []string
}

// Param is a parameter of a function.
type Param struct {
	Name     string
	Type     string // "" when it is not written
	Optional bool   // callers may leave it out
	Rest     bool   // takes all that are left
	Named    bool   // can be given by name (Python)
	Only     bool   // can be given by name only (Python)
}

// Surface is what one file offers.
type Surface struct {
	Symbols []Symbol // in order of appearance
	// Open says why there may be names beside Symbols: "export * from ./x". "" = there are none.
	Open string
	// Problem says why the file could not be read to its end, "" when it could.
	Problem string
	Line    int32
}

// Language reads the interfaces of one language.
type Language struct {
	Name  string
	Match func(path string) bool
	// Unit names what is imported as one: a folder, a file, or all files ("") where names say where they belong. Folders says
	// that it is a folder: then files that did not change have a part in it.
	Unit    func(path string) string
	Folders bool
	// Read reads one file; nil when it offers nothing by its nature (a test, a program).
	Read func(path string, src []byte) *Surface
	// Compare says what happened between the surfaces of one unit, sorted by name.
	Compare func(base, head *Surface) []Change
	// Sniffs says that a path alone does not tell a file of the language: Read decides.
	Sniffs bool
	// Scope is the farthest place where somebody can rely on what a file offers, as far as its path tells.
	Scope func(path string) string
}

// What a change does to a name.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
	Moved   = "moved" // to another unit, with its file
)

// The scopes of an interface.
const (
	Public     = "public"     // somebody outside of the repository can use it
	Repository = "repository" // only code of the repository can
)

// Change is what an edit does to one name.
type Change struct {
	Language string `json:"language"`
	Unit     string `json:"unit"` // what is imported: a folder of Go, a module, "" where names say where they belong
	Path     string `json:"path"` // where it is declared: as merged, at base when it is gone
	Line     int    `json:"line"` // in path; at base when it is gone
	Name     string `json:"name"` // within the unit
	Kind     string `json:"kind"`
	Change   string `json:"change"` // added, removed, changed, moved
	// Breaking says that code which used the name may not work any more; Unsure that this is not known.
	Breaking bool `json:"breaking,omitempty"`
	Unsure   bool `json:"unsure,omitempty"`
	// Wire says that programs which talk to each other in the old and the new form misunderstand each other.
	Wire   bool   `json:"wire,omitempty"`
	Reason string `json:"reason,omitempty"`
	Scope  string `json:"scope"` // public, repository
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Effect is what a change does to users. Without a reason it does nothing.
type Effect struct {
	Breaking bool   // code that used the name may not work any more
	Unsure   bool   // whether it breaks is not known
	Wire     bool   // programs in the old and the new form misunderstand each other
	Reason   string // short, behind the name: "its type is another one"
}

// Breaks, Allows and Doubts are the usual effects.
func Breaks(reason string) Effect { return Effect{Breaking: true, Reason: reason} }

// Allows is a change that no user notices.
func Allows(reason string) Effect { return Effect{Reason: reason} }

// Doubts is a change whose effect is not known.
func Doubts(reason string) Effect { return Effect{Unsure: true, Reason: reason} }

// Judge says what the change from one signature to another does to users. Kept says the same about a name that is gone: no
// reason explains nothing, and an effect that neither breaks nor doubts says that it is there all the same.
type (
	Judge func(before, after *Symbol) Effect
	Kept  func(gone *Symbol) Effect
)

// Variants pairs the symbols of two surfaces by name and judges what is not equal. A name may be declared more than once (for
// several platforms): a declaration is compared with that of the same file, else it is there as long as any of that signature
// is. Kept is asked about names that are gone; it may be nil.
func Variants(base, head *Surface, judge Judge, kept Kept) []Change {
	after := byName(head)
	before := byName(base)
	var out []Change
	for _, name := range names(base) {
		olds, news := before[name], after[name]
		if olds[0].Hidden {
			continue
		}
		if len(news) == 0 {
			out = append(out, removed(olds[0], kept)...)
			continue
		}
		free := unequal(news, olds)
		for _, old := range unequal(olds, news) {
			if c, ok := differs(old, news, free, judge); ok {
				out = append(out, c)
				break
			}
		}
	}
	for _, name := range names(head) {
		if s := after[name][0]; !s.Hidden && (len(before[name]) == 0 || before[name][0].Hidden) {
			out = append(out, Change{Name: name, Kind: s.Kind, Change: Added, Path: s.Path, Line: int(s.Line), After: Clip(s.Signature)})
		}
	}
	Sort(out)
	return out
}

func removed(s *Symbol, kept Kept) []Change {
	e := Breaks("it is gone")
	if kept != nil {
		if why := kept(s); why.Reason != "" {
			e = why
		}
	}
	if !e.Breaking && !e.Unsure {
		return nil
	}
	return []Change{{Name: s.Name, Kind: s.Kind, Change: Removed, Breaking: e.Breaking, Unsure: e.Unsure, Wire: e.Wire, Reason: e.Reason,
		Path: s.Path, Line: int(s.Line), Before: Clip(s.Signature)}}
}

// unequal are the declarations of one side that the other has no equal of in the same file.
func unequal(list, others []*Symbol) []*Symbol {
	return slices.DeleteFunc(slices.Clone(list), func(s *Symbol) bool {
		return slices.ContainsFunc(others, func(o *Symbol) bool { return o.Path == s.Path && same(o, s) })
	})
}

func same(a, b *Symbol) bool { return a.Kind == b.Kind && a.Signature == b.Signature }

// differs finds the declaration that took the place of s, among those that are not known from base: of its file and kind, or
// of its file. Where there is none, s is one of several that went, and the name is still there.
func differs(s *Symbol, news, free []*Symbol, judge Judge) (Change, bool) {
	if slices.ContainsFunc(news, func(n *Symbol) bool { return n.Path != s.Path && same(n, s) }) && !slices.ContainsFunc(free, func(n *Symbol) bool { return n.Path == s.Path }) {
		return Change{}, false
	}
	if len(free) == 0 {
		return Change{}, false
	}
	n := free[0]
	for _, fits := range []func(*Symbol) bool{
		func(n *Symbol) bool { return n.Path == s.Path && n.Kind == s.Kind },
		func(n *Symbol) bool { return n.Path == s.Path },
		func(n *Symbol) bool { return n.Kind == s.Kind },
	} {
		if i := slices.IndexFunc(free, fits); i >= 0 {
			n = free[i]
			break
		}
	}
	if n.Hidden && !s.Hidden || same(n, s) {
		return Change{}, false
	}
	e := judge(s, n)
	return Change{Name: s.Name, Kind: n.Kind, Change: Changed, Breaking: e.Breaking, Unsure: e.Unsure, Wire: e.Wire, Reason: e.Reason,
		Path: n.Path, Line: int(n.Line), Before: Clip(s.Signature), After: Clip(n.Signature)}, e.Reason != ""
}

func byName(s *Surface) map[string][]*Symbol {
	out := make(map[string][]*Symbol, len(s.Symbols))
	for i := range s.Symbols {
		sym := &s.Symbols[i]
		if list := out[sym.Name]; len(list) > 0 && list[0].Hidden && !sym.Hidden {
			out[sym.Name] = append([]*Symbol{sym}, list...) // one that counts comes first
			continue
		}
		if len(out[sym.Name]) < maxVariants {
			out[sym.Name] = append(out[sym.Name], sym)
		}
	}
	return out
}

// maxVariants is how many declarations of one name are compared; no source that people wrote has more.
const maxVariants = 64

// names lists the names of a surface, each once, sorted.
func names(s *Surface) []string {
	out := make([]string, len(s.Symbols))
	for i := range s.Symbols {
		out[i] = s.Symbols[i].Name
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Sort puts changes in the order of their unit, name, kind and place.
func Sort(list []Change) {
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Language, b.Language), cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Change, b.Change),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Reason, b.Reason))
	})
}

// maxSignature bounds a signature that is shown, in bytes.
const maxSignature = 160

// Clip bounds a signature that is shown; cut inside a character it would be no text.
func Clip(s string) string {
	if len(s) <= maxSignature {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:maxSignature], "") + "..."
}

// Inside reports whether one of a path's folders has one of these names.
func Inside(path string, folders ...string) bool {
	rest := path
	for {
		folder, after, more := strings.Cut(rest, "/")
		if !more {
			return false
		}
		if slices.Contains(folders, folder) {
			return true
		}
		rest = after
	}
}

// Aside reports whether a path lies where code is that nobody outside of the repository uses.
func Aside(path string) bool {
	return Inside(path, "internal", "cmd", "examples", "example", "scripts", "tools", "hack", "bench", "benchmark", "benchmarks", "docs", "doc", "test",
		"tests", "testing", "testdata", "fixtures", "__tests__", "e2e", "playground", "vendor", "third_party", "node_modules", "website", "site")
}
