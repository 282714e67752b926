package door

import (
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
