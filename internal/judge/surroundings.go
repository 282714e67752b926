package judge

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
)

// Surroundings is what a commit says about where somebody works: which files a name means, and what needs them. It never changes.
type Surroundings struct {
	files      []string            // sorted
	components map[string][]string // places of a component, by reference and by name
	graph      *graph.Graph
}

// SurroundingsOf reads the surroundings of work on a commit.
func SurroundingsOf(ctx context.Context, repo *git.Repo, commit git.OID, places Places, warn func(string)) (*Surroundings, error) {
	side, governance, err := GraphGovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	snapshot, err := GraphOf(ctx, repo, side, governance.Attributes, places, warn)
	if err != nil {
		return nil, err
	}
	s := &Surroundings{files: side.Paths(), components: map[string][]string{}, graph: snapshot.Graph}
	for _, file := range s.files {
		owner := ownerOf(governance.Catalog, file)
		if owner == "" {
			continue
		}
		place := path.Dir(file)
		if place == "." {
			place = file
		}
		s.components[owner] = append(s.components[owner], place)
	}
	for owner, list := range s.components {
		slices.Sort(list)
		s.components[owner] = slices.Compact(list)
		s.components[owner[strings.LastIndexByte(owner, '/')+1:]] = s.components[owner]
	}
	return s, nil
}

// Places are the paths that a name means: those of a component, or the name itself.
func (s *Surroundings) Places(name string) []string {
	if list, ok := s.components[name]; ok && !s.is(name) {
		return list
	}
	return []string{name}
}

// is says that a file or folder of that name is there.
func (s *Surroundings) is(name string) bool {
	i, found := slices.BinarySearch(s.files, name)
	return found || i < len(s.files) && strings.HasPrefix(s.files[i], name+"/")
}

// Names are the names that people may call places by in a text: components, files, folders, and file and folder names that are there
// once.
func (s *Surroundings) Names() map[string][]string {
	names, once := map[string][]string{}, map[string][]string{}
	folders, branching := map[string]bool{}, map[string]bool{} // a branching folder holds others: its name alone says too little
	for _, file := range s.files {
		names[file] = []string{file}
		once[path.Base(file)] = append(once[path.Base(file)], file)
		if dir := path.Dir(file); dir != "." && !folders[dir] {
			folders[dir] = true
			once[path.Base(dir)] = append(once[path.Base(dir)], dir)
		}
	}
	for dir := range folders {
		if parent := path.Dir(dir); parent != "." {
			names[dir], branching[parent] = []string{dir}, true
		}
	}
	for name, list := range once {
		if len(list) == 1 && !branching[list[0]] {
			names[name] = list
		}
	}
	for name, list := range s.components {
		names[name] = list
	}
	return names
}

// Reach lists the files that need one of the files of some places, directly or not, sorted; the places themselves are not in it.
func (s *Surroundings) Reach(places []string) []string {
	var start []graph.ID
	inside := func(file string) bool {
		return slices.ContainsFunc(places, func(p string) bool { return p == "." || file == p || strings.HasPrefix(file, p+"/") })
	}
	for _, file := range s.files {
		if id, ok := s.graph.Find(graph.File, file); ok && inside(file) {
			start = append(start, id)
		}
	}
	var out []string
	for _, r := range s.graph.Dependents(start, func(*graph.Edge) bool { return true }) {
		if n := s.graph.Node(r.ID); n.Kind == graph.File && !inside(n.Name) {
			out = append(out, n.Name)
		}
	}
	slices.Sort(out)
	return out
}
