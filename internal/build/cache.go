package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build/fetch"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// A cache of compiled things is a folder by the digest of everything that decides its content. It is filled once, in a sandbox, by a
// compiler that runs nothing of what it compiles, from the toolchain and from dependencies by digest: nothing of the source, and no
// build, ever writes to one. Builds see it below a layer of their own, which ends with them.

// unusedAfter is how long a cache stays that no build has seen.
const unusedAfter = 14 * 24 * time.Hour

// goKnobs are the variables of a target that decide what the standard library compiles to.
var goKnobs = [...]string{"GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140"}

// caches shows a Go build what was compiled of the standard library and of its dependencies.
func (r *run) caches(ctx context.Context) error {
	if r.job.NoCache || r.target.Kind != "go" {
		return nil
	}
	f := &filler{run: r, toolchain: r.goToolchain(), env: trustedEnv(r.target)}
	dir, use, err := f.standard(ctx)
	if err != nil {
		return fmt.Errorf("build %s: compile the standard library: %w", r.target.Name, err)
	}
	uses := []CacheUse{use}
	if layer, ok := goLayer(r.record.Layers); ok {
		deps, use, err := f.dependencies(ctx, layer, dir)
		if err != nil {
			return fmt.Errorf("build %s: compile its dependencies: %w", r.target.Name, err)
		}
		if deps != "" {
			dir, uses = deps, append(uses, use)
		}
	}
	r.record.Caches = uses
	r.env["GOCACHE"] = goCache
	r.mounts = append(r.mounts, sandbox.Mount{Source: dir, Target: goCache, Overlay: true})
	return nil
}

// goToolchain is the digest of the Go toolchain that was found.
func (r *run) goToolchain() string {
	for _, d := range r.record.Resolved {
		if d.Name == "go" && d.Annotations["kind"] == "tool" {
			return d.Digest["sha256"]
		}
	}
	return ""
}

// trustedEnv is the environment of the compiler that fills caches: nothing of the target but where the program will run.
func trustedEnv(t manifest.Build) map[string]string {
	env := goEnvironment(t)
	for _, name := range goKnobs {
		if value, ok := t.Env[name]; ok {
			env[name] = value
		}
	}
	maps.Copy(env, map[string]string{"PATH": systemPath, "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "GOCACHE": goCache})
	return env
}

// goLayer is the layer of Go modules, when it is shown at a place of its own.
func goLayer(layers []fetch.Layer) (fetch.Layer, bool) {
	for _, layer := range layers {
		if layer.Ecosystem == fetch.Go {
			return layer, !slices.ContainsFunc(layer.Places, func(p fetch.Place) bool { return !path.IsAbs(p.To) })
		}
	}
	return fetch.Layer{}, false
}

// filler fills caches for one run.
type filler struct {
	*run
	toolchain string
	env       map[string]string
}

// key is the digest of everything that decides a cache's content.
func (f *filler) key(parts ...string) (string, error) {
	text, err := json.Marshal(append([]string{"adamant cache v1", f.toolchain, strings.Join(list(f.env), "\n")}, parts...))
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// standard is the cache of the standard library.
func (f *filler) standard(ctx context.Context) (string, CacheUse, error) {
	key, err := f.key("std")
	if err != nil {
		return "", CacheUse{}, err
	}
	use := CacheUse{Name: "go-std", Key: "sha256:" + key}
	dir, err := f.folder(use.Name, key, func(folder string) error {
		f.note("compiling the standard library for " + f.target.Platform + ", once for this toolchain")
		return f.compile(ctx, folder, nil, f.env, "/tmp", "go", "build", "std")
	})
	return dir, use, err
}

// dependencies is the cache of a module's dependencies, the standard library included; "" where they cannot be compiled on their own.
func (f *filler) dependencies(ctx context.Context, layer fetch.Layer, standard string) (string, CacheUse, error) {
	module, err := f.module(layer)
	if err != nil || module == nil {
		return "", CacheUse{}, err
	}
	key, err := f.key(append([]string{"deps", layer.Digest}, module...)...)
	if err != nil {
		return "", CacheUse{}, err
	}
	use := CacheUse{Name: "go-deps", Key: "sha256:" + key}
	hopeless := filepath.Join(f.options.Dir, "cache", "none-"+key)
	if _, err := os.Stat(hopeless); err == nil {
		return "", CacheUse{}, nil
	}
	dir, err := f.folder(use.Name, key, func(folder string) error { return f.fillModules(ctx, folder, standard, layer, module) })
	var failed *FailedError
	if errors.As(err, &failed) { // the build itself will say what is wrong, if anything is
		return "", CacheUse{}, writeFile(hopeless, []byte(failed.Reason))
	}
	return dir, use, err
}

// module is go.mod and go.sum beside the lock file; nil where there is more to it: a workspace, vendored or replaced modules.
func (f *filler) module(layer fetch.Layer) ([]string, error) {
	root, err := os.OpenRoot(f.place.source())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	folder := path.Dir(layer.Lock)
	for _, more := range []string{"go.work", path.Join(folder, "go.work"), path.Join(folder, "vendor")} {
		if _, err := root.Lstat(more); err == nil {
			return nil, nil
		}
	}
	var texts []string
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := root.ReadFile(path.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// fillModules compiles the packages of other modules that the target needs. Which ones is asked of the source, as the build's own user;
// what is compiled comes by digest from the layer alone.
func (f *filler) fillModules(ctx context.Context, folder, standard string, layer fetch.Layer, module []string) error {
	packages, err := f.needed(ctx)
	if err != nil {
		return err
	}
	if len(packages) == 0 {
		return &FailedError{Target: f.target.Name, Reason: "it needs no package of another module"}
	}
	work, err := os.MkdirTemp(f.place.path, "module-")
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(work, 0o755), os.WriteFile(filepath.Join(work, "go.mod"), []byte(module[0]), 0o644), os.WriteFile(filepath.Join(work, "go.sum"), []byte(module[1]), 0o644)); err != nil {
		return err
	}
	f.note(fmt.Sprintf("compiling %d packages of other modules, once for this go.sum", len(packages)))
	if err := copyCache(standard, folder); err != nil {
		return err
	}
	mounts := []sandbox.Mount{{Source: work, Target: "/module"}}
	for _, p := range layer.Places {
		mounts = append(mounts, sandbox.Mount{Source: filepath.Join(layer.Dir, filepath.FromSlash(p.From)), Target: p.To})
	}
	env := maps.Clone(f.env)
	for _, pair := range layer.Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return f.compile(ctx, folder, mounts, env, "/module", append([]string{"go", "build"}, packages...)...)
}

// needed lists the packages of other modules that the target imports, directly or not.
func (f *filler) needed(ctx context.Context) ([]string, error) {
	wanted := f.target.Packages
	if len(wanted) == 0 {
		wanted = []string{"./..."}
	}
	const format = `{{if and (not .Standard) .Module (not .Module.Main)}}{{.ImportPath}}{{end}}`
	var out boundedText
	env := maps.Clone(f.run.env)
	for name, value := range f.env { // a target's own flags could run a program
		env[name] = value
	}
	env["GOCACHE"] = scratchGo
	for _, layer := range f.record.Layers {
		for _, pair := range layer.Env {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
	}
	exit, err := f.start(ctx, sandbox.Spec{
		Argv: slices.Concat([]string{"go", "list", "-deps", "-f", format}, wanted), Dir: path.Join(f.setting.source, f.target.Directory), Env: list(env),
		Stdout: &out, Mounts: f.mounts, Identity: f.place.id, Limits: sandbox.Limits{Wall: 5 * time.Minute},
	})
	if err != nil {
		return nil, err
	}
	if exit != (sandbox.Exit{}) || out.full {
		return nil, &FailedError{Target: f.target.Name, Reason: "its packages cannot be listed"}
	}
	var packages []string
	for line := range strings.Lines(out.String()) {
		if name := strings.TrimSpace(line); name != "" && !strings.HasPrefix(name, "-") {
			packages = append(packages, name)
		}
	}
	return packages, nil
}

// compile runs the Go command as Keeper, whose only writable folder is the new cache.
func (f *filler) compile(ctx context.Context, folder string, mounts []sandbox.Mount, env map[string]string, dir string, argv ...string) error {
	keeper, err := sandbox.Keeper()
	if err != nil {
		return err
	}
	mounts = append(slices.Clone(mounts), sandbox.Mount{Source: folder, Target: goCache, Writable: true})
	for _, m := range f.mounts {
		if strings.HasPrefix(m.Target, toolPlace) {
			mounts = append(mounts, m)
			env = maps.Clone(env)
			env["PATH"] = m.Target + "/bin:" + systemPath
		}
	}
	var out boundedText
	exit, err := f.start(ctx, sandbox.Spec{
		Argv: argv, Dir: dir, Env: list(env), Stdout: &out, Stderr: &out, Mounts: mounts, Identity: keeper, Limits: sandbox.Limits{Wall: 30 * time.Minute},
	})
	if err == nil && exit != (sandbox.Exit{}) {
		err = &FailedError{Target: f.target.Name, Reason: "the compiler that fills the cache failed", Log: []byte(out.String())}
	}
	return err
}

// folder is a cache, filled when there is none yet. Two that fill at the same time do it twice, and the first one stays.
func (b *Builder) folder(name, key string, fill func(folder string) error) (string, error) {
	caches := filepath.Join(b.options.Dir, "cache")
	dir := filepath.Join(caches, name+"-"+key)
	if _, err := os.Stat(dir); err == nil {
		now := b.options.Now()
		return dir, os.Chtimes(dir, now, now)
	}
	if err := b.forget(caches); err != nil {
		return "", err
	}
	fresh, remove, err := b.workFolder("cache-")
	if err != nil {
		return "", err
	}
	defer remove() // nothing but its lock is there when all went well
	keeper, err := sandbox.Keeper()
	if err != nil {
		return "", err
	}
	if err := errors.Join(give(fresh, keeper), fill(fresh), open(fresh, keeper)); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, nil
}

func give(path string, to sandbox.Identity) error {
	if to == sandbox.Self() {
		return nil
	}
	return os.Lchown(path, to.UID, to.GID)
}

// open lets every build's user add to the folders of a cache: to the layer above them, that is. On the host nobody comes this far.
func open(dir string, keeper sandbox.Identity) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && !entry.Type().IsRegular() {
			return fmt.Errorf("a cache holds %s, which is no file", path)
		}
		mode := fs.FileMode(0o644)
		if entry.IsDir() {
			mode = 0o777
		}
		return errors.Join(os.Chmod(path, mode), give(path, keeper))
	})
}

// forget removes caches that no build has used for long.
func (b *Builder) forget(caches string) error {
	entries, err := os.ReadDir(caches)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || strings.HasPrefix(entry.Name(), "digest-") || b.options.Now().Sub(info.ModTime()) < unusedAfter {
			continue
		}
		if err := removeAll(filepath.Join(caches, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copyCache copies a cache for another one to begin with.
func copyCache(from, to string) error {
	keeper, err := sandbox.Keeper()
	if err != nil {
		return err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return open(to, keeper)
}

// boundedText keeps the beginning of what a program says.
type boundedText struct {
	strings.Builder
	full bool
}

func (t *boundedText) Write(p []byte) (int, error) {
	room := max(0, 8<<20-t.Len())
	t.full = t.full || len(p) > room
	t.Builder.Write(p[:min(room, len(p))])
	return len(p), nil
}
