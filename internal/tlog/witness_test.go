package tlog

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

func witness(name string, seed byte) Witness {
	private := edKey(seed)
	return Witness{Name: name, Public: private.Public().(ed25519.PublicKey), Private: private}
}

// A witness signs what continues what it saw, and its word is found beside the log's.
func TestWitness(t *testing.T) {
	t.Parallel()
	r := must(NewReader(t.Context(), Dir(built(t, 300)), verifier(t)))(t)
	one, two := witness("witness.example.test/1", 5), witness("witness.example.test/2", 6)
	at := time.Unix(1_795_000_000, 0).UTC()
	seen := Checkpoint{Origin: origin, Size: 120, Root: rootOf(0, 120)}
	signed := must(one.Cosign(t.Context(), r, seen, at))(t)

	c := must(VerifyCheckpoint(signed, verifier(t)))(t)
	said := must(Cosigned(c, two, Witness{Name: one.Name, Public: one.Public}))(t)
	if len(said) != 1 || said[0] != (Cosignature{one.Name, at}) {
		t.Errorf("%+v", said)
	}
	r.checkpoint = c
	c.Signed = must(two.Cosign(t.Context(), r, Checkpoint{}, at.Add(time.Second)))(t)
	if said := must(Cosigned(c, one, two))(t); len(said) != 2 || !said[1].Time.Equal(at.Add(time.Second)) {
		t.Errorf("two witnesses: %+v", said)
	}
	must(VerifyCheckpoint(c.Signed, verifier(t)))(t)

	c.Signed = []byte(strings.Replace(string(c.Signed), "\n300\n", "\n301\n", 1))
	if said := must(Cosigned(c, one, two))(t); len(said) != 0 {
		t.Errorf("another tree was cosigned: %+v", said)
	}
	seen.Root[0] ^= 1
	if _, err := one.Cosign(t.Context(), r, seen, at); !errors.Is(err, ErrFork) {
		t.Errorf("a log that forked: %v", err)
	}
	for name, bad := range map[string]Witness{"no key": {Name: "a", Public: one.Public}, "another's": {Name: "a", Public: two.Public, Private: one.Private}, "no name": {Public: one.Public, Private: one.Private}} {
		if _, err := bad.Cosign(t.Context(), r, Checkpoint{}, at); err == nil {
			t.Errorf("%s signed", name)
		}
	}
}

// The bytes are those of C2SP tlog-cosignature: key id, time, and the text that is signed.
func TestCosignatureFormat(t *testing.T) {
	t.Parallel()
	w := witness("witness.example.com/w1", 5)
	id := keyID(w.Name, 4, w.Public)
	key := must(w.key())(t)
	sig := must(timedKey{key, w.Private, 1679315147}.Sign([]byte("example.com/behind-the-sofa\n1\nAAAA\n")))(t)
	if hex.EncodeToString(sig[:8]) != "00000000641850cb" {
		t.Errorf("the time is %x", sig[:8])
	}
	if !ed25519.Verify(w.Public, []byte("cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n1\nAAAA\n"), sig[8:]) {
		t.Error("another text was signed")
	}
	var _ note.Verifier = timedKey{ed25519Key: key}
	if key.KeyHash() != uint32(id[0])<<24|uint32(id[1])<<16|uint32(id[2])<<8|uint32(id[3]) {
		t.Error("another key id")
	}
}
