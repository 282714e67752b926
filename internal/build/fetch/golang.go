package fetch

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// goModules is where the build sees the module cache.
const goModules = "/deps/go"

// goPlan reads go.mod and go.sum; of a workspace those of all its modules and go.work.sum. A project that vendors needs nothing.
func (f *Fetcher) goPlan(p project) (*plan, error) {
	text, err := p.find("go.mod")
	if text == nil || err != nil || p.has("vendor/modules.txt") {
		return nil, err
	}
	mod, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil {
		return nil, &Error{Path: path.Join(p.dir, "go.mod"), Reason: err.Error(), Do: "go mod tidy"}
	}
	work, err := p.workspace()
	if err != nil {
		return nil, err
	}
	s := newSumFile()
	locks := p.goLocks(work)
	for _, lock := range locks {
		if err := s.add(p, lock); err != nil {
			return nil, err
		}
	}
	wanted := s.zips()
	if work == nil && mod.Go != nil && semver.Compare("v"+mod.Go.Version, "v1.17") >= 0 {
		wanted = slices.DeleteFunc(wanted, func(m module.Version) bool { return !requires(mod, m) })
	}
	if err := s.unpinned(p, mod, locks[0]); len(wanted) == 0 || err != nil {
		return nil, err
	}
	files, err := p.goFiles(work, mod)
	if err != nil {
		return nil, err
	}
	return f.goRun(p, locks[0], s, wanted, files), nil
}

// requires tells whether a module is one that a go.mod asks for, as replaced. Since Go 1.17 that is all that a build uses.
func requires(mod *modfile.File, m module.Version) bool {
	return slices.ContainsFunc(mod.Require, func(r *modfile.Require) bool { return replaced(mod, r.Mod) == m })
}

// replaced is what stands for a module; its version is empty when that is a folder.
func replaced(mod *modfile.File, m module.Version) module.Version {
	found := m
	for _, r := range mod.Replace {
		switch {
		case r.Old == m:
			return r.New
		case r.Old.Path == m.Path && r.Old.Version == "":
			found = r.New
		}
	}
	return found
}

// goWorkspace is a go.work that the project belongs to.
type goWorkspace struct {
	name string // path in the source
	file *modfile.WorkFile
}

// workspace finds the go.work that holds for the project, nil when there is none.
func (p project) workspace() (*goWorkspace, error) {
	for dir := p.dir; ; dir = path.Dir(dir) {
		name := path.Join(dir, "go.work")
		text, err := project{p.root, dir}.find("go.work")
		if err != nil {
			return nil, err
		}
		if text != nil {
			file, err := modfile.ParseWork(name, text, nil)
			if err != nil {
				return nil, &Error{Path: name, Reason: err.Error(), Do: "go work sync"}
			}
			if w := (&goWorkspace{name, file}); slices.Contains(w.modules(), p.dir) {
				return w, nil
			}
			return nil, nil // Go refuses it too, but for GOWORK=off
		}
		if dir == "." {
			return nil, nil
		}
	}
}

// modules are the folders of a workspace's modules in the source.
func (w *goWorkspace) modules() []string {
	var dirs []string
	for _, use := range w.file.Use {
		dirs = append(dirs, path.Join(path.Dir(w.name), use.Path))
	}
	return dirs
}

// goLocks are the lock files that count, the first of which stands for all.
func (p project) goLocks(work *goWorkspace) []string {
	if work == nil {
		return []string{path.Join(p.dir, "go.sum")}
	}
	locks := []string{work.name + ".sum"}
	for _, dir := range work.modules() {
		locks = append(locks, path.Join(dir, "go.sum"))
	}
	return locks
}

// goFiles reads what the go command looks at to find the modules: those of the project, of its workspace, and of folders that replace
// modules.
func (p project) goFiles(work *goWorkspace, mod *modfile.File) (map[string][]byte, error) {
	dirs, names := []string{p.dir}, []string{}
	for _, r := range mod.Replace {
		if r.New.Version == "" {
			dirs = append(dirs, path.Join(p.dir, r.New.Path))
		}
	}
	if work != nil {
		names = append(names, work.name, work.name+".sum")
		dirs = append(dirs, work.modules()...)
	}
	for _, dir := range dirs {
		names = append(names, path.Join(dir, "go.mod"), path.Join(dir, "go.sum"))
	}
	files := map[string][]byte{}
	for _, name := range names {
		text, err := project{p.root, path.Dir(name)}.find(path.Base(name))
		if err != nil {
			return nil, err
		}
		if text != nil {
			files[name] = text
		}
	}
	return files, nil
}

// sumFile is what go.sum files state, by module; the version of a go.mod alone ends in /go.mod, as it does there.
type sumFile struct {
	modules map[module.Version]*goSum
	lines   map[module.Version]int
	read    []byte
}

func newSumFile() sumFile {
	return sumFile{modules: map[module.Version]*goSum{}, lines: map[module.Version]int{}}
}

// add reads one go.sum, which may be missing.
func (s *sumFile) add(p project, lock string) error {
	at := project{p.root, path.Dir(lock)}
	text, err := at.find(path.Base(lock))
	if err != nil {
		return err
	}
	s.read = append(s.read, text...)
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := s.line(fields); err != nil {
			return &Error{Path: lock, Line: number, Reason: err.Error(), Do: "go mod tidy"}
		}
		m := module.Version{Path: fields[0], Version: fields[1]}
		s.lines[m] = cmp.Or(s.lines[m], number)
	}
	return nil
}

func (s *sumFile) line(fields []string) error {
	if len(fields) != 3 {
		return fmt.Errorf("want module, version and hash, got %d words", len(fields))
	}
	raw, isH1 := strings.CutPrefix(fields[2], "h1:")
	if !isH1 {
		return nil // Go passes over hashes of later kinds too
	}
	if sum, err := base64.StdEncoding.DecodeString(raw); err != nil || len(sum) != 32 {
		return fmt.Errorf("%s is no hash", fields[2])
	}
	version, isMod := strings.CutSuffix(fields[1], "/go.mod")
	if err := module.Check(fields[0], version); err != nil {
		return err
	}
	m := module.Version{Path: fields[0], Version: fields[1]}
	if s.modules[m] == nil {
		s.modules[m] = &goSum{zip: !isMod}
	}
	s.modules[m].sums = append(s.modules[m].sums, fields[2])
	return nil
}

// unpinned refuses a module that requires another of which nothing is pinned.
func (s *sumFile) unpinned(p project, mod *modfile.File, lock string) error {
	for _, r := range mod.Require {
		to := replaced(mod, r.Mod)
		if to.Version != "" && s.modules[to] == nil && s.modules[module.Version{Path: to.Path, Version: to.Version + "/go.mod"}] == nil {
			return &Error{Path: lock, Reason: fmt.Sprintf("it does not pin %s, which %s requires", to, path.Join(p.dir, "go.mod")), Do: "go mod tidy"}
		}
	}
	return nil
}

// zips are the modules whose content is pinned, sorted.
func (s *sumFile) zips() []module.Version {
	var list []module.Version
	for m, sum := range s.modules {
		if sum.zip {
			list = append(list, m)
		}
	}
	module.Sort(list)
	return list
}

// goRun is the plan that downloads these modules.
func (f *Fetcher) goRun(p project, lock string, s sumFile, wanted []module.Version, files map[string][]byte) *plan {
	argv := []string{"go", "mod", "download"}
	for _, m := range wanted {
		argv = append(argv, m.String())
	}
	return &plan{ecosystem: Go, lock: lock, digest: digestOf(s.read), project: files, dir: p.dir, argv: argv, out: goModules,
		env: []string{"GOMODCACHE=" + goModules, "GOPROXY=" + mirrorURL, "GOSUMDB=off", "GOTOOLCHAIN=local", "GOVCS=*:off", "GOENV=off",
			"GOFLAGS=", "GOTELEMETRY=off", "GO111MODULE=on"},
		places: []Place{{From: ".", To: goModules}},
		use:    []string{"GOMODCACHE=" + goModules, "GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOVCS=*:off"},
		routes: f.goRoutes(s)}
}

// goRoutes answers the module proxy's requests for all that is pinned. A version's .info says no more than its name.
func (f *Fetcher) goRoutes(s sumFile) map[string]route {
	routes := map[string]route{}
	for _, m := range slices.Collect(maps.Keys(s.modules)) {
		version, isMod := strings.CutSuffix(m.Version, "/go.mod")
		escaped, err1 := module.EscapePath(m.Path)
		escapedVersion, err2 := module.EscapeVersion(version)
		if err1 != nil || err2 != nil {
			continue // module.Check has passed both
		}
		base := "/" + escaped + "/@v/" + escapedVersion
		routes[base+".info"] = route{page: fmt.Appendf(nil, "{\"Version\":%q}\n", version), kind: "application/json"}
		it := &item{name: m.Path, version: version, line: s.lines[m], pin: *s.modules[m]}
		ext := ".zip"
		if isMod {
			ext, it.file = ".mod", "go.mod"
		}
		it.url = f.options.Registry.Go + base + ext
		routes[base+ext] = route{item: it}
	}
	return routes
}
