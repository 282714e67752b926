package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const leafMod = "module example.org/leaf\n\ngo 1.20\n"

// goSource is a module that needs example.org/lib, which needs example.org/leaf.
func goSource(l *lab) {
	sums := l.registry.module(l.T, "example.org/leaf", "v1.0.0", leafMod, "package leaf\n\nconst Answer = 42\n")
	sums += l.registry.module(l.T, "example.org/Lib", "v1.2.0", "module example.org/Lib\n\ngo 1.20\n\nrequire example.org/leaf v1.0.0\n", "package lib\n\nimport _ \"example.org/leaf\"\n")
	for _, ext := range []string{"mod", "zip"} { // the registry's paths have no capitals
		l.registry.put("/example.org/!lib/@v/v1.2.0."+ext, l.registry.files["/example.org/Lib/@v/v1.2.0."+ext])
	}
	l.write("go.sum", sums)
	l.write("go.mod", "module example.org/app\n\ngo 1.21\n\nrequire (\n\texample.org/Lib v1.2.0\n\texample.org/leaf v1.0.0 // indirect\n)\n")
}

func TestGo(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	goSource(l)
	layers := l.fetch(".")
	if len(layers) != 1 || layers[0].Ecosystem != Go || layers[0].Lock != "go.sum" || layers[0].Places[0] != (Place{".", "/deps/go"}) {
		t.Fatalf("%+v", layers)
	}
	layer := layers[0]
	code, err := os.ReadFile(filepath.Join(layer.Dir, "example.org", "leaf@v1.0.0", "lib.go"))
	if err != nil || !strings.Contains(string(code), "Answer") {
		t.Error(err, string(code))
	}
	var got []string
	for _, d := range layer.Dependencies {
		got = append(got, d.Name+" "+d.Version+" "+d.File)
		if len(d.Digests["sha256"]) != 64 || len(d.Digests["dirHash"]) != 64 || d.Size == 0 || !strings.HasPrefix(d.URL, l.registry.URL+"/example.org/") {
			t.Errorf("%+v", d)
		}
	}
	if want := "example.org/Lib v1.2.0 |example.org/Lib v1.2.0 go.mod|example.org/leaf v1.0.0 |example.org/leaf v1.0.0 go.mod"; strings.Join(got, "|") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "|"), want)
	}
	l.noLeftovers()
	if err := layer.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	asked := l.registry.count()
	if again := l.fetch("."); again[0].Digest != layer.Digest || l.registry.count() != asked {
		t.Errorf("fetched again: %d requests, then %d", asked, l.registry.count())
	}
}

// TestGoSameDigest fetches in another folder, as another user, at another time.
func TestGoSameDigest(t *testing.T) {
	t.Parallel()
	var digests []string
	for range 2 {
		l := newLab(t, nil)
		goSource(l)
		digests = append(digests, l.fetch(".")[0].Digest)
	}
	if digests[0] != digests[1] {
		t.Error(digests)
	}
}

func TestGoRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(l *lab)
		want   string
		line   int
	}{
		"another zip": {func(l *lab) {
			l.registry.module(l.T, "example.org/leaf", "v1.0.0", leafMod, "package leaf\n\nconst Answer = 43\n")
		}, "example.org/leaf v1.0.0: " + "URL/example.org/leaf/@v/v1.0.0.zip does not have the pinned content", 1},
		"another go.mod": {func(l *lab) {
			l.registry.put("/example.org/leaf/@v/v1.0.0.mod", []byte(leafMod+"\nrequire example.org/evil v1.0.0\n"))
		}, "example.org/leaf v1.0.0: URL/example.org/leaf/@v/v1.0.0.mod does not have the pinned content", 2},
		"gone":       {func(l *lab) { delete(l.registry.files, "/example.org/leaf/@v/v1.0.0.zip") }, "answered 404", 1},
		"not pinned": {func(l *lab) { dropLines(l, "go.sum", "leaf") }, "go.sum: it does not pin example.org/leaf@v1.0.0, which go.mod requires", 0},
		"half pinned": {func(l *lab) {
			dropLines(l, "go.sum", "leaf v1.0.0/go.mod")
		}, "go asked for /example.org/leaf/@v/v1.0.0.mod, which is not pinned", 0},
		"nothing pinned": {func(l *lab) { l.write("go.sum", "") }, "go.sum: it does not pin example.org/Lib@v1.2.0, which go.mod requires", 0},
		"elsewhere": {func(l *lab) {
			l.registry.put("-> /example.org/leaf/@v/v1.0.0.zip", []byte("https://elsewhere.example/leaf.zip"))
		}, "elsewhere.example is not among the hosts", 1},
		"no hash":   {func(l *lab) { l.write("go.sum", "example.org/leaf v1.0.0 h1:AAAA\n") }, "go.sum:1: h1:AAAA is no hash", 1},
		"no go.sum": {func(l *lab) { l.write("go.sum", "example.org/leaf v1.0.0\n") }, "go.sum:1: want module, version and hash", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			goSource(l)
			c.change(l)
			_, err := l.Fetch(t.Context(), l.source, ".")
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error()+"; "+refused.Do, strings.ReplaceAll(c.want, "URL", l.registry.URL)) || refused.Do == "" || refused.Line != c.line {
				t.Fatalf("got %v\nwant line %d: %s\n%s", err, c.line, c.want, said(err))
			}
			if _, err := os.ReadDir(l.layers); err != nil {
				t.Error(err)
			}
			l.noLeftovers()
		})
	}
}

func dropLines(l *lab, name, word string) {
	text, err := os.ReadFile(filepath.Join(l.source, name))
	must(l.T, err)
	var kept []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, word) {
			kept = append(kept, line)
		}
	}
	l.write(name, strings.Join(kept, ""))
}

func TestGoNothingToFetch(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	if layers := l.fetch("."); len(layers) != 0 {
		t.Errorf("%+v", layers)
	}
	l.write("go.mod", "module example.org/app\n\ngo 1.21\n")
	l.write("vendored/go.mod", "module example.org/v\n\ngo 1.21\n\nrequire example.org/leaf v1.0.0\n")
	l.write("vendored/vendor/modules.txt", "# example.org/leaf v1.0.0\n")
	for _, dir := range []string{".", "vendored"} {
		if layers := l.fetch(dir); len(layers) != 0 {
			t.Errorf("%s: %+v", dir, layers)
		}
	}
	for _, dir := range []string{"../x", "/etc", "missing/../.."} {
		if _, err := l.Fetch(t.Context(), l.source, dir); err == nil {
			t.Error(dir)
		}
	}
}
