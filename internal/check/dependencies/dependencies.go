// Package dependencies reads which packages a manifest asks for and which a lock file fixes, with their lines. It promises
// bounded work on any input and an error for a file that it cannot make sense of; it never resolves a version itself and
// never opens an address.
package dependencies

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// The ecosystems, by the names that OSV gives them.
const (
	Go    = "Go"
	NPM   = "npm"
	PyPI  = "PyPI"
	Cargo = "crates.io"
	Maven = "Maven"
)

// Package is one package at one place of one file.
type Package struct {
	Ecosystem string
	Name      string // as the ecosystem compares names: PyPI's in normal form (PEP 503)
	Version   string // exact in a lock file; a manifest's constraint as written
	License   string // SPDX expression, where the file has one
	Line      int    // 1-based
	Indirect  bool   // a manifest names it for others' sake
}

// Error says that a file cannot be read as what its name promises.
type Error struct {
	Path string
	Line int // 1-based; 0 when unknown
	Err  error
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %v", e.Path, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

type parser func(text []byte) ([]Package, error)

// locked chooses the parser of exact versions by a file's name; nil when it has none.
func locked(file string) parser {
	switch base := path.Base(file); {
	case base == "go.mod":
		return goMod
	case base == "package-lock.json", base == "npm-shrinkwrap.json":
		return packageLock
	case base == "pnpm-lock.yaml":
		return pnpmLock
	case base == "yarn.lock":
		return yarnLock
	case base == "poetry.lock", base == "uv.lock":
		return pythonLock
	case base == "Cargo.lock":
		return cargoLock
	case base == "pom.xml":
		return pom
	case isRequirements(base):
		return pinnedRequirements
	}
	return nil
}

// asked chooses the parser of constraints by a file's name; nil when it has none.
func asked(file string) parser {
	switch base := path.Base(file); {
	case base == "go.mod":
		return goMod
	case base == "package.json":
		return packageJSON
	case base == "pyproject.toml":
		return pyproject
	case base == "Cargo.toml":
		return cargoTOML
	case isRequirements(base):
		return requirements
	}
	return nil
}

func isRequirements(base string) bool {
	return strings.HasPrefix(base, "requirements") && strings.HasSuffix(base, ".txt")
}

// IsLocked reports whether Locked can read a file.
func IsLocked(file string) bool { return locked(file) != nil && !foreign(file) }

// IsManifest reports whether Asked can read a file.
func IsManifest(file string) bool { return asked(file) != nil && !foreign(file) }

// foreign reports whether a file belongs to a vendored package or to test input.
func foreign(file string) bool {
	return slices.ContainsFunc(strings.Split(path.Dir(file), "/"), func(dir string) bool {
		return dir == "node_modules" || dir == "vendor" || dir == "testdata"
	})
}

// Locked reads the exact versions that a lock file fixes, sorted by name, version and line. An error is an *Error.
func Locked(file string, text []byte) ([]Package, error) { return parse(file, text, locked(file)) }

// Asked reads the packages that a manifest asks for, with their constraints, sorted as Locked does.
func Asked(file string, text []byte) ([]Package, error) { return parse(file, text, asked(file)) }

func parse(file string, text []byte, parse parser) ([]Package, error) {
	if parse == nil {
		return nil, &Error{Path: file, Err: fmt.Errorf("not a known manifest or lock file")}
	}
	packages, err := parse(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, located(file, err)
	}
	packages = slices.DeleteFunc(packages, func(p Package) bool { return p.Name == "" })
	slices.SortStableFunc(packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Line, b.Line))
	})
	return packages, nil
}

// atLine gives an error its line.
type atLine struct {
	line int
	error
}

func located(file string, err error) error {
	if at, ok := err.(atLine); ok { //nolint:errorlint // made here, never wrapped
		return &Error{Path: file, Line: at.line, Err: at.error}
	}
	return &Error{Path: file, Err: err}
}

// lineAt is the 1-based line of a byte offset. Ask with growing offsets; it counts on from the last.
type lineAt struct {
	text       []byte
	at, number int
}

func (l *lineAt) line(offset int) int {
	offset = min(max(offset, l.at), len(l.text))
	l.number += bytes.Count(l.text[l.at:offset], []byte("\n"))
	l.at = offset
	return l.number + 1
}

// Own is the name under which a manifest's own package can be asked for, "" when the file does not say.
func Own(file string, text []byte) string {
	switch path.Base(file) {
	case "go.mod":
		return modfile.ModulePath(text)
	case "package.json":
		var head struct{ Name string }
		if json.Unmarshal(text, &head) == nil {
			return head.Name
		}
	}
	return ""
}
