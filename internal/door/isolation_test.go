package door

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// objectsBut lists what is reachable from one set of references and not from another.
func (f *fixture) objectsBut(args ...string) []string {
	out := f.git(f.kernel.repo.GitDir(), append([]string{"rev-list", "--objects", "--no-object-names"}, args...)...)
	return strings.Fields(out)
}

// A token gets main and its own branches. Every object of others is asked for, in both protocols.
func TestReadIsolation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.coder("coder-a"), f.coder("coder-b")
	dir := f.clone(a)
	f.commit(dir, "of a", "secret/plan.txt", "only a knows\n", "deep/er/x", "y\n")
	f.git(dir, "push", "origin", "HEAD:refs/heads/agents/coder-a/t-1", "HEAD:refs/for/main")
	f.commit(dir, "of a, t-2", "other.txt", "second task\n")
	f.git(dir, "push", "origin", "HEAD:refs/heads/agents/coder-a/t-2")
	mine := f.clone(b)
	own := f.commit(mine, "of b", "b.txt", "b\n")
	f.git(mine, "push", "origin", "HEAD:refs/heads/agents/coder-b/t-1")

	foreign := f.objectsBut("--all", "^refs/heads/main", "^refs/heads/agents/coder-b/t-1")
	if len(foreign) < 8 {
		t.Fatalf("only %d objects to ask for", len(foreign))
	}
	bound := f.token(Grant{Role: RoleCoder, Agent: "coder-a", Task: "t-1", Write: true})
	second := f.objectsBut("refs/heads/agents/coder-a/t-2", "^refs/heads/agents/coder-a/t-1")
	for _, version := range []int{0, 2} {
		for _, id := range foreign {
			if answer := f.wantRaw(b, version, id); strings.Contains(answer, "PACK") {
				t.Errorf("version %d: coder-b got %s", version, id)
			}
		}
		for _, id := range second {
			if answer := f.wantRaw(bound, version, id); strings.Contains(answer, "PACK") {
				t.Errorf("version %d: the token of t-1 got %s of t-2", version, id)
			}
		}
		if answer := f.wantRaw(b, version, string(own)); !strings.Contains(answer, "PACK") {
			t.Errorf("version %d: coder-b does not get its own: %q", version, answer)
		}
	}
	if refs := f.git("", "ls-remote", f.remote(b)); strings.Contains(refs, "coder-a") || strings.Contains(refs, "adamant") || !strings.Contains(refs, "coder-b/t-1") {
		t.Error(refs)
	}
	if refs := f.git("", "ls-remote", f.remote(bound)); strings.Contains(refs, "t-2") || !strings.Contains(refs, "coder-a/t-1") {
		t.Error(refs)
	}
}

// Naming an object of somebody else in a push does not bring it into reach.
func TestPushCannotBorrow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.coder("coder-a"), f.coder("coder-b")
	dir := f.clone(a)
	f.commit(dir, "of a", "plan.txt", "only a knows\n")
	f.git(dir, "push", "origin", "HEAD:refs/heads/agents/coder-a/t-1")
	theirs := git.OID(f.git(dir, "rev-parse", "HEAD"))
	blob := f.git(dir, "rev-parse", "HEAD:plan.txt")
	before := f.state()

	if _, answer := f.pushRaw(b, body("", theirs, "refs/heads/agents/coder-b/t-1", f.emptyPack())); !strings.Contains(answer, "ng refs/heads/agents/coder-b/t-1") {
		t.Errorf("a branch at somebody else's commit: %q", answer)
	}
	mine := f.clone(b)
	tree := f.gitIn(mine, "100644 blob "+blob+"\tstolen\n", "mktree", "--missing")
	head := git.OID(f.git(mine, "commit-tree", "-p", "HEAD", "-m", "steal", tree))
	pack := f.packObjects(mine, string(head), tree)
	if _, answer := f.pushRaw(b, body("", head, "refs/for/main", pack)); !strings.Contains(answer, "ng refs/for/main") {
		t.Errorf("a tree with somebody else's file: %q", answer)
	}
	if f.state() != before {
		t.Error("something was left")
	}
}

func (f *fixture) gitIn(dir, stdin string, args ...string) string {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, testEnv, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		f.t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// packObjects packs exactly these.
func (f *fixture) packObjects(dir string, ids ...string) []byte {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), "git", "pack-objects", "--stdout", "-q")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, testEnv, strings.NewReader(strings.Join(ids, "\n")+"\n")
	out, err := cmd.Output()
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func TestOperatorReadsAllThatMayLeave(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dir := f.clone(f.coder("coder-a"))
	f.commit(dir, "of a", "x", "y\n")
	f.git(dir, "push", "origin", "HEAD:refs/heads/agents/coder-a/t-1", "HEAD:refs/for/main")
	kern := f.kernel.repo.GitDir()
	hidden := f.gitIn(kern, "", "commit-tree", "-m", "hidden", f.git(kern, "rev-parse", "main^{tree}"))
	for _, ref := range []string{kernel.PrefixQuarantine + "t", kernel.PrefixPins + "t", kernel.RefLease} {
		f.git(kern, "update-ref", ref, hidden)
	}
	s := f.token(Grant{Role: RoleOperator, Name: "me"})
	refs := f.git("", "ls-remote", f.remote(s))
	for _, want := range []string{"refs/heads/main", "refs/heads/agents/coder-a/t-1", "refs/adamant/changes/"} {
		if !strings.Contains(refs, want) {
			t.Errorf("want %s in\n%s", want, refs)
		}
	}
	for _, never := range []string{"quarantine", "pins", "lease"} {
		if strings.Contains(refs, never) {
			t.Errorf("%s is shown:\n%s", never, refs)
		}
	}
	if answer := f.wantRaw(s, 2, hidden); strings.Contains(answer, "PACK") {
		t.Error("what is in quarantine left the kernel")
	}
	f.git("", "clone", "-q", "--mirror", f.remote(s), f.dir+"/all")
	if worker := f.git("", "ls-remote", f.remote(f.token(Grant{Role: RoleWorker, Name: "w"}))); strings.Contains(worker, "agents") || !strings.Contains(worker, "changes") {
		t.Error(worker)
	}
}

// Main moves on: readers see it at the next request, and a view survives a new door.
func TestViewFollows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.coder("coder-1")
	dir := f.clone(s)
	head := f.commit(f.seed, "second", "z", "z\n")
	f.git(f.seed, "push", "-q", f.kernel.main.GitDir(), "main")
	f.git(f.kernel.repo.GitDir(), "update-ref", kernel.RefMain, string(head))
	f.git(dir, "pull", "-q", "--ff-only", "origin", "main")
	if got := f.git(dir, "rev-parse", "HEAD"); got != string(head) {
		t.Error(got)
	}
	f.commit(dir, "own", "own", "1\n")
	f.git(dir, "push", "-q", "origin", "HEAD:refs/heads/agents/coder-1/t")
	again, err := New(f.door.config)
	if err != nil {
		t.Fatal(err)
	}
	f.serves.Store(again)
	if refs := f.git("", "ls-remote", f.remote(s)); !strings.Contains(refs, "agents/coder-1/t") || !strings.Contains(refs, string(head)) {
		t.Error(refs)
	}
	f.git(dir, "fetch", "-q", "origin", "refs/heads/agents/coder-1/t")
}
