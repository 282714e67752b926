package verify

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
)

// promised checks the promise of inclusion (signed entry timestamp), which says when the log took the entry.
func (l log) promised(e *rekor.TransparencyLogEntry) error {
	payload := struct { // in the order of RFC 8785
		Body           []byte `json:"body"`
		IntegratedTime int64  `json:"integratedTime"`
		LogID          string `json:"logID"`
		LogIndex       int64  `json:"logIndex"`
	}{e.GetCanonicalizedBody(), e.GetIntegratedTime(), hex.EncodeToString(e.GetLogId().GetKeyId()), e.GetLogIndex()}
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(text)
	if err := checkDigest(l.key, crypto.SHA256, digest[:], e.GetInclusionPromise().GetSignedEntryTimestamp()); err != nil {
		return fmt.Errorf("the promise of inclusion: %w", err)
	}
	return nil
}

// bodyV1 is an entry of a Rekor v1 log, of the three kinds that bundles have.
type bodyV1 struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Data struct { // hashedrekord
			Hash hashV1 `json:"hash"`
		} `json:"data"`
		Signature struct {
			Content   []byte `json:"content"`
			PublicKey struct {
				Content []byte `json:"content"`
			} `json:"publicKey"`
		} `json:"signature"`
		PayloadHash hashV1 `json:"payloadHash"` // dsse
		Signatures  []struct {
			Signature []byte `json:"signature"`
			Verifier  []byte `json:"verifier"`
		} `json:"signatures"`
		Content struct { // intoto
			PayloadHash hashV1 `json:"payloadHash"`
			Envelope    struct {
				Signatures []struct {
					Sig       []byte `json:"sig"`
					PublicKey []byte `json:"publicKey"`
				} `json:"signatures"`
			} `json:"envelope"`
		} `json:"content"`
	} `json:"spec"`
}

type hashV1 struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// claimV1 is what an entry says.
type claimV1 struct {
	hash      hashV1
	signature []byte
	verifier  []byte // PEM
}

func (b bodyV1) claim() (claimV1, error) {
	s := b.Spec
	switch b.Kind + " " + b.APIVersion {
	case "hashedrekord 0.0.1":
		return claimV1{s.Data.Hash, s.Signature.Content, s.Signature.PublicKey.Content}, nil
	case "dsse 0.0.1":
		if len(s.Signatures) == 1 {
			return claimV1{s.PayloadHash, s.Signatures[0].Signature, s.Signatures[0].Verifier}, nil
		}
	case "intoto 0.0.2":
		if e := s.Content.Envelope.Signatures; len(e) == 1 { // its signature is text of base64 in base64
			signature, err := base64.StdEncoding.DecodeString(string(e[0].Sig))
			return claimV1{s.Content.PayloadHash, signature, e[0].PublicKey}, err
		}
	}
	return claimV1{}, fmt.Errorf("entries %s %s of this form are not read", b.Kind, b.APIVersion)
}

// checkRekorV1 compares an entry with the bundle, field by field.
func checkRekorV1(kind, version string, body []byte, c content, signer crypto.PublicKey) error {
	var b bodyV1
	if err := json.Unmarshal(body, &b); err != nil {
		return err
	}
	if b.Kind != kind || b.APIVersion != version {
		return fmt.Errorf("it is of the kind %s %s, not %s %s", b.Kind, b.APIVersion, kind, version)
	}
	if (kind == rekordKind) != (c.message != nil) {
		return fmt.Errorf("it is of the kind %s, the bundle is not", kind)
	}
	claim, err := b.claim()
	if err != nil {
		return err
	}
	return claim.compare(c, signer)
}

func (claim claimV1) compare(c content, signer crypto.PublicKey) error {
	digest := c.message.GetDigest()
	if c.envelope != nil {
		d := c.payloadSum()
		digest = d[:]
	}
	got, err := hex.DecodeString(claim.hash.Value)
	switch {
	case err != nil:
		return err
	case c.envelope != nil && claim.hash.Algorithm != "sha256", c.message != nil && claim.hash.Algorithm != algorithmName(c.message.GetAlgorithm()):
		return fmt.Errorf("its digest is of the algorithm %s", claim.hash.Algorithm)
	case !bytes.Equal(got, digest):
		return errors.New("it is of another digest")
	case !bytes.Equal(claim.signature, c.signature):
		return errors.New("it is of another signature")
	}
	return sameSigner(claim.verifier, c.cert, signer)
}

func sameSigner(verifier, cert []byte, signer crypto.PublicKey) error {
	block, _ := pem.Decode(verifier)
	if block == nil {
		return errors.New("it names no signer")
	}
	want := cert
	if cert == nil {
		der, err := x509.MarshalPKIXPublicKey(signer)
		if err != nil {
			return err
		}
		want = der
	}
	if !bytes.Equal(block.Bytes, want) {
		return errors.New("it is of another signer")
	}
	return nil
}
