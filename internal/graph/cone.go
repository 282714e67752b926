package graph

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Cone lists the folders that work on some paths needs, for git sparse-checkout in cone mode, sorted: the paths themselves,
// what needs them up to depth steps (negative: all of it), and everything that all of these need. Paths are files or folders of
// the tree, whose files are given sorted. Files that lie in a folder above a listed one need no entry, nor do those at the
// root: cone mode has them always.
func (g *Graph) Cone(tree, paths []string, depth int) []string {
	c := &cone{graph: g, needed: map[string]bool{}, whole: map[string]bool{}}
	var start []ID
	for _, p := range paths {
		start = append(start, c.scope(tree, strings.TrimSuffix(p, "/"))...)
	}
	c.close(c.above(start, depth))
	return c.folders()
}

type cone struct {
	graph  *Graph
	needed map[string]bool // folders with a file that is needed
	whole  map[string]bool // folders that were asked for with all that is in them
}

// scope takes one path in, and gives the nodes of its files.
func (c *cone) scope(tree []string, p string) []ID {
	if _, isFile := slices.BinarySearch(tree, p); isFile {
		c.needed[path.Dir(p)] = true
		if id, ok := c.graph.Find(File, p); ok {
			return []ID{id}
		}
		return nil
	}
	c.whole[p] = true
	var out []ID
	at, _ := slices.BinarySearch(tree, p+"/")
	for ; at < len(tree) && (p == "." || strings.HasPrefix(tree[at], p+"/")); at++ {
		if id, ok := c.graph.Find(File, tree[at]); ok {
			out = append(out, id)
		}
	}
	return out
}

// above adds what needs the start, up to a depth. Packages of a language stand between files and are no step.
func (c *cone) above(start []ID, depth int) []ID {
	steps := map[ID]int{}
	out := start
	for _, r := range c.graph.Dependents(start, nil) {
		steps[r.ID] = 0
		if r.Via != nil {
			steps[r.ID] = steps[r.Via.To]
			if c.graph.nodes[r.ID].Kind == File {
				steps[r.ID]++
			}
		}
		if depth < 0 || steps[r.ID] <= depth {
			out = append(out, r.ID)
		}
	}
	return out
}

// close adds everything that the nodes need, and the folders of all of it.
func (c *cone) close(todo []ID) {
	seen := make([]bool, c.graph.Len())
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		if n := &c.graph.nodes[id]; n.Kind == File {
			c.needed[path.Dir(n.Name)] = true
		}
		for _, e := range c.graph.Out(id) {
			if e.Kind != imports.Declared && !seen[e.To] {
				todo = append(todo, e.To)
			}
		}
	}
}

// folders are those that were asked for as a whole, and of the others those that have no needed folder below them.
func (c *cone) folders() []string {
	inner := map[string]bool{}
	for dir := range c.needed {
		for up := path.Dir(dir); up != "."; up = path.Dir(up) {
			inner[up] = true
		}
	}
	for dir := range c.whole {
		for up := path.Dir(dir); up != "."; up = path.Dir(up) {
			inner[up] = true
		}
	}
	var out []string
	for dir := range c.needed {
		if dir != "." && !inner[dir] && !c.inWhole(dir) {
			out = append(out, dir)
		}
	}
	for dir := range c.whole {
		if !c.inWhole(path.Dir(dir)) && dir != "." {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// inWhole says whether a folder is, or lies in, one that was asked for as a whole.
func (c *cone) inWhole(dir string) bool {
	for ; dir != "." && dir != "/"; dir = path.Dir(dir) {
		if c.whole[dir] {
			return true
		}
	}
	return false
}
