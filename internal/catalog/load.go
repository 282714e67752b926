package catalog

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Load reads the entities of a tree from the files that IsFile wants; other files are passed over, so a caller may give
// more. What is wrong is a finding (rules catalog/...); an entity that has a kind and a name is kept even when it is invalid,
// so that its governance is not lost. Neither the order of files nor that of documents matters.
func Load(files []SourceFile) (*Catalog, []finding.Finding) {
	l := loader{files: map[string][]byte{}, catalog: &Catalog{personas: map[string]bool{}}}
	for _, f := range files {
		l.files[f.Path] = f.Data
	}
	paths := make([]string, 0, len(l.files))
	for p := range l.files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	l.read(paths)
	l.relate()
	finding.AssignFingerprints(l.findings, func(p string) ([]byte, bool) { data, ok := l.files[p]; return data, ok }, nil)
	finding.Sort(l.findings)
	return l.catalog, l.findings
}

type loader struct {
	files    map[string][]byte
	catalog  *Catalog
	entities []*Entity
	findings []finding.Finding
}

func (l *loader) report(rule string, severity finding.Severity, d manifest.Diagnostic, fix string) {
	l.findings = append(l.findings, finding.Finding{Rule: "catalog/" + rule, Severity: severity, Message: d.Message,
		Path: d.Path, Line: d.Line, Column: d.Column, Fix: fix, Tool: "adamant"})
}

func (l *loader) on(e *Entity, pointer, rule string, severity finding.Severity, fix, format string, args ...any) {
	l.report(rule, severity, e.doc.Diagnose(pointer, fmt.Sprintf(format, args...)), fix)
}

// read takes the catalog-info files first, then what their Locations name, until nothing new comes.
func (l *loader) read(paths []string) {
	var queue []string
	for _, p := range paths {
		if isPersona(p) {
			l.persona(p)
		} else if isCatalogInfo(p) {
			queue = append(queue, p)
		}
	}
	seen := map[string]bool{}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if seen[p] {
			continue
		}
		seen[p] = true
		for _, e := range l.file(p) {
			queue = append(queue, l.located(e, paths)...)
		}
	}
	slices.SortFunc(l.entities, func(a, b *Entity) int {
		return cmp.Or(strings.Compare(a.Ref, b.Ref), strings.Compare(a.Path, b.Path), cmp.Compare(a.Document, b.Document))
	})
	for _, e := range l.catalog.index(l.entities) {
		first := l.catalog.byRef[e.Ref]
		l.on(e, "/metadata/name", "duplicate-ref", finding.Error, "rename one of them", "%s is here twice; the first one is %s:%d", e.Ref, first.Path, first.Line)
	}
}

// persona learns the name of an agent: metadata.name, else the name of the file.
func (l *loader) persona(p string) {
	name := strings.TrimSuffix(strings.TrimSuffix(path.Base(p), ".yaml"), ".yml")
	for _, doc := range manifest.ParseYAML(p, l.files[p]) {
		m, _ := doc.Value.(map[string]any)
		meta, _ := m["metadata"].(map[string]any)
		name = cmp.Or(text(meta, "name"), name)
	}
	l.catalog.personas[strings.ToLower(name)] = true
}

func (l *loader) file(p string) []*Entity {
	var out []*Entity
	for _, doc := range manifest.ParseYAML(p, l.files[p]) {
		if doc.Err != nil {
			l.report("unreadable", finding.Error, *doc.Err, "mend the YAML; adamant catalog validate "+p+" checks it")
			continue
		}
		if doc.Value == nil {
			continue
		}
		if e := l.document(doc); e != nil {
			out = append(out, e)
		}
	}
	l.entities = append(l.entities, out...)
	return out
}

func (l *loader) document(doc *manifest.YAMLDocument) *Entity {
	problems, known := problemsOf(doc)
	for _, d := range problems {
		l.report("invalid", finding.Error, d, "see docs/formats/catalog.md")
	}
	e := newEntity(doc)
	if e == nil {
		return nil
	}
	if len(problems) == 0 && !known && e.Kind != "Template" {
		l.on(e, "/kind", "unknown-kind", finding.Warning, "", "%s", unknownKind(e.Kind, e.fields["apiVersion"]))
	}
	l.annotations(e)
	return e
}

// The values of governance annotations that mean something.
var (
	riskProfiles = []string{"low", "medium", "high", "critical"}
	lifecycles   = []string{"experimental", "production", "deprecated"}
)

func (l *loader) annotations(e *Entity) {
	for _, key := range []string{"adamant.dev/risk-profile", "risk-profile"} {
		if v, there := e.annotations[key]; there && !slices.Contains(riskProfiles, v) {
			l.on(e, annotationPointer(key), "invalid", finding.Error, "", "%s cannot be %q; want %s", key, clip(v), strings.Join(riskProfiles, ", "))
		}
	}
	for _, glob := range splitPaths(e.annotations[pathsAnnotation]) {
		if err := manifest.CheckGlob(glob); err != nil {
			l.on(e, annotationPointer(pathsAnnotation), "invalid", finding.Error, "", "%s: %v", pathsAnnotation, err)
		}
	}
	if e.Lifecycle != "" && !slices.Contains(lifecycles, e.Lifecycle) {
		l.on(e, "/spec/lifecycle", "lifecycle", finding.Note, "", "lifecycle %q has no effect; %s have", clip(e.Lifecycle), strings.Join(lifecycles, ", "))
	}
}

func annotationPointer(key string) string {
	return "/metadata/annotations/" + manifest.EscapePointer(key)
}

// located lists the files of the tree that a Location names.
func (l *loader) located(e *Entity, paths []string) []string {
	var out []string
	for i, target := range e.targets {
		if strings.Contains(target, "://") {
			continue // another repository's
		}
		full := path.Join(path.Dir(e.Path), target)
		found := false
		for _, p := range paths {
			if p == full || strings.Contains(full, "*") && manifest.MatchPath("/"+full, p) {
				out = append(out, p)
				found = true
			}
		}
		if !found && IsFile(full) && !strings.Contains(full, "*") {
			l.on(e, l.targetPointer(e, i), "missing-target", finding.Warning, "", "there is no file %s", full)
		}
	}
	return out
}

func (l *loader) targetPointer(e *Entity, i int) string {
	if _, single := e.fields["spec.target"]; single {
		if i == 0 {
			return "/spec/target"
		}
		i--
	}
	return "/spec/targets/" + strconv.Itoa(i)
}

// relate checks owners, relations and claims once all entities are known.
func (l *loader) relate() {
	for _, e := range l.catalog.entities {
		if e.Owner != "" && l.catalog.OwnerOf(e).Kind == OwnerUnknown {
			l.on(e, "/spec/owner", "unresolved-owner", finding.Warning, "add a Group, a User or a persona of that name, or write operator",
				"owner %q is no Group, User or persona of this repository", clip(e.Owner))
		}
		for _, r := range e.Relations {
			if _, there := l.catalog.byRef[r.Target]; there {
				continue
			}
			if _, err := ParseRef(r.Target, "", ""); err != nil {
				l.on(e, r.Pointer, "invalid-relation", finding.Warning, "", "%s: %v", r.Field, err)
			} else {
				l.on(e, r.Pointer, "unresolved-relation", finding.Warning, "", "%s names %s, which is not in this catalog", r.Field, r.Target)
			}
		}
	}
	for _, tie := range l.catalog.claim() {
		l.on(tie.loser, "", "ambiguous-paths", finding.Warning, "give them "+pathsAnnotation+" annotations that do not overlap",
			"%s claims %s, and so does %s, which gets it", tie.loser.Ref, cmp.Or(tie.claim, "/"), tie.winner.Ref)
	}
}
