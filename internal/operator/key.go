package operator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// Key is one enrolled credential. It holds nothing secret.
type Key struct {
	ID         string    `json:"id"` // 16 hex digits of sha256 over method and public half
	Operator   string    `json:"operator"`
	Label      string    `json:"label,omitempty"`
	Method     string    `json:"method"`
	Public     string    `json:"public"`               // ssh: authorized_keys line; webauthn: COSE key, base64url; totp: sha256 of the secret
	Credential string    `json:"credential,omitempty"` // webauthn: its id, base64url
	Site       string    `json:"site,omitempty"`       // webauthn: relying party id
	Verifies   bool      `json:"verifies"`             // it verified its user when it was enrolled
	Since      time.Time `json:"since"`
}

// keyID names a credential.
func keyID(method, public string) string {
	sum := sha256.Sum256([]byte(method + "\x00" + public))
	return hex.EncodeToString(sum[:8])
}

// Name is how other tools call the key.
func (k Key) Name() string {
	if key, err := parseSSH(k.Public); err == nil && (k.Method == gate.MethodSSH || k.Method == gate.MethodSK) {
		return sshsig.Fingerprint(key)
	}
	return k.Method + ":" + k.ID
}

// ParseSSHKey reads a public key in the form of authorized_keys or an SSH agent and says of which method it is. The line it
// gives is without comment.
func ParseSSHKey(text string) (method, line string, err error) {
	key, err := parseSSH(strings.TrimSpace(text))
	if err != nil {
		return "", "", err
	}
	line = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	if strings.HasPrefix(key.Type(), "sk-") {
		return gate.MethodSK, line, nil
	}
	return gate.MethodSSH, line, nil
}

func parseSSH(line string) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading an SSH public key: %w", err)
	case len(options) > 0 || len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("reading an SSH public key: there is more than one key, or options before it")
	}
	if _, certificate := key.(*ssh.Certificate); certificate {
		return nil, errors.New("reading an SSH public key: it is a certificate; enrol the key itself")
	}
	return key, nil
}

// shown is what a verified proof says about the moment it was made.
type shown struct {
	verified bool   // the credential verified its user
	counter  uint32 // of a security key; 0 = it does not count
}

// verify checks that the key consented to text.
func (k Key) verify(text, namespace string, e evidence) (shown, error) {
	switch k.Method {
	case gate.MethodSSH, gate.MethodSK:
		return verifySSH(k.Public, text, namespace, e.Signature)
	case gate.MethodWebAuthn:
		return k.verifyAssertion(text, e.Assertion)
	}
	return shown{}, refused("a key of method " + k.Method + " signs nothing")
}

func verifySSH(line, text, namespace, armored string) (shown, error) {
	want, err := parseSSH(line)
	if err != nil {
		return shown{}, err
	}
	sig, err := sshsig.Verify([]byte(armored), namespace, []byte(text))
	if err != nil {
		return shown{}, refused(err.Error())
	}
	if !bytes.Equal(sig.Key.Marshal(), want.Marshal()) {
		return shown{}, refused("the signature is by " + sshsig.Fingerprint(sig.Key) + ", not by the key that is named")
	}
	return shown{verified: sig.Hardware && sig.UserVerified, counter: sig.Counter}, nil
}

// enrolled makes the key that an order asks for, when whoever asks has shown to hold it.
func enrolled(o Order, text string, held evidence, at time.Time) (Key, shown, error) {
	k := Key{Operator: o.Operator, Label: o.Label, Method: o.Method, Public: o.Public, Since: at}
	var saw shown
	switch o.Method {
	case gate.MethodSSH, gate.MethodSK:
		method, line, err := ParseSSHKey(o.Public)
		if err != nil {
			return k, saw, refused(err.Error())
		}
		if method != o.Method || line != o.Public {
			return k, saw, refused("the order's key is not of method " + o.Method + ", or not in its plain form")
		}
		if saw, err = verifySSH(line, text, NamespaceOrder, held.Signature); err != nil {
			return k, saw, fmt.Errorf("the new key did not sign: %w", err)
		}
	case gate.MethodWebAuthn:
		var err error
		if saw, err = k.register(text, held.Assertion); err != nil {
			return k, saw, err
		}
	case gate.MethodTOTP:
		if raw, err := hex.DecodeString(o.Public); err != nil || len(raw) != sha256.Size {
			return k, saw, refused("a code generator is enrolled by the sha256 of its secret")
		}
	default:
		return k, saw, refused("nobody knows the method " + o.Method)
	}
	k.Verifies = saw.verified
	k.ID = keyID(k.Method, k.Public)
	return k, saw, nil
}

// challenge is what a browser signs in place of text: its sha256, in base64url.
func challenge(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// credential is what is kept of a browser's answer: what its signature is over, and nothing of extensions.
type credential struct {
	ID       string `json:"id"`
	RawID    string `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientData        string `json:"clientDataJSON"`
		AuthenticatorData string `json:"authenticatorData,omitempty"`
		Signature         string `json:"signature,omitempty"`
		Attestation       string `json:"attestationObject,omitempty"`
	} `json:"response"`
}

// compact is a browser's answer as it is kept, nil when there is none.
func compact(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if len(raw) > maxCredential {
		return nil, refused(fmt.Sprintf("the browser's answer is longer than %d bytes", maxCredential))
	}
	var c credential
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, refused("reading the browser's answer: " + err.Error())
	}
	return json.Marshal(c)
}
