package git

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestCheckout(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.symlink("dir/x", "link")
	f.symlink("/etc/passwd", "absolute")
	f.symlink("../../up", "dirlink")
	f.write("run", "#!/bin/sh\n")
	must[struct{}](t)(struct{}{}, os.Chmod(f.path("run"), 0o755))
	f.write("lfs", "version https://git-lfs.github.com/spec/v1\n")
	head := f.commit("one", "dir/x", "x\n", "odd\nname", "o\n", "win.bat", "a\n", ".gitattributes", "*.bat eol=crlf\nlfs filter=lfs\n")
	f.git("update-index", "--add", "--cacheinfo", "160000,"+string(head)+",sub")
	f.git("commit", "-q", "-m", "sub")
	head = f.rev("HEAD")
	r := f.open()
	ctx := t.Context()
	dir := filepath.Join(realTemp(t), "a", "b")
	if err := r.Checkout(ctx, head, dir, CheckoutOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"dir/x": "x\n", "odd\nname": "o\n", "win.bat": "a\r\n", "lfs": "version https://git-lfs.github.com/spec/v1\n", "run": "#!/bin/sh\n"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want {
			t.Errorf("%q: %q, %v", name, data, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "run")); err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("run: %v, %v", info, err)
	}
	if target, err := os.Readlink(filepath.Join(dir, "absolute")); err != nil || target != "/etc/passwd" {
		t.Errorf("absolute: %q, %v", target, err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "sub")); err != nil || len(entries) != 0 {
		t.Errorf("sub: %v, %v", entries, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, ".git")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf(".git: %v", err)
	}
	if err := r.Checkout(ctx, head, dir, CheckoutOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("into a full folder: %v", err)
	}
	for _, inside := range []string{f.path("sub/x"), f.path(".git/x"), f.dir} {
		if err := r.Checkout(ctx, head, inside, CheckoutOptions{}); err == nil {
			t.Errorf("into %s", inside)
		}
	}
	links := must[[]Symlink](t)(r.EscapingSymlinks(ctx, head))
	if !reflect.DeepEqual(links, []Symlink{{"absolute", "/etc/passwd"}, {"dirlink", "../../up"}}) {
		t.Errorf("escaping: %v", links)
	}
	var escape *EscapeError
	if err := r.Checkout(ctx, head, filepath.Join(realTemp(t), "x"), CheckoutOptions{RefuseEscaping: true}); !errors.As(err, &escape) {
		t.Errorf("RefuseEscaping: %v", err)
	}
}

func TestCheckoutWithGit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("zero", "old", "o\n")
	f.remove("old")
	head := f.commit("one", "a", "a\n", "d/b", "b\n", ".gitattributes", "* text=auto\n")
	dir := filepath.Join(realTemp(t), "x")
	r, err := open(t.Context(), f.dir, testEnv(f.home))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Checkout(t.Context(), head, dir, CheckoutOptions{WithGit: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	must[struct{}](t)(struct{}{}, os.RemoveAll(f.dir)) // nothing may be borrowed
	g := f.at(dir)
	if out := g.git("status", "--porcelain"); out != "" {
		t.Errorf("status %q", out)
	}
	g.git("fsck", "--strict")
	if out := g.git("log", "--format=%s", "--all"); out != "checkout" {
		t.Errorf("log %q", out)
	}
	if out := g.git("branch", "--show-current"); out != "main" {
		t.Errorf("branch %q", out)
	}
	g.write("a", "changed\n")
	if out := g.git("diff", "--name-only"); out != "a" {
		t.Errorf("diff %q", out)
	}
}

// mktree writes a tree that git's own commands would not make.
func (f *fixture) mktree(entries ...string) OID {
	f.t.Helper()
	var data strings.Builder
	for i := 0; i < len(entries); i += 3 { // mode, name, object
		data.WriteString(entries[i] + " " + entries[i+1] + "\x00")
		for j := 0; j < len(entries[i+2]); j += 2 {
			data.WriteByte(unhex(entries[i+2][j])<<4 | unhex(entries[i+2][j+1]))
		}
	}
	return OID(f.gitIn(data.String(), "hash-object", "-t", "tree", "-w", "--stdin", "--literally"))
}

func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func TestCheckoutRefusesEvilTrees(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	blob := f.gitIn("#!/bin/sh\n", "hash-object", "-w", "--stdin")
	link := f.gitIn("/tmp", "hash-object", "-w", "--stdin")
	hook := string(f.mktree("100755", "post-checkout", blob))
	hooks := string(f.mktree("40000", "hooks", hook))
	inner := string(f.mktree("100644", "evil", blob))
	for name, tree := range map[string]OID{
		".git":           f.mktree("40000", ".git", hooks),
		".GIT":           f.mktree("40000", ".GIT", hooks),
		"git~1":          f.mktree("40000", "git~1", hooks),
		".g\u200cit":     f.mktree("40000", ".g\u200cit", hooks),
		"..":             f.mktree("40000", "..", inner),
		".":              f.mktree("40000", ".", inner),
		"a/../../evil":   f.mktree("100644", "a/../../evil", blob),
		"/abs":           f.mktree("100644", "/abs", blob),
		"link and dir":   f.mktree("120000", "d", link, "40000", "d", inner),
		"deep .git":      f.mktree("40000", "d", string(f.mktree("40000", ".git", hooks))),
		"submodule .git": f.mktree("160000", ".git", blob),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer := realTemp(t)
			dir := filepath.Join(outer, "in")
			err := f.open().Checkout(t.Context(), tree, dir, CheckoutOptions{})
			if err == nil {
				t.Error("accepted")
			}
			entries := must[[]os.DirEntry](t)(os.ReadDir(outer))
			_, escaped := os.Lstat("/tmp/evil")
			if len(entries) > 1 || escaped == nil {
				t.Errorf("written outside: %v", entries)
			}
			if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
				t.Error("there is a .git")
			}
		})
	}
}

func TestEscapes(t *testing.T) {
	t.Parallel()
	for link, want := range map[[2]string]bool{
		{"a", "b"}: false, {"a", "."}: false, {"a", "./b/c"}: false, {"a", ".."}: true, {"d/a", ".."}: false, {"d/a", "../b"}: false,
		{"d/a", "../../b"}: true, {"a", "/b"}: true, {"a", "b/../c"}: true, {"a", `..\b`}: true, {"a", `C:\b`}: true, {"d/e/a", "../../x"}: false,
		{"a", ""}: false, {"a", "x//y"}: false,
	} {
		if got := escapes(link[0], link[1]); got != want {
			t.Errorf("%s -> %s: %v", link[0], link[1], got)
		}
	}
}
