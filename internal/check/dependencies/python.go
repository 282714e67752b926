package dependencies

import (
	"bytes"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

var requirement = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?\s*([=<>!~][^;#]*?)?\)?\s*(?:;.*|#.*|--hash.*|\\)?$`)
})

// requirements reads "name[extra]<constraint>; marker" lines. Options, addresses and files are left out.
func requirements(text []byte) ([]Package, error) {
	var packages []Package
	continued := false
	for line := range builtin.Lines(text) {
		body := strings.TrimSpace(string(line.Text))
		first := !continued
		continued = strings.HasSuffix(body, `\`)
		if body == "" || body[0] == '#' || body[0] == '-' || !first {
			continue
		}
		if p, ok := pythonRequirement(body); ok {
			p.Line = line.Number
			packages = append(packages, p)
		}
	}
	return packages, nil
}

func pythonRequirement(text string) (Package, bool) {
	if at := strings.Index(text, " --hash"); at >= 0 {
		text = text[:at]
	}
	m := requirement().FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return Package{}, false
	}
	constraint := strings.Join(strings.Fields(strings.TrimRight(m[2], `\ `)), "")
	return Package{Ecosystem: PyPI, Name: pythonName(m[1]), Version: constraint}, true
}

// pythonName is a project name in normal form (PEP 503).
func pythonName(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	return strings.Join(parts, "-")
}

// pinnedRequirements keeps the requirements that fix one version.
func pinnedRequirements(text []byte) ([]Package, error) {
	all, err := requirements(text)
	var pinned []Package
	for _, p := range all {
		version, ok := strings.CutPrefix(p.Version, "==")
		version = strings.TrimPrefix(version, "=")
		if ok && !strings.ContainsAny(version, ",*<>!~") {
			p.Version = version
			pinned = append(pinned, p)
		}
	}
	return pinned, err
}

// pythonLock reads poetry.lock and uv.lock. Packages that come from a folder or from git are left out.
func pythonLock(text []byte) ([]Package, error) {
	packages, err := tomlLock(text, PyPI, func(source any) bool {
		switch source := source.(type) {
		case nil:
			return true
		case map[string]any:
			kind, _ := source["type"].(string) // poetry; "legacy" is an index
			return source["registry"] != nil || kind == "legacy"
		}
		return false
	})
	for i := range packages {
		packages[i].Name = pythonName(packages[i].Name)
	}
	return packages, err
}

// cargoLock reads Cargo.lock. Packages without a registry are the workspace's own, or come from git.
func cargoLock(text []byte) ([]Package, error) {
	return tomlLock(text, Cargo, func(source any) bool {
		from, _ := source.(string)
		return strings.HasPrefix(from, "registry+") || strings.HasPrefix(from, "sparse+")
	})
}

// tomlLock reads [[package]] tables. Values come from the TOML, lines from the tables' heads, which stand in its order.
func tomlLock(text []byte, ecosystem string, keep func(source any) bool) ([]Package, error) {
	var file struct {
		Package []struct {
			Name    string `toml:"name"`
			Version string `toml:"version"`
			Source  any    `toml:"source"`
		} `toml:"package"`
	}
	if err := toml.Unmarshal(text, &file); err != nil {
		return nil, tomlError(err)
	}
	var heads []int
	for line := range builtin.Lines(text) {
		if string(bytes.TrimSpace(line.Text)) == "[[package]]" {
			heads = append(heads, line.Number)
		}
	}
	var packages []Package
	for i, p := range file.Package {
		if p.Name == "" || p.Version == "" || !keep(p.Source) {
			continue
		}
		found := Package{Ecosystem: ecosystem, Name: p.Name, Version: p.Version}
		if len(heads) == len(file.Package) {
			found.Line = heads[i]
		}
		packages = append(packages, found)
	}
	return packages, nil
}

func tomlError(err error) error {
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		line, _ := syntax.Position()
		return atLine{line, err}
	}
	return err
}

// pyproject reads the dependencies of [project] and of [tool.poetry].
func pyproject(text []byte) ([]Package, error) {
	var file struct {
		Project struct {
			Dependencies []string            `toml:"dependencies"`
			Optional     map[string][]string `toml:"optional-dependencies"`
		} `toml:"project"`
		Groups map[string][]any `toml:"dependency-groups"`
		Tool   struct {
			Poetry struct {
				Dependencies map[string]any `toml:"dependencies"`
				Group        map[string]struct {
					Dependencies map[string]any `toml:"dependencies"`
				} `toml:"group"`
			} `toml:"poetry"`
		} `toml:"tool"`
	}
	if err := toml.Unmarshal(text, &file); err != nil {
		return nil, tomlError(err)
	}
	var packages []Package
	add := func(spec string) {
		if p, ok := pythonRequirement(spec); ok {
			p.Line = lineOf(text, `"`+spec, `'`+spec)
			packages = append(packages, p)
		}
	}
	for _, spec := range file.Project.Dependencies {
		add(spec)
	}
	for _, extra := range slices.Sorted(maps.Keys(file.Project.Optional)) {
		for _, spec := range file.Project.Optional[extra] {
			add(spec)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(file.Groups)) {
		for _, entry := range file.Groups[group] {
			if spec, ok := entry.(string); ok { // the other kind includes another group
				add(spec)
			}
		}
	}
	tables := []map[string]any{file.Tool.Poetry.Dependencies}
	for _, group := range slices.Sorted(maps.Keys(file.Tool.Poetry.Group)) {
		tables = append(tables, file.Tool.Poetry.Group[group].Dependencies)
	}
	for _, table := range tables {
		for _, p := range tomlTable(text, PyPI, table) {
			if p.Name != "python" {
				p.Name = pythonName(p.Name)
				packages = append(packages, p)
			}
		}
	}
	return packages, nil
}

// tomlTable reads a table of dependencies: name = "constraint", or name = {version = "constraint"}. Entries without a
// version come from a folder, from git or from the workspace.
func tomlTable(text []byte, ecosystem string, table map[string]any) []Package {
	var packages []Package
	for _, name := range slices.Sorted(maps.Keys(table)) {
		p := Package{Ecosystem: ecosystem, Name: name, Line: lineOf(text, "\n"+name+" ", "\n"+name+"=", "."+name+"]", "\n\""+name+"\"")}
		switch value := table[name].(type) {
		case string:
			p.Version = value
		case map[string]any:
			p.Version, _ = value["version"].(string)
			if own, ok := value["package"].(string); ok {
				p.Name = own // renamed in Cargo.toml
			}
			if value["path"] != nil || value["git"] != nil {
				p.Version = ""
			}
		}
		if p.Version != "" {
			packages = append(packages, p)
		}
	}
	return packages
}

// lineOf is the line of the first of the needles that the text has, 1 when it has none. go-toml's values have no places.
func lineOf(text []byte, needles ...string) int {
	for _, needle := range needles {
		if at := bytes.Index(text, []byte(needle)); at >= 0 {
			at += len(needle) - len(strings.TrimLeft(needle, "\n"))
			return 1 + bytes.Count(text[:at], []byte("\n"))
		}
	}
	return 1
}
