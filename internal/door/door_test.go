package door

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/kernel"
)

func TestPropose(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, withFormat(format))
			s := f.coder("coder-1")
			dir := f.clone(s)
			head := f.commit(dir, "add a thing", "a/new.go", "package a\n")
			out := f.git(dir, "push", "-o", "topic=thing", "origin", "HEAD:refs/for/main")
			for _, want := range []string{"change 0000000000000006, patch set 1, for main", "/changes/0000000000000006", "the gate looks at it now"} {
				if !strings.Contains(out, "remote: "+want) && !strings.Contains(out, want) {
					t.Errorf("want %q in:\n%s", want, out)
				}
			}
			t.Log(out)
			second := f.commit(dir, "more of it", "a/new.go", "package a // more\n")
			if out := f.git(dir, "push", "-o", "topic=thing", "origin", "HEAD:refs/for/main"); !strings.Contains(out, "patch set 2") {
				t.Error(out)
			}
			refs := f.git(f.kernel.repo.GitDir(), "for-each-ref", "--format=%(objectname) %(refname)", kernel.PrefixChanges)
			if !strings.Contains(refs, string(head)+" ") || !strings.Contains(refs, string(second)+" ") {
				t.Error(refs)
			}
			if f.git(f.kernel.repo.GitDir(), "rev-parse", "main") != f.git(f.seed, "rev-parse", "main") {
				t.Error("main moved")
			}
			f.git(f.kernel.repo.GitDir(), "fsck", "--strict", "--connectivity-only")
		})
	}
}

func TestOwnBranch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.coder("coder-1")
	dir := f.clone(s)
	first := f.commit(dir, "one", "x", "1\n")
	f.git(dir, "push", "origin", "HEAD:refs/heads/agents/coder-1/task-1")
	kern := f.kernel.repo.GitDir()
	if got := f.git(kern, "rev-parse", "refs/heads/agents/coder-1/task-1"); got != string(first) {
		t.Error(got)
	}
	f.commit(dir, "two", "x", "2\n")
	f.git(dir, "push", "origin", "HEAD:refs/heads/agents/coder-1/task-1")
	f.git(dir, "reset", "-q", "--hard", "HEAD~1")
	f.commit(dir, "other two", "x", "3\n")
	f.refuses(dir, "the push would rewrite the branch", "--force", "origin", "HEAD:refs/heads/agents/coder-1/task-1")
	f.git(dir, "remote", "set-url", "origin", f.remote(f.token(Grant{Role: RoleCoder, Agent: "coder-1", Write: true, Force: true})))
	f.git(dir, "push", "--force", "origin", "HEAD:refs/heads/agents/coder-1/task-1")
	f.git(dir, "push", "--atomic", "origin", "HEAD:refs/heads/agents/coder-1/a", "HEAD~1:refs/heads/agents/coder-1/b", ":refs/heads/agents/coder-1/task-1")
	if got := f.git(kern, "for-each-ref", "--format=%(refname)", kernel.PrefixAgents); got != "refs/heads/agents/coder-1/a\nrefs/heads/agents/coder-1/b" {
		t.Error(got)
	}
	f.git(dir, "push", "origin", ":refs/heads/agents/coder-1/a")
	f.git(kern, "fsck", "--strict", "--connectivity-only")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withFiles("old.txt", "known\n"))
	s := f.coder("coder-1")
	dir := f.clone(s)
	f.commit(f.clone(f.coder("coder-2")), "other")
	head := f.commit(dir, "add", "x", "1\n")
	f.git(dir, "tag", "-a", "-m", "t", "v1")
	bound := f.token(Grant{Role: RoleCoder, Agent: "coder-1", Task: "t-1", Write: true})
	reader := f.token(Grant{Role: RoleReviewer, Agent: "rev-1"})
	named := f.token(Grant{Role: RolePerson, Name: "ann", Write: true, Emails: []string{"ann@example.com"}})
	for name, c := range map[string]struct {
		token Secret
		args  []string
		want  string
	}{
		"main":            {s, []string{"HEAD:refs/heads/main"}, "only the gate moves main"},
		"main by force":   {s, []string{"--force", "HEAD:refs/heads/main"}, "only the gate moves main"},
		"delete main":     {s, []string{":refs/heads/main"}, "only the gate moves main"},
		"MAIN":            {s, []string{"HEAD:refs/heads/MAIN"}, "only the gate moves main"},
		"tag":             {s, []string{"v1"}, "tags are made by the kernel"},
		"kernel":          {s, []string{"HEAD:refs/adamant/ledger/x"}, "the kernel's own"},
		"kernel, case":    {s, []string{"HEAD:refs/Adamant/ledger/x"}, "the kernel's own"},
		"notes":           {s, []string{"HEAD:refs/notes/x"}, "nobody writes there"},
		"other branch":    {s, []string{"HEAD:refs/heads/feature"}, "nobody writes there"},
		"other agent":     {s, []string{"HEAD:refs/heads/agents/coder-2/t"}, "belongs to agent coder-2"},
		"deeper":          {s, []string{"HEAD:refs/heads/agents/coder-1/t/u"}, "nobody writes there"},
		"upper case":      {s, []string{"HEAD:refs/heads/agents/coder-1/Task"}, "nobody writes there"},
		"other task":      {bound, []string{"HEAD:refs/heads/agents/coder-1/t-2"}, "serves task t-1 only"},
		"reader":          {reader, []string{"HEAD:refs/for/main"}, "this token only reads"},
		"no target":       {s, []string{"HEAD:refs/for/nowhere"}, "there is no branch nowhere"},
		"agent as target": {s, []string{"HEAD:refs/for/agents/coder-1/x"}, "there is no branch agents/coder-1/x"},
		"nothing new":     {s, []string{"origin/main:refs/for/main"}, "there is nothing to review"},
		"delete proposal": {s, []string{":refs/for/main"}, "cannot be deleted"},
		"tag as head":     {s, []string{"v1:refs/for/main"}, "is a tag, not a commit"},
		"tag on branch":   {s, []string{"v1:refs/heads/agents/coder-1/x"}, ""},
		"blob":            {s, []string{"HEAD:x:refs/for/main"}, ""},
		"identity":        {named, []string{"HEAD:refs/for/main"}, "is not ann@example.com"},
		"option":          {s, []string{"-o", "tpic=x", "HEAD:refs/for/main"}, "use each of topic="},
		"one bad of two":  {s, []string{"HEAD:refs/for/main", "HEAD:refs/heads/main"}, "refused with the others"},
		"case clash":      {s, []string{"HEAD:refs/heads/a", "HEAD:refs/heads/A"}, "cannot lie beside each other"},
		"folder clash":    {s, []string{"HEAD:refs/heads/a", "HEAD:refs/heads/a/b"}, "cannot lie beside each other"},
		"many":            {s, strings.Fields(manyRefs(17)), "more than 16 commands"},
	} {
		f.refusesNamed(name, dir, c.want, append([]string{f.remote(c.token)}, c.args...)...)
	}
	if strings.Contains(f.log.String(), secretPrefix) {
		t.Error("a token is in the log")
	}
	_ = head
}

func manyRefs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " HEAD:refs/heads/agents/coder-1/t%d", i)
	}
	return b.String()
}

// refusesNamed is refuses, with options of git push moved before the remote.
func (f *fixture) refusesNamed(name, dir, want string, args ...string) {
	f.t.Helper()
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-o":
			flags = append(flags, args[i], args[i+1])
			i++
		case strings.HasPrefix(args[i], "-"):
			flags = append(flags, args[i])
		default:
			rest = append(rest, args[i])
		}
	}
	before := f.t.Failed()
	f.refuses(dir, want, append(flags, rest...)...)
	if !before && f.t.Failed() {
		f.t.Logf("that was %s", name)
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withLimits(Limits{ObjectBytes: 100_000, Commits: 5, Objects: 200}), withFiles("known.env", "TOKEN=ghp_"+strings.Repeat("a1B2c3D4", 4)+"wxyz\n"))
	s := f.coder("coder-1")
	remote := f.remote(s)
	dir := f.clone(s)
	start := func() { f.git(dir, "checkout", "-q", "-B", "work", "origin/main") }
	push := func(want string) { f.t.Helper(); f.refuses(dir, want, remote, "HEAD:refs/for/main") }

	start()
	f.commit(dir, "known one stays", "known.env", "TOKEN=ghp_"+strings.Repeat("a1B2c3D4", 4)+"wxyz\nMORE=1\n")
	f.git(dir, "push", remote, "HEAD:refs/for/main")

	start()
	f.commit(dir, "leak", "config.env", "TOKEN=ghp_"+strings.Repeat("Zz9Yy8Xx", 4)+"abcd\n")
	f.commit(dir, "take it out again", "config.env", "TOKEN=\n")
	t.Log(f.refuses(dir, "config.env:1", remote, "HEAD:refs/for/main"))

	start()
	f.commit(dir, "large", "big.bin", strings.Repeat("0123456789", 20_000))
	push("an object of 200000 bytes")

	start()
	for i := range 6 {
		f.commit(dir, fmt.Sprint("n", i), "x", fmt.Sprint(i))
	}
	push("6 new commits, at most 5")

	start()
	for i := range 201 {
		f.write(filepath.Join(dir, fmt.Sprintf("many/%d", i)), fmt.Sprint(i))
	}
	f.commit(dir, "many")
	push("objects, at most 200")

	f.git(dir, "checkout", "-q", "--orphan", "alien")
	f.git(dir, "rm", "-rfq", ".")
	f.commit(dir, "alien")
	push("share no history")

	start()
	f.git(dir, "-c", "user.email=x", "-c", "user.name=y", "commit", "-q", "--allow-empty", "-m", "odd", "--author", "Nobody <nobody>")
	push("no name with a mail address")
}

// Building on what was proposed and has landed since is no rewriting of main; a copy of main's own commits is.
func TestRewriting(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.coder("a")
	dir := f.clone(s)
	proposed := f.commit(dir, "propose", "x", "1\n")
	f.git(dir, "push", "-q", "origin", "HEAD:refs/for/main")
	land := func(message string) {
		f.git(f.seed, "fetch", "-q", dir, string(proposed))
		date := f.git(dir, "log", "-1", "--format=%ad", "--date=raw", string(proposed))
		f.git(f.seed, "checkout", "-q", string(proposed), "--", ".")
		f.git(f.seed, "commit", "-q", "--allow-empty", "-m", message, "--date", date)
		f.git(f.seed, "push", "-q", f.kernel.main.GitDir(), "main")
		f.git(f.kernel.repo.GitDir(), "update-ref", kernel.RefMain, f.git(f.seed, "rev-parse", "main"))
	}
	land("propose\n\nChange-Id: 1")
	f.commit(dir, "go on", "x", "2\n")
	f.git(dir, "push", "-q", "origin", "HEAD:refs/for/main", "HEAD:refs/heads/agents/a/t")
	land("propose")
	f.git(dir, "commit", "-q", "--allow-empty", "-m", "more")
	f.refuses(dir, "1 of the commits are copies of commits of main", "origin", "HEAD:refs/for/main")
}
