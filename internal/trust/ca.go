package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

const (
	leafWindow      = 10 * time.Minute // how long a certificate is valid
	authorityWindow = 10 * 365 * 24 * time.Hour
)

// issuing is a certificate and the key that it certifies.
type issuing struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// session is a certified key of one identity.
type session struct {
	cert       []byte // DER
	key        *ecdsa.PrivateKey
	start, end time.Time
}

// The extensions of Fulcio's certificates: who vouched for the name. The older one holds bare text.
func oidIssuer() asn1.ObjectIdentifier   { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1} }
func oidIssuerV2() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8} }

// oidSCTList is of RFC 6962, section 3.3.
func oidSCTList() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
}

// certify makes a key and its certificate for an identity.
func certify(ca issuing, ct crypto.Signer, who Identity, now time.Time) (session, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return session{}, err
	}
	s, err := certifyKey(ca, ct, who, key.Public(), now)
	s.key = key
	return s, err
}

// certifyKey makes the certificate of a key. It carries the SCT that ct signs, so that it counts as logged for verifiers of Sigstore.
func certifyKey(ca issuing, ct crypto.Signer, who Identity, key crypto.PublicKey, now time.Time) (session, error) {
	template, err := leaf(who, now)
	if err != nil {
		return session{}, err
	}
	before, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key, ca.key)
	if err != nil {
		return session{}, err
	}
	bare, err := x509.ParseCertificate(before)
	if err != nil {
		return session{}, err
	}
	scts, err := sctList(ca.cert, bare.RawTBSCertificate, ct, now)
	if err != nil {
		return session{}, err
	}
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidSCTList(), Value: scts}) // must be the last
	cert, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key, ca.key)
	return session{cert: cert, start: template.NotBefore, end: template.NotAfter}, err
}

// leaf is the template of a certificate as Fulcio writes it: no subject, one URI.
func leaf(who Identity, now time.Time) (*x509.Certificate, error) {
	name, err := url.Parse(who.String())
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	issuer := Issuer(who.Repository)
	wrapped, err := asn1.MarshalWithParams(issuer, "utf8")
	if err != nil {
		return nil, err
	}
	start := now.Truncate(time.Second)
	return &x509.Certificate{
		SerialNumber: serial, NotBefore: start, NotAfter: start.Add(leafWindow), URIs: []*url.URL{name},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{{Id: oidIssuer(), Value: []byte(issuer)}, {Id: oidIssuerV2(), Value: wrapped}},
	}, nil
}

// newSerial is positive and has 127 bits.
func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}

// sctList is the value of the extension: one signed certificate timestamp of RFC 6962, section 3.2, over a precertificate,
// which is what the certificate is without it.
func sctList(issuer *x509.Certificate, precert []byte, ct crypto.Signer, now time.Time) ([]byte, error) {
	log, err := keyID(ct.Public())
	if err != nil {
		return nil, err
	}
	issuerKey := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	stamp := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))
	signed := append([]byte{0, 0}, stamp...) // version 1, certificate timestamp
	signed = append(signed, 0, 1)            // a precertificate
	signed = append(signed, issuerKey[:]...)
	signed = append(append(signed, byte(len(precert)>>16), byte(len(precert)>>8), byte(len(precert))), precert...)
	signed = append(signed, 0, 0) // no extensions
	digest := sha256.Sum256(signed)
	signature, err := ct.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing the certificate timestamp: %w", err)
	}
	sct := append(append([]byte{0}, log...), stamp...)
	sct = append(sct, 0, 0, 4, 3) // no extensions, SHA-256 with ECDSA
	sct = prefixed(sct, signature)
	return asn1.Marshal(prefixed(nil, prefixed(nil, sct)))
}

// prefixed appends data behind its length in 16 bits.
func prefixed(to, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(data))), data...)
}

// selfSigned is the certificate of a root, which issues leaves only.
func selfSigned(name string, key crypto.Signer, now time.Time) (*x509.Certificate, error) {
	template, err := authority(name, now)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	template.MaxPathLenZero = true
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// authority is the template of a long-lived certificate.
func authority(name string, now time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	start := now.Truncate(time.Second)
	subject := pkix.Name{Organization: []string{"adamant"}, CommonName: name}
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: start, NotAfter: start.Add(authorityWindow)}, nil
}
