package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	ct "github.com/google/certificate-transparency-go"
	ctx509 "github.com/google/certificate-transparency-go/x509"
	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"

	"github.com/google/certificate-transparency-go/tls"
)

// certificate is a signing certificate and what has been found about it.
type certificate struct {
	*x509.Certificate
	sum     [sha256.Size]byte
	name    string // empty: the signer is Options.Key
	issuer  string
	path    []*x509.Certificate // verified, from the certificate to the root
	within  window              // when all of path and its authority are valid
	certain bool                // a log of certificates vouches for path
}

// certificatesKept bounds the memory of certificates: 4096 signing sessions, some 20 MB.
const certificatesKept = 4096

// known is the certificate if it has been verified before.
func (v *Verifier) known(sum [sha256.Size]byte) *certificate {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.certificates[sum]
}

func (v *Verifier) remember(c *certificate) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.certificates[c.sum] != nil {
		return
	}
	if len(v.certificates) >= certificatesKept {
		clear(v.certificates)
	}
	v.certificates[c.sum] = c
}

// certificate reads a certificate, or finds it again.
func (v *Verifier) certificate(der []byte) (*certificate, error) {
	digest := sha256.Sum256(der)
	if c := v.known(digest); c != nil {
		return c, nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	name, err := userOf(cert)
	switch {
	case err != nil:
		return nil, err
	case name != "": // crypto/x509 leaves such names to us
		cert.UnhandledCriticalExtensions = slices.DeleteFunc(cert.UnhandledCriticalExtensions, oidNames().Equal)
	default:
		if name, err = nameOf(cert); err != nil {
			return nil, err
		}
	}
	issuer, err := issuerOf(cert)
	return &certificate{Certificate: cert, sum: digest, name: name, issuer: issuer}, err
}

// Claimed is whom the certificate of a bundle names, and who is said to have vouched for them. It checks nothing: it is for who has just
// signed and wants to know as whom.
func Claimed(bundle []byte) (identity, issuer string, err error) {
	c, err := open(bundle)
	if err != nil {
		return "", "", err
	}
	cert, err := new(Verifier).certificate(c.cert)
	if err != nil {
		return "", "", fmt.Errorf("the signer's certificate: %w", err)
	}
	return cert.name, cert.issuer, nil
}

func oidNames() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 17} } // subjectAltName
func oidUser() asn1.ObjectIdentifier  { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 7} }

// userOf is the name in a certificate for a user of an issuer that knows no addresses ("ada!example.org"): Fulcio's otherName (RFC 5280,
// section 4.2.1.6), alone. It is empty where the certificate has names of another kind.
func userOf(c *x509.Certificate) (string, error) {
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidNames()) {
			continue
		}
		var names []asn1.RawValue
		if rest, err := asn1.Unmarshal(e.Value, &names); err != nil || len(rest) > 0 {
			return "", errors.Join(errors.New("its names cannot be read"), err)
		}
		if len(names) != 1 { // of any kind, also those that crypto/x509 does not count
			return "", fmt.Errorf("it has %d names, not one", len(names))
		}
		if names[0].Class != asn1.ClassContextSpecific || names[0].Tag != 0 {
			return "", nil
		}
		var user struct {
			ID   asn1.ObjectIdentifier
			Name string `asn1:"utf8,explicit,tag:0"`
		}
		if _, err := asn1.UnmarshalWithParams(names[0].FullBytes, &user, "tag:0"); err != nil || !user.ID.Equal(oidUser()) {
			return "", errors.Join(errors.New("its name is of no kind that is read"), err)
		}
		return user.Name, nil
	}
	return "", nil
}

// nameOf is the one name that a certificate is for.
func nameOf(c *x509.Certificate) (string, error) {
	if n := len(c.URIs) + len(c.EmailAddresses) + len(c.DNSNames) + len(c.IPAddresses); n != 1 {
		return "", fmt.Errorf("it has %d names, not one", n)
	}
	switch {
	case len(c.URIs) == 1:
		return c.URIs[0].String(), nil
	case len(c.EmailAddresses) == 1:
		return c.EmailAddresses[0], nil
	}
	return "", errors.New("its name is neither a URI nor an e-mail address")
}

// issuerOf is Fulcio's extension for who vouched for the name. The older one holds bare text.
func issuerOf(c *x509.Certificate) (string, error) {
	issuer := ""
	for _, e := range c.Extensions {
		switch {
		case e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}):
			rest, err := asn1.UnmarshalWithParams(e.Value, &issuer, "utf8")
			if err != nil || len(rest) > 0 {
				return "", errors.Join(errors.New("its issuer extension cannot be read"), err)
			}
			return issuer, nil
		case e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}):
			issuer = string(e.Value)
		}
	}
	return issuer, nil
}

// checkChain refuses what no bundle may carry: a chain without a leaf, or with a root.
func checkChain(chain []*common.X509Certificate) error {
	if len(chain) == 0 {
		return errors.New("its certificate chain is empty")
	}
	for _, c := range chain {
		cert, err := x509.ParseCertificate(c.GetRawBytes())
		if err != nil {
			return err
		}
		if cert.IsCA && cert.CheckSignatureFrom(cert) == nil {
			return errors.New("its certificate chain has a root, which only the trusted root may name")
		}
	}
	return nil
}

// issued checks that an authority of the root issued the certificate and that all of the path was valid at each of the times.
func (v *Verifier) issued(c *certificate, times []time.Time) error {
	for _, t := range times {
		if c.path != nil && c.within.holds(t) {
			continue
		}
		if err := v.findPath(c, t); err != nil {
			return err
		}
	}
	return nil
}

// findPath lets crypto/x509 find the path at a time. Nothing but the validity of its certificates depends on the time, so the path
// holds as long as all of them are valid.
func (v *Verifier) findPath(c *certificate, t time.Time) error {
	refusal := refuse(RootUnknown, "no authority of the trusted root issued the signer's certificate", nextRoot, nil)
	for _, a := range v.trusted.authorities {
		paths, err := c.Verify(options(a, x509.ExtKeyUsageCodeSigning, t))
		switch invalid := (x509.CertificateInvalidError{}); {
		case err == nil && a.window.holds(t):
			c.path, c.within = paths[0], intersect(a.window, paths[0])
			return nil
		case err == nil || errors.As(err, &invalid) && invalid.Reason == x509.Expired:
			refusal = refuse(CertWindow, fmt.Sprintf("signed at %s, when the certificate or its authority was not valid", t.UTC().Format(time.RFC3339)), nextSign, err)
		case !errors.As(err, new(x509.UnknownAuthorityError)):
			refusal = refuse(CertInvalid, "the signer's certificate is not one for signing", nextSign, err)
		}
	}
	return refusal
}

func options(a authority, usage x509.ExtKeyUsage, t time.Time) x509.VerifyOptions {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: t, KeyUsages: []x509.ExtKeyUsage{usage}}
	o.Roots.AddCert(a.root)
	for _, c := range a.intermediates {
		o.Intermediates.AddCert(c)
	}
	return o
}

func intersect(w window, path []*x509.Certificate) window {
	for _, c := range path {
		if c.NotBefore.After(w.start) {
			w.start = c.NotBefore
		}
		if w.end.IsZero() || c.NotAfter.Before(w.end) {
			w.end = c.NotAfter
		}
	}
	return w
}

// vouched checks that a log of certificates signed a timestamp (SCT, RFC 6962, section 3.2) for the certificate.
func (v *Verifier) vouched(c *certificate) error {
	if c.certain {
		return nil
	}
	chain := make([]*ctx509.Certificate, 0, 2)
	for _, cert := range c.path[:min(2, len(c.path))] {
		parsed, err := ctx509.ParseCertificate(cert.Raw)
		if err != nil && ctx509.IsFatal(err) {
			return refuse(SCTInvalid, "the signer's certificate cannot be read", nextSign, err)
		}
		chain = append(chain, parsed)
	}
	var last error
	for _, raw := range chain[0].SCTList.SCTList {
		if last = v.checkSCT(chain, raw.Val); last == nil {
			c.certain = true
			return nil
		}
	}
	return refuse(SCTInvalid, "no log of certificates in the trusted root vouches for the signer's certificate", nextRoot, last)
}

func (v *Verifier) checkSCT(chain []*ctx509.Certificate, raw []byte) error {
	var sct ct.SignedCertificateTimestamp
	if rest, err := tls.Unmarshal(raw, &sct); err != nil || len(rest) > 0 {
		return errors.Join(errors.New("a timestamp of the certificate cannot be read"), err)
	}
	l, found := v.trusted.ctlogs[string(sct.LogID.KeyID[:])]
	if !found {
		return fmt.Errorf("the root does not know the log %x", sct.LogID.KeyID)
	}
	if t := ct.TimestampToTime(sct.Timestamp); !l.window.holds(t) {
		return fmt.Errorf("the log's key was not valid at %s", t.UTC().Format(time.RFC3339))
	}
	verifier, err := ct.NewSignatureVerifier(l.key)
	if err != nil {
		return err
	}
	leaf, err := ct.MerkleTreeLeafForEmbeddedSCT(chain, sct.Timestamp)
	if err != nil {
		return err
	}
	return verifier.VerifySCTSignature(sct, ct.LogEntry{Leaf: *leaf})
}
