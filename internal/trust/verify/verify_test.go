package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

const provenance = "https://slsa.dev/provenance/v1"

// signer is an authority with a real log.
type signer struct {
	*trust.Authority
	log *tlog.Log
}

func (s signer) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	entries, err := s.log.Append(ctx, rekord)
	if err != nil {
		return tlog.Entry{}, err
	}
	return entries[0], nil
}

func newSigner(t testing.TB, now func() time.Time) signer {
	t.Helper()
	a, err := trust.Init(filepath.Join(t.TempDir(), "trust"), trust.Options{Repository: "shop", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.Open(t.TempDir(), a.LogKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return signer{a, log}
}

func statementOf(name string, digest [32]byte) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":%q,"digest":{"sha256":"%x"}}],"predicateType":%q,"predicate":{}}`, name, digest, provenance)
}

func (s signer) attest(t testing.TB, artifact string) []byte {
	t.Helper()
	b, err := s.Attest(t.Context(), s, trust.Gate("shop"), statementOf("a", sha256.Sum256([]byte(artifact))))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s signer) signBlob(t testing.TB, artifact string) []byte {
	t.Helper()
	b, err := s.SignBlob(t.Context(), s, trust.Gate("shop"), sha256.Sum256([]byte(artifact)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s signer) verifier(t testing.TB) *verify.Verifier {
	t.Helper()
	v, err := verify.New(s.TrustedRoot(), verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func file(text string) verify.Artifact { return verify.Artifact{Reader: strings.NewReader(text)} }

func digestOf(text string) verify.Digest {
	return verify.Digest{Algorithm: "sha256", Value: fmt.Sprintf("%x", sha256.Sum256([]byte(text)))}
}

func TestBundle(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	v := s.verifier(t)
	attested, blob := s.attest(t, "an artifact"), s.signBlob(t, "an artifact")
	gate := verify.Expect{Identity: "https://adamant.dev/id/shop/gate", Issuer: "https://adamant.dev/issuer/shop"}
	for _, c := range []struct {
		name     string
		bundle   []byte
		artifact verify.Artifact
		expect   verify.Expect
		code     verify.Code
	}{
		{"a file", attested, file("an artifact"), gate, ""},
		{"a digest", attested, verify.Artifact{Digest: digestOf("an artifact")}, gate, ""},
		{"a statement", attested, verify.Artifact{}, gate, ""},
		{"its type", attested, file("an artifact"), verify.Expect{Type: provenance}, ""},
		{"a pattern", attested, file("an artifact"), verify.Expect{Pattern: "https://adamant.dev/id/[a-z]+/gate"}, ""},
		{"a signed file", blob, file("an artifact"), gate, ""},
		{"a signed digest", blob, verify.Artifact{Digest: digestOf("an artifact")}, gate, ""},
		{"another file", attested, file("another"), gate, verify.DigestMismatch},
		{"another digest", attested, verify.Artifact{Digest: digestOf("another")}, gate, verify.DigestMismatch},
		{"another algorithm", attested, verify.Artifact{Digest: verify.Digest{Algorithm: "gitCommit", Value: "00"}}, gate, verify.DigestMismatch},
		{"another signed file", blob, file("another"), gate, verify.DigestMismatch},
		{"another signed digest", blob, verify.Artifact{Digest: digestOf("another")}, gate, verify.DigestMismatch},
		{"a signature and no file", blob, verify.Artifact{}, gate, verify.DigestMismatch},
		{"somebody else", attested, file("an artifact"), verify.Expect{Identity: "https://adamant.dev/id/shop/operator/ada"}, verify.SigIdentity},
		{"half a pattern", attested, file("an artifact"), verify.Expect{Pattern: "https://adamant.dev/id/"}, verify.SigIdentity},
		{"another issuer", attested, file("an artifact"), verify.Expect{Issuer: "https://adamant.dev/issuer/other"}, verify.SigIssuer},
		{"another type", attested, file("an artifact"), verify.Expect{Type: "https://slsa.dev/verification_summary/v1"}, verify.StatementType},
		{"a signature has no type", blob, file("an artifact"), verify.Expect{Type: provenance}, verify.StatementType},
		{"no bundle", []byte("{}"), file("an artifact"), gate, verify.BundleMalformed},
		{"another root", newSigner(t, nil).attest(t, "an artifact"), file("an artifact"), gate, verify.RootUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := v.Bundle(t.Context(), c.bundle, c.artifact, c.expect)
			if got := verify.CodeOf(err); got != c.code || (err == nil) != (c.code == "") {
				t.Fatalf("%v: want %q", err, c.code)
			}
			if err != nil {
				if r.Identity != "" {
					t.Errorf("a refusal comes with a result: %+v", r)
				}
				return
			}
			if r.Identity != "https://adamant.dev/id/shop/gate" || r.Issuer != "https://adamant.dev/issuer/shop" || time.Since(r.Time).Abs() > time.Hour || r.LogOrigin == "" {
				t.Errorf("result %+v", r)
			}
		})
	}
}

func TestClaimed(t *testing.T) {
	t.Parallel()
	identity, issuer, err := verify.Claimed(newSigner(t, nil).attest(t, "an artifact"))
	if err != nil || identity != "https://adamant.dev/id/shop/gate" || issuer != "https://adamant.dev/issuer/shop" {
		t.Errorf("%q of %q: %v", identity, issuer, err)
	}
	for _, bad := range []string{"", "{}"} {
		if _, _, err := verify.Claimed([]byte(bad)); err == nil {
			t.Errorf("%q names somebody", bad)
		}
	}
}

// edit changes a bundle as JSON.
func edit(t testing.TB, data []byte, change func(b map[string]any)) []byte {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	change(b)
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// at is the object at a path of fields; a field that is a list stands for its first element.
func at(b map[string]any, path ...string) map[string]any {
	for _, p := range path {
		switch next := b[p].(type) {
		case map[string]any:
			b = next
		case []any:
			b = next[0].(map[string]any)
		}
	}
	return b
}

// flip turns a bit of the middle byte of a field in base64.
func flip(t testing.TB, b map[string]any, field string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(b[field].(string))
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)/2] ^= 1
	b[field] = base64.StdEncoding.EncodeToString(raw)
}

func TestMutations(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	for range 3 { // so that the proof has hashes
		s.attest(t, "before")
	}
	good, other := s.attest(t, "an artifact"), s.attest(t, "another artifact")
	elsewhere := newSigner(t, nil).attest(t, "an artifact")
	var second map[string]any
	if err := json.Unmarshal(other, &second); err != nil {
		t.Fatal(err)
	}
	var foreign map[string]any
	if err := json.Unmarshal(elsewhere, &foreign); err != nil {
		t.Fatal(err)
	}
	entry := []string{"verificationMaterial", "tlogEntries"}
	proof := append(entry, "inclusionProof")
	stamps := []string{"verificationMaterial", "timestampVerificationData", "rfc3161Timestamps"}
	for _, c := range []struct {
		name   string
		code   verify.Code
		change func(b map[string]any)
	}{
		{"payload", verify.SigInvalid, func(b map[string]any) { flip(t, at(b, "dsseEnvelope"), "payload") }},
		{"payload type", verify.SigInvalid, func(b map[string]any) { at(b, "dsseEnvelope")["payloadType"] = "text/plain" }},
		{"signature", verify.SigInvalid, func(b map[string]any) { flip(t, at(b, "dsseEnvelope", "signatures"), "sig") }},
		{"no signature", verify.BundleMalformed, func(b map[string]any) { at(b, "dsseEnvelope")["signatures"] = []any{} }},
		{"two signatures", verify.BundleMalformed, func(b map[string]any) {
			e := at(b, "dsseEnvelope")
			e["signatures"] = append(e["signatures"].([]any), e["signatures"].([]any)[0])
		}},
		{"another envelope", verify.DigestMismatch, func(b map[string]any) { b["dsseEnvelope"] = second["dsseEnvelope"] }},
		{"another certificate", verify.SigInvalid, func(b map[string]any) {
			at(b, "verificationMaterial")["certificate"] = at(foreign, "verificationMaterial")["certificate"]
		}},
		{"no certificate", verify.BundleMalformed, func(b map[string]any) { delete(at(b, "verificationMaterial"), "certificate") }},
		{"a key", verify.SigKey, func(b map[string]any) {
			m := at(b, "verificationMaterial")
			delete(m, "certificate")
			m["publicKey"] = map[string]any{"hint": "x"}
		}},
		{"no log", verify.LogMissing, func(b map[string]any) { delete(at(b, "verificationMaterial"), "tlogEntries") }},
		{"another log", verify.LogMissing, func(b map[string]any) { flip(t, at(b, append(entry, "logId")...), "keyId") }},
		{"another entry", verify.LogMismatch, func(b map[string]any) {
			at(b, "verificationMaterial")["tlogEntries"] = at(second, "verificationMaterial")["tlogEntries"]
		}},
		{"entry's body", verify.LogMismatch, func(b map[string]any) { flip(t, at(b, entry...), "canonicalizedBody") }},
		{"entry's kind", verify.LogMismatch, func(b map[string]any) { at(b, append(entry, "kindVersion")...)["kind"] = "dsse" }},
		{"entry's index", verify.LogProof, func(b map[string]any) { at(b, entry...)["logIndex"] = "1" }},
		{"no proof", verify.BundleMalformed, func(b map[string]any) { delete(at(b, entry...), "inclusionProof") }},
		{"proof's root", verify.LogProof, func(b map[string]any) { flip(t, at(b, proof...), "rootHash") }},
		{"proof's size", verify.LogProof, func(b map[string]any) { at(b, proof...)["treeSize"] = "5" }},
		{"proof's hash", verify.LogProof, func(b map[string]any) {
			h := at(b, proof...)["hashes"].([]any)
			h[0] = base64.StdEncoding.EncodeToString(make([]byte, 32))
		}},
		{"proof's short hash", verify.LogProof, func(b map[string]any) { at(b, proof...)["hashes"].([]any)[0] = "AA==" }},
		{"checkpoint", verify.LogProof, func(b map[string]any) {
			c := at(b, append(proof, "checkpoint")...)
			c["envelope"] = strings.Replace(c["envelope"].(string), "\n4\n", "\n5\n", 1)
		}},
		{"another checkpoint", verify.LogProof, func(b map[string]any) {
			at(b, proof...)["checkpoint"] = at(foreign, proof...)["checkpoint"]
		}},
		{"no timestamp", verify.TSAMissing, func(b map[string]any) { delete(at(b, "verificationMaterial"), "timestampVerificationData") }},
		{"timestamp", verify.TSAInvalid, func(b map[string]any) { flip(t, at(b, stamps...), "signedTimestamp") }},
		{"another timestamp", verify.TSAInvalid, func(b map[string]any) {
			at(b, stamps...)["signedTimestamp"] = at(second, stamps...)["signedTimestamp"]
		}},
		{"another authority's timestamp", verify.TSAInvalid, func(b map[string]any) {
			at(b, stamps...)["signedTimestamp"] = at(foreign, stamps...)["signedTimestamp"]
		}},
		{"version", verify.BundleMalformed, func(b map[string]any) { b["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.4+json" }},
		{"unknown field", verify.BundleMalformed, func(b map[string]any) { b["surprise"] = true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := edit(t, good, c.change)
			for i, v := range []*verify.Verifier{s.verifier(t), warm(t, s, good)} {
				if _, err := v.Bundle(t.Context(), bad, file("an artifact"), verify.Expect{}); verify.CodeOf(err) != c.code {
					t.Errorf("verifier %d: %v: want %s", i, err, c.code)
				}
			}
		})
	}
}

func TestBlobMutation(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	bad := edit(t, s.signBlob(t, "an artifact"), func(b map[string]any) { flip(t, at(b, "messageSignature"), "signature") })
	if _, err := s.verifier(t).Bundle(t.Context(), bad, file("an artifact"), verify.Expect{}); verify.CodeOf(err) != verify.SigInvalid {
		t.Error(err)
	}
}

// warm is a verifier that has seen the certificate before.
func warm(t testing.TB, s signer, good []byte) *verify.Verifier {
	t.Helper()
	v := s.verifier(t)
	if _, err := v.Bundle(t.Context(), good, verify.Artifact{}, verify.Expect{}); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSigstoreGoAgrees: what is accepted is what sigstore-go accepts, for random damage to one byte of a bundle.
func TestSigstoreGoAgrees(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	s.attest(t, "before")
	good := s.attest(t, "an artifact")
	v, accepted := s.verifier(t), 0
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, err := v.Bundle(t.Context(), bad, file("an artifact"), verify.Expect{Identity: trust.Gate("shop").String(), Issuer: trust.Issuer("shop")}); err != nil {
			continue
		}
		accepted++
		c := conformance{bundle: bad, root: s.TrustedRoot(), artifact: "an artifact", identity: trust.Gate("shop").String(), issuer: trust.Issuer("shop")}
		if err := c.theirs(t); err != nil {
			t.Errorf("byte %d: accepted, and refused by sigstore-go: %v\n%s", i, err, around(bad, i))
		}
	}
	t.Logf("%d of %d bytes change nothing that counts", accepted, len(good))
}

func around(b []byte, i int) []byte { return b[max(0, i-40):min(len(b), i+40)] }

// TestWindows: the same bundle under roots whose windows leave its time out.
func TestWindows(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	good := s.attest(t, "an artifact")
	past := map[string]any{"start": "2001-01-01T00:00:00Z", "end": "2002-01-01T00:00:00Z"}
	for list, code := range map[string]verify.Code{
		"certificateAuthorities": verify.CertWindow, "timestampAuthorities": verify.TSAWindow, "tlogs": verify.LogWindow, "ctlogs": verify.SCTInvalid,
	} {
		t.Run(list, func(t *testing.T) {
			root := edit(t, s.TrustedRoot(), func(r map[string]any) {
				if o := at(r, list); o["validFor"] != nil {
					o["validFor"] = past
				} else {
					at(r, list, "publicKey")["validFor"] = past
				}
			})
			v, err := verify.New(root, verify.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := v.Bundle(t.Context(), good, verify.Artifact{}, verify.Expect{}); verify.CodeOf(err) != code {
				t.Errorf("%v: want %s", err, code)
			}
		})
	}
}

// TestLateStamp: a key that outlives its certificate signs nothing that counts.
func TestLateStamp(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newSigner(t, func() time.Time { return now })
	early := s.attest(t, "an artifact")
	now = now.Add(time.Hour)
	late := s.attest(t, "an artifact") // a new session: the certificate of the first is used below
	mixed := edit(t, late, func(b map[string]any) {
		var e map[string]any
		if err := json.Unmarshal(early, &e); err != nil {
			t.Fatal(err)
		}
		at(b, "verificationMaterial")["certificate"] = at(e, "verificationMaterial")["certificate"]
	})
	v := s.verifier(t)
	if _, err := v.Bundle(t.Context(), late, verify.Artifact{}, verify.Expect{}); err != nil {
		t.Error(err)
	}
	if _, err := v.Bundle(t.Context(), mixed, verify.Artifact{}, verify.Expect{}); err == nil {
		t.Error("another session's certificate is accepted")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	for name, c := range map[string]struct {
		root []byte
		o    verify.Options
		code verify.Code
	}{
		"nothing":      {nil, verify.Options{}, verify.RootUnknown},
		"another kind": {[]byte(`{"mediaType":"x"}`), verify.Options{}, verify.RootUnknown},
		"no key":       {s.TrustedRoot(), verify.Options{Key: []byte("x")}, verify.SigKey},
		"no window":    {edit(t, s.TrustedRoot(), func(r map[string]any) { delete(at(r, "tlogs", "publicKey"), "validFor") }), verify.Options{}, verify.RootUnknown},
	} {
		if _, err := verify.New(c.root, c.o); verify.CodeOf(err) != c.code {
			t.Errorf("%s: %v: want %s", name, err, c.code)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestUnreadableArtifact(t *testing.T) {
	t.Parallel()
	s := newSigner(t, nil)
	_, err := s.verifier(t).Bundle(t.Context(), s.attest(t, "x"), verify.Artifact{Reader: failing{}}, verify.Expect{})
	if err == nil || verify.CodeOf(err) != "" {
		t.Errorf("%v is no error of reading", err)
	}
}

var update = flag.Bool("update", false, "sign the files of testdata again")

// kept are a trusted root and two bundles by its authority that stay the same: every process of a fuzzer must have the same keys.
func kept(f *testing.F) (root, attested, blob []byte) {
	f.Helper()
	made := map[string][]byte{}
	if *update {
		s := newSigner(f, nil)
		made = map[string][]byte{"trusted_root.json": s.TrustedRoot(), "attestation.json": s.attest(f, "an artifact"), "blob.json": s.signBlob(f, "an artifact")}
	}
	for i, name := range []string{"trusted_root.json", "attestation.json", "blob.json"} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, made[name], 0o644)); err != nil {
				f.Fatal(err)
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		*[]*[]byte{&root, &attested, &blob}[i] = data
	}
	return root, attested, blob
}

func FuzzBundle(f *testing.F) {
	root, attested, blob := kept(f)
	f.Add(attested)
	f.Add(blob)
	f.Add([]byte("{}"))
	v, err := verify.New(root, verify.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, good := range [][]byte{attested, blob} {
		if _, err := v.Bundle(f.Context(), good, file("an artifact"), verify.Expect{}); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := v.Bundle(t.Context(), data, file("an artifact"), verify.Expect{})
		if (err == nil) != (r.Identity == trust.Gate("shop").String()) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func FuzzNew(f *testing.F) {
	root, _, _ := kept(f)
	f.Add(root)
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, err := verify.New(data, verify.Options{}); (err == nil) != (v != nil) {
			t.Error(err)
		}
	})
}

func BenchmarkBundle(b *testing.B) {
	s := newSigner(b, nil)
	for range 500 {
		s.attest(b, "before")
	}
	data := s.attest(b, "an artifact")
	digest := verify.Artifact{Digest: digestOf("an artifact")}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.verifier(b).Bundle(b.Context(), data, digest, verify.Expect{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("next", func(b *testing.B) {
		v := s.verifier(b)
		for b.Loop() {
			if _, err := v.Bundle(b.Context(), data, digest, verify.Expect{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sigstore-go", func(b *testing.B) {
		c := conformance{bundle: data, root: s.TrustedRoot(), artifact: "an artifact", identity: trust.Gate("shop").String(), issuer: trust.Issuer("shop")}
		for b.Loop() {
			if err := c.theirs(b); err != nil {
				b.Fatal(err)
			}
		}
	})
}
