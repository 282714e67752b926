// Package imports is the seam between languages and the dependency graph: what a file of any language says it needs, and how
// that is resolved against the files of one tree. Extraction is a pure function of a file's bytes, so its result can be kept
// by blob; resolution is a pure function of the list of files, their extractions and the manifests among them. Neither ever
// runs a program, reads a disk or aborts: a broken file is a File with a Problem.
package imports

import "fmt"

// Kind is how one file needs another.
type Kind uint8

// The kinds. Their numbers are stored in caches: append, never reorder.
const (
	Static       Kind = iota // import, use, include of code that runs
	TypeOnly                 // erased before it runs: import type, TYPE_CHECKING
	Dynamic                  // import(), importlib, loaded when needed
	Require                  // CommonJS require, import x = require()
	Reexport                 // export ... from, pub use
	TypeReexport             // export type ... from
	Include                  // C and C++ #include, protobuf import
	Module                   // Terraform module source, Rust mod
	Copy                     // Dockerfile COPY, ADD and FROM
	Reference                // workflow uses, script paths
	Declared                 // catalog dependsOn, consumesApis, providesApis
	SamePackage              // a name of the same package used without an import (Go, Java)
	Member                   // from a package to its files
	Embed                    // content that is built in: go:embed
)

var kinds = [...]string{"static", "type-only", "dynamic", "require", "reexport", "type-reexport", "include", "module", "copy", "reference",
	"declared", "same-package", "member", "embed"}

func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind-%d", k)
}

// TypeLevel says that the dependency is gone when the program runs.
func (k Kind) TypeLevel() bool { return k == TypeOnly || k == TypeReexport }

// Import is one thing a file needs, as written.
type Import struct {
	Specifier string   // "./x.js", "a/b", "..pkg.mod" (Python's leading dots kept), "crate::a::b"
	Kind      Kind     //
	Line      int32    // 1-based
	Names     []string // the names taken from it where the language says so; ["*"] for all of them
	// Exotic names a loader that is not the language's own (dependency-cruiser's exoticRequire); "" otherwise.
	Exotic string
}

// Symbol is a name a file declares that others can use.
type Symbol struct {
	Name string
	Kind string // func, type, const, var, class, interface, method, module, message, rpc, ...
	Line int32  // 1-based
}

// File is all that extraction learns from one file.
type File struct {
	Package string   // Go package clause, Java package, protobuf package; "" where there is none
	Imports []Import // in order of appearance
	Exports []Symbol // exported or top-level declarations, in order of appearance; may be empty for languages without a reader
	Open    []int32  // lines with imports that are computed when the program runs: what they need is not known
	// Problem says why the file could not be read to its end, "" when it could; Imports then hold what came before Line.
	Problem string
	Line    int32
}

// Tree is what resolution may see of one commit's tree. Paths are repository-relative with slashes.
type Tree interface {
	// Paths lists every file, sorted bytewise. The caller must not change it.
	Paths() []string
	// Has says whether path is a file (a symlink to a file counts).
	Has(path string) bool
	// Real follows symlinks inside the tree, path itself when there is none, "" when they lead out of it.
	Real(path string) string
	// Read returns the content of a manifest. Reading is remembered: resolution depends on what was read.
	Read(path string) ([]byte, error)
	// File returns what the file's language lets others see of it: the Surface of its extraction, nil when there is none.
	File(path string) *File
}

// Target is what an import leads to: a file or package of the tree, something outside it, or nothing that was found.
type Target struct {
	Path     string // repository-relative file; "" when it is none of the tree's
	Package  string // package of the tree, as the language's Package names it; "" when it is a file or outside
	External string // package outside the tree: "npm:react", "go:golang.org/x/mod", "pypi:requests", "std:fs"; "" when unknown
	Types    Types  // what dependency-cruiser calls dependency types, for languages that have them
}

// Resolver resolves the imports of one language in one tree.
type Resolver interface {
	// Resolve returns the targets of an import in the file from: usually one, several for a Go package or a Python star
	// import, none when nothing was found. The answer depends on the tree, from, file and imp, never on what was asked before.
	Resolve(from string, file *File, imp *Import) []Target
}

// Language is one language the graph reads.
type Language struct {
	Name    string
	Family  string                 // languages of one family share the first one's resolver; "" is a family of its own
	Version int                    // of Extract; a new number makes caches forget
	Match   func(path string) bool // files of the language
	Extract func(src []byte) *File
	// Surface is what resolution may see of other files through Tree.File, without lines, so that most edits leave it as it
	// was; nil when it sees nothing of them but their paths. Languages of one family see one another's.
	Surface func(file *File) *File
	// Sees says that resolution can depend on whether path is in the tree; nil: on any path.
	Sees func(path string) bool
	// Resolver prepares resolution for a tree. Problems with manifests are returned beside a working resolver.
	Resolver func(tree Tree) (Resolver, []Problem)
	// Package names the package that a file sees without an import ("" = none), and says whether the file is a part of what
	// others get who import that package: a test is not. Nil for languages whose unit is the file.
	Package func(path string, file *File) (name string, member bool)
	// Manifest says that resolution depends on the content of path (go.mod, tsconfig.json, package.json ...).
	Manifest func(path string) bool
}

// Problem is something that could not be understood.
type Problem struct {
	Path    string
	Line    int32 // 1-based, 0 = the whole file
	Message string
}
