package workspace

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// planted is a program that tells that it was run, and changes what goes through it.
const planted = `printf '#!/bin/sh\ntouch "$(dirname "$0")/ran" 2>/dev/null; echo ran >&2; tr a-z A-Z\n' >/work/repo/a/trap; chmod +x /work/repo/a/trap; `

// TestPlanted plants everything that git runs by itself, and pulls.
func TestPlanted(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{}, Request{Cone: []string{"a"}})
	a.do(planted + `
		for key in core.fsmonitor core.sshCommand core.editor core.pager diff.external filter.x.clean filter.x.smudge filter.x.process \
			diff.x.textconv diff.x.command merge.x.driver uploadpack.packObjectsHook core.alternateRefsCommand credential.helper gpg.program; do
			git config $key /work/repo/a/trap
		done
		git config filter.x.required true
		git config core.hooksPath /work/repo/a/hooks
		mkdir -p a/hooks .git/hooks
		for hook in pre-commit post-index-change reference-transaction post-checkout pre-auto-gc; do cp a/trap a/hooks/$hook; cp a/trap .git/hooks/$hook; done
		echo '* filter=x diff=x merge=x' >.gitattributes
		git config --global core.fsmonitor /work/repo/a/trap
		echo changed >a/one.txt`)
	r := a.pull()
	a.absent("a/ran")
	if got := a.files(r.Tree)["a/one.txt"]; got != "changed\n" {
		t.Errorf("a/one.txt = %q: a filter ran", got)
	}
	// The traps are live: git in the agent's own directory springs them. This is what the guard is there for.
	cmd := exec.Command("git", "-c", "safe.directory=*", "status")
	cmd.Dir = a.w.path("repo")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	a.do(`sed -i s,/work/repo/a/trap,` + a.w.path("repo/a/trap") + `,g .git/config`)
	if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), "ran") {
		t.Errorf("git status did not spring the trap; this test shows nothing:\n%s", out)
	}
}

func (a *agent) absent(name string) {
	a.t.Helper()
	if _, err := os.Lstat(a.w.path(filepath.Join("repo", name))); err == nil {
		a.t.Errorf("%s is there", name)
	}
}

// TestSwappedGit replaces the agent's git directory by other things: the result is what lies in the folder, whatever it is.
func TestSwappedGit(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"gone":        `rm -rf .git`,
		"file":        `rm -rf .git; echo 'gitdir: /work/main.git' >.git`,
		"link":        `rm -rf .git; ln -s /work/main.git .git`,
		"dangling":    `rm -rf .git; ln -s /nowhere .git`,
		"pipe":        `rm -rf .git; mkfifo .git`,
		"pipe inside": `rm .git/info/sparse-checkout; mkfifo .git/info/sparse-checkout`,
		"locked":      `touch .git/index.lock .git/HEAD.lock`,
		"index gone":  `rm .git/index`,
		"empty index": `git read-tree --empty`,
		"new":         `rm -rf .git; git init -q; git -c user.name=x -c user.email=x@x add -A`,
		"other ref":   `git update-ref refs/adamant/result HEAD; git update-ref refs/heads/../../evil HEAD || true; git symbolic-ref HEAD refs/heads/other`,
		"unreadable":  `chmod 000 .git`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAgent(t, Limits{}, Request{Cone: []string{"a"}})
			a.do(`echo changed >a/one.txt; ` + script)
			r := a.pull()
			if files := a.files(r.Tree); r.Files != 1 || files["a/one.txt"] != "changed\n" || files["b/one.txt"] != "b one\n" {
				t.Errorf("%+v: %v", r, files)
			}
		})
	}
}

// TestAlternates points the agent's repository at a store with a secret. The pull never looks at it: with the agent's directory
// the secret would be a result (the second half shows that it is one).
func TestAlternates(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{}, Request{})
	secret, err := a.kernel.Repo().WriteBlob(t.Context(), []byte("secret of kernel.git\n"))
	a.check(err)
	store := filepath.Join(a.kernel.Repo().CommonDir(), "objects")
	a.do(fmt.Sprintf(`
		echo %s >>.git/objects/info/alternates
		printf '100644 %s\tstolen.txt\n' | sed 's/ / 0 /2' | true
		printf '100644 blob %s\tstolen.txt\n' | git mktree --missing >/work/tmp/tree
		git update-ref refs/adamant/result $(git commit-tree -p HEAD -m x $(cat /work/tmp/tree))
		git update-index --add --cacheinfo 100644,%s,stolen.txt`, store, secret, secret, secret))
	r := a.pull()
	if files := a.files(r.Tree); files["stolen.txt"] != "" || r.Files != 0 {
		t.Errorf("%+v: %q", r, files["stolen.txt"])
	}
	out, err := exec.Command("git", "-c", "safe.directory=*", "-C", a.w.path("repo"), "cat-file", "-p", string(secret)).Output()
	if err != nil || string(out) != "secret of kernel.git\n" {
		t.Errorf("git in the agent's directory does not read the store: %q, %v; this test shows nothing", out, err)
	}
}

// TestKernelObjects tries to read, link and overwrite what the workspace borrows.
func TestKernelObjects(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{}, Request{})
	secret, err := a.kernel.Repo().WriteBlob(t.Context(), []byte("secret\n"))
	a.check(err)
	if got := a.do("grep ' /work/main.git/objects ' /proc/self/mountinfo | cut -d' ' -f6 | cut -d, -f1"); got != "ro" {
		t.Errorf("main.git is mounted %s", got)
	}
	attacks := map[string]string{
		"write":       `f=$(find /work/main.git/objects -type f | head -1); chmod u+w $f; echo broken >$f`,
		"new":         `mkdir /work/main.git/objects/zz`,
		"remove":      `rm -f $(find /work/main.git/objects -type f | head -1)`,
		"hard link":   `ln $(find /work/main.git/objects -type f | head -1) /work/repo/linked`,
		"move main":   `git --git-dir=/work/main.git update-ref refs/heads/main 0123456789012345678901234567890123456789 || git --git-dir=/work/main.git update-ref -d refs/heads/main`,
		"push":        `git push -q /work/main.git HEAD:refs/heads/pushed`,
		"write a ref": `git rev-parse HEAD >/work/main.git/refs/heads/written`,
		"hook":        `mkdir -p /work/main.git/hooks && echo exit 0 >/work/main.git/hooks/pre-receive`,
		"secret":      `git cat-file -p ` + string(secret),
		"enumerate":   `git cat-file --batch-all-objects --batch-check | grep ` + string(secret),
		"kernel":      `ls ` + a.kernel.Dir(),
		"store":       `ls ` + a.store.dir,
		"environment": `cat /proc/*/environ | tr '\0' '\n' | grep -v -e ^PATH -e ^HOME -e ^TMPDIR -e ^GIT_CONFIG_NOSYSTEM -e ^PWD -e ^SHLVL -e ^_= -e ^OLDPWD | grep .`,
	}
	for name, script := range attacks {
		if exit, out := a.try(script); exit == (sandbox.Exit{}) {
			t.Errorf("%s succeeded:\n%s", name, out)
		}
		if out, err := a.unguarded(script); err != nil {
			t.Errorf("%s fails without a sandbox, too, so it shows nothing: %v\n%s", name, err, out)
		}
	}
	if exit, out := a.try(`mount -o remount,rw /work/main.git/objects`); exit == (sandbox.Exit{}) { // package sandbox shows that mounting works without its guards
		t.Errorf("remount succeeded:\n%s", out)
	}
	if out, err := exec.Command("git", "--git-dir="+a.kernel.Main().GitDir(), "fsck", "--full").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("fsck of main.git: %v\n%s", err, out)
	}
	links, err := filepath.Glob(filepath.Join(a.kernel.Main().CommonDir(), "objects", "*", "*"))
	a.check(err)
	for _, link := range links {
		if n := hardLinks(t, link); n != 1 {
			t.Errorf("%s has %d names", link, n)
		}
	}
}

// unguarded runs a script where nothing holds it: as this user, on a copy of main.git, with kernel.git's objects in reach.
func (a *agent) unguarded(script string) (string, error) {
	a.t.Helper()
	dir := a.t.TempDir()
	main := filepath.Join(dir, "main.git")
	a.check(os.CopyFS(main, os.DirFS(a.kernel.Main().CommonDir())))
	repo := filepath.Join(dir, "repo")
	if out, err := exec.Command("git", "clone", "-q", a.clone.Dir, repo).CombinedOutput(); err != nil {
		a.t.Fatalf("git clone: %v\n%s", err, out)
	}
	cmd := exec.Command("sh", "-c", strings.NewReplacer("/work/main.git", main, "/work/repo", repo).Replace(script))
	cmd.Dir = repo
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "ADAMANT_TEST=seen",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=" + filepath.Join(a.kernel.Repo().CommonDir(), "objects")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestOtherWorkspace tries to read another task's workspace, also with that task's knowledge of where it is.
func TestOtherWorkspace(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{}, Request{})
	other := a.create(Request{Task: "t2", Identity: slot(t)})
	a.check(os.WriteFile(other.path("home/token"), []byte("t2's"), 0o644))
	for _, path := range []string{other.path("home/token"), other.path("repo/README.md"), "/work/../" + other.path("repo"), "/proc/1/root" + other.path("repo/README.md")} {
		if exit, out := a.try("cat " + path + " || ls " + path); exit == (sandbox.Exit{}) {
			t.Errorf("%s can be read: %s", path, out)
		}
	}
	// Outside of its sandbox the identity gets no further: the folder is closed, and the files have another owner.
	if os.Geteuid() == 0 {
		if out, err := asUser(a.w.Identity, "cat", other.path("repo/README.md")); err == nil {
			t.Errorf("the other identity reads it: %s", out)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script, path, words string }{
		{"nested repository", `git init -q a/n; cd a/n; echo x >x; git add x; git -c user.name=x -c user.email=x@x commit -qm x`, "a/n", "repository of its own"},
		{"nested without commit", `git init -q a/n; echo x >a/n/x`, "a/n", "repository of its own"},
		{"submodule", `git init -q /work/tmp/s; cd /work/tmp/s; git -c user.name=x -c user.email=x@x commit -qm x --allow-empty; cd /work/repo; git -c protocol.file.allow=always submodule --quiet add /work/tmp/s a/s`, "a/s", "repository of its own"},
		{"absolute link", `ln -s /etc/passwd a/passwd`, "a/passwd", "may lead out"},
		{"relative link", `ln -s ../../x a/deep/up; ln -s ../../../x a/deep/out`, "a/deep/out", "may lead out"},
		{"link through a link", `ln -s deep/../../../x a/down`, "a/down", "may lead out"},
		{"capital .GIT", `mkdir a/.GIT; echo x >a/.GIT/config`, "a/.GIT/config", ".git"},
		{"HFS", `d=$(printf 'a/.g\342\200\214it'); mkdir $d; echo x >$d/config`, "a/.g\u200cit/config", ".git"},
		{"NTFS", `mkdir 'a/git~1'; echo x >'a/git~1/config'`, "a/git~1/config", ".git"},
		{"NTFS stream", `mkdir 'a/.git::$INDEX_ALLOCATION'; echo x >'a/.git::$INDEX_ALLOCATION/x'`, "a/.git::$INDEX_ALLOCATION/x", ".git"},
		{"large file", `head -c 70000 /dev/urandom >a/large`, "a/large", "70000 bytes"},
		{"sparse file", `truncate -s 1500M a/holes`, "a/holes", "1572864000 bytes"},
		{"many files", `mkdir a/gen; for i in $(seq 60); do echo $i >a/gen/$i; done`, "a", "more than 50"},
		{"large result", `for i in $(seq 40); do head -c 60000 /dev/urandom >a/r$i; done`, "", "more than 1000000 bytes"},
		{"long path", `d=a/$(printf 'x%.0s' $(seq 150)); mkdir $d; echo x >$d/$(printf 'y%.0s' $(seq 150))`, "a/" + strings.Repeat("x", 150) + "/" + strings.Repeat("y", 47) + "...", "longer than 200"},
		{"deep path", `d=a; for i in $(seq 20); do d=$d/d; done; mkdir -p $d; echo x >$d/x`, "a" + strings.Repeat("/d", 20) + "/x", "deeper than 16"},
		{"unreadable", `echo x >a/closed; chmod 000 a/closed`, "a/closed", "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAgent(t, Limits{Files: 50, FileSize: 65536, Bytes: 1_000_000, Path: 200, Depth: 16}, Request{Cone: []string{"a"}})
			a.do(c.script)
			a.refused(c.path, c.words)
		})
	}
}

// TestIgnored shows that what .gitignore excludes is no part of the result and no reason to refuse it.
func TestIgnored(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{Files: 50, FileSize: 65536}, Request{Cone: []string{"a"}})
	a.do(`echo /a/gen >.gitignore; mkdir a/gen; for i in $(seq 60); do echo $i >a/gen/$i; done; truncate -s 1G a/gen/huge; git init -q a/gen/nested`)
	if r := a.pull(); r.Files != 1 {
		t.Errorf("%+v", r)
	}
}

// TestForged examines results that git would not record: a sandbox can break.
func TestForged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, words string
		tree        func(*agent, git.OID) string // lines for git mktree
	}{
		{"gitlink", "repository of its own", func(a *agent, _ git.OID) string { return "160000 commit " + string(a.base) + "\tsub" }},
		{"link", "may lead out", func(a *agent, _ git.OID) string {
			id, err := a.kernel.Repo().WriteBlob(a.t.Context(), []byte("/etc"))
			a.check(err)
			return "120000 blob " + string(id) + "\tetc"
		}},
		{"endless link", "endless", func(a *agent, _ git.OID) string {
			id, err := a.kernel.Repo().WriteBlob(a.t.Context(), []byte(strings.Repeat("x/", 4000)))
			a.check(err)
			return "120000 blob " + string(id) + "\tx"
		}},
		{"large", "over the limit", func(a *agent, _ git.OID) string {
			id, err := a.kernel.Repo().WriteBlob(a.t.Context(), make([]byte, 70000))
			a.check(err)
			return "100644 blob " + string(id) + "\tx"
		}},
		{"dot git", "for .git", func(a *agent, id git.OID) string { return "100644 blob " + string(id) + "\t.GiT" }},
		{"other parent", "not on base", nil},
		{"cone gone", "never checked out", func(*agent, git.OID) string { return "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAgent(t, Limits{FileSize: 65536}, Request{Cone: []string{"a"}})
			text, err := a.kernel.Repo().WriteBlob(t.Context(), []byte("x"))
			a.check(err)
			refused := (*RefusedError)(nil)
			line, parents := "", []string{"-p", string(a.base)}
			if c.tree == nil {
				parents = nil // a history of its own, which kernel.git would get
			} else {
				line = c.tree(a, text)
			}
			if err := a.forge(line, parents...); !errors.As(err, &refused) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("examine: %v", err)
			}
		})
	}
}

// forge puts a tree of these entries beside base's where a pull would have fetched it, and examines it.
func (a *agent) forge(line string, parents ...string) error {
	p := &pull{Workspace: a.w, dir: a.w.path("pull")}
	a.check(p.prepare(a.t.Context()))
	defer p.close()
	run := func(stdin string, args ...string) string {
		cmd := exec.Command("git", append([]string{"--git-dir=" + p.repo.GitDir()}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x",
			"GIT_ALTERNATE_OBJECT_DIRECTORIES="+filepath.Join(a.kernel.Repo().CommonDir(), "objects"))
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		a.check(err)
		return strings.TrimSpace(string(out))
	}
	entries := ""
	if line != "" {
		entries = run("", "ls-tree", string(a.base)) + "\n" + line + "\n"
	}
	tree := run(entries, "mktree")
	stores := filepath.Join(a.kernel.Main().CommonDir(), "objects") + "\n" + filepath.Join(a.kernel.Repo().CommonDir(), "objects") + "\n"
	a.check(os.WriteFile(alternatesFile(p.repo), []byte(stores), 0o600))
	run("", "update-ref", resultRef, run("", append([]string{"commit-tree", "-m", "x", tree}, parents...)...))
	return p.examine(a.t.Context())
}

// TestMeter stops what a broken sandbox sends, not only says that it was too much.
func TestMeter(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	m := &meter{to: &out, limit: 10}
	if n, err := m.Write(make([]byte, 10)); n != 10 || err != nil {
		t.Errorf("within: %d, %v", n, err)
	}
	if n, err := m.Write(make([]byte, 1)); n != 0 || err == nil || out.Len() != 10 {
		t.Errorf("beyond: %d, %v, %d passed", n, err, out.Len())
	}
}
