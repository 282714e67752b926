package git

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"
)

// echo signs with what it is given, so that a test sees the payload.
type echo struct{ payload []byte }

func (e *echo) Sign(_ context.Context, payload []byte) ([]byte, error) {
	e.payload = payload
	return []byte("-----BEGIN X-----\nabc\n\nd\n-----END X-----\n"), nil
}

func TestSignedCommits(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		f := newFixture(t, "--object-format="+format)
		plain := f.commit("plain\n\ngpgsig in the text\n\nend", "a", "1")
		r := f.open()
		who := Signature{Name: "A", Email: "a@example.com", When: time.Unix(1, 0)}
		signer := &echo{}
		tree, err := r.ResolveTree(t.Context(), "main")
		if err != nil {
			t.Fatal(err)
		}
		commit := NewCommit{Tree: tree, Parents: []OID{plain}, Author: who, Committer: who, Message: "m\n\ngpgsig x", Sign: signer}
		id, err := r.WriteCommit(t.Context(), commit)
		if err != nil {
			t.Fatal(err)
		}
		found, err := r.SignedCommits(t.Context(), []OID{plain, id})
		if err != nil {
			t.Fatal(err)
		}
		if found[0].Signature != nil || !strings.HasSuffix(string(found[0].Payload), "\n\nplain\n\ngpgsig in the text\n\nend\n") {
			t.Errorf("%s: plain: %q %q", format, found[0].Signature, found[0].Payload)
		}
		if string(found[1].Payload) != string(signer.payload) || string(found[1].Signature) != "-----BEGIN X-----\nabc\n\nd\n-----END X-----\n" {
			t.Errorf("%s: signed: %q\n%q\nwant %q", format, found[1].Signature, found[1].Payload, signer.payload)
		}
		for i, e := range collect(t, r, LogOptions{From: id, OldestFirst: true, Signed: true}) {
			if again := (SignedCommit{e.Commit, e.Payload, e.Signature}); !reflect.DeepEqual(again, found[i]) {
				t.Errorf("%s: the log has %+v, not %+v", format, again, found[i])
			}
		}
	}
}

func TestTwoSignatures(t *testing.T) {
	t.Parallel()
	if _, _, err := splitSignature([]byte("tree x\ngpgsig a\n b\ngpgsig c\n"), "gpgsig "); err == nil {
		t.Error("accepted")
	}
	payload, signature, err := splitSignature([]byte("tree x\ngpgsig a\n b\nencoding y\n z\n"), "gpgsig ")
	if err != nil || string(payload) != "tree x\nencoding y\n z\n" || string(signature) != "a\nb\n" {
		t.Errorf("%q %q %v", payload, signature, err)
	}
}
