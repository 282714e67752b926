package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// logged is an entry that a log of the root holds.
type logged struct {
	index  int64
	origin string
	leaf   [sha256.Size]byte
	window window    // of the log's key
	time   time.Time // promised by a Rekor v1 log, else zero
}

// logged checks the entries of logs that the root knows; there must be one, and each must be right.
func (v *Verifier) logged(c content, signer crypto.PublicKey) ([]logged, error) {
	var out []logged
	for _, e := range c.entries {
		l, found := v.trusted.logs[string(e.GetLogId().GetKeyId())]
		if !found {
			continue
		}
		in, err := l.entry(e, c, signer)
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	if len(out) == 0 {
		return nil, refuse(LogMissing, "it is in no transparency log of the trusted root", nextRoot, nil)
	}
	return out, nil
}

func (l log) entry(e *rekor.TransparencyLogEntry, c content, signer crypto.PublicKey) (logged, error) {
	body := e.GetCanonicalizedBody()
	in := logged{index: e.GetLogIndex(), origin: l.origin, leaf: tlog.RecordHash(body), window: l.window}
	k := e.GetKindVersion()
	if k.GetKind() == rekordKind && k.GetVersion() == rekordVersion {
		if err := checkRekord(body, c, signer); err != nil {
			return in, mismatch(err)
		}
		return in, proofError(included(e, e.GetLogIndex(), l.note))
	}
	if err := checkRekorV1(k.GetKind(), k.GetVersion(), body, c, signer); err != nil {
		return in, mismatch(err)
	}
	if e.GetInclusionProof() != nil {
		if err := included(e, e.GetInclusionProof().GetLogIndex(), l.noteV1); err != nil {
			return in, proofError(err)
		}
	}
	if len(e.GetInclusionPromise().GetSignedEntryTimestamp()) > 0 {
		in.time = time.Unix(e.GetIntegratedTime(), 0)
		return in, proofError(l.promised(e))
	}
	return in, nil
}

func mismatch(err error) error {
	return refuse(LogMismatch, "the log's entry is about something else", nextSign, err)
}

func proofError(err error) error {
	if err == nil {
		return nil
	}
	return refuse(LogProof, "the proof that it is in the log does not hold", nextSign, err)
}

// included checks the inclusion proof against its signed checkpoint (RFC 6962, section 2.1.1; C2SP tlog-checkpoint).
func included(e *rekor.TransparencyLogEntry, index int64, log note.Verifier) error {
	p := e.GetInclusionProof()
	size, root, err := checkpoint(p.GetCheckpoint().GetEnvelope(), log)
	if err != nil {
		return err
	}
	if p.GetTreeSize() != size || !bytes.Equal(p.GetRootHash(), root[:]) {
		return errors.New("the proof is of another tree than the checkpoint")
	}
	proof := make(tlog.RecordProof, len(p.GetHashes()))
	for i, h := range p.GetHashes() {
		if len(h) != len(proof[i]) {
			return errors.New("the proof holds what is no hash")
		}
		copy(proof[i][:], h)
	}
	if index < 0 || index >= size {
		return fmt.Errorf("there is no entry %d in a tree of %d", index, size)
	}
	return tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(e.GetCanonicalizedBody()))
}

// checkpoint opens the note that the log signed.
func checkpoint(envelope string, log note.Verifier) (size int64, root tlog.Hash, err error) {
	n, err := note.Open([]byte(envelope), note.VerifierList(log))
	if err != nil {
		return 0, root, fmt.Errorf("the checkpoint: %w", err)
	}
	lines := strings.SplitN(n.Text, "\n", 4)
	if len(lines) < 4 {
		return 0, root, errors.New("the checkpoint has no origin, size and root")
	}
	// Rekor v1 writes the number of its tree behind its name.
	if name, _, _ := strings.Cut(lines[0], " - "); name != log.Name() {
		return 0, root, fmt.Errorf("the checkpoint is of %q, not of %q", lines[0], log.Name())
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, root, fmt.Errorf("the checkpoint's size: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(raw) != len(root) {
		return 0, root, errors.Join(errors.New("the checkpoint's root is no hash"), err)
	}
	return size, tlog.Hash(raw), nil
}

const rekordKind, rekordVersion = "hashedrekord", "0.0.2"

// rekord is an entry of a Rekor v2 log, its fields in the order of RFC 8785. No value needs an escape, so encoding/json writes the
// canonical form.
type rekord struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		V002 struct {
			Data struct {
				Algorithm string `json:"algorithm"`
				Digest    []byte `json:"digest"`
			} `json:"data"`
			Signature struct {
				Content  []byte `json:"content"`
				Verifier struct {
					KeyDetails  string    `json:"keyDetails"`
					PublicKey   *rawBytes `json:"publicKey,omitempty"`
					Certificate *rawBytes `json:"x509Certificate,omitempty"`
				} `json:"verifier"`
			} `json:"signature"`
		} `json:"hashedRekordV002"`
	} `json:"spec"`
}

type rawBytes struct {
	Raw []byte `json:"rawBytes"`
}

// checkRekord writes the entry that a Rekor v2 log must have of the bundle, and compares.
func checkRekord(body []byte, c content, signer crypto.PublicKey) error {
	a, err := algorithmOf(signer)
	if err != nil || a.hash == 0 {
		return errors.Join(errors.New("no log of this kind takes the signer's kind of key"), err)
	}
	r := rekord{APIVersion: rekordVersion, Kind: rekordKind}
	spec := &r.Spec.V002
	spec.Data.Algorithm, spec.Data.Digest = a.output.String(), c.message.GetDigest()
	if c.envelope != nil {
		spec.Data.Digest = sum(a.hash, pae(c.envelope))
	}
	spec.Signature.Content = c.signature
	spec.Signature.Verifier.KeyDetails = a.details.String()
	if c.cert != nil {
		spec.Signature.Verifier.Certificate = &rawBytes{c.cert}
	} else {
		der, err := x509.MarshalPKIXPublicKey(signer)
		if err != nil {
			return err
		}
		spec.Signature.Verifier.PublicKey = &rawBytes{der}
	}
	want, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, body) {
		return errors.New("its body is not that of this signature")
	}
	return nil
}

// noteVerifier checks a log's signatures under checkpoints (C2SP signed-note; ECDSA as Rekor's logs use it).
type noteVerifier struct {
	name string
	hash uint32
	key  crypto.PublicKey
}

func newNoteVerifier(name string, key crypto.PublicKey) (note.Verifier, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	switch k := key.(type) {
	case ed25519.PublicKey:
		id = sha256.Sum256(append([]byte(name+"\n\x01"), k...))
	case *ecdsa.PublicKey, *rsa.PublicKey:
	default:
		return nil, fmt.Errorf("logs with keys of the kind %T are not read", key)
	}
	return noteVerifier{name: name, hash: binary.BigEndian.Uint32(id[:4]), key: key}, nil
}

func (v noteVerifier) Name() string                { return v.name }
func (v noteVerifier) KeyHash() uint32             { return v.hash }
func (v noteVerifier) Verify(msg, sig []byte) bool { return checkMessage(v.key, msg, sig) == nil }
