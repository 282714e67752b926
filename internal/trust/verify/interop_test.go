//go:build interop

package verify_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/trust"
)

const summaryOf = `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"%x"}}],"predicateType":"https://slsa.dev/verification_summary/v1","predicate":{"verifier":{"id":"https://adamant.dev/id/shop/gate"},"timeVerified":"2026-11-23T12:00:00Z","resourceUri":"git+https://adamant.dev/id/shop","policy":{"uri":"x"},"verificationResult":"PASSED","verifiedLevels":["SLSA_SOURCE_LEVEL_3"],"slsaVersion":"1.2"}}`

// lay writes the files that a verifier is given, out of a log with some entries.
func (s signer) lay(t *testing.T) (dir string) {
	t.Helper()
	const artifact = "an artifact"
	dir = t.TempDir()
	digest := sha256.Sum256([]byte(artifact))
	vsa, err := s.Attest(t.Context(), s, trust.Gate("shop"), fmt.Appendf(nil, summaryOf, digest))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"artifact": []byte(artifact), "root.json": s.TrustedRoot(), "attestation.json": s.attest(t, artifact), "blob.json": s.signBlob(t, artifact), "vsa.json": vsa,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	envelope(t, dir, vsa)
	return dir
}

// envelope takes a bundle apart for tools that know envelopes and keys only.
func envelope(t *testing.T, dir string, bundle []byte) {
	t.Helper()
	var b struct {
		Material struct {
			Certificate struct {
				Raw []byte `json:"rawBytes"`
			} `json:"certificate"`
		} `json:"verificationMaterial"`
		Envelope struct {
			Payload     string              `json:"payload"`
			PayloadType string              `json:"payloadType"`
			Signatures  []map[string]string `json:"signatures"`
		} `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(b.Material.Certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(b.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"envelope.json": text, "key.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// a mutation edits the files of a folder; every verifier must refuse what it did.
type mutation struct {
	name string
	do   func(t *testing.T, dir string)
}

func rewrite(file string, change func(b map[string]any)) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), edit(t, data, change), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func mutations(t *testing.T) []mutation {
	b64 := base64.StdEncoding.EncodeToString
	return []mutation{
		{"artifact", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "artifact"), []byte("another"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"payload", rewrite("attestation.json", func(b map[string]any) { flip(t, at(b, "dsseEnvelope"), "payload") })},
		{"signature", rewrite("attestation.json", func(b map[string]any) { flip(t, at(b, "dsseEnvelope", "signatures"), "sig") })},
		{"no timestamp", rewrite("attestation.json", func(b map[string]any) { delete(at(b, "verificationMaterial"), "timestampVerificationData") })},
		{"no log", rewrite("attestation.json", func(b map[string]any) { delete(at(b, "verificationMaterial"), "tlogEntries") })},
		{"proof", rewrite("attestation.json", func(b map[string]any) {
			at(b, "verificationMaterial", "tlogEntries", "inclusionProof")["hashes"].([]any)[0] = b64(make([]byte, 32))
		})},
		{"checkpoint", rewrite("attestation.json", func(b map[string]any) {
			c := at(b, "verificationMaterial", "tlogEntries", "inclusionProof", "checkpoint")
			c["envelope"] = strings.Replace(c["envelope"].(string), "\n", "\n1", 1)
		})},
		{"root", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "root.json"), newSigner(t, nil).TrustedRoot(), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	}
}

// hold runs a verifier on good files and on each mutation of those that lay writes.
func hold(t *testing.T, lay func(t *testing.T) (dir string), run func(ctx context.Context, dir string) error) {
	t.Helper()
	if err := run(t.Context(), lay(t)); err != nil {
		t.Fatalf("refused: %v", err)
	}
	for _, m := range mutations(t) {
		dir := lay(t)
		m.do(t, dir)
		if err := run(t.Context(), dir); err == nil {
			t.Errorf("%s: accepted", m.name)
		}
	}
}

func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w\n%s", filepath.Base(name), args, err, out)
	}
	return nil
}

// found is a program of the given variable, or of PATH.
func found(t *testing.T, variable, name, otherwise string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("LEFT OUT: %s is not installed; %s, or set %s", name, otherwise, variable)
	}
	return path
}

func history(t *testing.T) signer {
	s := newSigner(t, nil)
	for range 300 { // over the edge of a tile
		s.attest(t, "before")
	}
	return s
}

func TestCosign(t *testing.T) {
	t.Parallel()
	cosign := found(t, "ADAMANT_COSIGN", "cosign", "go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3")
	s := history(t)
	identity := []string{"--trusted-root", "root.json", "--certificate-identity", trust.Gate("shop").String(), "--certificate-oidc-issuer", trust.Issuer("shop")}
	hold(t, s.lay, func(ctx context.Context, dir string) error {
		return command(ctx, dir, cosign, append([]string{"verify-blob-attestation", "--bundle", "attestation.json", "--type", provenance, "artifact"}, identity...)...)
	})
	if err := command(t.Context(), s.lay(t), cosign, append([]string{"verify-blob", "--bundle", "blob.json", "artifact"}, identity...)...); err != nil {
		t.Error(err)
	}
	identity[3] = trust.Operator("shop", "eve").String()
	if err := command(t.Context(), s.lay(t), cosign, append([]string{"verify-blob", "--bundle", "blob.json", "artifact"}, identity...)...); err == nil {
		t.Error("cosign accepts another identity")
	}
}

func TestSigstoreJS(t *testing.T) {
	t.Parallel()
	modules := os.Getenv("ADAMANT_SIGSTORE_JS")
	if modules == "" {
		t.Skip("LEFT OUT: ADAMANT_SIGSTORE_JS names no folder with @sigstore/verify; scripts/sigstore-tools.sh installs it")
	}
	script, err := filepath.Abs(filepath.Join("testdata", "verify.js"))
	if err != nil {
		t.Fatal(err)
	}
	hold(t, history(t).lay, func(ctx context.Context, dir string) error {
		cmd := exec.CommandContext(ctx, "node", script, trust.Gate("shop").String(), trust.Issuer("shop"))
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "NODE_PATH="+filepath.Join(modules, "node_modules"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
}

// TestSLSAVerifier: the code for verification summaries knows envelopes and plain keys only, so no mutation of the rest of a bundle
// applies.
func TestSLSAVerifier(t *testing.T) {
	t.Parallel()
	slsa := found(t, "ADAMANT_SLSA_VERIFIER", "slsa-verifier", "scripts/sigstore-tools.sh builds it")
	dir := newSigner(t, nil).lay(t)
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("an artifact")))
	verify := func(digest, level, verifier string) error {
		return command(t.Context(), dir, slsa, "verify-vsa", "--subject-digest", digest, "--attestation-path", "envelope.json", "--verifier-id", verifier,
			"--resource-uri", "git+https://adamant.dev/id/shop", "--verified-level", level, "--public-key-path", "key.pub")
	}
	gate := trust.Gate("shop").String()
	if err := verify(digest, "SLSA_SOURCE_LEVEL_3", gate); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"level":    verify(digest, "SLSA_SOURCE_LEVEL_4", gate),
		"digest":   verify("sha256:00", "SLSA_SOURCE_LEVEL_3", gate),
		"verifier": verify(digest, "SLSA_SOURCE_LEVEL_3", gate+"/other"),
	} {
		if err == nil {
			t.Errorf("another %s is accepted", name)
		}
	}
	rewrite("envelope.json", func(b map[string]any) { flip(t, b, "payload") })(t, dir)
	if err := verify(digest, "SLSA_SOURCE_LEVEL_3", gate); err == nil {
		t.Error("another payload is accepted")
	}
}
