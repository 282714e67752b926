package verify

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"
)

// rootLimit is the size in bytes of the largest trusted root that is read. Sigstore's own has 7 kB.
const rootLimit = 4 << 20

const rootType = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
const rootTypeNew = "application/vnd.dev.sigstore.trustedroot.v0.2+json"

// window is a stretch of time with both its ends; a zero end is open.
type window struct{ start, end time.Time }

func (w window) holds(t time.Time) bool {
	return !t.Before(w.start) && (w.end.IsZero() || !t.After(w.end))
}

func windowOf(r *common.TimeRange) window {
	var w window
	if r.GetStart() != nil {
		w.start = r.GetStart().AsTime()
	}
	if r.GetEnd() != nil {
		w.end = r.GetEnd().AsTime()
	}
	return w
}

// authority issues certificates, for signing or for timestamps.
type authority struct {
	leaf          *x509.Certificate // of a timestamp authority that states it
	intermediates []*x509.Certificate
	root          *x509.Certificate
	window        window
}

// log is a transparency log, of signatures or of certificates.
type log struct {
	id     string
	origin string // the host of its base URL, which its checkpoints are named after
	key    crypto.PublicKey
	note   note.Verifier // of its checkpoints; nil for a log of certificates
	noteV1 note.Verifier // of a Rekor v1 log, which names its port
	window window
}

// trusted is a trusted_root.json.
type trusted struct {
	authorities, stampers []authority
	logs, ctlogs          map[string]log // by id
}

func parseRoot(text []byte) (trusted, error) {
	if len(text) > rootLimit {
		return trusted{}, fmt.Errorf("it has more than %d bytes", rootLimit)
	}
	var pb trustroot.TrustedRoot
	if err := protojson.Unmarshal(text, &pb); err != nil {
		return trusted{}, err
	}
	if pb.GetMediaType() != rootType && pb.GetMediaType() != rootTypeNew {
		return trusted{}, fmt.Errorf("its media type is %q, not %q", pb.GetMediaType(), rootType)
	}
	var t trusted
	var errs [4]error
	t.authorities, errs[0] = authorities(pb.GetCertificateAuthorities())
	t.stampers, errs[1] = authorities(pb.GetTimestampAuthorities())
	t.logs, errs[2] = logs(pb.GetTlogs(), true)
	t.ctlogs, errs[3] = logs(pb.GetCtlogs(), false)
	return t, errors.Join(errs[:]...)
}

func authorities(pbs []*trustroot.CertificateAuthority) ([]authority, error) {
	out := make([]authority, 0, len(pbs))
	for _, pb := range pbs {
		a, err := parseAuthority(pb)
		if err != nil {
			return nil, fmt.Errorf("authority %s: %w", pb.GetUri(), err)
		}
		out = append(out, a)
	}
	return out, nil
}

// parseAuthority reads a chain from the leaf or the lowest authority up to the root.
func parseAuthority(pb *trustroot.CertificateAuthority) (authority, error) {
	a := authority{window: windowOf(pb.GetValidFor())}
	chain := pb.GetCertChain().GetCertificates()
	if len(chain) == 0 {
		return a, errors.New("it has no certificate")
	}
	for i, c := range chain {
		cert, err := x509.ParseCertificate(c.GetRawBytes())
		switch {
		case err != nil:
			return a, err
		case i == 0 && !cert.IsCA:
			a.leaf = cert
		case i < len(chain)-1:
			a.intermediates = append(a.intermediates, cert)
		default:
			a.root = cert
		}
	}
	if a.root == nil {
		return a, errors.New("its chain has no root")
	}
	return a, nil
}

func logs(pbs []*trustroot.TransparencyLogInstance, signatures bool) (map[string]log, error) {
	out := make(map[string]log, len(pbs))
	for _, pb := range pbs {
		l, err := parseLog(pb, signatures)
		if err != nil {
			return nil, fmt.Errorf("log %s: %w", pb.GetBaseUrl(), err)
		}
		out[l.id] = l
	}
	return out, nil
}

func parseLog(pb *trustroot.TransparencyLogInstance, signatures bool) (log, error) {
	l := log{id: string(pb.GetLogId().GetKeyId()), window: windowOf(pb.GetPublicKey().GetValidFor())}
	switch {
	case l.id == "":
		return l, errors.New("it has no id")
	case pb.GetHashAlgorithm() != common.HashAlgorithm_SHA2_256:
		return l, fmt.Errorf("its hash algorithm is %s", pb.GetHashAlgorithm())
	case pb.GetPublicKey().GetValidFor().GetStart() == nil:
		return l, errors.New("it does not say from when on its key is valid")
	}
	base, err := url.Parse(pb.GetBaseUrl())
	if err != nil {
		return l, err
	}
	l.origin = base.Hostname()
	if l.key, err = logKey(pb.GetPublicKey()); err != nil {
		return l, err
	}
	if !signatures {
		return l, nil
	}
	if l.note, err = newNoteVerifier(l.origin, l.key); err != nil {
		return l, err
	}
	l.noteV1, err = newNoteVerifier(base.Host, l.key)
	return l, err
}

func logKey(pb *common.PublicKey) (crypto.PublicKey, error) {
	//lint:ignore SA1019 Sigstore's test instance has such a key
	if pb.GetKeyDetails() == common.PublicKeyDetails_PKCS1_RSA_PKCS1V5 {
		return x509.ParsePKCS1PublicKey(pb.GetRawBytes())
	}
	return x509.ParsePKIXPublicKey(pb.GetRawBytes())
}
