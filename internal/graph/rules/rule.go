// Package rules judges a dependency graph by rules: what may need what, what must, which cycles and hubs there are, and how
// that differs from the graph of another tree. Equal graphs and rules give equal violations in one order, and a violation's
// identity holds no line number. The package never reads a file, runs git or looks at a clock; a pattern that takes too long
// is a problem of its rule, never a pass. How rules are written is the business of the packages below it.
package rules

import (
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// The kinds of violations, by dependency-cruiser's names where it has one.
const (
	KindDependency   = "dependency"   // From needs To
	KindModule       = "module"       // From alone is wrong; To is From
	KindCycle        = "cycle"        // From needs To, and To needs From in the end
	KindInstability  = "instability"  // From needs To, which is less stable
	KindReachability = "reachability" // From needs To in the end
	KindFolder       = "folder"       // a dependency between folders
	KindTangle       = "tangle"       // From, a strongly connected component named by its first member
)

// Shape is what a rule looks at.
type Shape uint8

// The shapes of rules.
const (
	Edges   Shape = iota // each dependency
	Orphans              // each module, by whether anything is tied to it
	Reaches              // each module, by what reaches it
	FanIn                // each module, by how many need it
	FanOut               // each module, by how many it needs
	Needs                // each module must have a dependency
	Acyclic              // each strongly connected component
)

// Rule is one compiled rule. Which fields count depends on Shape; those left at their zero value ask for nothing.
type Rule struct {
	Name     string
	Comment  string // why the rule is there
	Fix      string // what to do about a violation
	Severity finding.Severity
	Shape    Shape
	Level    string // of Set.Levels; "" judges files, LevelFolder folders
	From     Where  // for FanIn: the dependents that count
	To       Target
	Module   Where // the modules that Needs, FanIn and FanOut are about
	Orphan   bool  // what Orphans asks for
	NoTests  bool  // judges the graph as if there were no tests
	Less     *int  // fewer than this are a violation
	More     *int  // more than this are a violation
	// Selects are the parts of the rule that must match a module: one that matches none is a typing mistake, and reported.
	Selects []Selection
	// Between decides about an edge by the names of its ends: the message of a violation, "" when it is none. Nil: From and To do.
	Between func(from, to string) string
}

// Selection is a named part of a rule.
type Selection struct {
	What string // "layer domain", "from.path"
	Where
}

// LevelFolder is the level of rules about folders (dependency-cruiser's scope: folder).
const LevelFolder = "folder"

// Where selects modules by name. The zero value selects all.
type Where struct{ Path, Not Pattern }

// Target selects dependencies. Nil and zero fields ask for nothing.
type Target struct {
	Where
	CouldNotResolve, Circular, Dynamic, ExoticallyRequired, PreCompilationOnly *bool
	MoreThanOneType, MoreUnstable, Ancestor, Reachable                         *bool
	Types, TypesNot                                                            imports.Types
	Via, ViaOnly                                                               *Via
	// Unknown names what the rule asks for that no tree tells (a licence, a deprecation): it matches nothing and is reported.
	Unknown string
}

// Via selects the members of a cycle.
type Via struct {
	Where
	Types, TypesNot imports.Types
}

// Set is a compiled set of rules. It is immutable and safe for concurrent use.
type Set struct {
	Forbidden       []Rule // a match is a violation
	Allowed         []Rule // when there are any, an edge that matches none is a violation
	AllowedSeverity finding.Severity
	Required        []Rule // Shape Needs
	Filter          Filter
	Levels          map[string]graph.Names // by Rule.Level: what a node of files is called there
	Notes           []string               // what was read and is not obeyed, for people
}

// Filter says which modules and dependencies are judged.
type Filter struct {
	Exclude        Pattern
	ExcludeDynamic *bool // dependencies with this dynamic are left out
	IncludeOnly    Pattern
	Leaves         Pattern       // modules whose own dependencies are not looked at
	LeafTypes      imports.Types // dependencies of these types lead to leaves
	Focus          Pattern       // report only these and their neighbours
	FocusDepth     int
	Reaches        Pattern // report only these and what reaches them
	NoTypes        bool    // dependencies that are gone when the program runs are left out
}

// Violation is one violation of one rule.
type Violation struct {
	Rule     string           `json:"rule"`
	Severity finding.Severity `json:"severity"`
	Kind     string           `json:"kind"`
	From     string           `json:"from"`
	To       string           `json:"to"`
	Path     []string         `json:"path,omitempty"`    // the way from From to To, or around the cycle
	Members  []string         `json:"members,omitempty"` // of a tangle, sorted
	File     string           `json:"file,omitempty"`    // where to look
	Line     int              `json:"line,omitempty"`    // 1-based, 0 = the whole file
	Message  string           `json:"message"`
	Fix      string           `json:"fix,omitempty"`
}

// Identity is what makes two violations the same one. It has no line number: a file that grows violates nothing anew.
type Identity struct{ Rule, From, To, Kind string }

// Identity returns the identity of a violation.
func (v *Violation) Identity() Identity { return Identity{v.Rule, v.From, v.To, v.Kind} }

// Problem is something about a rule that keeps it from judging, or makes it judge nothing.
type Problem struct {
	Rule    string `json:"rule"`
	Message string `json:"message"`
	// Fatal says that the rule could not be evaluated: there is no verdict. Otherwise it judged nothing.
	Fatal bool `json:"fatal"`
}

// Report is what a set says about a graph.
type Report struct {
	Violations []Violation // sorted by rule, from, to and kind; each identity once
	Problems   []Problem   // sorted by rule
	Modules    int         // that were judged
	Edges      int
}
