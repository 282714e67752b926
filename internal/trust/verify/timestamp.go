package verify

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
)

// stamped are the times at which timestamp authorities of the root saw the signature. Without any, the refusal is that of the last
// timestamp; a timestamp of an authority that the root does not know proves nothing and harms nothing.
func (v *Verifier) stamped(c content) ([]time.Time, error) {
	var times []time.Time
	refusal := refuse(TSAMissing, "no timestamp says when it was signed", "sign it again with a timestamp authority", nil)
	for _, s := range c.stamps {
		t, err := v.stamp(s.GetSignedTimestamp(), c.signature)
		if err != nil {
			refusal = err
			continue
		}
		times = append(times, t)
	}
	if len(times) > 0 {
		return times, nil
	}
	return nil, refusal
}

// stamp is the time of an RFC 3161 response over the signature.
func (v *Verifier) stamp(response, signature []byte) (time.Time, error) {
	refusal := refuse(TSAInvalid, "no timestamp authority of the trusted root made the timestamp", nextRoot, nil)
	t := readToken(response)
	for i, a := range v.trusted.stampers {
		if at, ok := v.stampedAgain(i, t, signature); ok {
			return at, nil
		}
		ts, err := verification.VerifyTimestampResponse(response, bytes.NewReader(signature), verification.VerifyOpts{
			Roots: []*x509.Certificate{a.root}, Intermediates: a.intermediates, TSACertificate: a.leaf,
		})
		switch invalid := (x509.CertificateInvalidError{}); {
		case err == nil && a.window.holds(ts.Time):
			v.rememberStamper(i, t)
			return ts.Time, nil
		case err == nil:
			refusal = refuse(TSAWindow, fmt.Sprintf("the timestamp is of %s, when its authority was not valid", ts.Time.UTC().Format(time.RFC3339)), nextRoot, nil)
		case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
			refusal = refuse(TSAWindow, "the timestamp is of a time when its authority's certificate was not valid", nextRoot, err)
		default:
			refusal = refuse(TSAInvalid, "the timestamp is not one of this signature by an authority of the trusted root", nextRoot, err)
		}
	}
	return time.Time{}, refusal
}

// stamperKey names all that the path of a timestamp's certificate follows from, but the time: the authority of the trusted root and the
// certificates that came with the timestamp, the signer's in front.
type stamperKey struct {
	authority    int
	certificates [sha256.Size]byte
}

// stampersKept bounds the memory of timestamp authorities' certificates.
const stampersKept = 64

// token is a timestamp that carries its certificates and whose signature holds by one of them.
type token struct {
	*timestamp.Timestamp
	signer *x509.Certificate
	sum    [sha256.Size]byte // of the certificates
}

// readToken is nil for whatever is not plainly a token: that is for VerifyTimestampResponse to judge. ParseResponse checks the
// signature of a token that carries certificates.
func readToken(response []byte) *token {
	ts, err := timestamp.ParseResponse(response)
	if err != nil || len(ts.Certificates) == 0 {
		return nil
	}
	signer := signerOf(ts.RawToken, ts.Certificates)
	if signer == nil {
		return nil
	}
	h := sha256.New()
	h.Write(signer.Raw)
	for _, c := range ts.Certificates {
		h.Write(c.Raw) // DER says where it ends
	}
	return &token{ts, signer, [sha256.Size]byte(h.Sum(nil))}
}

// signedData is as much of CMS's SignedData (RFC 5652, section 5.1) as says who signed.
type signedData struct {
	Type asn1.ObjectIdentifier
	Data struct {
		Version       int
		Digests, What asn1.RawValue
		Certificates  asn1.RawValue `asn1:"optional,tag:0"`
		Revoked       asn1.RawValue `asn1:"optional,tag:1"`
		Signers       []struct {
			Version int
			Name    struct {
				Issuer asn1.RawValue
				Serial *big.Int
			}
			Digest   asn1.RawValue
			Signed   asn1.RawValue `asn1:"optional,tag:0"`
			How      asn1.RawValue
			Value    []byte
			Unsigned asn1.RawValue `asn1:"optional,tag:1"`
		} `asn1:"set"`
	} `asn1:"explicit,tag:0"`
}

// signerOf is the certificate of a token's only signer; nil where that is not plain. Nothing is verified.
func signerOf(token []byte, certificates []*x509.Certificate) *x509.Certificate {
	var d signedData
	if rest, err := asn1.Unmarshal(token, &d); err != nil || len(rest) > 0 || len(d.Data.Signers) != 1 {
		return nil
	}
	name := d.Data.Signers[0].Name
	for _, c := range certificates {
		if c.SerialNumber.Cmp(name.Serial) == 0 && bytes.Equal(c.RawIssuer, name.Issuer.FullBytes) {
			return c
		}
	}
	return nil
}

// stampedAgain is the time of a token whose certificate was verified before, for that time too: what is left of
// VerifyTimestampResponse is that it is about the signature.
func (v *Verifier) stampedAgain(authority int, t *token, signature []byte) (time.Time, bool) {
	if t == nil {
		return time.Time{}, false
	}
	v.mu.Lock()
	within, known := v.stampers[stamperKey{authority, t.sum}]
	v.mu.Unlock()
	if !known || !within.holds(t.Time) {
		return time.Time{}, false
	}
	switch t.HashAlgorithm {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
		return t.Time, bytes.Equal(sum(t.HashAlgorithm, signature), t.HashedMessage)
	}
	return time.Time{}, false
}

// rememberStamper remembers when the certificate of a token that was verified may stamp: while its authority and all certificates of
// all its paths are valid, when nothing that VerifyTimestampResponse finds about it can differ.
func (v *Verifier) rememberStamper(authority int, t *token) {
	if t == nil {
		return
	}
	a := v.trusted.stampers[authority]
	o := options(a, x509.ExtKeyUsageTimeStamping, t.Time)
	for _, c := range t.Certificates {
		o.Intermediates.AddCert(c)
	}
	paths, err := t.signer.Verify(o)
	if err != nil {
		return
	}
	within := a.window
	for _, path := range paths {
		within = intersect(within, path)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.stampers) >= stampersKept {
		clear(v.stampers)
	}
	v.stampers[stamperKey{authority, t.sum}] = within
}
