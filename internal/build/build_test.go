package build

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

func TestBuild(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"a.txt": "hello\n", "dir/b.sh": "#!/bin/sh\n"}, nil)
	record, dir := p.mustBuild(t, custom(`cp a.txt "$OUT/a"; mkdir "$OUT/d"; printf x >"$OUT/d/run"; chmod 755 "$OUT/d/run"; echo said; pwd; id -u; echo changed >>a.txt`))
	if got := read(t, dir, "a"); got != "hello\n" {
		t.Errorf("artifact %q", got)
	}
	if len(record.Artifacts) != 2 || record.Artifacts[0].Name != "a" || record.Artifacts[0].Mode != 0o644 || record.Artifacts[1].Mode != 0o755 ||
		record.Artifacts[0].SHA256 != "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" || record.Artifacts[0].Size != 6 {
		t.Errorf("%+v", record.Artifacts)
	}
	if log := read(t, dir+".log", ""); !strings.HasPrefix(log, "said\n/src\n1000\n") || sha(log) != record.LogSHA256 {
		t.Errorf("log %q", log)
	}
	entries, err := os.ReadDir(filepath.Join(p.options.Dir, "work"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(p.options.Dir, "work", entry.Name(), "src", "dir", "b.sh")); err == nil { // no other test has that
			t.Errorf("%s is left behind", entry.Name())
		}
	}
}

func TestBuildsThatFail(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"a.txt": "hello\n", "link": "-> /etc"}, nil)
	for script, want := range map[string]string{
		"echo no; exit 3":                   "exit status 3",
		"true":                              "left nothing in /out",
		`ln -s /etc/passwd "$OUT/x"`:        "/out/x is no regular file",
		`mkfifo "$OUT/x"`:                   "/out/x is no regular file",
		`printf x >"$OUT/$(printf 'a\nb')"`: "no name that an artifact may have",
		`printf x >"$OUT/$(printf '\377')"`: "no name that an artifact may have",
		"kill -9 $$":                        "ended by SIGKILL",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := p.Build(t.Context(), p.job(custom(script)), dir)
			var failed *FailedError
			if !errors.As(err, &failed) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("a failed build delivers %v %v", left, err)
			}
		})
	}
	link := custom(`cp a.txt "$OUT"`)
	link.Directory = "link"
	if _, err := p.Build(t.Context(), p.job(link), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no folder link") {
		t.Errorf("a link for a directory: %v", err)
	}
	globs := custom(`cp a.txt "$OUT/a"; cp a.txt "$OUT/b"`)
	globs.Outputs = []string{"a", "c/*"}
	if _, err := p.Build(t.Context(), p.job(globs), t.TempDir()); err == nil || !strings.Contains(err.Error(), `nothing in /out that matches "c/*"`) {
		t.Errorf("an output that is not there: %v", err)
	}
	globs.Outputs = []string{"a"}
	if record, err := p.Build(t.Context(), p.job(globs), t.TempDir()); err != nil || len(record.Artifacts) != 1 {
		t.Errorf("what is no output leaves: %+v %v", record, err)
	}
	slow := custom("sleep 60")
	slow.Timeout = "1s"
	if _, err := p.Build(t.Context(), p.job(slow), t.TempDir()); err == nil || !strings.Contains(err.Error(), "more than 1s") {
		t.Errorf("%v", err)
	}
	large := manifest.Build{Name: "sample", Kind: "custom", Command: []string{"bash", "-c", `set -o pipefail; head -c 400000000 /dev/zero | tail -c 399999999 | wc -c >$OUT/a`}}
	if _, err := p.Build(t.Context(), p.job(large), t.TempDir()); err != nil {
		t.Errorf("400 MB are not to be had: %v", err)
	}
	large.MemoryMiB = 100
	if _, err := p.Build(t.Context(), p.job(large), t.TempDir()); err == nil {
		t.Error("a build has more memory than its target says")
	}
	hog := custom("exec tail /dev/zero")
	hog.MemoryMiB = 800 // a sandbox's first process needs hundreds with the race detector
	_, err := p.Build(t.Context(), p.job(hog), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "more than 800 MiB") && !strings.Contains(err.Error(), "exit status 1") { // without a cgroup it is refused memory, and ends by itself
		t.Errorf("%v", err)
	}
}

func TestGoBuild(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{
		"go.mod": "module example.com/hello\n\ngo 1.26\n", "main.go": "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n",
	}, nil)
	target := manifest.Build{Name: "hello", Kind: "go"}
	record, dir := p.mustBuild(t, target)
	program := read(t, dir, "hello")
	if len(record.Artifacts) != 1 || len(record.Caches) != 1 || !strings.HasPrefix(program, "\x7fELF") {
		t.Errorf("%+v", record)
	}
	if bytes.Contains([]byte(program), []byte(p.options.Dir)) {
		t.Error("the program names the builder's folder")
	}
	c, err := p.Reproduce(t.Context(), p.job(target), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if !c.Same || c.First.Artifacts[0].SHA256 != record.Artifacts[0].SHA256 {
		t.Errorf("another program: %v", c.Differences)
	}
	job := p.job(target)
	job.NoCache = true // a cache changes how long it takes, and nothing else
	anew, err := p.Build(t.Context(), job, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(anew.Caches) > 0 || anew.Artifacts[0].SHA256 != record.Artifacts[0].SHA256 {
		t.Errorf("without caches another program: %+v", anew)
	}
}

// TestReproduceFindsIt: what a build takes from its surroundings is found, and told.
func TestReproduceFindsIt(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"a": "x"}, nil)
	for script, same := range map[string]bool{
		`cp a "$OUT"`: true, `pwd >"$OUT/a"`: false, `hostname >"$OUT/a" 2>/dev/null || uname -n >"$OUT/a"`: false, `date +%s >"$OUT/a"`: false,
		`date -d @$SOURCE_DATE_EPOCH >"$OUT/a"`: true, `stat -c %Y a >"$OUT/a"`: true, `id -u >"$OUT/a"`: true,
		`nproc >"$OUT/a"`: runtime.NumCPU() == 1,
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			c, err := p.Reproduce(t.Context(), p.job(custom(script)), t.TempDir())
			if err != nil || c.Same != same || c.Same != (len(c.Differences) == 0) {
				t.Errorf("%+v %v", c, err)
			}
		})
	}
}

// TestEnvironment: nothing of the caller's is inherited, and what every build has cannot be set.
func TestEnvironment(t *testing.T) {
	t.Setenv("ADAMANT_TEST_OWN", "secret")
	p := newProject(t, map[string]string{"a": "x"}, nil)
	target := custom(`env >"$OUT/env"`)
	target.Env = map[string]string{"MINE": "1"}
	record, dir := p.mustBuild(t, target)
	text := read(t, dir, "env")
	if strings.Contains(text, "ADAMANT_TEST_OWN") || !strings.Contains(text, "MINE=1\n") || !strings.Contains(text, "SOURCE_DATE_EPOCH=1793534400\n") {
		t.Error(text)
	}
	for line := range strings.Lines(text) { // PWD and the like are the shell's own
		if name, _, _ := strings.Cut(line, "="); !slices.Contains([]string{"PWD", "SHLVL", "_", "OLDPWD"}, name) && !slices.Contains(record.Env, strings.TrimSpace(line)) {
			t.Errorf("%q is not on record", line)
		}
	}
	for _, name := range reserved {
		target.Env = map[string]string{name: "x"}
		if _, err := p.Build(t.Context(), p.job(target), t.TempDir()); err == nil {
			t.Errorf("%s can be set", name)
		}
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]manifest.Build{
		"custom without a command": {Name: "a", Kind: "custom"},
		"packages and a command":   {Name: "a", Kind: "go", Command: []string{"go"}, Packages: []string{"."}},
		"packages of npm":          {Name: "a", Kind: "npm", Packages: []string{"."}},
		"a flag for a package":     {Name: "a", Kind: "go", Packages: []string{"-toolexec=x"}},
	} {
		if _, err := Complete(target); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, kind := range []string{"go", "npm", "python"} {
		once, err := Complete(manifest.Build{Name: "a", Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := Complete(once); err != nil || !reflect.DeepEqual(once, twice) {
			t.Errorf("what is complete changes: %+v %v", twice, err)
		}
	}
}

func TestAffected(t *testing.T) {
	t.Parallel()
	targets := []manifest.Build{
		{Name: "go", Kind: "go", Packages: []string{"./cmd/one"}}, {Name: "site", Kind: "npm", Directory: "web"}, {Name: "inputs", Kind: "custom", Command: []string{"x"}, Inputs: []string{"docs/**"}},
		{Name: "part", Kind: "custom", Command: []string{"x"}, Directory: "part", Component: "lib"},
	}
	component := func(path string) string {
		if strings.HasPrefix(path, "lib/") {
			return "lib"
		}
		return ""
	}
	for file, want := range map[string]string{
		"cmd/one/main.go": "go", "cmd/two/main.go": "", "go.sum": "go", "web/a.ts": "site", "docs/x/y.md": "inputs", "lib/x.py": "part", "part/x": "part", "README.md": "",
	} {
		found, err := Affected(targets, []string{file}, component)
		if err != nil || len(found) > 1 || (len(found) == 1) != (want != "") || len(found) == 1 && found[0].Name != want {
			t.Errorf("%s affects %v %v, want %q", file, found, err, want)
		}
	}
}

// TestConcurrent: builds at the same time are different users of the host, where root gives them one each.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	first, release, err := Identity()
	if err != nil {
		t.Fatal(err)
	}
	second, releaseSecond, err := Identity()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 && first == second {
		t.Error("two builds are one user")
	}
	if err := errors.Join(release(), releaseSecond()); err != nil {
		t.Error(err)
	}
}

// TestSweepBesideACache: a cache that is filled for longer than a minute is not what a dead build left.
func TestSweepBesideACache(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"a": "x"}, nil)
	o := p.options
	o.Dir = t.TempDir()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := b.folder("sample", "1", func(folder string) error {
		old := time.Now().Add(-time.Hour)
		if err := errors.Join(os.WriteFile(filepath.Join(folder, "x"), nil, 0o600), os.Chtimes(folder, old, old)); err != nil {
			return err
		}
		_, err := New(o) // another builder, meanwhile
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Join(o.Dir, "work")); err != nil || len(left) != 0 {
		t.Errorf("left in work: %v, %v", left, err)
	}
}

// TestSweep: what a build left whose process died is removed by the next one; what lives stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{"a": "x"}, nil)
	o := p.options
	o.Dir = t.TempDir()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(o.Dir, "work", "build-dead")
	living, err := b.newPlace()
	if err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.MkdirAll(filepath.Join(dead, "x"), 0o500), os.Chtimes(dead, old, old), os.Chtimes(living.path, old, old)); err != nil {
		t.Fatal(err)
	}
	if _, err := New(o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); err == nil {
		t.Error("a dead build's folder stays")
	}
	if _, err := os.Stat(living.path); err != nil {
		t.Error("a living build's folder is removed")
	}
	if err := living.close(); err != nil {
		t.Error(err)
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// TestLanguages builds what node and Python pack, twice.
func TestLanguages(t *testing.T) {
	t.Parallel()
	p := newProject(t, map[string]string{
		"web/package.json": `{"name":"web","version":"1.0.0","files":["dist"],"scripts":{"build":"mkdir -p dist && node -e 'console.log(process.version)' >dist/x"}}`,
		"py/setup.py":      "from setuptools import setup\nsetup(name='sample', version='1.0', py_modules=['sample'])\n", "py/sample.py": "x = 1\n",
	}, nil)
	for _, target := range []manifest.Build{{Name: "web", Kind: "npm", Directory: "web"}, {Name: "py", Kind: "python", Directory: "py"}} {
		t.Run(target.Kind, func(t *testing.T) {
			t.Parallel()
			program := map[string]string{"npm": "/usr/bin/npm", "python": "/usr/bin/pip3"}[target.Kind]
			if _, err := os.Stat(program); err != nil {
				t.Skipf("LEFT OUT: no %s here", program)
			}
			c, err := p.Reproduce(t.Context(), p.job(target), t.TempDir())
			if err != nil || !c.Same || len(c.First.Artifacts) != 1 {
				t.Errorf("%+v %v", c, err)
			}
		})
	}
}
