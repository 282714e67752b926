package catalog

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/pelletier/go-toml/v2"
)

// Proposal is a catalog file for a package that has no entity.
type Proposal struct {
	Path     string // of the file to write
	Manifest string // what shows that there is a package
	Ref      string
	Text     string // the file
	Note     string // why the name could not be taken from the manifest, "" when it was
}

// manifests are the files that make a folder a package, in the order in which they name it.
var manifests = []struct {
	file string
	name func(data []byte) (string, error)
}{
	{"go.mod", goModule},
	{"package.json", npmPackage},
	{"pyproject.toml", pythonProject},
	{"Cargo.toml", cargoPackage},
	{"pom.xml", mavenArtifact},
	{"setup.py", nil}, // a program: its name cannot be read without running it
}

// notOurs are folders whose packages belong to somebody else, to tests or to examples.
var notOurs = []string{
	"node_modules", "vendor", "third_party", "testdata", "fixtures", "__fixtures__", "__tests__", "test", "tests", "e2e",
	"example", "examples", "playground", "playgrounds", "templates",
}

// Generate proposes a minimal, valid Component for every package among paths that has no entity of its own: none whose file
// lies in its folder and none whose adamant.dev/paths claim its manifest. Packages of tests, examples and templates belong to
// the component around them. Owner is the one that all entities share, else
// operator.
func Generate(c *Catalog, paths []string, read func(path string) ([]byte, error)) ([]Proposal, error) {
	g := generator{catalog: c, read: read, paths: map[string]bool{}, taken: map[string]bool{}, owner: commonOwner(c)}
	for _, e := range entitiesOf(c) {
		g.taken[e.Ref] = true
	}
	for _, p := range paths {
		g.paths[p] = true
	}
	var out []Proposal
	for _, dir := range g.packages(paths) {
		p, err := g.propose(dir)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

type generator struct {
	catalog *Catalog
	read    func(string) ([]byte, error)
	paths   map[string]bool
	taken   map[string]bool
	owner   string
}

func commonOwner(c *Catalog) string {
	owner := ""
	for _, e := range entitiesOf(c) {
		if e.Owner != "" && owner != "" && e.Owner != owner {
			return "operator"
		}
		owner = cmp.Or(owner, e.Owner)
	}
	return cmp.Or(owner, "operator")
}

// packages lists the folders of packages without an entity, sorted.
func (g *generator) packages(paths []string) []string {
	dirs := map[string]bool{}
	for _, p := range paths {
		dir, file := path.Split(p)
		if isManifest(file) && !slices.ContainsFunc(strings.Split(dir, "/"), foreign) && !g.covered(p) {
			dirs[strings.TrimSuffix(dir, "/")] = true
		}
	}
	out := make([]string, 0, len(dirs))
	for dir := range dirs {
		if !g.paths[path.Join(dir, "catalog-info.yaml")] && !g.paths[path.Join(dir, "catalog-info.yml")] {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	return out
}

func isManifest(file string) bool {
	for _, m := range manifests {
		if m.file == file {
			return true
		}
	}
	return false
}

func foreign(folder string) bool {
	return slices.Contains(notOurs, folder) || strings.HasPrefix(folder, ".")
}

// covered says whether an entity claims a manifest by adamant.dev/paths.
func (g *generator) covered(p string) bool {
	if g.catalog.Len() == 0 {
		return false
	}
	e, ok := g.catalog.ComponentOf(p)
	return ok && e.Annotation(pathsAnnotation) != ""
}

func (g *generator) propose(dir string) (Proposal, error) {
	p := Proposal{Path: path.Join(dir, "catalog-info.yaml")}
	name := ""
	for _, m := range manifests {
		file := path.Join(dir, m.file)
		if !g.paths[file] {
			continue
		}
		p.Manifest = cmp.Or(p.Manifest, file)
		if m.name == nil || name != "" {
			continue
		}
		data, err := g.read(file)
		if err != nil {
			return Proposal{}, fmt.Errorf("reading %s: %w", file, err)
		}
		if name, err = m.name(data); err != nil {
			p.Note = fmt.Sprintf("%s: %v; named after its folder", file, err)
		}
	}
	name = g.unique(cmp.Or(cleanName(name), cleanName(path.Base(dir)), "root"), dir)
	p.Ref = "component:default/" + strings.ToLower(name)
	g.taken[p.Ref] = true
	p.Text = fmt.Sprintf(template, name, g.typeOf(dir), quoted(g.owner))
	return p, nil
}

const template = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: %s
spec:
  type: %s
  lifecycle: production
  owner: %s
`

// quoted makes a value safe to write where YAML would take it for something else.
func quoted(s string) string {
	docs := manifest.ParseYAML("", []byte("v: "+s+"\n"))
	if m, ok := docs[0].Value.(map[string]any); ok && len(docs) == 1 && m["v"] == s {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// unique puts the names of parent folders before a name that is taken, then a number behind it.
func (g *generator) unique(name, dir string) string {
	free := func(n string) bool { return !g.taken["component:default/"+strings.ToLower(n)] }
	if free(name) {
		return name
	}
	for parent := path.Dir(dir); parent != "." && parent != "/"; parent = path.Dir(parent) {
		if longer := cleanName(path.Base(parent) + "-" + name); free(longer) {
			return longer
		}
	}
	for i := 2; ; i++ {
		if numbered := cleanName(fmt.Sprintf("%.58s-%d", name, i)); free(numbered) {
			return numbered
		}
	}
}

// cleanName makes a name that Backstage takes and that YAML reads as text; "" when nothing is left.
func cleanName(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 128 && (alnum(byte(r)) || r == '-' || r == '_' || r == '.') {
			return r
		}
		return '-'
	}, s)
	clean = strings.Trim(clean[:min(len(clean), 63)], "-_.")
	if clean != "" && quoted(clean) != clean {
		return "pkg-" + clean[:min(len(clean), 59)]
	}
	return clean
}

// typeOf guesses whether a package is something that runs.
func (g *generator) typeOf(dir string) string {
	for _, sign := range []string{"Dockerfile", "Containerfile", "main.go", "src/main.rs", "__main__.py", "manage.py", "server.js", "server.ts"} {
		if g.paths[path.Join(dir, sign)] {
			return "service"
		}
	}
	prefix := path.Join(dir, "cmd") + "/"
	for p := range g.paths {
		if strings.HasPrefix(p, prefix) && path.Base(p) == "main.go" {
			return "service"
		}
	}
	return "library"
}

func goModule(data []byte) (string, error) {
	for line := range bytes.Lines(data) {
		words := strings.Fields(string(line))
		if len(words) >= 2 && words[0] == "module" {
			name := strings.Trim(words[1], "\"`")
			if base := path.Base(name); len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
				name = path.Dir(name)
			}
			return path.Base(name), nil
		}
	}
	return "", fmt.Errorf("no module line")
}

func npmPackage(data []byte) (string, error) {
	doc := manifest.ParseJSON("package.json", data)
	if doc.Err != nil {
		return "", fmt.Errorf("line %d: %s", doc.Err.Line, doc.Err.Message)
	}
	m, _ := doc.Value.(map[string]any)
	name := text(m, "name")
	return name[strings.LastIndexByte(name, '/')+1:], nil
}

func pythonProject(data []byte) (string, error) {
	var p struct {
		Project struct{ Name string }
		Tool    struct{ Poetry struct{ Name string } }
	}
	err := toml.Unmarshal(data, &p)
	return cmp.Or(p.Project.Name, p.Tool.Poetry.Name), err
}

func cargoPackage(data []byte) (string, error) {
	var p struct{ Package struct{ Name string } }
	err := toml.Unmarshal(data, &p)
	return p.Package.Name, err
}

func mavenArtifact(data []byte) (string, error) {
	var p struct {
		ArtifactID string `xml:"artifactId"`
	}
	err := xml.Unmarshal(data, &p)
	return strings.TrimSpace(p.ArtifactID), err
}
