// Package sbom lists what an artifact is made of, as CycloneDX 1.6. It promises the same bytes for the same inputs: no clock, no
// random serial number, everything sorted. It never resolves anything: what is listed is what the artifact itself, or the lock file
// that it was built with, says.
package sbom

import (
	"errors"
	"io"

	"github.com/adamant-os/adamant/internal/build/fetch"
)

// Subject is the artifact that is described.
type Subject struct {
	Name    string // as the build's target names it
	Version string // as the commit; may be empty
	SHA256  string // hex; may be empty for a folder
}

// Package is one part of an artifact.
type Package struct {
	Ecosystem fetch.Ecosystem
	Name      string
	Version   string
	Digests   map[string]string // hex by algorithm, as fetch.Dependency has them
	Needs     []string          // names of packages that it is known to need; may be empty
}

// FromGoBinary reads which modules a Go program was built from, the standard library among them as stdlib. ErrNotGo: it is none.
func FromGoBinary(program io.ReaderAt) ([]Package, error) { return nil, ErrNotGo }

// FromLayers lists what layers of dependencies hold.
func FromLayers(layers []fetch.Layer) []Package { return nil }

// ErrNotGo is returned for a file that is no Go program, or one without build information.
var ErrNotGo = errors.New("no Go build information")

// Write makes the document: CycloneDX 1.6 JSON.
func Write(s Subject, packages []Package) ([]byte, error) {
	return nil, errors.New("sbom: not written yet")
}
