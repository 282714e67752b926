package catalog

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

// SourceFile is a file of the tree that may hold entities.
type SourceFile struct {
	Path string // repository-relative, slashes
	Data []byte
}

// IsFile says whether a path may hold entities: catalog-info.yaml or .yml in any folder, and YAML files below /catalog/,
// which count when a Location names them.
func IsFile(p string) bool {
	name := path.Base(p)
	if name == "catalog-info.yaml" || name == "catalog-info.yml" {
		return true
	}
	return strings.HasPrefix(p, "catalog/") && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

// Catalog is the entities of one tree. It is immutable.
type Catalog struct {
	entities []*Entity
}

// Entity is one document of a catalog file.
type Entity struct {
	Ref  string // kind:namespace/name, lower case
	Kind string
	Path string
	Line int
}

// Load reads the entities of a tree. What is wrong with them is a finding; entities that can be read are kept.
func Load(files []SourceFile) (*Catalog, []finding.Finding) { return &Catalog{}, nil }

// Len is the number of entities.
func (c *Catalog) Len() int { return len(c.entities) }

// ComponentOf finds the entity that owns a path.
func (c *Catalog) ComponentOf(path string) (*Entity, bool) { return nil, false }

// Governance gives the governance fields of an entity by its ref; only Ref is set when there is no such entity.
func (c *Catalog) Governance(ref string) Governance { return Governance{Ref: ref} }

// Diff lists what changed between two catalogs, sorted by ref, then field.
func Diff(base, merged *Catalog) []Change { return nil }
