package git

import (
	"os"
	"slices"
	"testing"
)

func TestRemoteRefs(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		f := newFixture(t, "--object-format="+format)
		id := f.commit("one", "a", "1")
		f.git("tag", "-a", "-m", "t", "v1")
		f.git("update-ref", "refs/adamant/ledger/w", string(id))
		r := newFixture(t).open() // of another format, perhaps
		refs, err := r.RemoteRefs(t.Context(), f.dir, "refs/heads/main", "refs/adamant/*", "refs/none/*")
		if err != nil || !slices.Equal(refs, []Ref{{"refs/adamant/ledger/w", id}, {"refs/heads/main", id}}) {
			t.Errorf("%s: %v, %v", format, refs, err)
		}
	}
	r := newFixture(t).open()
	if _, err := r.RemoteRefs(t.Context(), "ext::sh -c true", "refs/heads/*"); err == nil {
		t.Error("a helper as a remote: accepted")
	}
	if _, err := r.RemoteRefs(t.Context(), t.TempDir(), "refs/heads/*"); err == nil {
		t.Error("no repository: accepted")
	}
}

func TestRemoveRemote(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.open()
	for range 2 {
		if err := r.SetRemote(t.Context(), "adamant", "http://127.0.0.1:1/"); err != nil {
			t.Fatal(err)
		}
		if err := r.RemoveRemote(t.Context(), "adamant"); err != nil {
			t.Fatal(err)
		}
		if err := r.RemoveRemote(t.Context(), "adamant"); err != nil {
			t.Fatal(err)
		}
		if names := must[[]string](t)(r.Remotes(t.Context())); len(names) != 0 {
			t.Errorf("%v", names)
		}
	}
}

func TestFastForward(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.commit("one", "a", "1")
	second := f.commit("two", "a", "2", "b", "2")
	f.git("reset", "-q", "--hard", string(first))
	f.write(".git/hooks/post-merge", "#!/bin/sh\ntouch hooked\n")
	if err := os.Chmod(f.path(".git/hooks/post-merge"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := f.open()
	f.write("a", "mine")
	if err := r.FastForward(t.Context(), second); err == nil || f.rev("HEAD") != first {
		t.Errorf("over a change of the user's: %v", err)
	}
	f.write("a", "1")
	if err := r.FastForward(t.Context(), second); err != nil || f.rev("HEAD") != second || f.git("status", "--porcelain") != "" {
		t.Errorf("%v, %s", err, f.git("status", "--porcelain"))
	}
	f.git("reset", "-q", "--hard", string(first))
	f.commit("three", "c", "3")
	if err := r.FastForward(t.Context(), second); err == nil {
		t.Error("not a fast-forward: accepted")
	}
}
