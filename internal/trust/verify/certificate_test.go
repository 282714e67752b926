package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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

// TestUser: the name of a user is read where it is the only one, and nothing else that is critical is passed over.
func TestUser(t *testing.T) {
	t.Parallel()
	user := func(id asn1.ObjectIdentifier, name string) []byte {
		der, err := asn1.MarshalWithParams(struct {
			ID   asn1.ObjectIdentifier
			Name string `asn1:"utf8,explicit,tag:0"`
		}{id, name}, "tag:0")
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	mail := []byte("\x81\x03a@b")
	for what, c := range map[string]struct {
		names     [][]byte
		more      asn1.ObjectIdentifier // another critical extension
		name      string
		unhandled int
	}{
		"a user":                 {names: [][]byte{user(oidUser(), "ada!example.org")}, name: "ada!example.org"},
		"and what nobody knows":  {names: [][]byte{user(oidUser(), "ada!example.org")}, more: asn1.ObjectIdentifier{1, 2, 3}, name: "ada!example.org", unhandled: 1},
		"an address":             {names: [][]byte{mail}, name: "a@b"},
		"two users":              {names: [][]byte{user(oidUser(), "ada!example.org"), user(oidUser(), "eve!example.org")}},
		"another kind of name":   {names: [][]byte{user(asn1.ObjectIdentifier{1, 2, 3}, "ada!example.org")}},
		"nobody":                 {names: [][]byte{user(oidUser(), "")}},
		"no name":                {},
		"a name of bytes":        {names: [][]byte{[]byte("\xa0\x01\x00")}},
		"a directory's name":     {names: [][]byte{[]byte("\xa4\x02\x30\x00")}},
		"a user and an URI":      {names: [][]byte{user(oidUser(), "ada!example.org"), []byte("\x86\x09https://a")}},
		"an address, and a user": {names: [][]byte{mail, user(oidUser(), "ada!example.org")}},
	} {
		var all []asn1.RawValue
		for _, n := range c.names {
			all = append(all, asn1.RawValue{FullBytes: n})
		}
		value, err := asn1.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), ExtraExtensions: []pkix.Extension{{Id: oidNames(), Critical: true, Value: value}}}
		if c.more != nil {
			template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: c.more, Critical: true})
		}
		key := newKey(t)
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := (&Verifier{}).certificate(der)
		switch {
		case (err == nil) != (c.name != ""):
			t.Errorf("%s: %v", what, err)
		case err == nil && (got.name != c.name || len(got.UnhandledCriticalExtensions) != c.unhandled):
			t.Errorf("%s: %q, %v", what, got.name, got.UnhandledCriticalExtensions)
		}
	}
}
