package trust

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/adamant-os/adamant/internal/tlog"
)

// logger is a real log without a ledger.
type logger struct{ log *tlog.Log }

func (l logger) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	entries, err := l.log.Append(ctx, rekord)
	if err != nil {
		return tlog.Entry{}, err
	}
	return entries[0], nil
}

func newLogger(t testing.TB, a *Authority) logger {
	t.Helper()
	log, err := tlog.Open(t.TempDir(), a.LogKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return logger{log}
}

func newAuthority(t testing.TB, o Options) *Authority {
	t.Helper()
	if o.Repository == "" {
		o.Repository = "shop"
	}
	a, err := Init(filepath.Join(t.TempDir(), "trust"), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func statementOf(digest [32]byte) []byte {
	return fmt.Appendf(nil, `{"_type":%q,"subject":[{"name":"a","digest":{"sha256":"%x"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`, statementType, digest)
}

// accepts is what sigstore-go says with our trusted root, demanding everything it can.
func accepts(t testing.TB, trustedRoot, data []byte, artifact [32]byte, who Identity) error {
	t.Helper()
	material, err := root.NewTrustedRootFromJSON(trustedRoot)
	if err != nil {
		t.Fatal(err)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	v, err := verify.NewVerifier(material, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	id, err := verify.NewShortCertificateIdentity(Issuer(who.Repository), "", who.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", artifact[:]), verify.WithCertificateIdentity(id)))
	return err
}

func TestRealVerifierAccepts(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, Options{})
	log := newLogger(t, a)
	for _, who := range []Identity{
		Gate("shop"), Operator("shop", "ada"), Builder("shop", BuilderWorkstation, "b1"), Agent("shop", "coder", "task 7/ü", "a-model"),
	} {
		t.Run(who.String(), func(t *testing.T) {
			attested, err := a.Attest(t.Context(), log, who, statementOf(artifact))
			if err != nil {
				t.Fatal(err)
			}
			blob, err := a.SignBlob(t.Context(), log, who, artifact)
			if err != nil {
				t.Fatal(err)
			}
			for kind, data := range map[string][]byte{"attestation": attested, "blob": blob} {
				if bytes.ContainsAny(data, "\n") || !json.Valid(data) {
					t.Errorf("%s: not one line of JSON", kind)
				}
				if err := accepts(t, a.TrustedRoot(), data, artifact, who); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
				if err := accepts(t, a.TrustedRoot(), data, sha256.Sum256(nil), who); err == nil {
					t.Errorf("%s: accepted for another artifact", kind)
				}
				if err := accepts(t, a.TrustedRoot(), data, artifact, Operator("shop", "eve")); err == nil {
					t.Errorf("%s: accepted for another identity", kind)
				}
				if err := accepts(t, newAuthority(t, Options{}).TrustedRoot(), data, artifact, who); err == nil {
					t.Errorf("%s: accepted with another root", kind)
				}
			}
		})
	}
}
