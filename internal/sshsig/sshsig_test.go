package sshsig

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

var message = []byte("tree 4b825dc\n\nhello\n")

// seeded is the same key every time.
func seeded(t testing.TB) (ssh.Signer, ed25519.PrivateKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key, private
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestSignVerify(t *testing.T) {
	t.Parallel()
	_, ed := seeded(t)
	keys := map[string]any{
		"ed25519":   ed,
		"ecdsa-256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t),
		"ecdsa-384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t),
		"ecdsa-521": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t),
		"rsa":       must(rsa.GenerateKey(rand.Reader, 2048))(t),
	}
	for name, private := range keys {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := must(ssh.NewSignerFromKey(private))(t)
			armored := must(NewSigner(key, NamespaceGit).Sign(context.Background(), message))(t)
			s := must(Verify(armored, NamespaceGit, message))(t)
			if !bytes.Equal(s.Key.Marshal(), key.PublicKey().Marshal()) {
				t.Error("another key")
			}
			if _, err := Verify(armored, NamespaceGit, append(bytes.Clone(message), ' ')); !errors.Is(err, ErrSignature) {
				t.Errorf("another message: %v", err)
			}
			if _, err := Verify(armored, NamespaceApproval, message); !errors.Is(err, ErrSignature) {
				t.Errorf("another namespace: %v", err)
			}
			crlf := bytes.ReplaceAll(armored, []byte("\n"), []byte("\r\n"))
			if _, err := Verify(crlf, NamespaceGit, message); err != nil {
				t.Errorf("CRLF: %v", err)
			}
		})
	}
}

// Every changed bit of a signature is noticed.
func TestMutations(t *testing.T) {
	t.Parallel()
	key, _ := seeded(t)
	raw := must(unarmor(must(Sign(key, NamespaceGit, message))(t)))(t)
	for i := range raw {
		for bit := range 8 {
			changed := bytes.Clone(raw)
			changed[i] ^= 1 << bit
			if _, err := Verify(armor(changed), NamespaceGit, message); err == nil {
				t.Errorf("byte %d, bit %d: accepted", i, bit)
			}
		}
	}
	for n := range raw {
		if _, err := Verify(armor(raw[:n]), NamespaceGit, message); err == nil {
			t.Errorf("cut to %d bytes: accepted", n)
		}
	}
	if _, err := Verify(armor(append(raw, 0)), NamespaceGit, message); err == nil {
		t.Error("a byte behind it: accepted")
	}
}

// keygen runs ssh-keygen, which git needs for SSH signatures as well.
func keygen(t *testing.T, stdin []byte, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command("ssh-keygen", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("this test needs ssh-keygen (Debian: openssh-client)")
	}
	if err != nil {
		t.Logf("ssh-keygen %q: %s", args, stderr.String())
	}
	return out, err
}

func TestInteroperates(t *testing.T) {
	t.Parallel()
	for _, kind := range [][]string{{"ed25519"}, {"ecdsa", "-b", "256"}, {"rsa", "-b", "2048"}} {
		t.Run(kind[0], func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "key")
			must(keygen(t, nil, append([]string{"-q", "-N", "", "-C", "", "-f", file, "-t"}, kind...)...))(t)
			theirs := must(keygen(t, message, "-q", "-Y", "sign", "-n", "git", "-f", file))(t)
			s := must(Verify(theirs, "git", message))(t)

			key := must(ssh.ParsePrivateKey(must(os.ReadFile(file))(t)))(t)
			ours := must(Sign(key, "git", message))(t)
			signature, allowed := filepath.Join(t.TempDir(), "sig"), filepath.Join(t.TempDir(), "allowed")
			write(t, signature, ours)
			write(t, allowed, append([]byte("gate "), ssh.MarshalAuthorizedKey(s.Key)...))
			must(keygen(t, message, "-q", "-Y", "verify", "-n", "git", "-I", "gate", "-f", allowed, "-s", signature))(t)
			if _, err := keygen(t, []byte("other"), "-q", "-Y", "verify", "-n", "git", "-I", "gate", "-f", allowed, "-s", signature); err == nil {
				t.Error("ssh-keygen accepts anything")
			}
		})
	}
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The bytes are pinned: Ed25519 is deterministic, so a signature of a known key is a test vector.
func TestVector(t *testing.T) {
	t.Parallel()
	key, private := seeded(t)
	ours := must(Sign(key, "git", message))(t)
	golden := filepath.Join("testdata", "ed25519.sig")
	if os.Getenv("UPDATE") != "" {
		file := filepath.Join(t.TempDir(), "key")
		block := must(ssh.MarshalPrivateKey(private, ""))(t)
		write(t, file, pem.EncodeToMemory(block))
		write(t, golden, must(keygen(t, message, "-q", "-Y", "sign", "-n", "git", "-f", file))(t))
	}
	if want := must(os.ReadFile(golden))(t); !bytes.Equal(ours, want) {
		t.Errorf("signed\n%s\nssh-keygen signed\n%s", ours, want)
	}
}

// hardware imitates a security key.
func hardware(t *testing.T, flags byte) []byte {
	t.Helper()
	_, private := seeded(t)
	public := ssh.Marshal(struct {
		Name        string
		Key         []byte
		Application string
	}{ssh.KeyAlgoSKED25519, private.Public().(ed25519.PublicKey), "ssh:"})
	payload := must(signedBytes("git", "sha512", message))(t)
	app, digest := sha256.Sum256([]byte("ssh:")), sha256.Sum256(payload)
	said := []byte{flags, 0, 0, 0, 9}
	signature := ed25519.Sign(private, slices.Concat(app[:], said, digest[:]))
	blob := ssh.Marshal(envelope{PublicKey: public, Namespace: []byte("git"), Hash: []byte("sha512"),
		Signature: ssh.Marshal(ssh.Signature{Format: ssh.KeyAlgoSKED25519, Blob: signature, Rest: said})})
	return armor(slices.Concat([]byte(magic), []byte{0, 0, 0, 1}, blob))
}

func TestSecurityKey(t *testing.T) {
	t.Parallel()
	s := must(Verify(hardware(t, 5), "git", message))(t)
	if !s.Hardware || !s.UserPresent || !s.UserVerified || s.Counter != 9 {
		t.Errorf("%+v", s)
	}
	if s := must(Verify(hardware(t, 1), "git", message))(t); s.UserVerified {
		t.Error("a touch counts as user verification")
	}
	if _, err := Verify(hardware(t, 4), "git", message); !errors.Is(err, ErrSignature) {
		t.Errorf("without a touch: %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	weak := must(ssh.NewSignerFromKey(must(rsa.GenerateKey(rand.Reader, 1024))(t)))(t)
	if _, err := Sign(weak, "git", message); err == nil {
		t.Error("RSA of 1024 bits signs")
	}
	key, _ := seeded(t)
	if _, err := Sign(key, "", message); err == nil {
		t.Error("an empty namespace signs")
	}
	armored := string(must(Sign(key, "git", message))(t))
	for name, text := range map[string]string{
		"empty":          "",
		"no end":         strings.TrimSuffix(armored, end+"\n"),
		"text before":    "x\n" + armored,
		"text behind":    armored + "x",
		"no base64":      begin + "\n!\n" + end,
		"too long":       begin + strings.Repeat("A", SizeLimit) + end,
		"sha1":           string(rehash(t, key, "sha1")),
		"reserved":       string(envelop(t, key, envelope{Reserved: []byte("x"), Hash: []byte("sha512")})),
		"no namespace":   string(envelop(t, key, envelope{Hash: []byte("sha512")})),
		"version 2":      string(armor([]byte(magic + "\x00\x00\x00\x02"))),
		"another format": string(armor([]byte("OPENSSL"))),
	} {
		if _, err := Verify([]byte(text), "git", message); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func rehash(t *testing.T, key ssh.Signer, hash string) []byte {
	return envelop(t, key, envelope{Namespace: []byte("git"), Hash: []byte(hash)})
}

// envelop signs for real but with an envelope of the test's.
func envelop(t *testing.T, key ssh.Signer, e envelope) []byte {
	t.Helper()
	signature := must(key.Sign(rand.Reader, must(signedBytes("git", "sha512", message))(t)))(t)
	e.PublicKey, e.Signature = key.PublicKey().Marshal(), ssh.Marshal(signature)
	return armor(slices.Concat([]byte(magic), []byte{0, 0, 0, 1}, ssh.Marshal(e)))
}

func FuzzParse(f *testing.F) {
	key, _ := seeded(f)
	f.Add(must(unarmor(must(Sign(key, "git", message))(f)))(f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(armor(raw))
		if err != nil {
			return
		}
		if s.Verify(s.Namespace, message) == nil && !bytes.Equal(s.Key.Marshal(), key.PublicKey().Marshal()) {
			t.Log("a valid signature of another key") // would be a find, not a fault
		}
	})
}

func FuzzUnarmor(f *testing.F) {
	key, _ := seeded(f)
	f.Add(must(Sign(key, "git", message))(f))
	f.Fuzz(func(t *testing.T, text []byte) {
		if raw, err := unarmor(text); err == nil {
			again, err := unarmor(armor(raw))
			if err != nil || !bytes.Equal(again, raw) {
				t.Errorf("%x became %x, %v", raw, again, err)
			}
		}
	})
}
