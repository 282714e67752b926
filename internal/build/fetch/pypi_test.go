package fetch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wheel makes a wheel with one module.
func wheel(t *testing.T, name, version, code string) []byte {
	t.Helper()
	var text bytes.Buffer
	z := zip.NewWriter(&text)
	info := name + "-" + version + ".dist-info/"
	for _, file := range [][2]string{
		{name + ".py", code},
		{info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", name + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	} {
		w, err := z.Create(file[0])
		must(t, err)
		_, err = w.Write([]byte(file[1]))
		must(t, err)
	}
	must(t, z.Close())
	return text.Bytes()
}

// pypiSource is a project that pins two wheels. The index lists more files than are pinned.
func pypiSource(l *lab) {
	one, two := wheel(l.T, "one", "1.0", "x = 1\n"), wheel(l.T, "two_part", "2.0", "y = 2\n")
	l.registry.put("/packages/one-1.0-py3-none-any.whl", one)
	l.registry.put("/packages/two_part-2.0-py3-none-any.whl", two)
	l.registry.put("/simple/one/", fmt.Appendf(nil, `<a href="../../packages/one-1.0-py3-none-any.whl#sha256=%s">one</a><a href="/packages/one-1.1-py3-none-any.whl#sha256=%s">new</a>`,
		hexSum(one), hexSum([]byte("new"))))
	l.registry.put("/simple/two-part/", fmt.Appendf(nil, `<a class=x href='%s/packages/two_part-2.0-py3-none-any.whl#sha256=%s'>two</a>`, l.registry.URL, hexSum(two)))
	l.write("requirements.txt", fmt.Sprintf(`# made by a tool
--index-url https://pypi.org/simple
one==1.0 \
    --hash=sha256:%s \
    --hash=sha256:%s
    # via -r requirements.in
Two_Part[extra]==2.0 ; python_version >= "3.0" --hash=sha256:%s  # why
windows==1.0 ; sys_platform == "win32" --hash=sha256:%[1]s
`, hexSum([]byte("another file")), hexSum(one), hexSum(two)))
	l.registry.put("/simple/windows/", nil)
}

func TestPyPI(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	pypiSource(l)
	layers := l.fetch(".")
	if len(layers) != 1 || layers[0].Ecosystem != PyPI || layers[0].Places[0] != (Place{".", "/deps/python"}) {
		t.Fatalf("%+v", layers)
	}
	entries, err := os.ReadDir(layers[0].Dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "one-1.0-py3-none-any.whl two_part-2.0-py3-none-any.whl" {
		t.Error(got)
	}
	var got []string
	for _, d := range layers[0].Dependencies {
		got = append(got, d.Name+" "+d.Version+" "+d.File)
	}
	if want := "one 1.0 one-1.0-py3-none-any.whl|two-part 2.0 two_part-2.0-py3-none-any.whl"; strings.Join(got, "|") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "|"), want)
	}
	l.noLeftovers()
}

func TestPyPIRefused(t *testing.T) {
	t.Parallel()
	edit := func(old, with string) func(l *lab) {
		return func(l *lab) {
			text, err := os.ReadFile(filepath.Join(l.source, "requirements.txt"))
			must(l.T, err)
			l.write("requirements.txt", strings.Replace(string(text), old, with, 1))
		}
	}
	for name, c := range map[string]struct {
		change func(l *lab)
		want   string
		line   int
	}{
		"another wheel": {func(l *lab) { l.registry.put("/packages/one-1.0-py3-none-any.whl", wheel(l.T, "one", "1.0", "evil\n")) },
			"requirements.txt:3: one 1.0: URL/packages/one-1.0-py3-none-any.whl does not have the pinned content", 3},
		"not pinned":     {edit("one==1.0", "one>=1.0"), "one>=1.0: want name==version with hashes", 3},
		"pattern":        {edit("one==1.0", "one==1.*"), "want name==version with hashes", 3},
		"no hash at all": {func(l *lab) { l.write("requirements.txt", "one==1.0\n") }, "requirements.txt:1: one has no --hash=sha256", 1},
		"bad hash":       {func(l *lab) { l.write("requirements.txt", "one==1.0 --hash=sha256:abc\n") }, "is no hash", 1},
		"editable":       {func(l *lab) { l.write("requirements.txt", "-e ./one\n") }, "this option is not supported", 1},
		"another file":   {func(l *lab) { l.write("requirements.txt", "-r more.txt\n") }, "this option is not supported", 1},
		"source":         {func(l *lab) { l.write("requirements.txt", "--no-binary=:all:\n") }, "this option is not supported", 1},
		"address":        {func(l *lab) { l.write("requirements.txt", "one @ https://example.org/one.whl\n") }, "want name==version", 1},
		"injected":       {edit(`; python_version >= "3.0"`, `; python_version >= "3.0" --global-option=x`), "want name==version", 7},
		"no such file":   {func(l *lab) { l.registry.put("/simple/one/", nil) }, "python3 failed with status", 0},
		"no project":     {func(l *lab) { delete(l.registry.files, "/simple/one/") }, "answered 404", 3},
		"uv": {func(l *lab) {
			must(l.T, os.Rename(filepath.Join(l.source, "requirements.txt"), filepath.Join(l.source, "uv.lock")))
		}, "uv.lock: pip does not read it, and no requirements.txt is beside it; uv export", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			pypiSource(l)
			c.change(l)
			_, err := l.Fetch(t.Context(), l.source, ".")
			var refused *Error
			if !errors.As(err, &refused) || !strings.Contains(err.Error()+"; "+refused.Do, strings.ReplaceAll(c.want, "URL", l.registry.URL)) || refused.Do == "" || refused.Line != c.line {
				t.Fatalf("got %v\nwant line %d: %s\n%s", err, c.line, c.want, said(err))
			}
			l.noLeftovers()
		})
	}
}

func TestIndexJSON(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	sum := hexSum([]byte("x"))
	l.registry.put("/simple/one/", fmt.Appendf(nil, `{"meta": {"api-version": "1.1"}, "files": [
		{"filename": "one-1.0.whl", "url": "https://files.example/one-1.0.whl", "hashes": {"sha256": %q}},
		{"filename": "one-2.0.whl", "url": "two", "hashes": {"md5": "x"}},
		{"filename": "../one-3.0.whl", "url": "three", "hashes": {"sha256": %[1]q}}]}`, sum))
	l.registry.json = true
	files, err := l.listing(t.Context(), "one")
	if err != nil || len(files) != 1 || files[0] != (indexFile{"one-1.0.whl", "https://files.example/one-1.0.whl", sum}) {
		t.Error(files, err)
	}
}

func FuzzRequirements(f *testing.F) {
	f.Add("one==1.0 \\\n  --hash=sha256:" + hexSum(nil) + "\n# c\n-i x\nb==2;python_version>'3' --hash=sha256:" + hexSum(nil))
	f.Fuzz(func(t *testing.T, text string) {
		pins, err := parseRequirements("requirements.txt", []byte(text))
		if err != nil {
			return
		}
		for _, r := range pins { // what pip is given says the same and nothing else
			line := r.String()
			if strings.ContainsAny(line, "\n\r") || len(r.sums) == 0 {
				t.Fatalf("%q", line)
			}
			again, err := parseRequirements("requirements.txt", []byte(line))
			if err != nil || len(again) != 1 || again[0].String() != line {
				t.Fatalf("%q became %v, %v", line, again, err)
			}
		}
	})
}

func FuzzGoSum(f *testing.F) {
	f.Add("example.org/a v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := newSumFile()
		number := 0
		for line := range strings.Lines(text) {
			number++
			if fields := strings.Fields(line); len(fields) > 0 && s.line(fields) != nil {
				return
			}
		}
		f := &Fetcher{}
		for path, to := range f.goRoutes(s) {
			if !strings.HasPrefix(path, "/") || strings.Contains(path, "..") && !strings.Contains(text, "..") || to.item == nil && to.page == nil {
				t.Fatalf("%q", path)
			}
		}
	})
}

func FuzzPackageLock(f *testing.F) {
	f.Add(`{"packages": {"node_modules/a": {"version": "1.0.0", "integrity": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		root, err := os.OpenRoot(t.TempDir())
		must(t, err)
		defer root.Close()
		l := &npmLock{fetcher: &Fetcher{options: Options{Registry: Registries{NPM: npmOrigin}}}, project: project{root, "."}, name: "package-lock.json", text: []byte(text)}
		plan, err := l.read([]byte("{}"))
		if err != nil || plan == nil {
			return
		}
		for _, to := range plan.routes {
			if to.item == nil || !strings.HasPrefix(to.item.url, "http") || to.item.pin.String() == "" {
				t.Fatalf("%+v", to.item)
			}
		}
	})
}
