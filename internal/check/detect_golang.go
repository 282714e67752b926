package check

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/adamant-os/adamant/internal/manifest"
)

// golang proposes unit tests with coverage, vet, a build and a configured golangci-lint for each module.
func (d *detector) golang() {
	modules := d.roots("go.mod")
	work := d.workspaces()
	for _, dir := range modules {
		if !d.goFiles(dir, modules) {
			continue
		}
		base := manifest.Check{Directory: directory(dir), Setup: d.goSetup(dir), SetupInputs: anchoredIn(dir, "go.mod", "go.sum")}
		if w := nearest(work, dir); w != nil {
			base.SetupInputs = append(base.SetupInputs, anchoredIn(w.dir, "go.work", "go.work.sum")...)
			if !slices.Contains(w.uses, dir) {
				base.Env = map[string]string{"GOWORK": "off"}
			}
		}
		d.goModule(dir, base)
	}
}

func (d *detector) goModule(dir string, base manifest.Check) {
	unit := base
	unit.Name, unit.Kind = named("go-unit", dir), "unit"
	unit.Command = []string{"go", "test", "-json", "-coverprofile=coverage.out", "./..."}
	unit.Reports = []manifest.Report{{Format: "gotest", Path: fromStdout}, {Format: "go-cover", Path: path.Join(dir, "coverage.out")}}
	vet := base
	vet.Name, vet.Kind, vet.Command = named("go-vet", dir), "lint", []string{"go vet -json ./... 2>&1"} // before Go 1.25 it wrote to stderr
	vet.Reports = []manifest.Report{{Format: "govet", Path: fromStdout}}
	build := base
	build.Name, build.Kind, build.Command = named("go-build", dir), "build", []string{"go", "build", "./..."}
	d.add(unit)
	d.add(vet)
	d.add(build)
	d.golangci(dir, base)
}

// golangci proposes golangci-lint where the module or the repository configures it. Its flags differ between versions.
func (d *detector) golangci(dir string, base manifest.Check) {
	names := []string{".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json"}
	where := dir
	if d.first(dir, names...) == "" {
		where = "."
	}
	config := d.first(where, names...)
	if config == "" {
		return
	}
	lint := base
	lint.Name, lint.Kind = named("go-lint", dir), "lint"
	lint.Command = []string{"golangci-lint", "run", "--out-format=json"}
	if text := d.content(path.Join(where, config)); strings.Contains(text, "version: \"2\"") || strings.Contains(text, "version: '2'") ||
		strings.Contains(text, "version: 2") || strings.Contains(text, "version = \"2\"") || strings.Contains(text, "\"version\": \"2\"") {
		lint.Command = []string{"golangci-lint", "run", "--output.json.path=stdout", "--show-stats=false"}
	}
	lint.Reports = []manifest.Report{{Format: "golangci-lint", Path: fromStdout}}
	d.add(lint)
}

// goSetup fetches modules and compiles once, tests included, so that later runs find the standard library and the
// dependencies compiled. -exec true keeps it from running anything of the module.
func (d *detector) goSetup(dir string) []string {
	warm := "go test -cover -exec true ./... >/dev/null 2>&1 || true"
	if d.has(dir, "vendor/modules.txt") {
		return []string{warm}
	}
	return []string{"go mod download", warm}
}

// goFiles says whether a module holds Go files of its own.
func (d *detector) goFiles(dir string, modules []string) bool {
	return slices.ContainsFunc(d.files, func(file string) bool {
		if !strings.HasSuffix(file, ".go") || !below(file, dir) || aside(path.Dir(file)) {
			return false
		}
		return !slices.ContainsFunc(modules, func(other string) bool { return other != dir && below(other, dir) && below(file, other) })
	})
}

// workspace is a go.work file: its folder and the module folders it uses.
type workspace struct {
	dir  string
	uses []string
}

func (d *detector) workspaces() []workspace {
	var all []workspace
	for _, dir := range d.roots("go.work") {
		file := path.Join(dir, "go.work")
		parsed, err := modfile.ParseWork(file, []byte(d.content(file)), nil)
		if err != nil {
			d.note(file, "cannot be understood; its modules are checked as if it were not there: "+err.Error())
			continue
		}
		w := workspace{dir: dir}
		for _, use := range parsed.Use {
			w.uses = append(w.uses, path.Join(dir, use.Path))
		}
		all = append(all, w)
	}
	return all
}

// nearest is the innermost workspace around a folder.
func nearest(all []workspace, dir string) *workspace {
	var best *workspace
	for i := range all {
		if below(dir, all[i].dir) && (best == nil || below(all[i].dir, best.dir)) {
			best = &all[i]
		}
	}
	return best
}
