package operator

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// memory is a ledger that forgets when the test ends.
type memory struct {
	entries []Entry
	broken  error // what the next Append says
}

func (m *memory) Append(_ context.Context, e Entry) error {
	if m.broken != nil {
		return m.broken
	}
	m.entries = append(m.entries, e)
	return nil
}

func (m *memory) Entries(context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range slices.Clone(m.entries) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// signer is a private key of a test, of any kind that signs statements.
type signer interface {
	method() string
	public() string // as an order names it
	prove(text, namespace string) desk.Proof
}

// sshKey is a plain SSH key.
type sshKey struct {
	t   testing.TB
	key ssh.Signer
}

func newSSH(t testing.TB) *sshKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return sshOf(t, private)
}

func newECDSA(t testing.TB) *sshKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return sshOf(t, private)
}

func newRSA(t testing.TB) *sshKey {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return sshOf(t, private)
}

func sshOf(t testing.TB, private any) *sshKey {
	t.Helper()
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return &sshKey{t, key}
}

func (k *sshKey) method() string { return "ssh" }
func (k *sshKey) public() string { return plain(k.key.PublicKey()) }
func (k *sshKey) prove(text, namespace string) desk.Proof {
	sig, err := sshsig.Sign(k.key, namespace, []byte(text))
	if err != nil {
		k.t.Fatal(err)
	}
	return desk.Proof{Method: "ssh", Signature: string(sig)}
}

func plain(key ssh.PublicKey) string {
	line := string(ssh.MarshalAuthorizedKey(key))
	return line[:len(line)-1]
}

// securityKey is an ed25519-sk key made of software: it says of the moment of signing whatever flags are.
type securityKey struct {
	t       testing.TB
	private ed25519.PrivateKey
	key     ssh.PublicKey
	flags   byte // 1 touched, 4 verified
	counter uint32
}

const application = "ssh:"

func newSecurityKey(t testing.TB, flags byte) *securityKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	blob := ssh.Marshal(struct {
		Name        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, public, application})
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		t.Fatal(err)
	}
	return &securityKey{t: t, private: private, key: key, flags: flags}
}

func (k *securityKey) PublicKey() ssh.PublicKey { return k.key }

func (k *securityKey) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	k.counter++
	said := append([]byte{k.flags}, binary.BigEndian.AppendUint32(nil, k.counter)...)
	app, digest := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	blob := slices.Concat(app[:], said, digest[:])
	return &ssh.Signature{Format: ssh.KeyAlgoSKED25519, Blob: ed25519.Sign(k.private, blob), Rest: said}, nil
}

func (k *securityKey) method() string { return "sk-ssh" }
func (k *securityKey) public() string { return plain(k.key) }
func (k *securityKey) prove(text, namespace string) desk.Proof {
	sig, err := sshsig.Sign(k, namespace, []byte(text))
	if err != nil {
		k.t.Fatal(err)
	}
	return desk.Proof{Method: "sk-ssh", Signature: string(sig)}
}

// browser is a WebAuthn authenticator made of software.
type browser struct {
	t       testing.TB
	private *ecdsa.PrivateKey
	id      []byte
	origin  string
	site    string
	flags   byte
	counter uint32
}

func newBrowser(t testing.TB, flags byte) *browser {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, private: private, id: []byte("credential-of-a-test"), origin: "http://localhost:4000", site: "localhost", flags: flags}
}

func (b *browser) method() string { return "webauthn" }
func (b *browser) public() string { return "" }

func (b *browser) authData(attested bool) []byte {
	b.counter++
	flags := b.flags
	if attested {
		flags |= 0x40
	}
	hash := sha256.Sum256([]byte(b.site))
	out := append(append(hash[:], flags), binary.BigEndian.AppendUint32(nil, b.counter)...)
	if !attested {
		return out
	}
	out = append(out, make([]byte, 16)...) // AAGUID
	out = binary.BigEndian.AppendUint16(out, uint16(len(b.id)))
	return append(append(out, b.id...), b.cose()...)
}

func (b *browser) cose() []byte {
	point, err := b.private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		b.t.Fatal(err)
	}
	data, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func (b *browser) client(ceremony, text string) []byte {
	data, err := json.Marshal(map[string]any{"type": ceremony, "challenge": challenge(text), "origin": b.origin, "crossOrigin": false})
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// create answers to navigator.credentials.create.
func (b *browser) create(text string) json.RawMessage {
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": b.authData(true)})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.credential(map[string]string{"clientDataJSON": b64(b.client("webauthn.create", text)), "attestationObject": b64(object)})
}

// prove answers to navigator.credentials.get.
func (b *browser) prove(text, _ string) desk.Proof {
	client, data := b.client("webauthn.get", text), b.authData(false)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, b.private, digest[:])
	if err != nil {
		b.t.Fatal(err)
	}
	return desk.Proof{Method: "webauthn", Assertion: b.credential(map[string]string{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig)})}
}

func (b *browser) credential(response map[string]string) json.RawMessage {
	data, err := json.MarshalIndent(map[string]any{"id": b64(b.id), "rawId": b64(b.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}}, "", " ")
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// clock is a clock that stands still until it is moved.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }
