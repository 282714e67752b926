package imports

import (
	"math/bits"
	"strings"
)

// Types is a set of dependency-cruiser's dependency types (its documentation, "dependencyTypes").
type Types uint64

// The dependency types. Their numbers are stored in caches: append, never reorder.
const (
	Local Types = 1 << iota
	LocalModule
	NPM
	NPMDev
	NPMOptional
	NPMPeer
	NPMBundled
	NPMNoPackage
	NPMUnknown
	Core
	Aliased
	AliasedSubpathImport
	AliasedTSConfig
	AliasedTSConfigBaseURL
	AliasedTSConfigPaths
	AliasedWebpack
	AliasedWorkspace
	AMDDefine
	AMDRequire
	AMDExotic
	Deprecated
	DynamicImport
	ExoticRequire
	Export
	ImportStatement
	ImportEquals
	JSDoc
	JSDocBracketImport
	JSDocImportTag
	ProcessGetBuiltinModule
	PreCompilationOnly
	RequireCall
	TripleSlashAMD
	TripleSlashFile
	TripleSlashType
	TypeImport
	TypeOnlyType
	Undetermined
	Unknown
)

var typeNames = [...]string{"local", "localmodule", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-bundled", "npm-no-pkg", "npm-unknown",
	"core", "aliased", "aliased-subpath-import", "aliased-tsconfig", "aliased-tsconfig-base-url", "aliased-tsconfig-paths", "aliased-webpack",
	"aliased-workspace", "amd-define", "amd-require", "amd-exotic", "deprecated", "dynamic-import", "exotic-require", "export", "import",
	"import-equals", "jsdoc", "jsdoc-bracket-import", "jsdoc-import-tag", "process-get-builtin-module", "pre-compilation-only", "require",
	"triple-slash-amd-dependency", "triple-slash-file-reference", "triple-slash-type-reference", "type-import", "type-only", "undetermined",
	"unknown"}

// Names lists the types of a set, in the order of their numbers.
func (t Types) Names() []string {
	var names []string
	for ; t != 0; t &= t - 1 {
		names = append(names, typeNames[bits.TrailingZeros64(uint64(t))])
	}
	return names
}

func (t Types) String() string { return strings.Join(t.Names(), ",") }

// TypeNamed is the type of a name, false when there is none.
func TypeNamed(name string) (Types, bool) {
	for i, n := range typeNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}
