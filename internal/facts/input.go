// Package facts holds everything that was observed about one change: the gate's input document (gate-input/v1,
// docs/formats/input.md) and its collection from the git objects of base, head and merged tree. The document is complete:
// judging it again needs no git, clock, network or environment. Collecting never runs code of the repository.
package facts

import (
	"encoding/json"
	"time"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/privacy"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/waiver"
)

// APIVersion is the version of the input document.
const APIVersion = "adamant.dev/gate-input/v1"

// Input is the gate's input document. Every slice is sorted, so equal observations encode to equal bytes.
type Input struct {
	APIVersion string              `json:"apiVersion"`
	Now        time.Time           `json:"now"` // UTC, whole seconds
	Change     Change              `json:"change"`
	Tree       Inventory           `json:"tree"`
	Files      []File              `json:"files"`
	Documents  []document.Document `json:"documents"`     // of changed files, as merged
	Before     []document.Document `json:"documentsBase"` // of changed files, as they were at base
	// Around are the documents of unchanged files, without lines; there only when policies look at all documents at once.
	Around  []document.Document `json:"documentsAround,omitempty"`
	Catalog Catalog             `json:"catalog"`
	// API is what the change does to interfaces that others use; nil when it was not looked at.
	API *exports.Delta `json:"apiDelta,omitempty"`
	// Reach is what depends on the changed files; nil when the graph was not read.
	Reach    *Reach            `json:"reach,omitempty"`
	History  History           `json:"history"`
	Findings []finding.Finding `json:"findings"` // of built-in checks and imported reports, with state against base
	Evidence []Evidence        `json:"evidence"`
	Waivers  []waiver.Waiver   `json:"waivers"` // at base
	Marks    []ratchet.Mark    `json:"marks"`   // at base
	Ratchet  Ratchet           `json:"ratchet,omitzero"`
	Config   json.RawMessage   `json:"config"` // effective adamant.yaml at base, JSON
	Policy   Policy            `json:"policy"` // the constitution at base
}

// Change names what is judged. OIDs are hex; trees and commits of the repository's own hash function.
type Change struct {
	Source     string   `json:"source"` // range, staged, worktree
	Target     string   `json:"target"` // branch the change wants to land on, as asked
	Base       string   `json:"base"`   // commit
	Head       string   `json:"head"`   // commit (synthetic for staged and worktree)
	MergeBase  []string `json:"mergeBase"`
	BaseTree   string   `json:"baseTree"`
	HeadTree   string   `json:"headTree"`
	MergedTree string   `json:"mergedTree"` // empty when the merge conflicts
	Conflicts  []string `json:"conflicts,omitempty"`
	Commits    []Commit `json:"commits"` // base..head, oldest first, first 1,000
	Agent      string   `json:"agent,omitempty"`
	Role       string   `json:"role,omitempty"`
	Model      string   `json:"model,omitempty"`
	Task       string   `json:"task,omitempty"`
	Feature    string   `json:"feature,omitempty"`
	Shallow    bool     `json:"shallow,omitempty"` // history below base is cut off: history features are lower bounds
	// Personas says that base describes its agents; Persona is what it says about this one, nil when it says nothing.
	Personas bool     `json:"personas,omitempty"`
	Persona  *Persona `json:"persona,omitempty"`
	Grants   []string `json:"grants,omitempty"` // globs that the task lets its agent write besides its own
	// Reasoning is what the ledger has about how agents made the change; nil when it has no task of this kernel.
	Reasoning *Reasoning    `json:"reasoning,omitempty"`
	Reviews   []AgentReview `json:"agentReviews,omitempty"` // by agents
}

// Renames maps old paths to new ones.
func (in *Input) Renames() map[string]string {
	out := map[string]string{}
	for _, f := range in.Files {
		if f.OldPath != "" {
			out[f.OldPath] = f.Path
		}
	}
	return out
}

// Inventory counts what the merged tree holds, so that a gate with nothing to validate can say so.
type Inventory struct {
	Files     int `json:"files"`
	Source    int `json:"source"`
	Tests     int `json:"tests"`
	Snapshots int `json:"snapshots"`
	Lockfiles int `json:"lockfiles"`
	Workflows int `json:"workflows"`
}

// Commit is one commit of the change.
type Commit struct {
	OID     string            `json:"oid"`
	Author  string            `json:"author"` // "Name <email>"
	Time    time.Time         `json:"time"`   // author time, UTC
	Subject string            `json:"subject"`
	Trailer map[string]string `json:"trailers,omitempty"` // last value wins; keys as written
}

// File is one changed file: diff(base tree, merged tree) with renames.
type File struct {
	Path     string `json:"path"`              // invalid UTF-8 is escaped as git quotes it
	OldPath  string `json:"oldPath,omitempty"` // for renames
	Status   string `json:"status"`            // added, deleted, modified, renamed, typechanged
	Mode     string `json:"mode,omitempty"`    // as merged
	OldMode  string `json:"oldMode,omitempty"` // at base
	Before   string `json:"before,omitempty"`  // blob
	After    string `json:"after,omitempty"`   // blob
	Size     int64  `json:"size"`              // bytes, as merged
	Added    int    `json:"added"`             // lines
	Deleted  int    `json:"deleted"`           // lines
	Binary   bool   `json:"binary,omitempty"`
	Language string `json:"language,omitempty"`
	Class    string `json:"class"`
	OldClass string `json:"oldClass,omitempty"` // when it differs
	// Component is the catalog entity (at base) that owns the path, "kind:namespace/name", empty when none does.
	Component    string `json:"component,omitempty"`
	OldComponent string `json:"oldComponent,omitempty"` // the owner of oldPath, when it is another one
	Effect       string `json:"effect"`
	// Unread says why the content was not looked at (too large, binary, submodule, lfs-pointer); such a file is never proven trivial.
	Unread  string         `json:"unread,omitempty"`
	Lines   []LineRange    `json:"lines,omitempty"`   // added or changed lines of the merged file
	Code    *source.Delta  `json:"code,omitempty"`    // for source and test files of known languages
	Growth  *source.Growth `json:"growth,omitempty"`  // for source files whose effect is not proven harmless
	Symlink string         `json:"symlink,omitempty"` // target, for symlinks
	// Versions is what the edit does to the dependencies of a manifest, for manifests whose lines are known.
	Versions *source.Versions `json:"versions,omitempty"`
	// Privacy is what the added lines do with data about people, for files of components that base classifies as pii.
	Privacy []privacy.Hit `json:"privacy,omitempty"`
}

// LineRange is a run of 1-based lines, both ends included.
type LineRange = source.Range

// Catalog is what changed in the catalog, and the governance of the touched components at base.
type Catalog struct {
	Present    bool                 `json:"present"` // base has at least one catalog file
	Components []catalog.Governance `json:"components"`
	Changes    []catalog.Change     `json:"changes"`
	Unowned    []string             `json:"unowned,omitempty"` // changed source files no component claims
	Findings   []finding.Finding    `json:"findings,omitempty"`
}

// History is what the first-parent history below base says about the changed files. Counts are of first-parent changes.
type History struct {
	Window     int  `json:"window"`     // changes looked at
	Complete   bool `json:"complete"`   // false in a shallow clone or when the window cut history off
	Developers int  `json:"developers"` // distinct authors of earlier changes to these files
	Prior      int  `json:"prior"`      // distinct earlier changes to these files
	Fixes      int  `json:"fixes"`      // of those, fixes
	Reverts    int  `json:"reverts"`    // of those, reverts
	AgeHours   int  `json:"ageHours"`   // mean hours since each file was last changed; 0 when new
	Experience int  `json:"experience"` // author's earlier changes in the window
	LinesTotal int  `json:"linesTotal"` // lines of the touched files at base
	// Paths tells the past of each changed file that has one, sorted by path; renamed files stand under their old path.
	Paths []Past `json:"paths,omitempty"`
}

// Past is what the first-parent history below base says about one file. Ages are in whole hours before base.
type Past struct {
	Path        string `json:"path"`
	Prior       int    `json:"prior"`       // earlier changes
	Fixes       int    `json:"fixes"`       // of those, fixes
	RecentFixes int    `json:"recentFixes"` // fixes in thousandths, each one halved for every 365 days of its age
	AgeHours    int    `json:"ageHours"`    // since the last change
	BornHours   int    `json:"bornHours"`   // since the first change
	FixHours    int    `json:"fixHours"`    // since the last fix; -1 when there was none
}

// Evidence is the outcome of one check.
type Evidence struct {
	Check      string    `json:"check"` // name
	Kind       string    `json:"kind"`  // unit, lint, ...
	State      string    `json:"state"` // passed, failed, error, unavailable, pending, not-affected
	Source     string    `json:"source"`
	Tree       string    `json:"tree,omitempty"` // that it was run on, where that is not the merged tree
	ObservedAt time.Time `json:"observedAt"`
	MaxAge     int64     `json:"maxAge,omitempty"` // seconds; 0 = bound to the trees, never stale
	Digest     string    `json:"digest,omitempty"` // sha256 of what it was computed from
	Reason     string    `json:"reason,omitempty"` // one line for people
	// Rules are those whose new findings failed the check, sorted, when nothing else did.
	Rules      []string  `json:"rules,omitempty"`
	Tests      *Tests    `json:"tests,omitempty"`
	BaseTests  *Tests    `json:"baseTests,omitempty"` // base's tests against the merged source
	Coverage   *Coverage `json:"coverage,omitempty"`
	DurationMS int64     `json:"durationMs,omitempty"`
	Network    string    `json:"network,omitempty"` // what the command could reach: none (cut) or open; empty when nothing was run
	// Selection says which tests were run, for checks that select those that the change affects.
	Selection *Selection `json:"selection,omitempty"`
}

// Selection is the part of a check that was run.
type Selection struct {
	All   string         `json:"all,omitempty"`   // why the whole check was run
	Count int            `json:"count,omitempty"` // tests, when it was not
	Tests []SelectedTest `json:"tests,omitempty"` // the first 100
}

// SelectedTest is a file of tests and the way it is affected: what it needs, up to what changed.
type SelectedTest struct {
	Path string `json:"path"`
	Why  string `json:"why,omitempty"`
}

// The states of evidence.
const (
	Passed      = "passed"
	Failed      = "failed"
	Errored     = "error"
	Unavailable = "unavailable"
	Pending     = "pending"
	NotAffected = "not-affected" // not run: select is affected and no changed file matches the check's inputs
)

// The sources of evidence.
const (
	SourceLocal   = "local"
	SourceCache   = "cache"
	SourceCI      = "ci" // given by --evidence: written by the accused's pipeline, shown as such
	SourceBuiltin = "builtin"
	SourceBatch   = "batch" // run once for several changes that land together, at the last of them: Tree
	SourceLane    = "lane"  // run before other changes landed that share nothing with this one: Tree
)

// Tests counts test cases.
type Tests struct {
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Skipped int      `json:"skipped"`
	Failing []string `json:"failing,omitempty"` // names, first 100
}

// Coverage is in milli-percent (95 % = 95000), -1 when there was nothing to cover.
type Coverage struct {
	Diff      int `json:"diff"`      // of the change's added executable lines
	DiffLines int `json:"diffLines"` // how many executable lines were added
	Total     int `json:"total"`
	// Languages are those of the files that were measured, sorted; "*" stands for all. Code in another one was not measured.
	Languages []string `json:"languages,omitempty"`
}

// Policy is the constitution the change is judged by: base's modules, and the engine's own by version.
type Policy struct {
	Engine  string   `json:"engine"` // version of the built-in constitution, sha256 of its modules
	Modules []Module `json:"modules"`
	// Data are the data files that foreign policies see: those that the configuration names.
	Data []Module `json:"data,omitempty"`
	// Constraints are the YAML files with ConstraintTemplates and Constraints of Gatekeeper.
	Constraints []Module `json:"constraints,omitempty"`
	// Delta is what an edit of the constitution does: "" when the change edits none, tightened, weakened. Weakened means
	// not shown to be tightened.
	Delta string `json:"delta,omitempty"`
	// DeltaReasons say what shows that it is weakened, first 20.
	DeltaReasons []string `json:"deltaReasons,omitempty"`
}

// The values of Policy.Delta.
const (
	PolicyTightened = "tightened"
	PolicyWeakened  = "weakened"
)

// Module is one Rego file, or one data file.
type Module struct {
	Path string `json:"path"`
	Text string `json:"text"`
}
