package catalog

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

const pathsAnnotation = "adamant.dev/paths"

// claim is one glob of one entity.
type claim struct {
	entity *Entity
	glob   string
	prefix int // bytes before the first wildcard
}

// claims lists the globs an entity owns: those of adamant.dev/paths, else, for the kinds that have code, the folder of its
// file ("/services/pay/"; "/" for the root).
func claims(e *Entity) []string {
	if globs := splitPaths(e.annotations[pathsAnnotation]); len(globs) > 0 {
		return globs
	}
	if rank(e) < 0 {
		return nil
	}
	dir := path.Dir(e.Path)
	if dir == "." {
		return []string{"/"}
	}
	return []string{"/" + dir + "/"}
}

// rank orders the kinds that own the folder of their file; -1 = never.
func rank(e *Entity) int {
	return slices.Index([]string{"Component", "Resource", "API", "AiResource"}, e.Kind)
}

// splitPaths reads adamant.dev/paths: globs with commas or line breaks between them. Commas in braces belong to the glob.
func splitPaths(s string) []string {
	var out []string
	depth, start := 0, 0
	take := func(end int) {
		if glob := strings.TrimSpace(s[start:end]); glob != "" {
			out = append(out, anchored(glob))
		}
		start = end + 1
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '\n', c == ',' && depth == 0:
			take(i)
			depth = 0
		}
	}
	take(len(s))
	return out
}

// anchored makes a plain path, which may name a folder, the path at the root.
func anchored(glob string) string {
	if strings.ContainsAny(glob, "*?{") || strings.HasPrefix(glob, "/") {
		return glob
	}
	return "/" + strings.TrimPrefix(glob, "./")
}

// tie is two entities that claim the same glob.
type tie struct {
	winner, loser *Entity
	claim         string
}

// claim files all claims. It reports claims that entities of the same rank share.
func (c *Catalog) claim() []tie {
	c.folders = map[string][]*Entity{}
	var globs []string
	var ties []tie
	first := map[string]*Entity{}
	for _, e := range c.entities {
		for _, glob := range e.Claims {
			if w := first[glob]; w == nil {
				first[glob] = e
			} else if w.Kind == e.Kind {
				ties = append(ties, tie{winner: w, loser: e, claim: glob})
			}
			if folder, ok := wholeFolder(glob); ok {
				c.folders[folder] = append(c.folders[folder], e)
				continue
			}
			for _, g := range withBelow(glob) {
				if manifest.CheckGlob(g) == nil { // Load has reported the others
					globs = append(globs, g)
					c.globOf = append(c.globOf, claim{entity: e, glob: glob, prefix: literalPrefix(glob)})
				}
			}
		}
	}
	c.globs, _ = manifest.NewPathSet(globs) // each was checked
	return ties
}

// wholeFolder recognises "/folder/" without wildcards.
func wholeFolder(glob string) (string, bool) {
	if !strings.HasPrefix(glob, "/") || !strings.HasSuffix(glob, "/") || strings.ContainsAny(glob, `*?{\`) {
		return "", false
	}
	return strings.Trim(glob, "/"), true
}

// withBelow adds what is below a claim that may name a folder.
func withBelow(glob string) []string {
	if strings.ContainsAny(glob, `*?{`) || strings.HasSuffix(glob, "/") {
		return []string{glob}
	}
	return []string{glob, glob + "/"}
}

func literalPrefix(glob string) int {
	glob = strings.TrimPrefix(glob, "/")
	if at := strings.IndexAny(glob, "*?{"); at >= 0 {
		return at
	}
	return len(glob)
}

// ComponentOf finds the entity that owns a path. Of all claims that match, the one with the longest text before its first
// wildcard wins; then the longer glob; then Component before Resource before API before AiResource before the rest; then the
// entity whose ref sorts first. False when no entity claims the path.
func (c *Catalog) ComponentOf(p string) (*Entity, bool) {
	if c.Len() == 0 {
		return nil, false
	}
	var best claim
	take := func(next claim) {
		if best.entity == nil || compareClaims(next, best) < 0 {
			best = next
		}
	}
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if dir == "." || dir == "/" {
			dir = ""
		}
		if owners := c.folders[dir]; len(owners) > 0 {
			glob := strings.TrimSuffix("/"+dir, "/") + "/"
			for _, e := range owners {
				take(claim{entity: e, glob: glob, prefix: literalPrefix(glob)})
			}
			break
		}
		if dir == "" {
			break
		}
	}
	for _, i := range c.globs.Matches(p) {
		take(c.globOf[i])
	}
	return best.entity, best.entity != nil
}

// compareClaims sorts the stronger claim first.
func compareClaims(a, b claim) int {
	return cmp.Or(cmp.Compare(b.prefix, a.prefix), cmp.Compare(len(b.glob), len(a.glob)),
		cmp.Compare(uint(rank(a.entity)), uint(rank(b.entity))), strings.Compare(a.entity.Ref, b.entity.Ref))
}

// Unclaimed is a finding of rule catalog/file-without-component for each path that no entity claims; nothing when the
// repository has no catalog. Give it source files: what is worth claiming is the caller's to say.
func (c *Catalog) Unclaimed(paths []string) []finding.Finding {
	if c.Len() == 0 {
		return nil
	}
	var out []finding.Finding
	for _, p := range paths {
		if _, ok := c.ComponentOf(p); !ok {
			out = append(out, finding.Finding{Rule: "catalog/file-without-component", Severity: finding.Warning, Path: p, Tool: "adamant",
				Message: "no catalog entity claims this file, so nobody owns it", Fix: "adamant catalog generate proposes entities; or widen " + pathsAnnotation})
		}
	}
	finding.AssignFingerprints(out, func(string) ([]byte, bool) { return nil, false }, nil)
	return out
}
