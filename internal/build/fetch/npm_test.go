package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npmPackage makes an archive as npm packs one.
func npmPackage(t *testing.T, name, version, extra string) []byte {
	t.Helper()
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	w := tar.NewWriter(z)
	for _, file := range [][2]string{
		{"package/package.json", fmt.Sprintf(`{"name": %q, "version": %q, "bin": {"tool": "tool.js"}, "scripts": {"install": "touch ran", "preinstall": "touch ran"}%s}`, name, version, extra)},
		{"package/index.js", "module.exports = 42\n"},
		{"package/tool.js", "#!/usr/bin/env node\n"},
	} {
		must(t, w.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1]))}))
		_, err := w.Write([]byte(file[1]))
		must(t, err)
	}
	must(t, w.Close())
	must(t, z.Close())
	return text.Bytes()
}

// npmSource is a package with a workspace; it needs leaf from the public registry as the lock file has it, @scope/lib without an
// address, and other of a mirror.
func npmSource(l *lab) {
	leaf, lib := npmPackage(l.T, "leaf", "1.0.0", ""), npmPackage(l.T, "@scope/lib", "2.1.0", `, "dependencies": {"leaf": "^1.0.0"}`)
	l.registry.put("/leaf/-/leaf-1.0.0.tgz", leaf)
	l.registry.put("/@scope/lib/-/lib-2.1.0.tgz", lib)
	l.write("web/package.json", `{"name": "web", "version": "1.0.0", "workspaces": ["parts/*"], "dependencies": {"@scope/lib": "^2.0.0"}}`)
	l.write("web/parts/one/package.json", `{"name": "one", "version": "1.0.0", "dependencies": {"leaf": "^1.0.0"}}`)
	l.write("web/package-lock.json", fmt.Sprintf(`{
  "name": "web", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
  "packages": {
    "": {"name": "web", "version": "1.0.0", "workspaces": ["parts/*"], "dependencies": {"@scope/lib": "^2.0.0"}},
    "node_modules/@scope/lib": {
      "version": "2.1.0", "integrity": %q, "dependencies": {"leaf": "^1.0.0"}, "bin": {"tool": "tool.js"}
    },
    "node_modules/leaf": {
      "version": "1.0.0", "resolved": "https://registry.npmjs.org/leaf/-/leaf-1.0.0.tgz", "integrity": %q, "bin": {"tool": "tool.js"}
    },
    "node_modules/one": {"resolved": "parts/one", "link": true},
    "parts/one": {"version": "1.0.0", "dependencies": {"leaf": "^1.0.0"}}
  }
}
`, sri(lib), sri(leaf)))
}

func TestNPM(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	npmSource(l)
	layers := l.fetch("web")
	if len(layers) != 1 || layers[0].Ecosystem != NPM || len(layers[0].Places) != 1 || layers[0].Places[0] != (Place{"web/node_modules", "web/node_modules"}) {
		t.Fatalf("%+v", layers)
	}
	layer := layers[0]
	at := filepath.Join(layer.Dir, "web", "node_modules")
	for _, name := range []string{"leaf/index.js", "@scope/lib/package.json", ".bin/tool"} {
		if _, err := os.Stat(filepath.Join(at, name)); err != nil {
			t.Error(err)
		}
	}
	if to, err := os.Readlink(filepath.Join(at, "one")); err != nil || to != "../parts/one" {
		t.Error(to, err)
	}
	for _, name := range []string{"leaf/ran", "@scope/lib/ran", ".package-lock.json"} {
		if _, err := os.Lstat(filepath.Join(at, name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	var got []string
	for _, d := range layer.Dependencies {
		got = append(got, d.Name+" "+d.Version+" "+strings.TrimPrefix(d.URL, l.registry.URL))
	}
	if want := "@scope/lib 2.1.0 /@scope/lib/-/lib-2.1.0.tgz|leaf 1.0.0 /leaf/-/leaf-1.0.0.tgz"; strings.Join(got, "|") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "|"), want)
	}
	l.noLeftovers()
	root, err := os.OpenRoot(l.source)
	must(t, err)
	defer root.Close()
	plan, err := l.npmPlan(project{root, "web"})
	must(t, err)
	if !slices.Contains(plan.argv, "--ignore-scripts") { // npm 11 runs none anyhow
		t.Error(plan.argv)
	}
	second := newLab(t, nil)
	npmSource(second)
	if again := second.fetch("web")[0].Digest; again != layer.Digest {
		t.Errorf("%s, then %s", layer.Digest, again)
	}
}

func TestNPMRefused(t *testing.T) {
	t.Parallel()
	edit := func(old, with string) func(l *lab) {
		return func(l *lab) {
			text, err := os.ReadFile(filepath.Join(l.source, "web", "package-lock.json"))
			must(l.T, err)
			if !strings.Contains(string(text), old) {
				l.Fatalf("no %s", old)
			}
			l.write("web/package-lock.json", strings.ReplaceAll(string(text), old, with))
		}
	}
	for name, c := range map[string]struct {
		change func(l *lab)
		want   string
		line   int
	}{
		"another archive": {func(l *lab) { l.registry.put("/leaf/-/leaf-1.0.0.tgz", npmPackage(l.T, "leaf", "1.0.0", `, "x": 1`)) },
			"web/package-lock.json:8: leaf 1.0.0: URL/leaf/-/leaf-1.0.0.tgz does not have the pinned content", 8},
		"git":          {edit("https://registry.npmjs.org/leaf/-/leaf-1.0.0.tgz", "git+ssh://git@example.org/leaf.git#abc"), "is no archive of a registry", 8},
		"elsewhere":    {edit("https://registry.npmjs.org", "https://elsewhere.example"), "elsewhere.example is not among the hosts", 8},
		"plain":        {edit("https://registry.npmjs.org", "http://registry.npmjs.org"), "is not among the hosts", 8},
		"no integrity": {edit("integrity", "was"), "node_modules/@scope/lib: no integrity of SHA-256 or better", 5},
		"SHA-1":        {edit(`"integrity": "sha256-`, `"integrity": "sha1-`), "no integrity of SHA-256 or better", 5},
		"version 1":    {edit(`"packages"`, `"old"`), "lock files of version 1 are not read", 0},
		"no JSON":      {edit(`{`, ``), "package-lock.json: ", 0},
		"unlocked":     {func(l *lab) { must(l.T, os.Remove(filepath.Join(l.source, "web/package-lock.json"))) }, "web/package.json:1: no package-lock.json pins", 1},
		"does not match": {func(l *lab) {
			l.write("web/package.json", `{"name": "web", "version": "1.0.0", "workspaces": ["parts/*"], "dependencies": {"@scope/lib": "^2.0.0", "more": "1"}}`)
		}, "npm asked for /more, which is not pinned", 0},
		"asks for more": {edit(`"dependencies": {"leaf": "^1.0.0"}, "bin"`, `"dependencies": {"leaf": "^1.0.0", "more": "1"}, "bin"`), "npm asked for /more, which is not pinned", 0},
		"outside":       {edit(`"resolved": "parts/one"`, `"resolved": "../../secret"`), "path escapes", 11},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			npmSource(l)
			c.change(l)
			_, err := l.Fetch(t.Context(), l.source, "web")
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error()+"; "+refused.Do, strings.ReplaceAll(c.want, "URL", l.registry.URL)) || refused.Do == "" || refused.Line != c.line {
				t.Fatalf("got %v\nwant line %d: %s\n%s", err, c.line, c.want, said(err))
			}
			l.noLeftovers()
		})
	}
}

func TestNPMNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.write("package.json", `{"name": "alone", "version": "1.0.0"}`)
	if layers := l.fetch("."); len(layers) != 0 {
		t.Errorf("%+v", layers)
	}
}
