package sbom

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/adamant-os/adamant/internal/build/fetch"
)

// ErrNotGo is returned for a file that is no Go program, or one without build information.
var ErrNotGo = errors.New("no Go build information")

// Standard is the name of Go's standard library as a package, as OSV has it.
const Standard = "stdlib"

// FromGoBinary reads which modules a Go program was built from, the standard library among them. ErrNotGo: it is none.
func FromGoBinary(program io.ReaderAt) (packages []Package, err error) {
	defer func() { // debug/elf and its kin are not made for hostile files
		if broken := recover(); broken != nil {
			packages, err = nil, fmt.Errorf("read a program: %v", broken)
		}
	}()
	info, err := buildinfo.Read(program)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotGo, err)
	}
	version, _, _ := strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " ") // experiments stand behind a space
	packages = []Package{{Ecosystem: fetch.Go, Name: Standard, Version: version}}
	for _, dependency := range info.Deps {
		packages = append(packages, module(dependency))
	}
	return packages, nil
}

// module is a dependency as it was built: what replaced it, when something did.
func module(m *debug.Module) Package {
	if m.Replace != nil {
		if m.Replace.Version == "" { // a folder, which has no name elsewhere
			return Package{Ecosystem: fetch.Go, Name: m.Path}
		}
		m = m.Replace
	}
	p := Package{Ecosystem: fetch.Go, Name: m.Path, Version: m.Version}
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(raw) == 32 {
		p.Digests = map[string]string{"dirHash": hex.EncodeToString(raw)}
	}
	return p
}

// FromLayers lists what layers of dependencies hold. Go modules of which only the go.mod came are in no program.
func FromLayers(layers []fetch.Layer) []Package {
	var packages []Package
	for _, l := range layers {
		for _, d := range l.Dependencies {
			if d.Ecosystem != fetch.Go || d.File == "" {
				packages = append(packages, Package{Ecosystem: d.Ecosystem, Name: d.Name, Version: d.Version, Digests: d.Digests})
			}
		}
	}
	return packages
}
