package fetch

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // this binary is also the first process of the sandboxes that tests open
	leaktest.Main(m)
}

// sandboxes are made once: they count their control groups by process.
var sandboxes = sync.OnceValues(func() (*sandbox.Sandbox, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return sandbox.New(context.Background(), sandbox.Options{Self: self})
})

// registry is a server of files by path that remembers what it was asked for.
type registry struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string][]byte
	asked []string
	json  bool // pages are said to be JSON
}

func newRegistry(t *testing.T) *registry {
	r := &registry{files: map[string][]byte{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *registry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, q.URL.Path)
	if to, ok := r.files["-> "+q.URL.Path]; ok {
		http.Redirect(w, q, string(to), http.StatusFound)
		return
	}
	text, ok := r.files[q.URL.Path]
	if !ok {
		http.NotFound(w, q)
		return
	}
	if r.json {
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
	}
	_, _ = w.Write(text)
}

func (r *registry) put(path string, text []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[path] = text
}

func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asked)
}

// module puts a Go module on the registry and returns its lines of go.sum.
func (r *registry) module(t *testing.T, path, version, goMod, code string) string {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, file := range [][2]string{{"go.mod", goMod}, {"lib.go", code}} {
		w, err := z.Create(path + "@" + version + "/" + file[0])
		must(t, err)
		_, err = w.Write([]byte(file[1]))
		must(t, err)
	}
	must(t, z.Close())
	r.put("/"+path+"/@v/"+version+".zip", archive.Bytes())
	r.put("/"+path+"/@v/"+version+".mod", []byte(goMod))
	file := filepath.Join(t.TempDir(), "m.zip")
	must(t, os.WriteFile(file, archive.Bytes(), 0o600))
	sum, err := dirhash.HashZip(file, dirhash.Hash1)
	must(t, err)
	modSum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(goMod)), nil })
	must(t, err)
	return path + " " + version + " " + sum + "\n" + path + " " + version + "/go.mod " + modSum + "\n"
}

// lab is a Fetcher with real sandboxes, a registry and a source.
type lab struct {
	*testing.T
	*Fetcher
	registry *registry
	source   string
}

func newLab(t *testing.T, change func(*Options)) *lab {
	t.Helper()
	sb, err := sandboxes()
	if err != nil {
		t.Fatalf("%v; run these tests where sandboxes can be had", err)
	}
	l := &lab{T: t, registry: newRegistry(t), source: t.TempDir()}
	id, err := sandbox.Slot(slot(t))
	must(t, err)
	o := Options{Dir: filepath.Join(t.TempDir(), "dependencies"), Sandbox: sb, Identity: id, Registry: Registries{Go: l.registry.URL, NPM: l.registry.URL, PyPI: l.registry.URL}}
	if change != nil {
		change(&o)
	}
	l.Fetcher, err = New(o)
	must(t, err)
	t.Cleanup(func() { must(t, removeAll(o.Dir)) })
	return l
}

var slots1 atomic.Int32

// slot is a number that no other living test uses: between those of agents and those of builds, which begin at 3072.
func slot(*testing.T) int { return 3001 + int(slots1.Add(1))%70 }

func (l *lab) write(name, text string) {
	l.Helper()
	path := filepath.Join(l.source, filepath.FromSlash(name))
	must(l.T, os.MkdirAll(filepath.Dir(path), 0o755))
	must(l.T, os.WriteFile(path, []byte(text), 0o644))
}

func (l *lab) fetch(dir string) []Layer {
	l.Helper()
	layers, err := l.Fetch(l.Context(), l.source, dir)
	if err != nil {
		l.Fatalf("%v\n%s", err, said(err))
	}
	return layers
}

func said(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Said
	}
	return ""
}

// noLeftovers checks that nothing but finished work lies in a Fetcher's folders.
func (l *lab) noLeftovers() {
	l.Helper()
	for _, dir := range []string{l.layers, l.downloads, l.work} {
		entries, err := os.ReadDir(dir)
		must(l.T, err)
		if i := slices.IndexFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") || dir == l.work }); i >= 0 {
			l.Errorf("%s is left in %s", entries[i].Name(), dir)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func hexSum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func sri(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
