package git

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseCommit(t *testing.T) {
	t.Parallel()
	const tree = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	at := func(seconds int64, zone int) time.Time { return time.Unix(seconds, 0).In(time.FixedZone("", zone)) }
	cases := []struct {
		name, text string
		want       Commit
	}{
		{"plain", tree + "parent p1\nparent p2\nauthor A U <a@b> 1700000000 +0130\ncommitter C <c@d> 1700000001 -0000\n\nsubject\n\nbody\n",
			Commit{Parents: []OID{"p1", "p2"}, Author: Signature{"A U", "a@b", at(1700000000, 5400)}, Committer: Signature{"C", "c@d", time.Unix(1700000001, 0).UTC()}, Message: "subject\n\nbody\n"}},
		{"signed", tree + "author A <a@b> 1 +0000\ngpgsig -----BEGIN\n author Evil <e@e> 5 +0000\n \n tree bad\n -----END\nmergetag object x\n type commit\n tree bad\nencoding ISO-8859-1\n\nauthor In Body <x@y> 9 +0000\n",
			Commit{Author: Signature{"A", "a@b", time.Unix(1, 0).UTC()}, Encoding: "ISO-8859-1", Message: "author In Body <x@y> 9 +0000\n"}},
		{"no time", tree + "author A <a@b>\ncommitter C <c@d> \n\nm", Commit{Author: Signature{Name: "A", Email: "a@b"}, Committer: Signature{Name: "C", Email: "c@d"}, Message: "m"}},
		{"odd times", tree + "author A <a@b> 99999999999999999999 +0000\ncommitter C <c@d> 253402300799 +9999\n\n", Commit{Author: Signature{Name: "A", Email: "a@b"}, Committer: Signature{Name: "C", Email: "c@d"}}},
		{"odd zone", tree + "author A <a@b> 5 +051800\ncommitter C <c@d> 5 nonsense\n\n", Commit{Author: Signature{"A", "a@b", time.Unix(5, 0).UTC()}, Committer: Signature{"C", "c@d", time.Unix(5, 0).UTC()}}},
		{"odd names", tree + "author <> 5 +0000\ncommitter A < B > <c@d>> 5 +0000\n\n", Commit{Author: Signature{When: time.Unix(5, 0).UTC()}, Committer: Signature{"A", "B > <c@d>", time.Unix(5, 0).UTC()}}},
		{"no address", tree + "author nobody\n\n", Commit{Author: Signature{Name: "nobody"}}},
		{"second author", tree + "author A <a@b> 5 +0000\nauthor B <b@b> 6 +0000\n\n", Commit{Author: Signature{"A", "a@b", time.Unix(5, 0).UTC()}}},
		{"no message", tree + "author A <a@b> 5 +0000", Commit{Author: Signature{"A", "a@b", time.Unix(5, 0).UTC()}}},
	}
	for _, c := range cases {
		got, err := parseCommit("id", []byte(c.text))
		c.want.OID, c.want.Tree = "id", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.name, err, got, c.want)
		}
	}
	for _, text := range []string{"", "\n\ntree x", "author A <a@b> 5 +0000\n\n"} {
		if _, err := parseCommit("id", []byte(text)); err == nil {
			t.Errorf("%q is no commit", text)
		}
	}
}

// TestCommitAsGitReadsIt compares with what git log prints, for real merges with a signed tag and an encoding.
func TestCommitAsGitReadsIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	f.git("checkout", "-q", "-b", "side")
	f.commit("side", "g", "1\n")
	f.git("tag", "-a", "-m", "tag message", "v1")
	f.git("checkout", "-q", "main")
	f.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "caf\xe9")
	f.git("merge", "-q", "--no-ff", "-m", "merge", "v1")
	r := f.open()
	for _, rev := range []string{"HEAD", "HEAD^", "HEAD~2"} {
		commit := must[Commit](t)(r.Commit(t.Context(), f.rev(rev)))
		got := strings.Join([]string{string(commit.Tree), commit.Author.Name, commit.Author.When.Format(time.RFC3339),
			commit.Committer.Email, commit.Committer.When.Format(time.RFC3339)}, "|")
		if want := f.git("log", "-1", "--format=%T|%an|%aI|%ce|%cI", rev); got != want {
			t.Errorf("%s: %s, want %s", rev, got, want)
		}
	}
	if commit := must[Commit](t)(r.Commit(t.Context(), f.rev("HEAD^"))); commit.Encoding != "ISO-8859-1" || commit.Subject() != "caf\xe9" {
		t.Errorf("encoding %q, subject %q", commit.Encoding, commit.Subject())
	}
	if commit := must[Commit](t)(r.Commit(t.Context(), f.rev("HEAD"))); len(commit.Parents) != 2 || commit.Message != "merge\n" {
		t.Errorf("merge: %+v", commit)
	}
}
