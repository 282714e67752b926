// Package terraform reads the JSON syntax of Terraform and OpenTofu (.tf.json) into the shape that package hcl gives to their
// own syntax, so that one rule reads both: the blocks Terraform knows are lists below their labels.
package terraform

import (
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
	"github.com/adamant-os/adamant/internal/document/json"
)

// Match knows the JSON syntax by its double extension.
func Match(base string) bool {
	lower := strings.ToLower(base)
	return strings.HasSuffix(lower, ".tf.json") || strings.HasSuffix(lower, ".tofu.json")
}

// labels is how many labels a block of the top level has.
func labels(block string) (n int, known bool) {
	switch block {
	case "resource", "data", "ephemeral":
		return 2, true
	case "module", "provider", "variable", "output", "check":
		return 1, true
	case "locals", "terraform", "moved", "removed", "import":
		return 0, true
	}
	return 0, false
}

// Parse reads one file.
func Parse(path string, data []byte) []format.Tree {
	trees := json.Parse(path, data)
	root, ok := trees[0].Value.(map[string]any)
	if !ok {
		return trees
	}
	s := shaper{from: trees[0].Places, lines: format.Lines{"": 1}, moved: map[string]string{}}
	out := make(map[string]any, len(root))
	for name, value := range root {
		out[name] = s.top(name, value)
	}
	s.place()
	return []format.Tree{{Name: trees[0].Name, Value: out, Places: s.lines}}
}

// shaper builds values and their lines.
type shaper struct {
	from  format.Places
	lines format.Lines
	moved map[string]string // where a part of the file, with all below it, is now
}

func (s *shaper) top(name string, value any) any {
	at := format.Join("", name)
	n, known := labels(name)
	if !known {
		s.moved[at] = at
		return value
	}
	s.note(at, at)
	if shaped := s.shape(nil, value, at, at, n); shaped != nil {
		return shaped
	}
	return value
}

// shape adds a value of the file, which may be a list of its kind at every level, to what is below the same labels already.
func (s *shaper) shape(into, value any, from, to string, labels int) any {
	if list, ok := value.([]any); ok {
		for i, item := range list {
			into = s.shape(into, item, format.Join(from, strconv.Itoa(i)), to, labels)
		}
		return into
	}
	body, ok := value.(map[string]any)
	if !ok { // no block: a rule should see what the file has
		return value
	}
	if labels == 0 {
		return s.body(into, body, from, to)
	}
	out, ok := into.(map[string]any)
	if !ok {
		out = make(map[string]any, len(body))
	}
	for label, below := range body {
		s.note(format.Join(from, label), format.Join(to, label))
		out[label] = s.shape(out[label], below, format.Join(from, label), format.Join(to, label), labels-1)
	}
	return out
}

func (s *shaper) body(into any, body map[string]any, from, to string) any {
	list, _ := into.([]any)
	to = format.Join(to, strconv.Itoa(len(list)))
	s.note(from, to)
	s.moved[from] = to
	return append(list, body)
}

// note gives a place the line of the first value that went there.
func (s *shaper) note(from, to string) {
	if _, ok := s.lines[to]; !ok {
		s.lines[to] = s.from.LineOf(from)
	}
}

// place gives everything below a part that moved its line.
func (s *shaper) place() {
	for pointer, line := range s.from.All() {
		for at := pointer; at != ""; at = at[:strings.LastIndexByte(at, '/')] {
			if to, ok := s.moved[at]; ok {
				s.lines[to+pointer[len(at):]] = line
				break
			}
		}
	}
}
