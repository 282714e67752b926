package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/exectest"
)

// bothFormats runs a test in a SHA-1 and in a SHA-256 repository.
func bothFormats(t *testing.T, test func(t *testing.T, f *fixture, r *Repo)) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, "--bare", "--object-format="+format)
			test(t, f, f.open())
		})
	}
}

var someone = Signature{Name: "C O Mitter", Email: "committer@example.com", When: time.Unix(1_700_000_000, 0).UTC()}

// commits writes n commits in a row without references.
func commits(t *testing.T, r *Repo, n int) []OID {
	t.Helper()
	tree := must[OID](t)(r.WriteTree(t.Context(), nil))
	var ids []OID
	for i := range n {
		c := NewCommit{Tree: tree, Author: someone, Committer: someone, Message: fmt.Sprintf("commit %d", i)}
		if i > 0 {
			c.Parents = ids[i-1:]
		}
		ids = append(ids, must[OID](t)(r.WriteCommit(t.Context(), c)))
	}
	return ids
}

func TestUpdateRefs(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		ctx, c := t.Context(), commits(t, r, 3)
		ok := func(updates ...RefUpdate) {
			t.Helper()
			if err := r.UpdateRefs(ctx, updates); err != nil {
				t.Fatal(err)
			}
		}
		ok()
		ok(RefUpdate{Name: "refs/x/b", New: c[0]}, RefUpdate{Name: "refs/x/a", New: c[1]}, RefUpdate{Name: "refs/y/none"})
		ok(RefUpdate{Name: "refs/x/b", Old: c[0], New: c[0]}, RefUpdate{Name: "refs/x/a", Old: c[1], New: c[2]})
		want := []Ref{{"refs/x/a", c[2]}, {"refs/x/b", c[0]}}
		if refs := must[[]Ref](t)(r.Refs(ctx, "refs/x/", "refs/x/a")); !slices.Equal(refs, want) {
			t.Errorf("refs %v, want %v", refs, want)
		}
		f.git("pack-refs", "--all")
		ok(RefUpdate{Name: "refs/x/b", Old: c[0]})
		if id := must[OID](t)(r.Ref(ctx, "refs/x/b")); id != "" {
			t.Errorf("refs/x/b is %s after its deletion", id)
		}
		if id := must[OID](t)(r.Ref(ctx, "refs/x")); id != "" {
			t.Errorf("the folder refs/x reads as %s", id)
		}
	})
}

// A refused transaction says why in a type and moves nothing.
func TestUpdateRefsRefused(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		ctx, c := t.Context(), commits(t, r, 2)
		if err := r.UpdateRefs(ctx, []RefUpdate{{Name: "refs/x/a", New: c[0]}}); err != nil {
			t.Fatal(err)
		}
		lock := f.path("refs/x/locked.lock")
		f.write("refs/x/locked.lock", "")
		for name, test := range map[string]struct {
			update RefUpdate
			want   error
		}{
			"moved":          {RefUpdate{"refs/x/a", c[1], c[0]}, &RefMovedError{"refs/x/a", c[1], c[0]}},
			"gone":           {RefUpdate{"refs/x/none", c[1], c[0]}, &RefMovedError{"refs/x/none", c[1], ""}},
			"exists":         {RefUpdate{"refs/x/a", "", c[1]}, &RefMovedError{"refs/x/a", "", c[0]}},
			"delete moved":   {RefUpdate{"refs/x/a", c[1], ""}, &RefMovedError{"refs/x/a", c[1], c[0]}},
			"verify":         {RefUpdate{"refs/x/a", c[1], c[1]}, &RefMovedError{"refs/x/a", c[1], c[0]}},
			"verify gone":    {RefUpdate{"refs/x/none", c[1], c[1]}, &RefMovedError{"refs/x/none", c[1], ""}},
			"verify absence": {RefUpdate{"refs/x/a", "", ""}, &RefMovedError{"refs/x/a", "", c[0]}},
			"locked":         {RefUpdate{"refs/x/locked", "", c[0]}, &RefLockedError{"refs/x/locked", lock}},
			"below":          {RefUpdate{"refs/x/a/b", "", c[0]}, &RefClashError{"refs/x/a/b", "refs/x/a"}},
			"above":          {RefUpdate{"refs/x", "", c[0]}, &RefClashError{"refs/x", "refs/x/a"}},
			"pair":           {RefUpdate{"refs/z/first/b", "", c[0]}, &RefClashError{"refs/z/first", "refs/z/first/b"}},
		} {
			err := r.UpdateRefs(ctx, []RefUpdate{{Name: "refs/z/first", New: c[0]}, test.update})
			if err == nil || !strings.Contains(err.Error(), test.want.Error()) {
				t.Errorf("%s: %v, want %v", name, err, test.want)
			}
			if fmt.Sprintf("%T", errors.Unwrap(err)) != fmt.Sprintf("%T", test.want) {
				t.Errorf("%s: error of type %T, want %T", name, errors.Unwrap(err), test.want)
			}
			if id := must[OID](t)(r.Ref(ctx, "refs/z/first")); id != "" {
				t.Fatalf("%s: a refused transaction moved a reference", name)
			}
		}
		f.write("packed-refs.lock", "")
		err := r.UpdateRefs(ctx, []RefUpdate{{Name: "refs/x/a", Old: c[0]}})
		if locked := (*RefLockedError)(nil); !errors.As(err, &locked) || locked.Name != "" || locked.Lock != f.path("packed-refs.lock") {
			t.Errorf("packed-refs.lock: %v", err)
		}
	})
}

func TestUpdateRefsBadInput(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	r := f.open()
	c := commits(t, r, 1)
	absent := OID(strings.Repeat("1", 40))
	for _, u := range []RefUpdate{
		{Name: "HEAD", New: c[0]}, {Name: "refs/../x", New: c[0]}, {Name: "refs/x\nverify refs/y", New: c[0]},
		{Name: "refs/x.lock/y", New: c[0]}, {Name: "refs//x", New: c[0]}, {Name: "refs/.x", New: c[0]}, {Name: "refs/x@{1}", New: c[0]},
		{Name: "refs/x", New: "main"}, {Name: "refs/x", New: c[0][:12]}, {Name: "refs/x", New: absent}, {Name: "refs/x", Old: absent},
	} {
		if err := r.UpdateRefs(t.Context(), []RefUpdate{u}); err == nil {
			t.Errorf("%q was accepted", u)
		}
	}
	err := r.UpdateRefs(t.Context(), []RefUpdate{{Name: "refs/x", New: absent}})
	if missing := (*MissingError)(nil); !errors.As(err, &missing) {
		t.Errorf("an absent object: %v, want a MissingError", err)
	}
}

// Git ignores a broken reference with a warning; a kernel must not.
func TestRefsBroken(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	r := f.open()
	f.write("refs/x/empty", "")
	if refs, err := r.Refs(t.Context()); err == nil {
		t.Errorf("an empty reference file was left out: %v", refs)
	}
	if id, err := r.Ref(t.Context(), "refs/x/empty"); err == nil {
		t.Errorf("an empty reference file reads as %q", id)
	}
}

// cancelling ends a context when git is about to read its commands.
type cancelling struct {
	cancel context.CancelFunc
	input  *bytes.Buffer
}

func (c *cancelling) Read(p []byte) (int, error) {
	c.cancel()
	return c.input.Read(p)
}

// A git killed between two renames leaves half a transaction: a caller who goes away must not do that.
func TestUpdateRefsIsNotCut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	r := f.open()
	id := commits(t, r, 1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	c := r.store("update-ref", "--stdin", "-z")
	c.stdin = &cancelling{cancel, must[*bytes.Buffer](t)(r.transaction([]RefUpdate{{Name: "refs/x/a", New: id}}))}
	if err := c.finish(ctx); err != nil {
		t.Errorf("a transaction that had begun: %v", err)
	}
	if err := r.UpdateRefs(ctx, []RefUpdate{{Name: "refs/x/b", New: id}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a transaction that had not begun: %v", err)
	}
	refs := must[[]Ref](t)(r.Refs(t.Context()))
	if want := []Ref{{"refs/x/a", id}}; !slices.Equal(refs, want) {
		t.Errorf("refs %v, want %v", refs, want)
	}
}

// No hook of the repository runs when references move or objects come and go, nor anything that the user's configuration
// names. (Of a push, the hooks of the receiving repository do: they are its own choice.)
func TestWritesRunNoHooks(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(realTemp(t), "ran")
	f, receiver := newFixture(t, "--bare"), newFixture(t, "--bare")
	usual := filepath.Join(f.home, "hooks")
	for _, hook := range []string{"reference-transaction", "pre-push", "post-update", "pre-receive", "post-receive", "update", "pre-auto-gc"} {
		for _, dir := range []string{usual, f.path("hooks")} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := exectest.WriteFile(filepath.Join(dir, hook), []byte("#!/bin/sh\necho \"$0\" >>'"+mark+"'\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := []byte("[core]\n\thooksPath = " + usual + "\n\tfsmonitor = " + usual + "/update\n[uploadpack]\n\tpackObjectsHook = " + usual + "/update\n")
	if err := os.WriteFile(filepath.Join(f.home, ".gitconfig"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, r := t.Context(), f.open()
	id := commits(t, r, 1)[0]
	if err := r.UpdateRefs(ctx, []RefUpdate{{Name: "refs/heads/main", New: id}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Push(ctx, receiver.dir, []string{"refs/heads/main:refs/heads/copy"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Fetch(ctx, receiver.dir, []string{"refs/heads/copy:refs/heads/copy"}, FetchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := r.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if ran, err := os.ReadFile(mark); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("hooks ran (%v):\n%s", err, ran)
	}
}

func TestWriteObjects(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		ctx := t.Context()
		text := must[OID](t)(r.WriteBlob(ctx, []byte("text\n")))
		if want := OID(f.gitIn("text\n", "hash-object", "--stdin")); text != want {
			t.Errorf("blob %s, git says %s", text, want)
		}
		if again := must[OID](t)(r.WriteBlob(ctx, []byte("text\n"))); again != text {
			t.Errorf("written again it is %s", again)
		}
		sub := must[OID](t)(r.WriteTree(ctx, []Entry{{"x", ModeExec, text}}))
		tree := must[OID](t)(r.WriteTree(ctx, []Entry{{"a.txt", ModeFile, text}, {"a", ModeTree, sub}, {"a-", ModeSymlink, text},
			{"module", ModeGitlink, OID(strings.Repeat("1", r.hexLen()))}}))
		if names := f.git("ls-tree", "--name-only", string(tree)); names != "a-\na.txt\na\nmodule" {
			t.Errorf("tree lists %q", names)
		}
		id := must[OID](t)(r.WriteCommit(ctx, NewCommit{Tree: tree, Author: someone, Committer: someone, Message: "subject\n\nbody"}))
		commit := must[Commit](t)(r.Commit(ctx, id))
		if commit.Tree != tree || commit.Message != "subject\n\nbody\n" || commit.Author != someone {
			t.Errorf("commit reads as %+v", commit)
		}
		f.git("update-ref", "refs/heads/main", string(id))
		f.git("fsck", "--strict", "--full")
		leftovers, err := filepath.Glob(f.path("objects/*/tmp_obj_*"))
		if err != nil || len(leftovers) > 0 {
			t.Errorf("left over: %v, %v", leftovers, err)
		}
	})
}

func TestWriteObjectsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	r := f.open()
	ctx := t.Context()
	blob := must[OID](t)(r.WriteBlob(ctx, []byte("x")))
	absent := OID(strings.Repeat("1", 40))
	for _, entries := range [][]Entry{
		{{"a/b", ModeFile, blob}}, {{".git", ModeFile, blob}}, {{".GIT", ModeFile, blob}}, {{"..", ModeFile, blob}}, {{"", ModeFile, blob}},
		{{"a", "100600", blob}}, {{"a", ModeFile, "main"}}, {{"a", ModeFile, absent}}, {{"a", ModeTree, blob}},
		{{"a", ModeFile, blob}, {"a", ModeExec, blob}}, {{"a\x00b", ModeFile, blob}},
	} {
		if id, err := r.WriteTree(ctx, entries); err == nil {
			t.Errorf("tree %q was written as %s", entries, id)
		}
	}
	tree := must[OID](t)(r.WriteTree(ctx, nil))
	good := NewCommit{Tree: tree, Author: someone, Committer: someone, Message: "x"}
	for what, change := range map[string]func(*NewCommit){
		"name with newline": func(c *NewCommit) { c.Author.Name = "a\nparent " + string(absent) },
		"name with bracket": func(c *NewCommit) { c.Author.Name = "a <b>" },
		"no name":           func(c *NewCommit) { c.Committer.Name = "" },
		"bad address":       func(c *NewCommit) { c.Committer.Email = "a> 1 +0000\nx" },
		"no time":           func(c *NewCommit) { c.Author.When = time.Time{} },
		"NUL":               func(c *NewCommit) { c.Message = "a\x00b" },
		"absent parent":     func(c *NewCommit) { c.Parents = []OID{absent} },
		"parent is a tree":  func(c *NewCommit) { c.Parents = []OID{tree} },
		"tree is a blob":    func(c *NewCommit) { c.Tree = blob },
		"signer fails":      func(c *NewCommit) { c.Sign = signerFunc(func([]byte) ([]byte, error) { return nil, errClosed }) },
		"signer lies":       func(c *NewCommit) { c.Sign = signerFunc(func([]byte) ([]byte, error) { return []byte("x\n\ny"), nil }) },
	} {
		c := good
		change(&c)
		if id, err := r.WriteCommit(ctx, c); err == nil {
			t.Errorf("%s: written as %s", what, id)
		}
	}
}

type signerFunc func([]byte) ([]byte, error)

func (f signerFunc) Sign(_ context.Context, payload []byte) ([]byte, error) { return f(payload) }

// Git itself verifies what was signed.
func TestSignedCommit(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		key := filepath.Join(realTemp(t), "key")
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "gate", "-f", key).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
		sign := signerFunc(func(payload []byte) ([]byte, error) {
			cmd := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", key)
			cmd.Stdin = bytes.NewReader(payload)
			return cmd.Output()
		})
		c := NewCommit{Tree: r.EmptyTree(), Author: someone, Committer: someone, Message: "signed", Sign: sign}
		if _, err := r.WriteTree(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		id := must[OID](t)(r.WriteCommit(t.Context(), c))
		public, err := os.ReadFile(key + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		f.write("allowed", "committer@example.com "+string(public))
		f.git("-c", "gpg.ssh.allowedSignersFile="+f.path("allowed"), "verify-commit", string(id))
		f.git("fsck", "--strict", string(id))
	})
}

// What only a merge's temporary store holds can be neither named by a reference nor committed, until it is kept.
func TestKeep(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		f := newFixture(t, "--object-format="+format)
		f.commit("base", "a", "1\n2\n3\n", "dir/sub/b", "b\n")
		f.git("branch", "side")
		base := f.commit("ours", "a", "one\n2\n3\n")
		f.git("switch", "-q", "side")
		head := f.commit("theirs", "a", "1\n2\nthree\n", "dir/sub/c", "c\n")
		r := f.open()
		tree := must[MergeResult](t)(r.Merge(t.Context(), base, head)).Tree
		c := NewCommit{Tree: tree, Parents: []OID{base}, Author: someone, Committer: someone, Message: "landing"}
		missing := (*MissingError)(nil)
		if _, err := r.WriteCommit(t.Context(), c); !errors.As(err, &missing) {
			t.Fatalf("committing a tree of the temporary store: %v", err)
		}
		if err := r.UpdateRefs(t.Context(), []RefUpdate{{Name: "refs/x", New: tree}}); err == nil {
			t.Fatal("a reference names an object of the temporary store")
		}
		if n := must[int](t)(r.Keep(t.Context(), tree)); n != 2 { // the tree and the merged file: git has the rest
			t.Errorf("kept %d objects", n)
		}
		if n := must[int](t)(r.Keep(t.Context(), tree)); n != 0 {
			t.Errorf("kept %d objects twice", n)
		}
		id := must[OID](t)(r.WriteCommit(t.Context(), c))
		if err := r.UpdateRefs(t.Context(), []RefUpdate{{Name: "refs/heads/landed", New: id}}); err != nil {
			t.Fatal(err)
		}
		f.git("fsck", "--full", "--strict")
	}
}

// Copy brings the closure and nothing else, one by one and as a pack.
func TestCopy(t *testing.T) {
	t.Parallel()
	for _, files := range []int{3, 2 * looseObjects} {
		f := newFixture(t)
		f.commit("secret", "secret", "nobody's business\n")
		f.git("checkout", "-q", "--orphan", "clean")
		for i := range files {
			f.write(fmt.Sprintf("dir%d/file%d", i%5, i), fmt.Sprint(i))
		}
		f.remove("secret")
		id := f.commit("clean")
		from := f.open()
		bare := newFixture(t, "--bare")
		to := bare.open()
		if n := must[int](t)(to.Copy(t.Context(), from, id)); n < files {
			t.Errorf("copied %d objects for %d files", n, files)
		}
		if err := to.UpdateRefs(t.Context(), []RefUpdate{{Name: "refs/heads/main", New: id}}); err != nil {
			t.Fatal(err)
		}
		bare.git("fsck", "--full", "--strict")
		if unwanted := bare.git("fsck", "--unreachable", "--no-progress"); unwanted != "" {
			t.Errorf("copied more than the closure:\n%s", unwanted)
		}
		packs, err := filepath.Glob(bare.path("objects/pack/*.pack"))
		if err != nil || (len(packs) > 0) != (files > looseObjects) {
			t.Errorf("%d files: packs %v, %v", files, packs, err)
		}
		if n := must[int](t)(to.Copy(t.Context(), from, id)); n != 0 {
			t.Errorf("copied %d objects again", n)
		}
	}
	sha1, sha256 := newFixture(t, "--bare"), newFixture(t, "--bare", "--object-format=sha256")
	if _, err := sha1.open().Copy(t.Context(), sha256.open()); err == nil {
		t.Error("copied between object formats")
	}
}

func TestInitBare(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		dir := filepath.Join(realTemp(t), "a folder", "kernel.git")
		opt := InitOptions{Format: format, Private: true, Config: [][2]string{{"gc.auto", "0"}}}
		for range 2 {
			r := must[*Repo](t)(InitBare(t.Context(), dir, opt))
			if r.ObjectFormat() != format || !r.Bare() {
				t.Errorf("opened a %s repository, bare %v", r.ObjectFormat(), r.Bare())
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			opt.Config = append(opt.Config, [2]string{"core.fsync", "committed,loose-object,reference"})
		}
		f := newFixture(t).at(dir)
		if f.git("config", "gc.auto")+f.git("config", "core.fsync") != "0committed,loose-object,reference" {
			t.Errorf("settings are missing from %s", f.git("config", "--list", "--local"))
		}
		if found, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(found) != 1 {
			t.Errorf("left beside it: %v, %v", found, err)
		}
		openToOthers(t, dir)
		opt.Format = map[string]string{"sha1": "sha256", "sha256": "sha1"}[format]
		if _, err := InitBare(t.Context(), dir, opt); err == nil {
			t.Error("another object format was accepted")
		}
	}
	if _, err := InitBare(t.Context(), filepath.Join(realTemp(t), "x"), InitOptions{Config: [][2]string{{"a.b", "c\n[core]"}}}); err == nil {
		t.Error("a setting with a newline was accepted")
	}
}

// openToOthers reports files that anybody but the owner may read.
func openToOthers(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFetch(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		ctx := t.Context()
		c := commits(t, r, 3)
		f.git("update-ref", "refs/heads/main", string(c[1]))
		f.git("tag", "v1", string(c[0]))
		bare := newFixture(t, "--bare", "--object-format="+r.ObjectFormat())
		to := bare.open()
		if err := to.Fetch(ctx, f.dir, []string{"refs/heads/*:refs/adamant-remote/x/*"}, FetchOptions{}); err != nil {
			t.Fatal(err)
		}
		if refs := must[[]Ref](t)(to.Refs(ctx)); !slices.Equal(refs, []Ref{{"refs/adamant-remote/x/main", c[1]}}) {
			t.Errorf("fetched %v", refs)
		}
		// a rewritten branch is refused, and with it everything else
		f.git("update-ref", "refs/heads/main", string(c[0]))
		f.git("update-ref", "refs/heads/new", string(c[0]))
		err := to.Fetch(ctx, f.dir, []string{"refs/heads/*:refs/adamant-remote/x/*"}, FetchOptions{})
		if refused := (*RejectedError)(nil); !errors.As(err, &refused) || len(refused.Refs) != 1 || refused.Refs[0].Name != "refs/adamant-remote/x/main" {
			t.Errorf("rewritten: %v", err)
		}
		if refs := must[[]Ref](t)(to.Refs(ctx)); !slices.Equal(refs, []Ref{{"refs/adamant-remote/x/main", c[1]}}) {
			t.Errorf("a refused fetch left %v", refs)
		}
		if err := to.Fetch(ctx, f.dir, []string{"+refs/heads/*:refs/adamant-remote/x/*"}, FetchOptions{}); err != nil {
			t.Errorf("forced: %v", err)
		}
	})
}

func TestFetchRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("x", "a", "a")
	bare := newFixture(t, "--bare")
	r := bare.open()
	spec := []string{"refs/heads/main:refs/heads/main"}
	for _, test := range []struct {
		source string
		specs  []string
		opt    FetchOptions
	}{
		{"ext::sh -c 'touch x'", spec, FetchOptions{}}, {"git://example.invalid/x", spec, FetchOptions{}}, {"relative/path", spec, FetchOptions{}},
		{"-uwhoami", spec, FetchOptions{}}, {f.dir, nil, FetchOptions{}}, {f.dir, []string{"--upload-pack=x"}, FetchOptions{}},
		{f.dir, []string{"main:main"}, FetchOptions{}}, {f.dir, spec, FetchOptions{UploadPack: "git-upload-pack"}},
		{filepath.Join(f.dir, "none"), spec, FetchOptions{}}, {f.dir, []string{"refs/heads/none:refs/heads/x"}, FetchOptions{}},
	} {
		if err := r.Fetch(t.Context(), test.source, test.specs, test.opt); err == nil {
			t.Errorf("fetched %q from %q", test.specs, test.source)
		}
	}
	if refs := must[[]Ref](t)(r.Refs(t.Context())); len(refs) > 0 {
		t.Errorf("references came: %v", refs)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Fetch(ctx, f.dir, spec, FetchOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Malformed objects are checked before they are kept.
func TestFetchChecksObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("x", "a", "a")
	blob := f.git("rev-parse", "HEAD:a")
	bad := f.gitIn("100644 blob "+blob+"\t.git\n", "mktree")
	commit := f.git("commit-tree", "-m", "bad", bad)
	f.git("update-ref", "refs/heads/bad", commit)
	bare := newFixture(t, "--bare")
	if err := bare.open().Fetch(t.Context(), f.dir, []string{"refs/heads/bad:refs/heads/bad"}, FetchOptions{}); err == nil {
		t.Error("a tree with an entry .git was kept")
	}
}

func TestFetchUploadPack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("x", "a", "a")
	wrapper := filepath.Join(realTemp(t), "up load'pack")
	if err := exectest.WriteFile(wrapper, []byte("#!/bin/sh\n: >\""+wrapper+".ran\"\nexec git-upload-pack \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := newFixture(t, "--bare").open().Fetch(t.Context(), f.dir, []string{"refs/heads/main:refs/heads/x"}, FetchOptions{UploadPack: wrapper})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(wrapper + ".ran"); err != nil {
		t.Errorf("the wrapper was not run: %v", err)
	}
}

func TestPush(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		ctx, c := t.Context(), commits(t, r, 3)
		f.git("update-ref", "refs/heads/main", string(c[1]))
		f.git("update-ref", "refs/adamant/x", string(c[1]))
		bare := newFixture(t, "--bare", "--object-format="+r.ObjectFormat())
		specs := []string{"refs/heads/main:refs/heads/main", "refs/adamant/*:refs/adamant/*"}
		for range 2 { // the second time there is nothing to do
			results := must[[]PushResult](t)(r.Push(ctx, bare.dir, specs))
			if len(results) != 2 || !results[0].OK || !results[1].OK {
				t.Errorf("pushed %v", results)
			}
		}
		f.git("update-ref", "refs/heads/main", string(c[0]))
		f.git("update-ref", "refs/adamant/x", string(c[2]))
		results, err := r.Push(ctx, bare.dir, specs)
		if refused := (*RejectedError)(nil); !errors.As(err, &refused) || len(refused.Refs) != 1 || refused.Refs[0].Name != "refs/heads/main" {
			t.Errorf("a rewind: %v (%v)", err, results)
		}
		if bare.rev("refs/adamant/x") != c[2] || bare.rev("refs/heads/main") != c[1] {
			t.Errorf("the remote has %s", bare.git("for-each-ref"))
		}
		if _, err := r.Push(ctx, filepath.Join(bare.dir, "none"), specs); err == nil {
			t.Error("pushed to a folder that is not there")
		}
	})
}

// A transaction that was cut short says so, and its leftovers can be removed.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	r := f.open()
	id := commits(t, r, 1)[0]
	killed := exec.Command("sh", "-c", "kill -9 $$").Run()
	err := r.explainUpdate(t.Context(), nil, &commandError{args: []string{"update-ref"}, err: killed})
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("a killed git: %v", err)
	}
	refused := exec.Command("sh", "-c", "exit 128").Run()
	if err := r.explainUpdate(t.Context(), nil, &commandError{args: []string{"update-ref"}, err: refused}); errors.Is(err, ErrInterrupted) {
		t.Errorf("a refusal: %v", err)
	}
	left := []string{"refs/x/a.lock", "packed-refs.lock", "objects/pack/tmp_pack_x", "objects/aa/tmp_obj_x", "objects/tmp_objdir-incoming-x/y"}
	for _, path := range left {
		f.write(path, "")
	}
	locks := must[[]string](t)(r.RemoveLeftovers())
	if want := []string{f.path("refs/x/a.lock"), f.path("packed-refs.lock")}; !slices.Equal(locks, want) {
		t.Errorf("locks %v, want %v", locks, want)
	}
	for _, path := range left {
		if _, err := os.Stat(f.path(path)); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	if err := r.UpdateRefs(t.Context(), []RefUpdate{{Name: "refs/x/a", New: id}}); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// Maintenance packs and deletes nothing, also no object that nothing reaches: a workspace may borrow it.
func TestMaintain(t *testing.T) {
	bothFormats(t, func(t *testing.T, f *fixture, r *Repo) {
		loose := must[OID](t)(r.WriteBlob(t.Context(), []byte("nobody names me")))
		for i := range manyPacks + 2 {
			blob := must[OID](t)(r.WriteBlob(t.Context(), fmt.Append(nil, i)))
			if err := r.UpdateRefs(t.Context(), []RefUpdate{{Name: fmt.Sprintf("refs/x/%d", i), New: blob}}); err != nil {
				t.Fatal(err)
			}
			if err := r.Maintain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				f.git("update-ref", "-d", "refs/x/0") // packed, and nothing reaches it any more
			}
		}
		packs, err := filepath.Glob(f.path("objects/pack/*.pack"))
		if err != nil || len(packs) >= manyPacks {
			t.Errorf("%d packs, %v", len(packs), err)
		}
		f.git("cat-file", "-e", string(loose))
		f.git("cat-file", "-e", f.gitIn("0", "hash-object", "--stdin"))
		if refs := must[[]Ref](t)(r.Refs(t.Context())); len(refs) != manyPacks+1 {
			t.Errorf("%d references", len(refs))
		}
		f.git("fsck", "--full")
	})
}

// Reference names are judged as git judges them.
func TestCheckRefName(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	for _, name := range []string{"refs/heads/main", "refs/heads/a.b", "refs/heads/a..b", "refs/heads/.a", "refs/heads/a.", "refs/heads/a/.b/c",
		"refs/heads/a.lock", "refs/heads/a.lock/b", "refs/heads/a b", "refs/heads/a~", "refs/heads/a^", "refs/heads/a:b", "refs/heads/a?",
		"refs/heads/a*", "refs/heads/a[", "refs/heads/a\\b", "refs/heads/a@{b", "refs/heads/@", "refs/heads/a@b", "refs/heads//a", "refs/heads/a/",
		"refs/heads/a\x7f", "refs/heads/a\tb", "refs/heads/\xff", "refs/heads/ü", "refs/heads/-a", "refs/x", "refs/heads/{a}", "refs/heads/a,b"} {
		valid := f.command("check-ref-format", name).Run() == nil
		if err := checkRefName(name); (err == nil) != valid {
			t.Errorf("%q: %v, git says %v", name, err, valid)
		}
	}
	for _, name := range []string{"", "HEAD", "main", "heads/main", "refs/" + strings.Repeat("a", 2000)} {
		if checkRefName(name) == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}

// A clone of another user can be read when the caller says so, whatever old and odd objects it has.
func TestFetchTrusted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	blob := f.gitIn("x", "hash-object", "-w", "--stdin")
	tree := f.gitIn("100644 blob "+blob+"\t.git\n", "mktree")
	f.git("update-ref", "refs/heads/main", f.git("commit-tree", "-m", "odd", tree))
	spec := []string{"refs/heads/main:refs/heads/main"}
	if os.Getuid() == 0 { // only root can give files away
		if out, err := exec.Command("chown", "-R", "12345", f.dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	r := newFixture(t, "--bare").open()
	if err := r.Fetch(t.Context(), f.dir, spec, FetchOptions{}); err == nil {
		t.Error("fetched what is not trusted")
	}
	if err := r.Fetch(t.Context(), f.dir, spec, FetchOptions{Trusted: true}); err != nil {
		t.Error(err)
	}
}
