package trust

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/adamant-os/adamant/internal/tlog"
)

const trustedRootType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

// instance is one key of one kind as trusted_root.json has it, oldest first within a kind.
type instance struct {
	kind   string
	public crypto.PublicKey
	cert   *x509.Certificate // of ca and tsa
	window *common.TimeRange
}

func (i instance) holds(t time.Time) bool {
	return !t.Before(i.window.GetStart().AsTime()) && (i.window.GetEnd() == nil || t.Before(i.window.GetEnd().AsTime()))
}

var notInHost = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-z0-9]+`) })

// logOrigin names a repository's log. Sigstore's verifiers take it from the host name of the log's base URL.
func logOrigin(repository string) string {
	return notInHost().ReplaceAllString(strings.ToLower(repository), "-") + ".log.adamant.dev"
}

// addKey makes a key of a kind, stores it and lists it from now on.
func addKey(root *trustroot.TrustedRoot, dir, repository, kind string, now time.Time) error {
	var chain []*x509.Certificate
	key, err := newKey(kind)
	if err != nil {
		return err
	}
	switch kind {
	case kindTSA:
		key, chain, err = newTSA(repository, now)
	case kindCA:
		var cert *x509.Certificate
		cert, err = selfSigned(repository+" certificates", key, now)
		chain = []*x509.Certificate{cert}
	}
	if err != nil {
		return err
	}
	if err := storeKey(dir, kind, key); err != nil {
		return err
	}
	return list(root, repository, kind, key.Public(), chain, &common.TimeRange{Start: timestamppb.New(now.UTC().Truncate(time.Second))})
}

func list(root *trustroot.TrustedRoot, repository, kind string, public crypto.PublicKey, chain []*x509.Certificate, window *common.TimeRange) error {
	switch kind {
	case kindCA:
		root.CertificateAuthorities = append(root.CertificateAuthorities, authorityOf(repository, kind, chain, window))
	case kindTSA:
		root.TimestampAuthorities = append(root.TimestampAuthorities, authorityOf(repository, kind, chain, window))
	case kindCT:
		id, err := keyID(public)
		if err != nil {
			return err
		}
		return listLog(&root.Ctlogs, "https://"+strings.Replace(logOrigin(repository), ".log.", ".ct.", 1), id, public, common.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, window)
	case kindLog:
		id := tlog.KeyID(logOrigin(repository), public.(ed25519.PublicKey))
		return listLog(&root.Tlogs, "https://"+logOrigin(repository), id[:], public, common.PublicKeyDetails_PKIX_ED25519, window)
	}
	return nil
}

func authorityOf(repository, kind string, chain []*x509.Certificate, window *common.TimeRange) *trustroot.CertificateAuthority {
	leaf := chain[0].Subject
	out := &trustroot.CertificateAuthority{
		Subject:   &common.DistinguishedName{Organization: leaf.Organization[0], CommonName: leaf.CommonName},
		Uri:       "https://" + strings.Replace(logOrigin(repository), ".log.", "."+kind+".", 1),
		CertChain: &common.X509CertificateChain{}, ValidFor: window,
	}
	for _, c := range chain {
		out.CertChain.Certificates = append(out.CertChain.Certificates, &common.X509Certificate{RawBytes: c.Raw})
	}
	return out
}

func listLog(to *[]*trustroot.TransparencyLogInstance, url string, id []byte, public crypto.PublicKey, details common.PublicKeyDetails, window *common.TimeRange) error {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	*to = append(*to, &trustroot.TransparencyLogInstance{
		BaseUrl: url, HashAlgorithm: common.HashAlgorithm_SHA2_256, LogId: &common.LogId{KeyId: id},
		PublicKey: &common.PublicKey{RawBytes: der, KeyDetails: details, ValidFor: window},
	})
	return nil
}

// instances are the keys that a trusted root lists.
func instances(root *trustroot.TrustedRoot) ([]instance, error) {
	var out []instance
	for kind, list := range map[string][]*trustroot.CertificateAuthority{kindCA: root.CertificateAuthorities, kindTSA: root.TimestampAuthorities} {
		for _, a := range list {
			if len(a.GetCertChain().GetCertificates()) == 0 {
				return nil, fmt.Errorf("a %s has no certificate", kind)
			}
			cert, err := x509.ParseCertificate(a.CertChain.Certificates[0].RawBytes)
			if err != nil {
				return nil, fmt.Errorf("the certificate of a %s: %w", kind, err)
			}
			out = append(out, instance{kind: kind, public: cert.PublicKey, cert: cert, window: a.ValidFor})
		}
	}
	for kind, list := range map[string][]*trustroot.TransparencyLogInstance{kindCT: root.Ctlogs, kindLog: root.Tlogs} {
		for _, l := range list {
			public, err := x509.ParsePKIXPublicKey(l.GetPublicKey().GetRawBytes())
			if err != nil {
				return nil, fmt.Errorf("the key of a %s: %w", kind, err)
			}
			out = append(out, instance{kind: kind, public: public, window: l.PublicKey.ValidFor})
		}
	}
	return out, nil
}

// Use is from when to when signatures of a key count.
type Use struct {
	Kind  string     `json:"kind"` // ca, ct, tsa or log
	ID    string     `json:"id"`   // SHA-256 of the public key in PKIX form, hex
	Start time.Time  `json:"start"`
	End   *time.Time `json:"end,omitempty"`
}

// Uses lists the keys of a trusted_root.json, by kind, oldest first.
func Uses(trustedRoot []byte) ([]Use, error) {
	root, err := parseTrustedRoot(trustedRoot)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FileTrustedRoot, err)
	}
	all, err := instances(root)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FileTrustedRoot, err)
	}
	out := make([]Use, len(all))
	for n, i := range all {
		id, err := keyID(i.public)
		if err != nil {
			return nil, err
		}
		out[n] = Use{Kind: i.kind, ID: hex.EncodeToString(id), Start: i.window.GetStart().AsTime()}
		if i.window.GetEnd() != nil {
			end := i.window.GetEnd().AsTime()
			out[n].End = &end
		}
	}
	slices.SortStableFunc(out, func(a, b Use) int { return strings.Compare(a.Kind, b.Kind) })
	return out, nil
}

func parseTrustedRoot(data []byte) (*trustroot.TrustedRoot, error) {
	var root trustroot.TrustedRoot
	if err := protojson.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	if root.MediaType != trustedRootType {
		return nil, fmt.Errorf("its media type is %q, not %q", root.MediaType, trustedRootType)
	}
	return &root, nil
}

// encode is JSON with one spelling for one value; protojson by itself varies its white space.
func encode(m proto.Message, indent string) ([]byte, error) {
	data, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil || indent == "" {
		return out.Bytes(), err
	}
	compact := bytes.Clone(out.Bytes())
	out.Reset()
	err = json.Indent(&out, compact, "", indent)
	out.WriteByte('\n')
	return out.Bytes(), err
}
