package fetch

import (
	"archive/zip"
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(dir string) error
		want string
	}{
		"link inside":  {func(dir string) error { return os.Symlink("../b/file", filepath.Join(dir, "a", "link")) }, ""},
		"link up":      {func(dir string) error { return os.Symlink("../../secret", filepath.Join(dir, "a", "link")) }, "a/link is a link to ../../secret, which is outside"},
		"link to root": {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "a", "link")) }, "a/link is a link to /etc/passwd, which is outside"},
		"pipe":         {func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "a", "pipe"), 0o600) }, "a/pipe is neither a file nor a folder"},
		"writable":     {func(dir string) error { return os.WriteFile(filepath.Join(dir, "a", "open"), nil, 0o666) }, ""},
		"setuid": {func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, "a", "su"), nil, 0o755), os.Chmod(filepath.Join(dir, "a", "su"), 0o755|os.ModeSetuid))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			t.Cleanup(func() { must(t, removeAll(dir)) })
			must(t, errors.Join(os.Mkdir(filepath.Join(dir, "a"), 0o700), c.make(dir)))
			err := seal(dir)
			if c.want == "" {
				must(t, err)
				info, err := os.Stat(filepath.Join(dir, "a"))
				if err != nil || info.Mode().Perm() != 0o555 || !info.ModTime().Equal(sealed) {
					t.Error(info, err)
				}
				for name, want := range map[string]os.FileMode{"su": 0o555, "open": 0o444} {
					if info, err := os.Stat(filepath.Join(dir, "a", name)); err == nil && info.Mode() != want {
						t.Error(name, info.Mode())
					}
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
		})
	}
}

// TestDigest changes one thing of a folder at a time.
func TestDigest(t *testing.T) {
	t.Parallel()
	folder := func(change func(dir string) error) string {
		dir := t.TempDir()
		must(t, errors.Join(os.MkdirAll(filepath.Join(dir, "a"), 0o755), os.WriteFile(filepath.Join(dir, "a", "file"), []byte("x"), 0o644),
			os.Symlink("a", filepath.Join(dir, "link")), change(dir)))
		digest, err := Digest(t.Context(), dir)
		must(t, err)
		return digest
	}
	seen := map[string]string{}
	for name, change := range map[string]func(dir string) error{
		"nothing": func(string) error { return nil },
		"content": func(dir string) error { return os.WriteFile(filepath.Join(dir, "a", "file"), []byte("y"), 0o644) },
		"program": func(dir string) error { return os.Chmod(filepath.Join(dir, "a", "file"), 0o755) },
		"name": func(dir string) error {
			return os.Rename(filepath.Join(dir, "a", "file"), filepath.Join(dir, "a", "File"))
		},
		"folder": func(dir string) error { return os.Mkdir(filepath.Join(dir, "b"), 0o755) },
		"target": func(dir string) error { return os.Rename(filepath.Join(dir, "link"), filepath.Join(dir, "linked")) },
		"link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "link")), os.Symlink("./a", filepath.Join(dir, "link")))
		},
	} {
		digest := folder(change)
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[digest] = name
	}
	if seen[folder(func(dir string) error { return os.Chmod(filepath.Join(dir, "a"), 0o700) })] != "nothing" {
		t.Error("owners' rights count")
	}
}

// TestVerify changes a layer behind the Fetcher's back, and breaks what it keeps.
func TestVerify(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	goSource(l)
	layer := l.fetch(".")[0]
	file := filepath.Join(layer.Dir, "example.org", "leaf@v1.0.0", "lib.go")
	must(t, errors.Join(os.Chmod(file, 0o644), os.WriteFile(file, []byte("package evil\n"), 0o644)))
	if err := layer.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "it has the content") {
		t.Error(err)
	}
	must(t, removeAll(layer.Dir))
	asked := l.registry.count()
	if again := l.fetch(".")[0]; again.Digest != layer.Digest || l.registry.count() != asked {
		t.Error("the downloads were not used again")
	}
	must(t, removeAll(layer.Dir))
	entries, err := os.ReadDir(l.downloads)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(l.downloads, entries[0].Name()), []byte("broken"), 0o600))
	if again := l.fetch(".")[0]; again.Digest != layer.Digest || l.registry.count() != asked+1 {
		t.Errorf("%s, %d requests more", again.Digest, l.registry.count()-asked)
	}
	records, err := os.ReadDir(l.records)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(l.records, records[0].Name()), []byte("{"), 0o600))
	if again := l.fetch(".")[0]; again.Digest != layer.Digest {
		t.Error(again.Digest)
	}
	l.noLeftovers()
}

// TestTogether fetches the same with two Fetchers at once.
func TestTogether(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	goSource(l)
	second := newLab(t, func(o *Options) { o.Dir, o.Registry = l.options.Dir, l.options.Registry })
	var all sync.WaitGroup
	var layers [4][]Layer
	var errs [4]error
	for i := range layers {
		all.Go(func() {
			layers[i], errs[i] = []*Fetcher{l.Fetcher, second.Fetcher}[i%2].Fetch(t.Context(), l.source, ".")
		})
	}
	all.Wait()
	must(t, errors.Join(errs[:]...))
	for _, got := range layers {
		if got[0].Digest != layers[0][0].Digest {
			t.Error(got[0].Digest)
		}
		must(t, got[0].Verify(t.Context()))
	}
	l.noLeftovers()
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	goSource(l)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Fetch(ctx, l.source, "."); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	l.noLeftovers()
}

func TestPermit(t *testing.T) {
	t.Parallel()
	f, err := New(Options{Dir: t.TempDir(), Allow: []string{"files.example:8443"}, Registry: Registries{PyPI: "http://127.0.0.1:3141/root/pypi/"}})
	must(t, err)
	for address, want := range map[string]bool{
		"https://proxy.golang.org/x": true, "https://registry.npmjs.org/x": true, "http://registry.npmjs.org/x": false, "https://files.example:8443/x": true,
		"https://files.example/x": false, "http://127.0.0.1:3141/x": true, "https://storage.googleapis.com/x": true, "https://files.pythonhosted.org/x": false,
		"https://user@evil.example/": false, "file:///etc/passwd": false, "ftp://proxy.golang.org/": false, "https://proxy.golang.org.evil.example/": false,
	} {
		u, err := url.Parse(address)
		must(t, err)
		if err := f.permit(u); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, o := range []Options{{Dir: "relative"}, {Dir: t.TempDir(), Registry: Registries{Go: "off"}}, {Dir: t.TempDir(), Registry: Registries{NPM: "file:///x"}}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v", o)
		}
	}
}

func TestIntegrity(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		sri([]byte("x")):                    "sha256:" + hexSum([]byte("x")),
		"sha1-EfZZS2g= " + sri([]byte("x")): "sha256:" + hexSum([]byte("x")),
		sri([]byte("x")) + "?opt":           "sha256:" + hexSum([]byte("x")),
		sri([]byte("x")) + " sha512-" + strings.Repeat("A", 86) + "==": "sha512:" + strings.Repeat("0", 128),
		"":                                  "",
		"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=": "",
		"sha256-AAAA":                       "",
		"md5-AAAA":                          "",
	} {
		got, err := parseIntegrity(text)
		if (err != nil) != (want == "") || err == nil && got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// TestBomb checks a module whose zip would unpack to more than any module may have.
func TestBomb(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bomb.zip")
	file, err := os.Create(path)
	must(t, err)
	z := zip.NewWriter(file)
	_, err = z.CreateRaw(&zip.FileHeader{Name: "example.org/a@v1.0.0/a.go", Method: zip.Deflate, UncompressedSize64: maxModule + 1})
	must(t, errors.Join(err, z.Close(), file.Close()))
	if _, err := (goSum{zip: true}).check(path); err == nil || !strings.Contains(err.Error(), "it would unpack to more than") {
		t.Error(err)
	}
}

// TestJudge ends a package manager that says all is well, whatever came.
func TestJudge(t *testing.T) {
	t.Parallel()
	p := &plan{lock: "go.sum", argv: []string{"go"}}
	ok := newMirror(t.Context(), nil, p, nil)
	defer ok.stop()
	must(t, judge(p, ok, sandbox.Exit{}, ""))
	refused := newMirror(t.Context(), nil, p, map[string]route{"/-/audit": {page: []byte("{}")}})
	defer refused.stop()
	refused.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/example.org/more/@v/v1.0.0.zip", nil))
	refused.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/-/audit", nil))
	err := judge(p, refused, sandbox.Exit{}, "")
	if err == nil || err.Error() != "go.sum: go asked for /example.org/more/@v/v1.0.0.zip, which is not pinned" || len(err.(*Error).Refusals) != 2 {
		t.Error(err)
	}
	absent := newMirror(t.Context(), nil, p, nil)
	defer absent.stop()
	absent.items[&item{name: "a", version: "1", line: 3}] = &arrival{err: errors.New("gone")}
	absent.items[&item{name: "b", version: "1", line: 2}] = &arrival{err: errors.New("gone")}
	if err := judge(p, absent, sandbox.Exit{}, ""); err == nil || err.Error() != "go.sum:2: b 1: gone" {
		t.Error(err)
	}
	if err := judge(p, ok, sandbox.Exit{Code: -1, Signal: "SIGKILL", Cause: sandbox.CauseWall}, ""); err == nil || !strings.Contains(err.Error(), "ended by the sandbox: wall") {
		t.Error(err)
	}
}
