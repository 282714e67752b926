package document

import (
	"maps"
	"strconv"
	"strings"
)

// expandLists replaces every Kubernetes List by its items, as kubectl does.
func expandLists(docs []Document) []Document {
	out := docs[:0:0]
	for i := range docs {
		out = append(out, expand(&docs[i], 0)...)
	}
	return out
}

// maxListDepth bounds Lists of Lists; kubectl itself reads one level.
const maxListDepth = 4

func expand(d *Document, depth int) []Document {
	items := listItems(d)
	if len(items) == 0 || depth == maxListDepth {
		return []Document{*d}
	}
	d.place()
	var out []Document
	if !isList(d) {
		out = append(out, *d)
	}
	for i, lines := range itemLines(d.Lines, len(items)) {
		item := Document{Path: d.Path, Format: d.Format, Value: items[i], Lines: lines}
		item.Kind = kindOf(d.Path, &item)
		out = append(out, expand(&item, depth+1)...)
	}
	return out
}

func isList(d *Document) bool {
	value, _ := d.Value.(map[string]any)
	kind, _ := value["kind"].(string)
	return strings.HasSuffix(kind, "List")
}

// listItems are the objects below items; none when there is anything else. For kubectl everything with items is a list,
// whatever its kind; we keep what may be an object of its own as well.
func listItems(d *Document) []any {
	value, ok := d.Value.(map[string]any)
	if !ok || d.Kind != KindKubernetes {
		return nil
	}
	items, _ := value["items"].([]any)
	out := make([]any, len(items))
	for i := range items {
		item, ok := items[i].(map[string]any)
		if !ok || !isList(d) && (!has(item, "kind") || !has(item, "apiVersion")) {
			return nil
		}
		out[i] = named(item, value)
	}
	return out
}

// named gives an item of a typed list (PodList) the kind that kubectl would give it.
func named(item, list map[string]any) map[string]any {
	if has(item, "kind") || has(item, "apiVersion") || list["kind"] == "List" {
		return item
	}
	item = maps.Clone(item)
	kind, _ := list["kind"].(string)
	item["apiVersion"], item["kind"] = list["apiVersion"], strings.TrimSuffix(kind, "List")
	return item
}

// itemLines cuts the lines of a List into those of its n items, with pointers relative to the item.
func itemLines(lines map[string]int, n int) []map[string]int {
	out := make([]map[string]int, n)
	for i := range out {
		out[i] = map[string]int{}
	}
	for pointer, line := range lines {
		rest, ok := strings.CutPrefix(pointer, "/items/")
		if !ok {
			continue
		}
		index, below, _ := strings.Cut(rest, "/")
		i, err := strconv.Atoi(index)
		if err != nil || i >= n {
			continue
		}
		if len(rest) > len(index) {
			below = "/" + below
		}
		out[i][below] = line
	}
	return out
}
