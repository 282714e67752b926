package trust

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"time"

	"github.com/digitorus/timestamp"
)

// oidPolicy is what Sigstore's timestamp authority states unless told otherwise: nothing beyond RFC 3161.
func oidPolicy() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2} }

func oidExtKeyUsage() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 37} }
func oidTimeStamping() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
}

// newTSA makes a timestamp authority's key, its certificate and the root of that. RFC 3161, section 2.3 wants the extended key
// usage alone and critical; verifiers want a root of its own. The root's key signs once and is forgotten.
func newTSA(repository string, now time.Time) (key crypto.Signer, chain []*x509.Certificate, err error) {
	rootKey, err := newKey(kindTSA)
	if err != nil {
		return nil, nil, err
	}
	root, err := selfSigned(repository+" timestamps, root", rootKey, now)
	if err != nil {
		return nil, nil, err
	}
	if key, err = newKey(kindTSA); err != nil {
		return nil, nil, err
	}
	template, err := authority(repository+" timestamps", now)
	if err != nil {
		return nil, nil, err
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping()})
	if err != nil {
		return nil, nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage(), Critical: true, Value: usage}}
	der, err := x509.CreateCertificate(rand.Reader, template, root, key.Public(), rootKey)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return key, []*x509.Certificate{cert, root}, err
}

// stamp is the RFC 3161 response that says when signature was seen, to the second.
func stamp(tsa issuing, signature []byte, now time.Time) ([]byte, error) {
	digest := sha256.Sum256(signature)
	ts := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Time: now.UTC().Truncate(time.Second),
		Accuracy: time.Second, Policy: oidPolicy(), AddTSACertificate: true,
	}
	token, err := ts.CreateResponseWithOpts(tsa.cert, tsa.key, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("making the timestamp: %w", err)
	}
	return token, nil
}
