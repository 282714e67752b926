package risk

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/document"
)

// estate is what Terraform files declare. A folder is a module: what it declares has its address there.
type estate struct {
	declared            map[place]bool
	moves               []move
	moved               map[place]place
	callsThen, callsNow map[place]string // module call at base and now -> its folder, when that is in the repository
}

// place is a resource or module call in a folder.
type place struct{ folder, address string }

// move is a moved block of a folder, or a removed block that keeps what it removes.
type move struct{ folder, from, to string }

func newEstate() *estate {
	return &estate{declared: map[place]bool{}, moved: map[place]place{}, callsThen: map[place]string{}, callsNow: map[place]string{}}
}

// add reads a document of the merged side.
func (e *estate) add(doc *document.Document) {
	folder := path.Dir(doc.Path)
	for _, address := range addresses(doc) {
		e.declared[place{folder, address}] = true
	}
	called(doc, e.callsNow)
	root, _ := doc.Value.(map[string]any)
	for _, block := range blocks(root["moved"]) {
		e.moves = append(e.moves, move{folder, reference(block["from"]), reference(block["to"])})
	}
	for _, block := range blocks(root["removed"]) {
		for _, life := range blocks(block["lifecycle"]) {
			if life["destroy"] == false {
				e.moves = append(e.moves, move{folder, reference(block["from"]), ""})
			}
		}
	}
}

// called notes the module calls of a document.
func called(doc *document.Document, calls map[place]string) {
	folder := path.Dir(doc.Path)
	root, _ := doc.Value.(map[string]any)
	modules, _ := root["module"].(map[string]any)
	for name, call := range modules {
		for _, block := range blocks(call) {
			if from := text(block, "source"); strings.HasPrefix(from, "./") || strings.HasPrefix(from, "../") {
				calls[place{folder, name}] = path.Join(folder, from)
			}
		}
	}
}

// resolve says where each move led, once all module calls are known.
func (e *estate) resolve() {
	for _, m := range e.moves {
		from := inside(e.callsThen, place{m.folder, m.from})
		if m.to == "" {
			e.declared[from] = true
			continue
		}
		e.moved[from] = inside(e.callsNow, place{m.folder, m.to})
	}
}

// inside follows module calls to the folder that declares an address.
func inside(calls map[place]string, p place) place {
	for range strings.Count(p.address, ".") {
		rest, ok := strings.CutPrefix(p.address, "module.")
		name, below, deeper := strings.Cut(rest, ".")
		folder, known := calls[place{p.folder, name}]
		if !ok || !deeper || !known {
			return p
		}
		p = place{folder, below}
	}
	return p
}

// keeps says that something still exists: where it was, or where moved blocks lead.
func (e *estate) keeps(p place) bool {
	for range len(e.moved) + 1 { // moves may lead in a circle
		if e.declared[p] {
			return true
		}
		next, ok := e.moved[p]
		if !ok {
			return false
		}
		p = next
	}
	return false
}

// addresses lists the resources and module calls of a document, sorted. What has no instances (count = 0) is not there.
func addresses(doc *document.Document) []string {
	root, _ := doc.Value.(map[string]any)
	types, _ := root["resource"].(map[string]any)
	var out []string
	for kind, resources := range types {
		out = append(out, instances(kind, resources)...)
	}
	out = append(out, instances("module", root["module"])...)
	slices.Sort(out)
	return out
}

func instances(kind string, named any) []string {
	all, _ := named.(map[string]any)
	var out []string
	for name := range all {
		if slices.ContainsFunc(blocks(all[name]), hasInstances) {
			out = append(out, kind+"."+name)
		}
	}
	return out
}

func hasInstances(block map[string]any) bool {
	switch each := block["for_each"].(type) {
	case map[string]any:
		return len(each) > 0
	case []any:
		return len(each) > 0
	}
	return fmt.Sprint(block["count"]) != "0"
}

// blocks reads a repeated block: a list, or one object in the JSON syntax.
func blocks(v any) []map[string]any {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []map[string]any
	for _, item := range list {
		if block, ok := item.(map[string]any); ok {
			out = append(out, block)
		}
	}
	return out
}

// reference is an address as HCL ("${a.b}") or JSON ("a.b") writes it.
func reference(v any) string {
	s, _ := v.(string)
	return strings.TrimSuffix(strings.TrimPrefix(s, "${"), "}")
}
