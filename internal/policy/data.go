package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// DataFile is one file of data and where it belongs.
type DataFile struct {
	facts.Module
	At []string // keys from the root of data: the folders between the named root and the file
}

// PlaceData finds for each file the root that names it. A file below a root belongs under the names of its folders, whatever
// its own name; a file that is named itself belongs at the root.
func PlaceData(files []facts.Module, roots []string) []DataFile {
	var out []DataFile
	for _, root := range roots {
		for _, f := range files {
			if facts.IsPolicyData(root, f.Path) {
				out = append(out, DataFile{f, folders(root, f.Path)})
			}
		}
	}
	return out
}

func folders(root, file string) []string {
	root = strings.TrimSuffix(root, "/")
	dir := path.Dir(file)
	if file == root || dir == root || dir == "." {
		return nil
	}
	return strings.Split(strings.TrimPrefix(strings.TrimPrefix(dir, root), "/"), "/")
}

// loadData makes one document of data files, as OPA does: objects are united, everything else must be there only once.
func loadData(files []DataFile) (map[string]any, []manifest.Diagnostic) {
	data := map[string]any{}
	var diags []manifest.Diagnostic
	for _, f := range files {
		value, problem := readData(f)
		if problem == nil {
			for _, key := range slices.Backward(f.At) {
				value = map[string]any{key: value}
			}
			if conflict := unite(data, value, ""); conflict != "" {
				problem = &manifest.Diagnostic{Path: f.Path, Line: 1, Message: fmt.Sprintf("another data file defines %s too", conflict)}
			}
		}
		if problem != nil {
			diags = append(diags, *problem)
		}
	}
	return data, diags
}

// readData reads one file, which must hold one object.
func readData(f DataFile) (map[string]any, *manifest.Diagnostic) {
	var docs []*manifest.YAMLDocument
	if strings.HasSuffix(f.Path, ".json") {
		docs = []*manifest.YAMLDocument{manifest.ParseJSON(f.Path, []byte(f.Text))}
	} else {
		docs = manifest.ParseYAML(f.Path, []byte(f.Text))
	}
	docs = slices.DeleteFunc(docs, func(d *manifest.YAMLDocument) bool { return d.Err == nil && d.Value == nil })
	for _, d := range docs {
		if d.Err != nil {
			return nil, d.Err
		}
	}
	if len(docs) == 0 {
		return map[string]any{}, nil
	}
	object, ok := docs[0].Value.(map[string]any)
	if !ok || len(docs) > 1 {
		return nil, &manifest.Diagnostic{Path: f.Path, Line: docs[0].Line, Message: "a data file holds one document, a mapping"}
	}
	return object, nil
}

// unite puts from into into, and names the key that both define.
func unite(into, from map[string]any, at string) (conflict string) {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		old, there := into[key]
		if !there {
			into[key] = from[key]
			continue
		}
		a, ok := old.(map[string]any)
		b, fine := from[key].(map[string]any)
		if !ok || !fine {
			return "data" + at + "." + key
		}
		a = maps.Clone(a)
		into[key] = a
		if conflict := unite(a, b, at+"."+key); conflict != "" {
			return conflict
		}
	}
	return ""
}
