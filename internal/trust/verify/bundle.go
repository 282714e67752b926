package verify

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// Limits of what is read.
const (
	MaxBundle  = 32 << 20 // bytes
	maxEntries = 32       // of logs
	maxStamps  = 32
)

// payloadType is the one of in-toto statements.
const payloadType = "application/vnd.in-toto+json"

// content is a bundle, taken apart and known to be whole.
type content struct {
	cert      []byte // DER; nil: signed by a key
	signature []byte
	message   *common.HashOutput // of a blob
	envelope  *dsse.Envelope     // of an attestation
	entries   []*rekor.TransparencyLogEntry
	stamps    []*common.RFC3161SignedTimestamp
}

func open(text []byte) (content, error) {
	if len(text) > MaxBundle {
		return content{}, fmt.Errorf("it has more than %d bytes", MaxBundle)
	}
	var pb bundlepb.Bundle
	if err := protojson.Unmarshal(text, &pb); err != nil {
		return content{}, err
	}
	version, err := versionOf(pb.GetMediaType())
	if err != nil {
		return content{}, err
	}
	m := pb.GetVerificationMaterial()
	c := content{entries: m.GetTlogEntries(), stamps: m.GetTimestampVerificationData().GetRfc3161Timestamps()}
	if c.cert, err = certificateOf(m, version); err != nil {
		return content{}, err
	}
	if err := c.take(&pb); err != nil {
		return content{}, err
	}
	return c, c.check(version)
}

// versionOf is 1 to 3 for v0.1 to v0.3.
func versionOf(mediaType string) (int, error) {
	known := []string{"", "0.1", "0.2", "0.3"}
	const base = "application/vnd.dev.sigstore.bundle"
	v, old := strings.CutPrefix(mediaType, base+"+json;version=")
	if !old {
		v = strings.TrimSuffix(strings.TrimPrefix(mediaType, base+".v"), "+json")
	}
	if i := slices.Index(known, v); i > 0 && (old || i == 3 && mediaType == base+".v0.3+json") {
		return i, nil
	}
	return 0, fmt.Errorf("bundles of the media type %q are not read", mediaType)
}

// certificateOf is the certificate of the signing key, nil where the key has none. Older bundles hold a chain; what they say above
// the leaf is not taken from them.
func certificateOf(m *bundlepb.VerificationMaterial, version int) ([]byte, error) {
	var der []byte
	switch content := m.GetContent().(type) {
	case *bundlepb.VerificationMaterial_PublicKey:
		return nil, nil
	case *bundlepb.VerificationMaterial_Certificate:
		der = content.Certificate.GetRawBytes()
	case *bundlepb.VerificationMaterial_X509CertificateChain:
		chain := content.X509CertificateChain.GetCertificates()
		if version >= 3 {
			return nil, errors.New("a bundle v0.3 has one certificate, no chain")
		}
		if err := checkChain(chain); err != nil {
			return nil, err
		}
		der = chain[0].GetRawBytes()
	}
	if len(der) == 0 {
		return nil, errors.New("it names neither a certificate nor a key")
	}
	return der, nil
}

// take takes what was signed, and the signature.
func (c *content) take(pb *bundlepb.Bundle) error {
	switch content := pb.GetContent().(type) {
	case *bundlepb.Bundle_MessageSignature:
		c.message, c.signature = content.MessageSignature.GetMessageDigest(), content.MessageSignature.GetSignature()
		if c.message == nil {
			return errors.New("its signature names no digest")
		}
	case *bundlepb.Bundle_DsseEnvelope:
		c.envelope = content.DsseEnvelope
		if n := len(c.envelope.GetSignatures()); n != 1 {
			return fmt.Errorf("its envelope has %d signatures, not one", n)
		}
		c.signature = c.envelope.GetSignatures()[0].GetSig()
	default:
		return errors.New("it holds neither a signature of a digest nor an envelope")
	}
	if len(c.signature) == 0 {
		return errors.New("its signature is empty")
	}
	return nil
}

func (c *content) check(version int) error {
	if len(c.entries) > maxEntries || len(c.stamps) > maxStamps {
		return fmt.Errorf("it has %d log entries and %d timestamps: more than %d", len(c.entries), len(c.stamps), maxEntries)
	}
	for _, e := range c.entries {
		switch {
		case e.GetKindVersion() == nil || len(e.GetCanonicalizedBody()) == 0 || len(e.GetLogId().GetKeyId()) == 0 || e.GetLogIndex() < 0:
			return errors.New("an entry of a log is not whole")
		case version == 1 && len(e.GetInclusionPromise().GetSignedEntryTimestamp()) == 0:
			return errors.New("an entry of a log in a bundle v0.1 has no promise of inclusion")
		case version > 1 && e.GetInclusionProof().GetCheckpoint().GetEnvelope() == "":
			return errors.New("an entry of a log has no inclusion proof with a checkpoint")
		}
	}
	return nil
}

// pae is what the signature of an envelope is over: DSSE's pre-authentication encoding.
func pae(e *dsse.Envelope) []byte {
	head := "DSSEv1 " + strconv.Itoa(len(e.GetPayloadType())) + " " + e.GetPayloadType() + " " + strconv.Itoa(len(e.GetPayload())) + " "
	return append([]byte(head), e.GetPayload()...)
}

// payloadSum is what an entry of a Rekor v1 log holds of an envelope.
func (c *content) payloadSum() [sha256.Size]byte { return sha256.Sum256(c.envelope.GetPayload()) }
