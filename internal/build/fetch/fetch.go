// Package fetch is the first phase of a build: it brings the dependencies that a lock file names, and nothing else, into a read-only
// folder. It promises that every byte that a package manager was given came from a registry on the list and had the digest that the
// lock file states, checked in this process before the package manager saw it; that the package manager ran in a sandbox whose only
// way out was that check, and ran no script of a package; and that each download and each refusal is recorded.
//
// It never resolves a version, never asks a registry what is newest, and never writes to the source. What comes of it is a Layer: a
// folder by the digest of its content, which the second phase mounts.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/sandbox"
)

// Ecosystem is a kind of registry, by the name that OSV gives it.
type Ecosystem string

// The ecosystems that can be fetched.
const (
	Go   Ecosystem = "Go"
	NPM  Ecosystem = "npm"
	PyPI Ecosystem = "PyPI"
)

// Layer is the dependencies of one lock file: a folder whose content never changes. Mount what Places says, read-only or as the lower
// layer of an overlay, and set Env.
type Layer struct {
	Ecosystem    Ecosystem    `json:"ecosystem"`
	Lock         string       `json:"lock"`         // path of the lock file in the source
	LockDigest   string       `json:"lockDigest"`   // sha256:<hex> of it
	Digest       string       `json:"digest"`       // sha256:<hex> over the folder's content, see Digest
	Dir          string       `json:"-"`            // the folder on the host, absolute; not writable for anybody
	Places       []Place      `json:"places"`       // where its parts belong inside the build
	Env          []string     `json:"env"`          // KEY=value that the build needs to use it, sorted
	Dependencies []Dependency `json:"dependencies"` // what came, sorted by name and version
}

// Place is a folder of a Layer and where the build sees it.
type Place struct {
	From string `json:"from"` // slash path in Layer.Dir; "." is all of it
	To   string `json:"to"`   // absolute; or, when it is relative, a slash path in the source
}

// Dependency is one thing that was downloaded: what becomes a resolvedDependency of the provenance.
type Dependency struct {
	Ecosystem Ecosystem         `json:"ecosystem"`
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	File      string            `json:"file,omitempty"` // the file's name, where a version has several
	URL       string            `json:"url"`            // that it came from
	Digests   map[string]string `json:"digests"`        // hex by in-toto's names: sha256 always, and what the lock file states (dirHash, sha512 ...)
	Size      int64             `json:"size"`           // bytes
}

// Refusal is a request of a package manager that was not answered.
type Refusal struct {
	Request string `json:"request"` // path that it asked for
	Reason  string `json:"reason"`
}

// Sandbox starts programs; *sandbox.Sandbox does.
type Sandbox interface {
	Start(ctx context.Context, spec sandbox.Spec) (*sandbox.Process, error)
}

// Options are what a Fetcher needs.
type Options struct {
	Dir      string           // where layers and downloads are kept, absolute; made when it is missing. Not readable for any sandbox
	Sandbox  Sandbox          //
	Identity sandbox.Identity // who package managers run as: see sandbox.Slot
	Client   *http.Client     // reaches the registries. Nil: one with the system's proxy settings
	Registry Registries       //
	Allow    []string         // further hosts that files may come from, as lock files name them: host or host:port
	Path     string           // PATH in the sandbox. Empty: DefaultPath
}

// Registries are where packages come from, as base addresses. The zero value is the public ones.
type Registries struct {
	Go, NPM, PyPI string
}

// DefaultPath is the PATH of package managers in the sandbox: what its view has of the system.
const DefaultPath = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"

// Fetcher fetches. It is safe for concurrent use, by several processes too.
type Fetcher struct {
	options                          Options
	layers, records, downloads, work string
	client                           *http.Client
	hosts                            []string
	plain                            map[string]bool // hosts of registries without TLS
	running                          sync.Mutex
}

// New makes a Fetcher and its folders.
func New(o Options) (*Fetcher, error) {
	o.Registry.Go = strings.TrimSuffix(cmp.Or(o.Registry.Go, "https://proxy.golang.org"), "/")
	o.Registry.NPM = strings.TrimSuffix(cmp.Or(o.Registry.NPM, npmOrigin), "/")
	o.Registry.PyPI = strings.TrimSuffix(cmp.Or(o.Registry.PyPI, "https://pypi.org"), "/")
	o.Path = cmp.Or(o.Path, DefaultPath)
	if !filepath.IsAbs(o.Dir) {
		return nil, fmt.Errorf("the folder of dependencies %q is no absolute path", o.Dir)
	}
	hosts, err := o.allowed()
	if err != nil {
		return nil, err
	}
	f := &Fetcher{options: o, hosts: hosts, plain: map[string]bool{}}
	for _, registry := range []string{o.Registry.Go, o.Registry.NPM, o.Registry.PyPI} {
		if host, ok := strings.CutPrefix(registry, "http://"); ok {
			host, _, _ = strings.Cut(host, "/")
			f.plain[host] = true
		}
	}
	f.client = f.restrict(o.Client)
	for name, dir := range map[string]*string{"layers": &f.layers, "records": &f.records, "downloads": &f.downloads, "work": &f.work} {
		*dir = filepath.Join(o.Dir, name)
		if err := os.MkdirAll(*dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of dependencies: %w", err)
		}
	}
	return f, nil
}

// restrict is a client that follows redirects to hosts on the list only.
func (f *Fetcher) restrict(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: slots,
			TLSHandshakeTimeout: time.Minute, ResponseHeaderTimeout: 2 * time.Minute, IdleConnTimeout: time.Minute}}
	}
	own := *client
	own.CheckRedirect = func(request *http.Request, via []*http.Request) error {
		if len(via) > maxHops {
			return fmt.Errorf("more than %d redirects", maxHops)
		}
		return f.permit(request.URL)
	}
	return &own
}

// Fetch brings the dependencies of the project in folder dir (a slash path, "." for the top) of source, a folder on the host with an
// exported tree. It returns one Layer for each lock file that it finds there, none where there is none, in the order Go, npm, PyPI.
// What was fetched before is not fetched again. An *Error says which entry of which lock file could not be had.
func (f *Fetcher) Fetch(ctx context.Context, source, dir string) ([]Layer, error) {
	dir = path.Clean(dir)
	if !fs.ValidPath(dir) {
		return nil, fmt.Errorf("fetch dependencies: %q is no folder of the source", dir)
	}
	root, err := os.OpenRoot(source)
	if err != nil {
		return nil, fmt.Errorf("fetch dependencies: %w", err)
	}
	plans, err := f.plans(project{root, dir})
	if err = errors.Join(err, root.Close()); err != nil {
		return nil, err
	}
	defer f.client.CloseIdleConnections()
	var layers []Layer
	for _, p := range plans {
		l, err := f.layer(ctx, p)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// Error says what was wrong with a lock file or what it names.
type Error struct {
	Path     string // of the lock file in the source
	Line     int    // 1-based; 0: the file as a whole
	Reason   string
	Do       string    // what to do next
	Refusals []Refusal // what the package manager asked for in vain
	Said     string    // the end of what the package manager wrote
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason)
	}
	return e.Path + ": " + e.Reason
}
