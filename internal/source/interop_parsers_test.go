//go:build interop && linux

package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// verdicts is what the script of the other parser printed. Wrong counts edits called trivial that are not; missed those
// called code with equal trees, which costs a look and nothing else.
type verdicts struct{ Pairs, Unparsable, Wrong, Missed, Acorn int }

// perFile is how many edits of each file are tried.
const perFile = 80

// TestPythonInterop edits files of Python's library and compares the verdicts with ast and tokenize.
func TestPythonInterop(t *testing.T) {
	root := strings.TrimSpace(run(t, "", "python3", "-c", "import sysconfig; print(sysconfig.get_paths()['stdlib'])"))
	files := sources(t, root, 250, ".py")
	pairs := filepath.Join(t.TempDir(), "pairs")
	trivial := writePairs(t, pairs, files, []string{" ", "\n", "\t", "    ", "# c\n", "#", "\\\n", "'", "\"", "\"\"\"", "(", ")", ":", ",", "\r\n", "{", "f'", "\\", "pass\n", "\f"})
	judge(t, trivial, run(t, "", "python3", "testdata/interop.py", pairs))
}

// TestTypeScriptInterop does the same with packages of the registry that ship their sources, by the TypeScript compiler and
// acorn.
func TestTypeScriptInterop(t *testing.T) {
	modules := t.TempDir()
	if err := os.WriteFile(filepath.Join(modules, "package.json"), []byte(`{"private":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, modules, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", "acorn@8.14.0", "typescript@5.6.3", "rxjs@7.8.1", "zod@3.23.8", "preact@10.24.3", "@blueprintjs/core@5.10.0")
	root := filepath.Join(modules, "node_modules")
	var files []string
	for _, extension := range []string{".ts", ".tsx", ".js"} {
		files = append(files, sources(t, root, 120, extension)...)
	}
	pairs := filepath.Join(t.TempDir(), "pairs")
	trivial := writePairs(t, pairs, files, []string{" ", "\n", "\t", "  ", "// c\n", "/* c */", "/*\n*/", "//", "/*", "*/", "'", "\"", "`", "/", "<", ">", "{", "}", "(", ")", "[", "]", ";", ",", "\r\n", "<!--", "-->", "!", "++", "return\n", "${", "\\", "{' '}", "}/a/", "</a>"})
	judge(t, trivial, run(t, "", "node", "--stack-size=8000", "testdata/interop.cjs", pairs, modules))
}

func judge(t *testing.T, trivial int, out string) {
	t.Helper()
	var v verdicts
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	t.Logf("%d edits: %d called trivial, %d of them wrongly; %d called code with equal trees (%d compared with acorn too, %d not readable)", v.Pairs, trivial, v.Wrong, v.Missed, v.Acorn, v.Unparsable)
	if v.Wrong > 0 || v.Pairs < 1000 || trivial < 500 {
		t.Errorf("wrong verdicts, or too few edits: %+v", v)
	}
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	if text := stderr.String(); err != nil || strings.Contains(text, "WRONG") {
		t.Logf("%s: %v\n%s", name, err, text[:min(len(text), 4000)])
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// sources lists about limit files of one extension, spread over the tree.
func sources(t *testing.T, root string, limit int, extension string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil && d.Type().IsRegular() && filepath.Ext(path) == extension && !strings.HasSuffix(path, ".d.ts") && !strings.Contains(path, ".min.") && !strings.Contains(path, "generated") && info.Size() > 300 && info.Size() < 30000 {
			list = append(list, path)
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("no %s files below %s: %v", extension, root, err)
	}
	slices.Sort(list)
	var some []string
	for i := 0; i < len(list); i += max(1, len(list)/limit) {
		some = append(some, list[i])
	}
	return some
}

// writePairs writes edits of the files with our verdicts and gives the number called trivial.
func writePairs(t *testing.T, name string, files, pieces []string) int {
	t.Helper()
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	enc := json.NewEncoder(out)
	r := rand.New(rand.NewPCG(1, 2))
	trivial, inexact := 0, 0
	for _, path := range files {
		before, err := os.ReadFile(path)
		if err != nil || !utf8.Valid(before) {
			continue
		}
		language := languageOfExtension(strings.TrimPrefix(filepath.Ext(path), "."))
		if !lexed(language, before).exact {
			inexact++
		}
		for range perFile {
			after := mutate(r, before, pieces)
			effect := Effect(language, ClassSource, before, after)
			if effect != EffectCode {
				trivial++
			}
			if err := enc.Encode([]string{path, string(before), string(after), effect}); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d files, %d of them with a token in doubt", len(files), inexact)
	return trivial
}

// mutate makes one to three small edits, most of them near white space and comments, where the hard cases are.
func mutate(r *rand.Rand, data []byte, pieces []string) []byte {
	text := string(data)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(text) + 1)
		switch r.IntN(9) {
		case 0, 1:
			text = text[:i] + pieces[r.IntN(len(pieces))] + text[i:]
		case 2:
			text = atRune(text, i, "")
		case 3:
			text = atRune(text, i, "z")
		case 4: // join two lines
			text = replaceNear(text, i, "\n", " ")
		case 5:
			text = replaceNear(text, i, " ", "\n")
		case 6:
			text = replaceNear(text, i, " ", "  ")
		case 7:
			text = replaceNear(text, i, "\n", "\n"+pieces[r.IntN(len(pieces))])
		case 8:
			lines := strings.Split(text, "\n")
			k := r.IntN(len(lines))
			lines[k] = strings.Repeat(" ", r.IntN(3)) + lines[k]
			text = strings.Join(lines, "\n")
		}
	}
	return []byte(text)
}

func atRune(text string, i int, with string) string {
	if i >= len(text) || text[i] >= utf8.RuneSelf {
		return text
	}
	return text[:i] + with + text[i+1:]
}

func replaceNear(text string, i int, old, with string) string {
	at := strings.Index(text[i:], old)
	if at < 0 {
		return text
	}
	return text[:i+at] + with + text[i+at+len(old):]
}

var attributePaths = []string{
	"a.go", "sub/a.go", "sub/deep/a.go", "sub/deep/er/a.go", "x.min.js", "lib/x.min.js", "top.txt", "sub/top.txt", "with space.txt", "docs/a.go", "docs/a/b.md", "docs", "deep/x.txt", "q/deep/x.txt",
	"sub/deep/x.txt", "sub/a.md", "sub/deep/a.md", "a.txt", "d.txt", "dd.txt", "1.txt", "f.bin", "f.mac", "folder/a", "neg", "!neg", "f.X", "f.x", "esc*.txt", "escx.txt", "a/z", "a/b/z", "a/b/c/z", "z",
	"f.tail", "indented", "sub/anchored", "sub/deep/anchored", "sub/x/y.txt", "x/y.txt", "sub/f.loc", "f.none", ".gitattributes", "q b.txt", "sub", "sub/sub/a.md",
}

// TestAttributesInterop asks git about the same tree of .gitattributes.
func TestAttributesInterop(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, "git", "init", "-q")
	for path, text := range attributeFiles {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	attrs := parseTree(attributeFiles)
	out := run(t, dir, "git", append([]string{"check-attr", "-z", "-a", "--"}, attributePaths...)...)
	git := map[string]string{}
	fields := strings.Split(out, "\x00")
	for i := 0; i+2 < len(fields); i += 3 {
		git[fields[i]+" "+fields[i+1]] = strings.NewReplacer("unset", "false", "set", "true").Replace(fields[i+2])
	}
	ours := map[string]string{}
	for _, path := range attributePaths {
		for name, value := range attrs.lookup(path) {
			if value != "" {
				ours[path+" "+name] = value
			}
		}
	}
	if fmt.Sprint(git) != fmt.Sprint(ours) {
		for k := range git {
			if git[k] != ours[k] {
				t.Errorf("%s: git says %q, we %q", k, git[k], ours[k])
			}
		}
		for k := range ours {
			if _, known := git[k]; !known {
				t.Errorf("%s: git says nothing, we %q", k, ours[k])
			}
		}
	}
	t.Logf("%d attributes of %d paths compared with git", len(git), len(attributePaths))
}
