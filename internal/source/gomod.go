package source

import (
	"maps"
	"slices"

	"golang.org/x/mod/modfile"
)

// changedDirectives names the parts of a go.mod, besides module, go and require, that two versions do not share. A file that
// cannot be parsed shares nothing.
func changedDirectives(path string, before, after []byte) []string {
	if newFile(path).name != "go.mod" {
		return nil
	}
	old, new := goDirectives(before), goDirectives(after)
	changed := map[string]bool{}
	for _, pair := range [][2]map[string]map[string]bool{{old, new}, {new, old}} {
		for verb, lines := range pair[0] {
			if !maps.Equal(lines, pair[1][verb]) {
				changed[verb] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(changed))
}

// goDirectives lists a go.mod's lines by verb.
func goDirectives(data []byte) map[string]map[string]bool {
	f, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		return map[string]map[string]bool{"unreadable": {string(data): true}}
	}
	out := map[string]map[string]bool{}
	add := func(verb, text string) {
		if out[verb] == nil {
			out[verb] = map[string]bool{}
		}
		out[verb][text] = true
	}
	for _, r := range f.Replace {
		add("replace", r.Old.String()+" => "+r.New.String())
	}
	for _, x := range f.Exclude {
		add("exclude", x.Mod.String())
	}
	for _, t := range f.Tool {
		add("tool", t.Path)
	}
	for _, g := range f.Godebug {
		add("godebug", g.Key+"="+g.Value)
	}
	for _, i := range f.Ignore {
		add("ignore", i.Path)
	}
	if f.Toolchain != nil {
		add("toolchain", f.Toolchain.Name)
	}
	return out
}
