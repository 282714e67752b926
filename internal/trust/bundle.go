package trust

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	sumdb "golang.org/x/mod/sumdb/tlog"

	"github.com/adamant-os/adamant/internal/tlog"
)

const (
	bundleType    = "application/vnd.dev.sigstore.bundle.v0.3+json"
	payloadType   = "application/vnd.in-toto+json"
	statementType = "https://in-toto.io/Statement/v1"
)

// MaxStatement is the size in bytes of the largest statement that Attest signs.
const MaxStatement = 8 << 20

// pae is what DSSE signs (protocol.md of secure-systems-lab/dsse).
func pae(payload []byte) []byte {
	head := "DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(payload)) + " "
	return append([]byte(head), payload...)
}

// checkStatement refuses what no verifier could match to anything.
func checkStatement(statement []byte) error {
	if len(statement) > MaxStatement {
		return fmt.Errorf("the statement has %d bytes, more than %d", len(statement), MaxStatement)
	}
	var s struct {
		Type      string `json:"_type"`
		Predicate string `json:"predicateType"`
		Subject   []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if err := json.Unmarshal(statement, &s); err != nil {
		return fmt.Errorf("the statement is no JSON: %w", err)
	}
	switch {
	case s.Type != statementType:
		return fmt.Errorf("the statement's _type is %q, not %q", s.Type, statementType)
	case s.Predicate == "":
		return errors.New("the statement has no predicateType")
	case len(s.Subject) == 0:
		return errors.New("the statement has no subject")
	}
	for i, subject := range s.Subject {
		if len(subject.Digest) == 0 {
			return fmt.Errorf("subject %d of the statement has no digest", i+1)
		}
	}
	return nil
}

// rekord is the body of a Rekor v2 entry, hashedrekord 0.0.2. The fields are in the order of RFC 8785 and their values need no
// escapes, so that encoding/json writes the canonical form.
type rekord struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		V002 rekordSpec `json:"hashedRekordV002"`
	} `json:"spec"`
}

type rekordSpec struct {
	Data struct {
		Algorithm string `json:"algorithm"`
		Digest    []byte `json:"digest"`
	} `json:"data"`
	Signature struct {
		Content  []byte `json:"content"`
		Verifier struct {
			KeyDetails  string `json:"keyDetails"`
			Certificate struct {
				Raw []byte `json:"rawBytes"`
			} `json:"x509Certificate"`
		} `json:"verifier"`
	} `json:"signature"`
}

const rekordKind, rekordVersion = "hashedrekord", "0.0.2"

// newRekord is the canonical body of the entry of a signature.
func newRekord(digest [sha256.Size]byte, signature, cert []byte) ([]byte, error) {
	r := rekord{APIVersion: rekordVersion, Kind: rekordKind}
	spec := &r.Spec.V002
	spec.Data.Algorithm, spec.Data.Digest = "SHA2_256", digest[:]
	spec.Signature.Content = signature
	spec.Signature.Verifier.KeyDetails = "PKIX_ECDSA_P256_SHA_256"
	spec.Signature.Verifier.Certificate.Raw = cert
	return json.Marshal(r)
}

// signed is a signature and everything that makes it last.
type signed struct {
	digest    [sha256.Size]byte
	signature []byte
	cert      []byte
	stamp     []byte
	rekord    []byte
	entry     tlog.Entry
	logID     [sha256.Size]byte
}

func (s session) sign(digest [sha256.Size]byte) ([]byte, error) {
	return s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
}

// checkEntry holds a log to what it said: the entry is in the tree that it named.
func checkEntry(rekord []byte, e tlog.Entry) error {
	proof := make(sumdb.RecordProof, len(e.Proof))
	for i, h := range e.Proof {
		proof[i] = sumdb.Hash(h)
	}
	if err := sumdb.CheckRecord(proof, int64(e.Size), sumdb.Hash(e.Root), int64(e.Index), sumdb.RecordHash(rekord)); err != nil {
		return fmt.Errorf("the log's proof for entry %d of %d: %w", e.Index, e.Size, err)
	}
	return nil
}

// material is what a verifier needs beside the content.
func (s signed) material() *bundlepb.VerificationMaterial {
	hashes := make([][]byte, len(s.entry.Proof))
	for i := range s.entry.Proof {
		hashes[i] = s.entry.Proof[i][:]
	}
	return &bundlepb.VerificationMaterial{
		Content: &bundlepb.VerificationMaterial_Certificate{Certificate: &common.X509Certificate{RawBytes: s.cert}},
		TlogEntries: []*rekor.TransparencyLogEntry{{
			LogIndex: int64(s.entry.Index), LogId: &common.LogId{KeyId: s.logID[:]},
			KindVersion: &rekor.KindVersion{Kind: rekordKind, Version: rekordVersion},
			InclusionProof: &rekor.InclusionProof{
				LogIndex: int64(s.entry.Index), TreeSize: int64(s.entry.Size), RootHash: s.entry.Root[:], Hashes: hashes,
				Checkpoint: &rekor.Checkpoint{Envelope: string(s.entry.Checkpoint)},
			},
			CanonicalizedBody: s.rekord,
		}},
		TimestampVerificationData: &bundlepb.TimestampVerificationData{
			Rfc3161Timestamps: []*common.RFC3161SignedTimestamp{{SignedTimestamp: s.stamp}},
		},
	}
}

func (s signed) ofStatement(statement []byte) ([]byte, error) {
	return encode(&bundlepb.Bundle{MediaType: bundleType, VerificationMaterial: s.material(), Content: &bundlepb.Bundle_DsseEnvelope{
		DsseEnvelope: &dsse.Envelope{Payload: statement, PayloadType: payloadType, Signatures: []*dsse.Signature{{Sig: s.signature}}},
	}}, "")
}

func (s signed) ofBlob() ([]byte, error) {
	return encode(&bundlepb.Bundle{MediaType: bundleType, VerificationMaterial: s.material(), Content: &bundlepb.Bundle_MessageSignature{
		MessageSignature: &common.MessageSignature{
			MessageDigest: &common.HashOutput{Algorithm: common.HashAlgorithm_SHA2_256, Digest: s.digest[:]},
			Signature:     s.signature,
		},
	}}, "")
}
