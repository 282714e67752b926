package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/sandbox"
)

// Where the package manager finds things.
const (
	sourceInside = "/src"  // what of the source it is given
	homeInside   = "/home" // its own, thrown away
)

// The limits of a package manager besides the usual ones.
const (
	wall    = time.Hour
	maxSaid = 16 << 10 // bytes of its output that are kept
)

// workshop is the folder on the host that one package manager works in.
type workshop struct {
	dir, source, home string
	out               string // becomes the layer
}

// bring runs a plan, which fills the folder out, and returns what came.
func (f *Fetcher) bring(ctx context.Context, p *plan, out string) (*Layer, error) {
	routes, err := p.allRoutes(ctx)
	if err != nil {
		return nil, err
	}
	w, err := f.furnish(p, out)
	if err != nil {
		return nil, err
	}
	m := newMirror(ctx, f, p, routes)
	defer m.stop()
	err = f.run(ctx, p, w, m)
	places := p.places
	if err == nil && p.out == "" {
		places, err = w.collect()
	}
	if err = errors.Join(err, removeAll(w.dir)); err != nil {
		return nil, err
	}
	return &Layer{Places: places, Dependencies: m.dependencies()}, nil
}

// allRoutes are the routes of a plan, those included that a registry must be asked for.
func (p *plan) allRoutes(ctx context.Context) (map[string]route, error) {
	if p.pages == nil {
		return p.routes, nil
	}
	routes := map[string]route{}
	return routes, p.pages(ctx, func(path string, to route) { routes[path] = to })
}

// furnish makes the folders of a run and writes what the package manager may read.
func (f *Fetcher) furnish(p *plan, out string) (*workshop, error) {
	dir, err := os.MkdirTemp(f.work, "run-")
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, source: filepath.Join(dir, "source"), home: filepath.Join(dir, "home"), out: out}
	err = errors.Join(os.Mkdir(w.source, 0o755), os.Mkdir(w.home, 0o755))
	for name, text := range p.project {
		if err != nil || !fs.ValidPath(name) {
			return nil, errors.Join(fmt.Errorf("write %q for the package manager", name), err, removeAll(dir))
		}
		to := filepath.Join(w.source, filepath.FromSlash(name))
		err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, text, 0o644))
	}
	err = errors.Join(err, os.MkdirAll(filepath.Join(w.source, filepath.FromSlash(p.dir)), 0o755), f.give(w.source), f.give(w.home), f.give(w.out))
	if err != nil {
		return nil, errors.Join(err, removeAll(dir))
	}
	return w, nil
}

// give makes a folder and all in it the package manager's.
func (f *Fetcher) give(dir string) error {
	if f.options.Identity == sandbox.Self() {
		return nil
	}
	return filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, f.options.Identity.UID, f.options.Identity.GID))
	})
}

// run starts the package manager in a sandbox whose only way out is the mirror.
func (f *Fetcher) run(ctx context.Context, p *plan, w *workshop, m *mirror) error {
	f.running.Lock() // two at a time would be one user
	defer f.running.Unlock()
	said := &tail{}
	spec := sandbox.Spec{Argv: p.argv, Dir: path.Join(sourceInside, p.dir), Env: append(f.env(), p.env...), Stdout: said, Stderr: said,
		Mounts: []sandbox.Mount{
			{Source: w.source, Target: sourceInside, Writable: p.out == ""},
			{Source: w.home, Target: homeInside, Writable: true},
		},
		Forward:  []sandbox.Forward{{Listen: mirrorAddress, Serve: func(l net.Listener) { m.serve(l) }}},
		Identity: f.options.Identity, Limits: sandbox.Limits{Wall: wall, FileSize: maxFile}}
	if p.out != "" {
		spec.Mounts = append(spec.Mounts, sandbox.Mount{Source: w.out, Target: p.out, Writable: true})
	}
	process, err := f.options.Sandbox.Start(ctx, spec)
	var missing *sandbox.NotFoundError
	if errors.As(err, &missing) {
		return &Error{Path: p.lock, Reason: fmt.Sprintf("%s (looked for in %s)", missing.Reason, f.options.Path), Do: "install it where sandboxes see it"}
	}
	if err != nil {
		return fmt.Errorf("fetch what %s pins: %w", p.lock, err)
	}
	exit, err := process.Wait()
	if err = errors.Join(err, context.Cause(ctx)); err != nil {
		return fmt.Errorf("fetch what %s pins: %w", p.lock, err)
	}
	return judge(p, m, exit, said.String())
}

func (f *Fetcher) env() []string {
	return []string{"PATH=" + f.options.Path, "HOME=" + homeInside, "TMPDIR=" + homeInside, "LANG=C.UTF-8", "NO_COLOR=1", "CI=1"}
}

// judge decides whether a run may be believed: the package manager succeeded, asked for nothing that is not pinned, and all that it
// asked for came.
func judge(p *plan, m *mirror, exit sandbox.Exit, said string) error {
	failed := m.failure()
	if exit.Code == 0 && len(m.refused) == 0 && failed == nil {
		return nil
	}
	if failed == nil {
		failed = &Error{Path: p.lock, Reason: fmt.Sprintf("%s failed with status %d", p.argv[0], exit.Code), Do: "make the lock file anew and commit it"}
		switch {
		case exit.Cause != "":
			failed.Reason = fmt.Sprintf("%s was ended by the sandbox: %s", p.argv[0], exit.Cause)
		case exit.Signal != "":
			failed.Reason = fmt.Sprintf("%s was ended by %s", p.argv[0], exit.Signal)
		case len(m.refused) > 0:
			failed.Reason = fmt.Sprintf("%s asked for %s, which is not pinned", p.argv[0], m.refused[0].Request)
		}
	}
	failed.Refusals, failed.Said = m.refused, said
	return failed
}

// collect moves the folders called node_modules out of the source: all that npm made.
func (w *workshop) collect() ([]Place, error) {
	var places []Place
	err := filepath.WalkDir(w.source, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != "node_modules" {
			return err
		}
		relative, err := filepath.Rel(w.source, name)
		if err != nil {
			return err
		}
		to := filepath.Join(w.out, relative)
		places = append(places, Place{From: filepath.ToSlash(relative), To: filepath.ToSlash(relative)})
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(name, to)); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(to, ".package-lock.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err // it names the mirror
		}
		return fs.SkipDir
	})
	slices.SortFunc(places, func(a, b Place) int { return strings.Compare(a.To, b.To) })
	return places, err
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps the last of what was written.
func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	t.text = t.text[max(0, len(t.text)-maxSaid):]
	return len(text), nil
}

// String is what was kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.text), "\uFFFD")
}
