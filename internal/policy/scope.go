package policy

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Compiling the built-in constitution takes longer than evaluating it, and most of it is about kinds of documents that a
// change does not touch. base/index.json says of each built-in module which kinds those are. It is written by a test, which has
// OPA's partial evaluation prove each line: without documents of these kinds the module reports nothing, whatever else the
// input holds. A module whose text the index does not know is compiled as the user's are.

//go:embed base/index.json
var baseIndex []byte

// indexed is what the index says about one built-in module.
type indexed struct {
	Path    string   `json:"path"`
	Digest  string   `json:"digest"` // sha256 of its text
	Package string   `json:"package"`
	Kinds   []string `json:"kinds"`           // it reports nothing unless documents of one of these occur; null: it may always report
	Uses    []string `json:"uses,omitempty"`  // paths of the built-in modules it uses, directly or not
	Rules   []string `json:"rules,omitempty"` // the ids of its rules
}

// readIndex gives the lines that are about the modules, and all that they use, as they are, by path.
func readIndex(modules []facts.Module) map[string]*indexed {
	var list []indexed
	if err := json.Unmarshal(baseIndex, &list); err != nil {
		panic(fmt.Sprintf("policy: reading the index of embedded modules: %v", err)) // the binary is broken
	}
	known := map[string]*indexed{}
	for i := range list {
		known[list[i].Path] = &list[i]
	}
	out := map[string]*indexed{}
	for _, m := range modules {
		if x := known[m.Path]; x != nil && x.Digest == textDigest(m.Text) {
			out[m.Path] = x
		}
	}
	fresh := maps.Clone(out)
	maps.DeleteFunc(out, func(_ string, x *indexed) bool { // what was proven of a module holds with what it used then
		return slices.ContainsFunc(x.Uses, func(path string) bool { return fresh[path] == nil })
	})
	return out
}

func textDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// choose splits the built-in modules: those that may report about documents of the given kinds, with all that they and the
// policies in own use, and those that cannot report. Without kinds it chooses all.
func choose(modules []facts.Module, kinds []string, own []*module) (chosen []facts.Module, skipped []*indexed) {
	if kinds == nil {
		return modules, nil
	}
	known := readIndex(modules)
	unknown := slices.DeleteFunc(slices.Clone(modules), func(m facts.Module) bool { return known[m.Path] != nil })
	parsed, _ := parseModules(unknown, true) // whatever is wrong with them is said when they are compiled
	own = slices.Concat(own, parsed)
	used := packagesUsed(own)
	if strays(used, known, own) {
		return modules, nil
	}
	wanted := map[string]bool{}
	for _, m := range modules {
		x := known[m.Path]
		if x == nil {
			wanted[m.Path] = true
			continue
		}
		if x.mayReport(kinds) || slices.ContainsFunc(used, func(pkg string) bool { return related(pkg, x.Package) }) {
			wanted[m.Path] = true
			for _, path := range x.Uses {
				wanted[path] = true
			}
		}
	}
	for _, m := range modules {
		if wanted[m.Path] {
			chosen = append(chosen, m)
		} else {
			skipped = append(skipped, known[m.Path])
		}
	}
	return chosen, skipped
}

// strays says that policies refer to something of adamant's that is not there: what is wrong can only be said with everything
// at hand.
func strays(used []string, known map[string]*indexed, own []*module) bool {
	var there []string
	for _, x := range known {
		there = append(there, x.Package)
	}
	for _, m := range own {
		there = append(there, m.pkg())
	}
	return slices.ContainsFunc(used, func(pkg string) bool {
		return !slices.ContainsFunc(there, func(p string) bool { return related(p, pkg) })
	})
}

func (x *indexed) mayReport(kinds []string) bool {
	return len(x.Rules) > 0 && (x.Kinds == nil || slices.ContainsFunc(kinds, func(k string) bool { return slices.Contains(x.Kinds, k) }))
}

// packagesUsed are the packages of policies and all that they refer to, as far as it is known.
func packagesUsed(own []*module) []string {
	used := map[string]bool{}
	for _, m := range own {
		used[m.pkg()] = true
		ast.WalkRefs(m.tree, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}) {
				used[groundPath(ref)] = true
			}
			return false
		})
	}
	return slices.Sorted(maps.Keys(used))
}

// groundPath is the part of a reference to data that is known, without "data.".
func groundPath(ref ast.Ref) string {
	var parts []string
	for _, term := range ref[1:] {
		text, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		parts = append(parts, string(text))
	}
	return strings.Join(parts, ".")
}

// related says that one of two packages lies in the other. The empty one holds all.
func related(a, b string) bool {
	return a == "" || a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".")
}

// Scoped judges as the Engine of the same policies does, but is made for documents of some kinds: it compiles what could
// report about those at once, and the rest only when it is asked for more. It is safe for concurrent use.
type Scoped struct {
	narrow  *Engine
	skipped []*indexed
	left    int // rules of skipped modules that are not switched off
	whole   func() (*Engine, error)
}

// CompileFor is Compile for documents of the given kinds; nil stands for all. Errors are Compile's: every policy that does not
// ship with adamant is compiled.
func CompileFor(ctx context.Context, kinds []string, modules []facts.Module, opt Options) (*Scoped, error) {
	engine, skipped, err := compileFor(ctx, kinds, modules, opt)
	if err != nil {
		return nil, err
	}
	s := &Scoped{narrow: engine, skipped: skipped, left: switchedOnOf(skipped, opt.Settings)}
	s.whole = sync.OnceValues(func() (*Engine, error) {
		if len(skipped) == 0 {
			return engine, nil
		}
		return Compile(context.WithoutCancel(ctx), modules, opt)
	})
	return s, nil
}

// switchedOnOf counts the rules that the settings leave on.
func switchedOnOf(skipped []*indexed, settings manifest.PolicySettings) int {
	n := 0
	for _, x := range skipped {
		for _, rule := range x.Rules {
			if settings.Mode(rule) != manifest.RuleOff {
				n++
			}
		}
	}
	return n
}

// Eval is Engine.Eval.
func (s *Scoped) Eval(ctx context.Context, in *facts.Input, now time.Time) (*Result, error) {
	if !s.Covers(KindsOf(in)) {
		engine, err := s.whole()
		if err != nil {
			return nil, err
		}
		return engine.Eval(ctx, in, now)
	}
	result, err := s.narrow.Eval(ctx, in, now)
	if err == nil {
		result.Rules += s.left
	}
	return result, err
}

// Again is Eval for a document that gave the result before, and of which only the named parts have changed since. Where no
// policy looks at them the result is the same, and nothing is evaluated.
func (s *Scoped) Again(ctx context.Context, in *facts.Input, now time.Time, before *Result, changed ...string) (*Result, error) {
	if before == nil || slices.ContainsFunc(changed, s.narrow.names.mayLookAt) {
		return s.Eval(ctx, in, now)
	}
	return before, nil
}

// Covers says that nothing that was left out could report about documents of these kinds.
func (s *Scoped) Covers(kinds []string) bool {
	return !slices.ContainsFunc(s.skipped, func(x *indexed) bool { return x.mayReport(kinds) })
}

// Whole is the engine of all policies.
func (s *Scoped) Whole() *Engine {
	engine, err := s.whole()
	if err != nil {
		panic(fmt.Sprintf("policy: compiling the embedded modules: %v", err)) // the binary is broken: everybody else's are compiled already
	}
	return engine
}

// Version is Engine.Version.
func (s *Scoped) Version(rule string) string {
	if slices.ContainsFunc(s.skipped, func(x *indexed) bool { return slices.Contains(x.Rules, rule) }) {
		return s.Whole().Version(rule)
	}
	return s.narrow.Version(rule)
}

// KindsOf lists the kinds of documents that an input holds, of base and as merged, sorted. It is never nil.
func KindsOf(in *facts.Input) []string {
	kinds := map[string]bool{}
	for i := range in.Documents {
		kinds[in.Documents[i].Kind] = true
	}
	for i := range in.Before {
		kinds[in.Before[i].Kind] = true
	}
	delete(kinds, "")
	return append([]string{}, slices.Sorted(maps.Keys(kinds))...)
}
