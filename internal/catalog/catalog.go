package catalog

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// SourceFile is a file of the tree that may hold entities or personas.
type SourceFile struct {
	Path string // repository-relative, slashes
	Data []byte
}

// IsFile says whether Load wants a path: catalog-info.yaml or .yml in any folder, YAML files below /catalog/ (which count
// when a Location names them) and agent personas, .adamant/agents/*.yaml (whose names may own entities).
func IsFile(p string) bool { return isCatalogInfo(p) || isListed(p) || isPersona(p) }

func isCatalogInfo(p string) bool {
	name := path.Base(p)
	return name == "catalog-info.yaml" || name == "catalog-info.yml"
}

func isListed(p string) bool { return strings.HasPrefix(p, "catalog/") && isYAML(p) }

func isPersona(p string) bool { return path.Dir(p) == ".adamant/agents" && isYAML(p) }

func isYAML(p string) bool { return strings.HasSuffix(p, ".yaml") || strings.HasSuffix(p, ".yml") }

// Entity is one document of a catalog file.
type Entity struct {
	Ref         string // "kind:namespace/name" in lower case, as Backstage spells references
	Kind        string // as written
	Name        string
	Title       string
	Description string
	Type        string // spec.type
	Lifecycle   string
	Owner       string // as written
	System      string // as written
	Path        string // of the file
	Document    int    // 0-based, in the file
	Line        int    // 1-based, where the document starts
	Claims      []string
	Relations   []Relation

	annotations map[string]string
	fields      map[string]string // every field by its dotted name; see flatten
	pointers    map[string]string // JSON pointers of fields
	targets     []string          // of a Location
	doc         *manifest.YAMLDocument
}

// Relation is a reference from one entity to another.
type Relation struct {
	Field   string // e.g. "dependsOn"
	Target  string // ref in the form of Entity.Ref; as written when it is malformed
	Pointer string // JSON pointer of the reference
}

// Catalog is the entities of one tree. It is immutable and safe for concurrent use. Nil is a catalog without entities.
type Catalog struct {
	entities []*Entity // sorted by ref
	byRef    map[string]*Entity
	personas map[string]bool
	folders  map[string][]*Entity // claims of a whole folder, "" = the root
	globs    *manifest.PathSet    // all other claims
	globOf   []claim
}

// Len is the number of entities.
func (c *Catalog) Len() int {
	if c == nil {
		return 0
	}
	return len(c.entities)
}

// Entities lists all entities, sorted by ref. Do not change them.
func (c *Catalog) Entities() []*Entity { return entitiesOf(c) }

// Entity finds an entity by its ref, in any spelling that ParseRef understands (default kind: component).
func (c *Catalog) Entity(ref string) (*Entity, bool) {
	full, err := ParseRef(ref, "component", "")
	if err != nil {
		return nil, false
	}
	return entityByRef(c, full)
}

// Annotation is the value of an annotation, "" when it is not there.
func (e *Entity) Annotation(key string) string { return e.annotations[key] }

// Governance is the governance fields of the entity.
func (e *Entity) Governance() Governance {
	return Governance{
		Ref:                e.Ref,
		Owner:              e.Owner,
		Lifecycle:          e.Lifecycle,
		RiskProfile:        cmp.Or(e.annotations["adamant.dev/risk-profile"], e.annotations["risk-profile"]),
		DataClassification: e.annotations["compliance/data-classification"],
		PIIFields:          e.annotations["adamant.dev/pii-fields"],
	}
}

// Governance is the governance fields of the entity with that ref; only Ref is set when there is none.
func (c *Catalog) Governance(ref string) Governance {
	if e, ok := c.Entity(ref); ok {
		return e.Governance()
	}
	return Governance{Ref: ref}
}

// index sorts the entities and files their claims. It reports the refs that are there twice.
func (c *Catalog) index(all []*Entity) (twice []*Entity) {
	c.byRef = make(map[string]*Entity, len(all))
	for _, e := range all {
		if _, there := c.byRef[e.Ref]; there {
			twice = append(twice, e)
			continue
		}
		c.byRef[e.Ref] = e
		c.entities = append(c.entities, e)
	}
	slices.SortFunc(c.entities, func(a, b *Entity) int { return strings.Compare(a.Ref, b.Ref) })
	return twice
}
