// Package sbom lists what an artifact is made of, as CycloneDX 1.6. It promises the same bytes for the same inputs: no clock, no
// random serial number, everything sorted. It never resolves anything: what is listed is what the artifact itself, or the lock file
// that it was built with, says.
package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"

	"github.com/adamant-os/adamant/internal/build/fetch"
)

// MediaType is that of the document.
const MediaType = "application/vnd.cyclonedx+json"

// PredicateType is how in-toto statements name the document as their predicate.
const PredicateType = "https://cyclonedx.org/bom"

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
	Version   string            // empty: the artifact does not say, as of a folder that replaces a module
	Digests   map[string]string // hex by algorithm, as fetch.Dependency has them
}

// PURL is the package's URL (package-url/purl-spec).
func (p Package) PURL() string {
	kind := map[fetch.Ecosystem]string{fetch.Go: packageurl.TypeGolang, fetch.NPM: packageurl.TypeNPM, fetch.PyPI: packageurl.TypePyPi}[p.Ecosystem]
	namespace, name := "", p.Name
	if at := strings.LastIndexByte(p.Name, '/'); at >= 0 {
		namespace, name = p.Name[:at], p.Name[at+1:]
	}
	return packageurl.NewPackageURL(cmp.Or(kind, packageurl.TypeGeneric), namespace, name, p.Version, nil, "").ToString()
}

// digestProperty begins the name of a component's property that holds a digest CycloneDX has no name for.
const digestProperty = "adamant:digest:"

// algorithms are CycloneDX's names of digests.
func algorithms() map[string]cyclonedx.HashAlgorithm {
	return map[string]cyclonedx.HashAlgorithm{"sha256": cyclonedx.HashAlgoSHA256, "sha384": cyclonedx.HashAlgoSHA384, "sha512": cyclonedx.HashAlgoSHA512}
}

// Write makes the document: CycloneDX 1.6 JSON. Its serial number follows from its content.
func Write(s Subject, packages []Package) ([]byte, error) {
	if s.Name == "" {
		return nil, errors.New("write an SBOM: the artifact has no name")
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: subject(s),
		Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{{Type: cyclonedx.ComponentTypeApplication, Name: "adamant"}}}}
	var components []cyclonedx.Component
	var needs []string
	for _, p := range distinct(packages) {
		components = append(components, component(p))
		needs = append(needs, p.PURL())
	}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: bom.Metadata.Component.BOMRef, Dependencies: &needs}}
	text, err := encode(bom)
	if err != nil {
		return nil, err
	}
	bom.SerialNumber = serial(text)
	return encode(bom)
}

func encode(bom *cyclonedx.BOM) ([]byte, error) {
	var text bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	if err != nil {
		return nil, fmt.Errorf("write an SBOM: %w", err)
	}
	return text.Bytes(), nil
}

// serial is a UUID of the content (RFC 9562, version 8).
func serial(text []byte) string {
	id := sha256.Sum256(text)
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}

func subject(s Subject) *cyclonedx.Component {
	c := &cyclonedx.Component{Type: cyclonedx.ComponentTypeApplication, BOMRef: "artifact", Name: s.Name, Version: s.Version}
	if s.SHA256 != "" {
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: s.SHA256}}
	}
	return c
}

func component(p Package) cyclonedx.Component {
	c := cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: p.PURL(), PackageURL: p.PURL(), Name: p.Name, Version: p.Version}
	var hashes []cyclonedx.Hash
	var others []cyclonedx.Property
	for _, name := range slices.Sorted(maps.Keys(p.Digests)) {
		if algorithm, ok := algorithms()[name]; ok {
			hashes = append(hashes, cyclonedx.Hash{Algorithm: algorithm, Value: p.Digests[name]})
		} else {
			others = append(others, cyclonedx.Property{Name: digestProperty + name, Value: p.Digests[name]})
		}
	}
	if hashes != nil {
		c.Hashes = &hashes
	}
	if others != nil {
		c.Properties = &others
	}
	return c
}

// distinct are packages in the order of their URLs, each once, the one with more digests first.
func distinct(packages []Package) []Package {
	packages = slices.Clone(packages)
	slices.SortStableFunc(packages, func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.PURL(), b.PURL()), cmp.Compare(len(b.Digests), len(a.Digests)), cmp.Compare(a.Digests["sha256"], b.Digests["sha256"]))
	})
	return slices.CompactFunc(packages, func(a, b Package) bool { return a.PURL() == b.PURL() })
}

// Read reads a document that Write made, or another CycloneDX JSON, as far as its components have URLs of known ecosystems.
func Read(text []byte) (Subject, []Package, error) {
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(text), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		return Subject{}, nil, fmt.Errorf("read an SBOM: %w", err)
	}
	if bom.BOMFormat != cyclonedx.BOMFormat {
		return Subject{}, nil, errors.New("read an SBOM: it is no CycloneDX JSON")
	}
	var s Subject
	if bom.Metadata != nil && bom.Metadata.Component != nil {
		c := bom.Metadata.Component
		s = Subject{Name: c.Name, Version: c.Version, SHA256: digests(*c)["sha256"]}
	}
	var packages []Package
	if bom.Components != nil {
		for _, c := range *bom.Components {
			if p, ok := fromComponent(c); ok {
				packages = append(packages, p)
			}
		}
	}
	return s, packages, nil
}

func fromComponent(c cyclonedx.Component) (Package, bool) {
	u, err := packageurl.FromString(c.PackageURL)
	ecosystem, known := map[string]fetch.Ecosystem{packageurl.TypeGolang: fetch.Go, packageurl.TypeNPM: fetch.NPM, packageurl.TypePyPi: fetch.PyPI}[u.Type]
	if err != nil || !known {
		return Package{}, false
	}
	name := u.Name
	if u.Namespace != "" {
		name = u.Namespace + "/" + u.Name
	}
	for _, written := range []string{c.Name, c.Group + "/" + c.Name} { // URLs of Go modules are read in lower case
		if strings.EqualFold(written, name) {
			name = written
		}
	}
	return Package{Ecosystem: ecosystem, Name: name, Version: u.Version, Digests: digests(c)}, true
}

func digests(c cyclonedx.Component) map[string]string {
	all := map[string]string{}
	if c.Hashes != nil {
		for _, h := range *c.Hashes {
			all[strings.ToLower(strings.ReplaceAll(string(h.Algorithm), "-", ""))] = h.Value
		}
	}
	if c.Properties != nil {
		for _, p := range *c.Properties {
			if name, ok := strings.CutPrefix(p.Name, digestProperty); ok {
				all[name] = p.Value
			}
		}
	}
	return all
}
