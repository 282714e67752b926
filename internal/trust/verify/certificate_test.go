package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"net/url"
	"testing"
	"time"
)

// issue makes a certificate of parent, or one of itself.
func issue(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestKnownCertificate: a certificate that held once holds only when it was valid.
func TestKnownCertificate(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	year := start.AddDate(1, 0, 0)
	key, rootKey := newKey(t), newKey(t)
	root := issue(t, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start.AddDate(-1, 0, 0), NotAfter: year, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, rootKey, rootKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: start, NotAfter: start.Add(10 * time.Minute), URIs: []*url.URL{{Scheme: "https", Host: "a"}},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
	leaf := issue(t, template, root, key, rootKey)
	v := &Verifier{trusted: trusted{authorities: []authority{{root: root, window: window{start.AddDate(-1, 0, 0), start.Add(5 * time.Minute)}}}}}

	c := &certificate{Certificate: leaf}
	if err := v.issued(c, []time.Time{start}); err != nil || c.path == nil {
		t.Fatal(err)
	}
	for at, code := range map[time.Duration]Code{
		time.Minute: "", 5 * time.Minute: "", // its ends are within
		-time.Second: CertWindow, 5*time.Minute + time.Second: CertWindow /* the authority's end */, time.Hour: CertWindow,
	} {
		if err := v.issued(c, []time.Time{start, start.Add(at)}); CodeOf(err) != code {
			t.Errorf("at %s: %v: want %q", at, err, code)
		}
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if err := v.issued(&certificate{Certificate: issue(t, template, root, key, rootKey)}, []time.Time{start}); CodeOf(err) != CertInvalid {
		t.Errorf("a certificate for something else: %v", err)
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	selfMade := issue(t, template, template, key, key)
	if err := v.issued(&certificate{Certificate: selfMade}, []time.Time{start}); CodeOf(err) != RootUnknown {
		t.Errorf("a certificate of nobody: %v", err)
	}
}
