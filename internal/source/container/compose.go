package container

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// ExtractCompose reads one Compose file (https://github.com/compose-spec/compose-spec).
func ExtractCompose(src []byte) *imports.File {
	f := &imports.File{}
	for _, doc := range manifest.ParseYAML("", src) {
		if doc.Err != nil {
			if f.Problem == "" {
				f.Problem, f.Line = doc.Err.Message, int32(doc.Err.Line)
			}
			continue
		}
		c := composer{file: f, places: doc.Positions()}
		c.document(doc.Value)
	}
	slices.SortStableFunc(f.Imports, func(a, b imports.Import) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Specifier, b.Specifier), cmp.Compare(a.Exotic, b.Exotic))
	})
	slices.Sort(f.Open)
	return f
}

type composer struct {
	file   *imports.File
	places map[string]manifest.Position
}

func (c *composer) add(pointer, name, exotic string) {
	if name == "" || len(name) > 4096 {
		return
	}
	line := int32(max(1, c.places[pointer].Line))
	if strings.Contains(expand(name, nil)+exotic, "$") {
		c.file.Open = append(c.file.Open, line)
		return
	}
	c.file.Imports = append(c.file.Imports, imports.Import{Specifier: expand(name, nil), Kind: imports.Reference, Line: line, Exotic: exotic})
}

func (c *composer) document(value any) {
	root, _ := value.(map[string]any)
	c.paths("/include", root["include"], "path")
	for _, section := range []string{"configs", "secrets"} {
		m, _ := root[section].(map[string]any)
		for name, one := range m {
			at := "/" + section + "/" + manifest.EscapePointer(name)
			if entry, ok := one.(map[string]any); ok {
				c.paths(at+"/file", entry["file"], "")
			}
		}
	}
	services, _ := root["services"].(map[string]any)
	for name, one := range services {
		if service, ok := one.(map[string]any); ok {
			c.service("/services/"+manifest.EscapePointer(name), service)
		}
	}
}

func (c *composer) service(at string, s map[string]any) {
	c.build(at+"/build", s["build"])
	if name, ok := s["image"].(string); ok && s["build"] == nil {
		c.add(at+"/image", name, image)
	}
	c.paths(at+"/env_file", s["env_file"], "path")
	if extends, ok := s["extends"].(map[string]any); ok {
		c.paths(at+"/extends/file", extends["file"], "")
	}
	volumes, _ := s["volumes"].([]any)
	for i, one := range volumes {
		c.volume(at+"/volumes/"+strconv.Itoa(i), one)
	}
}

// build reads a context, or a context and the name of its Dockerfile. One of another repository is none of ours.
func (c *composer) build(at string, value any) {
	dir, file := ".", "Dockerfile"
	switch v := value.(type) {
	case string:
		dir = v
	case map[string]any:
		if s, ok := v["context"].(string); ok {
			dir = s
		}
		if s, ok := v["dockerfile"].(string); ok {
			file = s
		}
		if _, inline := v["dockerfile_inline"]; inline {
			return
		}
	default:
		return
	}
	if !strings.Contains(dir, "://") && !strings.HasPrefix(dir, "git@") && !path.IsAbs(dir) {
		c.add(at, path.Join(dir, file), buildDir+dir)
	}
}

// paths reads a path, a list of them, or objects that hold one.
func (c *composer) paths(at string, value any, key string) {
	switch v := value.(type) {
	case string:
		c.add(at, v, "")
	case []any:
		for i, one := range v {
			here := at + "/" + strconv.Itoa(i)
			if m, ok := one.(map[string]any); ok && key != "" {
				one = m[key]
			}
			if s, ok := one.(string); ok {
				c.add(here, s, "")
			}
		}
	}
}

// volume reads a folder or file that is mounted: ./x:/y, or a bind mount with a source.
func (c *composer) volume(at string, value any) {
	source := ""
	switch v := value.(type) {
	case string:
		source, _, _ = strings.Cut(v, ":")
	case map[string]any:
		source, _ = v["source"].(string)
	}
	if (strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../")) && strings.Trim(source, "./") != "" {
		c.add(at, source, "")
	}
}
