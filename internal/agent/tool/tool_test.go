package tool

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line\n", 3000)
	f := open(t, map[string]string{"a.txt": "one\r\ntwo\nthree", "long.txt": long, "wide.txt": strings.Repeat("é", 5000), "empty": "", "bin": "a\x00b", "dir/a.txt": "x"})
	for name, c := range map[string]struct {
		path          string
		from, count   int
		want, wantErr string
	}{
		"whole":      {path: "a.txt", want: "    1\tone\n    2\ttwo\n    3\tthree\n"},
		"absolute":   {path: filepath.Join(f.Dir(), "a.txt"), from: 3, want: "    3\tthree\n"},
		"range":      {path: "./dir/../a.txt", from: 2, count: 1, want: "    2\ttwo\n(line 2 to 2 of 3; read on with from 3)\n"},
		"long":       {path: "long.txt", want: "(line 1 to 2000 of 3000; read on with from 2001)\n"},
		"wide":       {path: "wide.txt", want: "(8000 bytes more)"},
		"empty":      {path: "empty", want: "(empty is empty)"},
		"past end":   {path: "a.txt", from: 4, wantErr: "a.txt has 3 lines; there is no line 4"},
		"binary":     {path: "bin", wantErr: "binary file of 3 bytes"},
		"folder":     {path: "dir", wantErr: "use list"},
		"missing":    {path: "src/a.txt", wantErr: "src/a.txt does not exist; did you mean a.txt or dir/a.txt?"},
		"above":      {path: "../x", wantErr: "outside of the repository"},
		"above deep": {path: "dir/../../x", wantErr: "outside of the repository"},
		"elsewhere":  {path: "/etc/passwd", wantErr: "outside of the repository"},
		"zero":       {path: "a\x00b", wantErr: "zero byte"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := f.Read(c.path, c.from, c.count)
			switch {
			case c.wantErr == "" && (err != nil || !strings.HasSuffix(strings.TrimSpace(got), strings.TrimSpace(c.want))):
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			case c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)):
				t.Errorf("error %v; want %q", err, c.wantErr)
			}
			if len(got) > maxReadBytes+200 {
				t.Errorf("%d bytes", len(got))
			}
		})
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	f := open(t, map[string]string{"run.sh": "#!/bin/sh\n"})
	if err := os.Chmod(filepath.Join(f.Dir(), "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if text, err := f.Write("a/b/c.txt", "x\ny\n"); err != nil || text != "made a/b/c.txt, lines: 2" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := f.Write("run.sh", "#!/bin/bash\n"); err != nil || text != "wrote run.sh, lines: 1" {
		t.Errorf("%q, %v", text, err)
	}
	info, err := os.Stat(filepath.Join(f.Dir(), "run.sh"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, err := f.Write("a/b", "x"); err == nil {
		t.Errorf("a folder was written: %q", text)
	}
}

func repository(t *testing.T) *Folder {
	t.Helper()
	f := open(t, map[string]string{".gitignore": "build/\n", "main.go": "package main\n\nfunc main() { run() }\n", "lib/a.go": "package lib\n\n// Run runs.\nfunc Run() {}\n",
		"lib/deep/b.go": "package deep\n", "build/out.go": "func Run() {}\n", "bin": "Run\x00"})
	if out, err := exec.Command("git", "-C", f.Dir(), "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("git init: %v: %s", err, out)
	}
	return f
}

func TestListAndSearch(t *testing.T) {
	t.Parallel()
	f := repository(t)
	ctx := t.Context()
	show := func(got string, err error) string {
		if err != nil {
			return "error: " + err.Error()
		}
		return got
	}
	for name, c := range map[string]struct{ got, want string }{
		"list":             {show(f.List(ctx, "", "")), ".gitignore\nbin\nlib/ (2)\nmain.go\n"},
		"list folder":      {show(f.List(ctx, "lib", "")), "a.go\ndeep/ (1)\n"},
		"list glob":        {show(f.List(ctx, ".", "*.go")), "lib/a.go\nlib/deep/b.go\nmain.go\n"},
		"list deep glob":   {show(f.List(ctx, "lib", "deep/**")), "lib/deep/b.go\n"},
		"list ignored":     {show(f.List(ctx, "build", "")), "(nothing; ignored files are not listed)"},
		"list file":        {show(f.List(ctx, "main.go", "")), "error: main.go is a file; use read"},
		"list missing":     {show(f.List(ctx, "src", "")), "error: src does not exist"},
		"list bad glob":    {show(f.List(ctx, "", "{a")), "error: glob"},
		"search":           {show(f.Search(ctx, `Run\(`, "", "")), "lib/a.go:4: func Run() {}\n"},
		"search anchored":  {show(f.Search(ctx, `^func`, "", "")), "lib/a.go:4: func Run() {}\nmain.go:3: func main() { run() }\n"},
		"search case":      {show(f.Search(ctx, `(?i)run\(`, "", "*.go")), "lib/a.go:4: func Run() {}\nmain.go:3: func main() { run() }\n"},
		"search in folder": {show(f.Search(ctx, `package`, "lib/deep", "")), "lib/deep/b.go:1: package deep\n"},
		"search in file":   {show(f.Search(ctx, `package`, "main.go", "")), "main.go:1: package main\n"},
		"search none":      {show(f.Search(ctx, `zebra`, "lib", "")), "(no match in 2 files"},
		"search bad":       {show(f.Search(ctx, `f(`, "", "")), "error: error parsing regexp"},
		"search outside":   {show(f.Search(ctx, `x`, "..", "")), "error: .. is outside"},
	} {
		if !strings.HasPrefix(c.got, c.want) {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

// Of a sparse checkout only what is there is listed, and what is left out is told as such.
func TestSparse(t *testing.T) {
	t.Parallel()
	for _, index := range []string{"--no-sparse-index", "--sparse-index"} {
		f := open(t, map[string]string{"top.txt": "x", "in/a.txt": "x", "out/deep/b.txt": "x", "out/c.txt": "x"})
		for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"}, {"sparse-checkout", "set", "--cone", index, "in"}} {
			if out, err := exec.Command("git", append([]string{"-C", f.Dir()}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v: %s", args, err, out)
			}
		}
		if text, err := f.List(t.Context(), "", "*.txt"); err != nil || text != "in/a.txt\ntop.txt\n" {
			t.Errorf("%s: %q, %v", index, text, err)
		}
		if _, err := f.Read("out/deep/b.txt", 0, 0); err == nil || !strings.Contains(err.Error(), "the task's part of the repository only") {
			t.Errorf("%s: %v", index, err)
		}
	}
}

// Without git the folder is walked.
func TestListWithoutGit(t *testing.T) {
	t.Parallel()
	f := open(t, map[string]string{"a.go": "x", "node_modules/x/y.js": "x", "d/e/f": "x"})
	got, err := f.walk(t.Context())
	if err != nil || strings.Join(got, " ") != "a.go d/e/f" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 700 {
		files[fmt.Sprintf("f%03d.txt", i)] = "needle " + strings.Repeat("x", 1000) + "\n"
	}
	f := open(t, files)
	text, err := f.List(t.Context(), "", "")
	if err != nil || !strings.Contains(text, "(200 more;") {
		t.Errorf("list: %v", err)
	}
	text, err = f.Search(t.Context(), "needle", "", "")
	if err != nil || !strings.Contains(text, "(500 more matches;") || len(text) > 80_000 {
		t.Errorf("search: %d bytes, %v", len(text), err)
	}
}

func TestRun(t *testing.T) {
	t.Setenv("ADAMANT_TOKEN", "adm_secret")
	f := open(t, map[string]string{"a": "x"})
	for name, c := range map[string]struct {
		command string
		status  int
		want    string
	}{
		"well":    {"ls; echo to stderr >&2", 0, "a\nto stderr\n(exit 0, "},
		"fails":   {"echo no; exit 3", 3, "no\n(exit 3, "},
		"signal":  {"kill -9 $$", 128, "(ended by signal: killed)"},
		"silent":  {"true", 0, "(exit 0, "},
		"colour":  {`printf '\033[31mred\033[0m\a\033]0;title\007\n'`, 0, "red\n(exit"},
		"bars":    {`printf '10%%\r50%%\r100%%\nend'`, 0, "100%\nend\n(exit"},
		"secret":  {"env | grep -c adm_secret", 1, "0\n(exit 1"},
		"input":   {"cat", 0, "(exit 0"},
		"unknown": {"no-such-command-here", 127, "not found"},
	} {
		text, status, err := f.Run(t.Context(), c.command, 0)
		if err != nil || status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: %q, %d, %v", name, text, status, err)
		}
	}
	if _, _, err := f.Run(t.Context(), " ", 0); err == nil {
		t.Error("an empty command ran")
	}
}

// However much a command writes, little is held.
func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	var o output
	chunk := []byte(strings.Repeat("x", 32<<10))
	for range 1000 {
		if n, err := o.Write(chunk); n != len(chunk) || err != nil {
			t.Fatal(n, err)
		}
	}
	if cap(o.tail) > 8*keepTail || len(o.text()) > keepHead+keepTail+100 {
		t.Errorf("%d bytes are held, %d shown", cap(o.tail), len(o.text()))
	}
}

// Of long output the beginning and the end are kept.
func TestRunBounds(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	text, _, err := f.Run(t.Context(), "echo begins; yes filler | head -c 5000000; echo ends", 0)
	if err != nil || !strings.HasPrefix(text, "begins\n") || !strings.Contains(text, "ends\n(exit 0") || !strings.Contains(text, "bytes left out") || len(text) > keepHead+keepTail+200 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestRunCancelled(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if text, _, err := f.Run(ctx, "sleep 60", 0); err == nil {
		t.Errorf("%q", text)
	}
}
