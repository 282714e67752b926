package rules

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
)

// folders is the graph of every folder with modules below it: a folder needs the folders of what its modules need, unless they
// are its own or below it.
func folders(w *world) *graph.Graph {
	var b graph.Builder
	for id := range graph.ID(w.Len()) {
		if w.Node(id).Kind == graph.File {
			above(w.Node(id).Name, func(dir string) { b.Node(graph.Node{Name: dir}) })
		}
	}
	for _, e := range w.Edges() {
		from, to := w.Node(e.From), w.Node(e.To)
		if from.Kind != graph.File {
			continue
		}
		dir := path.Dir(to.Name)
		if to.Kind == graph.Package {
			dir = strings.TrimSuffix(to.Name, "/")
		}
		above(from.Name, func(at string) {
			if dir != at && dir != "." && at != "." && !strings.HasPrefix(dir, at+"/") {
				e.From, e.To = b.Node(graph.Node{Name: at}), b.Node(graph.Node{Kind: kindOfFolder(to), Name: dir})
				b.Edge(e)
			}
		})
	}
	return b.Graph()
}

func kindOfFolder(n *graph.Node) graph.NodeKind {
	if n.Kind == graph.Package {
		return graph.File
	}
	return n.Kind
}

// above yields the folders around a file, nearest first.
func above(name string, yield func(string)) {
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		yield(dir)
	}
}
