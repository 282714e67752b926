package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
)

// stamper is a timestamp authority of a test: a root, an authority below it, a certificate of a year and its key.
type stamper struct {
	root, middle, cert *x509.Certificate
	key                *ecdsa.PrivateKey
}

// dayOne is half a year ago: whoever signs with pkcs7 says in it that he does so now.
var dayOne = time.Now().UTC().AddDate(0, -6, 0).Truncate(time.Second)

func newStamper(t *testing.T) stamper {
	t.Helper()
	rootKey, middleKey, key := newECDSA(t), newECDSA(t), newECDSA(t)
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: dayOne, NotAfter: dayOne.AddDate(10, 0, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	root := certify(t, authority("root"), authority("root"), rootKey, rootKey)
	middle := certify(t, authority("middle"), root, middleKey, rootKey)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	leaf := certify(t, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "stamps"}, NotBefore: dayOne, NotAfter: dayOne.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}}, middle, key, middleKey)
	return stamper{root, middle, leaf, key}
}

func newECDSA(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certify(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
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

// imprint is what a token says was stamped.
type imprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

// stamp is a response (RFC 3161, section 2.4.2) over a text, by a number of signers that are all this one.
func (s stamper) stamp(t *testing.T, text string, at time.Time, hash crypto.Hash, signers int, certificates ...*x509.Certificate) []byte {
	t.Helper()
	names := map[crypto.Hash]asn1.ObjectIdentifier{crypto.SHA1: {1, 3, 14, 3, 2, 26}, crypto.SHA256: pkcs7.OIDDigestAlgorithmSHA256, crypto.SHA512: pkcs7.OIDDigestAlgorithmSHA512}
	info, err := asn1.Marshal(struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  int
		Time    time.Time `asn1:"generalized"`
	}{1, asn1.ObjectIdentifier{1, 2, 3}, imprint{pkix.AlgorithmIdentifier{Algorithm: names[hash]}, sum(hash, []byte(text))}, 7, at})
	if err != nil {
		t.Fatal(err)
	}
	data, err := pkcs7.NewSignedData(info)
	if err != nil {
		t.Fatal(err)
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	data.SetContentType(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4})
	for range signers {
		if err := data.AddSignerChain(s.cert, s.key, nil, pkcs7.SignerInfoConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range certificates {
		data.AddCertificate(c)
	}
	token, err := data.Finish()
	if err != nil {
		t.Fatal(err)
	}
	response, err := asn1.Marshal(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: token}})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// TestStamperKnown: a verifier that has seen a timestamp authority's certificate says of every timestamp what one says that has not.
func TestStamperKnown(t *testing.T) {
	t.Parallel()
	s, other := newStamper(t), newStamper(t)
	newVerifier := func() *Verifier {
		return &Verifier{stampers: map[stamperKey]window{}, trusted: trusted{stampers: []authority{
			{leaf: other.cert, intermediates: []*x509.Certificate{other.middle}, root: other.root},
			{root: s.root, window: window{dayOne.AddDate(0, 1, 0), dayOne.AddDate(2, 0, 0)}}, // it does not name its middle
		}}}
	}
	half, year := dayOne.AddDate(0, 6, 0), dayOne.AddDate(1, 0, 0)
	good := s.stamp(t, "text", half, crypto.SHA256, 1, s.middle)
	warm := newVerifier()
	if _, err := warm.stamp(good, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if at, ok := warm.stampedAgain(1, readToken(good), []byte("text")); !ok || !at.Equal(half) || len(warm.stampers) != 1 {
		t.Errorf("%v, %v: what was verified is not remembered: %v", at, ok, warm.stampers)
	}
	if _, err := warm.stamp(s.stamp(t, "text", half, crypto.SHA256, 1, s.cert, s.middle), []byte("text")); err != nil { // with the certificates of two signers
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		response []byte
		code     Code
	}{
		"again":                      {good, ""},
		"another digest":             {s.stamp(t, "text", half, crypto.SHA512, 1, s.middle), ""},
		"with another certificate":   {s.stamp(t, "text", half, crypto.SHA256, 1, s.middle, other.root), ""},
		"of its last second":         {s.stamp(t, "text", year, crypto.SHA256, 1, s.middle), ""},
		"another text":               {s.stamp(t, "another text", half, crypto.SHA256, 1, s.middle), TSAInvalid},
		"a weak digest":              {s.stamp(t, "text", half, crypto.SHA1, 1, s.middle), TSAInvalid},
		"before the window":          {s.stamp(t, "text", dayOne.AddDate(0, 0, 1), crypto.SHA256, 1, s.middle), TSAWindow},
		"behind the certificate":     {s.stamp(t, "text", year.Add(time.Second), crypto.SHA256, 1, s.middle), TSAWindow},
		"another key":                {stamper{s.root, s.middle, s.cert, other.key}.stamp(t, "text", half, crypto.SHA256, 1, s.middle), TSAInvalid},
		"two signers":                {s.stamp(t, "text", half, crypto.SHA256, 2, s.middle), TSAInvalid},
		"without what leads to root": {s.stamp(t, "text", half, crypto.SHA256, 1), TSAInvalid},
		"no response":                {[]byte("x"), TSAInvalid},
		"an unknown authority's":     {newStamper(t).stamp(t, "text", half, crypto.SHA256, 1, s.middle), TSAInvalid},
	} {
		for i, v := range []*Verifier{newVerifier(), warm} {
			if at, err := v.stamp(c.response, []byte("text")); CodeOf(err) != c.code || (err == nil) == at.IsZero() {
				t.Errorf("%s, verifier %d: %v, %v: want %q", name, i, at, err, c.code)
			}
		}
	}
}
