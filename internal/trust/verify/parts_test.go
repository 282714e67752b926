package verify

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// TestCheckpointOrigin: a log's key that signs for another log proves nothing.
func TestCheckpointOrigin(t *testing.T) {
	t.Parallel()
	private, _, err := note.GenerateKey(rand.Reader, "log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	const rest = "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	for text, good := range map[string]bool{
		"log" + rest: true, "log - 7" + rest: true, "other" + rest: false, "log\n1\n": false, "log\nx\nAA==\n": false, "log\n1\nAA==\n": false,
	} {
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			t.Fatal(err)
		}
		verifier := anyKey{signer}
		if _, _, err := checkpoint(string(signed), verifier); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// anyKey takes a signer's name and id, and every signature.
type anyKey struct{ note.Signer }

func (anyKey) Verify(_, _ []byte) bool { return true }

// TestMatch: digests of one subject do not contradict each other.
func TestMatch(t *testing.T) {
	t.Parallel()
	wanted := []Digest{{"sha256", "a"}, {"sha512", "b"}}
	for name, c := range map[string]struct {
		subject map[string]string
		found   bool
	}{
		"both": {map[string]string{"sha256": "a", "sha512": "b"}, true}, "one": {map[string]string{"sha512": "b", "other": "x"}, true},
		"one is wrong": {map[string]string{"sha256": "a", "sha512": "x"}, false}, "none": {map[string]string{"other": "a"}, false},
	} {
		if _, found := match(c.subject, wanted); found != c.found {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestKeys: what is no key, or another message, is refused.
func TestKeys(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signature := ed25519.Sign(private, []byte("message"))
	if err := checkMessage(public, []byte("message"), signature); err != nil {
		t.Error(err)
	}
	if checkMessage(public, []byte("another"), signature) == nil {
		t.Error("another message is accepted")
	}
	if _, err := parseKey([]byte("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n")); err == nil {
		t.Error("no key is read as one")
	}
}
