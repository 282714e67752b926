//go:build interop

package verify_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/trust"
)

// TestSLSAVerifier has slsa-verifier check the summary that the daemon made of a commit. It knows envelopes and plain keys, so it is given
// the bundle's.
func TestSLSAVerifier(t *testing.T) {
	t.Parallel()
	slsa := os.Getenv("ADAMANT_SLSA_VERIFIER")
	if slsa == "" {
		t.Skip("LEFT OUT: ADAMANT_SLSA_VERIFIER names no slsa-verifier; scripts/sigstore-tools.sh builds it")
	}
	m := newMutant(t)
	tip := m.git("rev-parse", kernel.RefMain)
	var b struct {
		Material struct {
			Certificate struct {
				Raw []byte `json:"rawBytes"`
			} `json:"certificate"`
		} `json:"verificationMaterial"`
		Envelope map[string]any `json:"dsseEnvelope"`
	}
	decode(t, []byte(m.git("cat-file", "blob", attest.Ref+":"+m.file(attest.Ref, tip+"/0002-source-vsa"))), &b)
	cert, err := x509.ParseCertificate(b.Material.Certificate.Raw)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(cert.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("key.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	write("good.json", encode(t, b.Envelope))
	text, err := base64.StdEncoding.DecodeString(b.Envelope["payload"].(string))
	if err != nil {
		t.Fatal(err)
	}
	b.Envelope["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(text, []byte("SLSA_SOURCE_LEVEL_3"), []byte("SLSA_SOURCE_LEVEL_4"), 1))
	write("edited.json", encode(t, b.Envelope))
	gate, uri := trust.Gate("sample").String(), attest.RepositoryURI("sample")
	for _, c := range []struct {
		name, file, digest, verifier, uri, level string
		accepted                                 bool
	}{
		{"the summary", "good.json", attest.GitCommit + ":" + tip, gate, uri, "SLSA_SOURCE_LEVEL_3", true},
		{"a property", "good.json", attest.GitCommit + ":" + tip, gate, uri, attest.PropertyUnbroken, true},
		{"edited", "edited.json", attest.GitCommit + ":" + tip, gate, uri, "SLSA_SOURCE_LEVEL_4", false},
		{"a higher level", "good.json", attest.GitCommit + ":" + tip, gate, uri, "SLSA_SOURCE_LEVEL_4", false},
		{"another track", "good.json", attest.GitCommit + ":" + tip, gate, uri, "SLSA_BUILD_LEVEL_1", false},
		{"another commit", "good.json", attest.GitCommit + ":" + m.git("rev-parse", kernel.RefMain+"^"), gate, uri, "SLSA_SOURCE_LEVEL_3", false},
		{"another digest's name", "good.json", attest.SHA256 + ":" + tip, gate, uri, "SLSA_SOURCE_LEVEL_3", false},
		{"another verifier", "good.json", attest.GitCommit + ":" + tip, gate + "/x", uri, "SLSA_SOURCE_LEVEL_3", false},
		{"another repository", "good.json", attest.GitCommit + ":" + tip, gate, uri + "2", "SLSA_SOURCE_LEVEL_3", false},
	} {
		cmd := exec.CommandContext(t.Context(), slsa, "verify-vsa", "--subject-digest", c.digest, "--attestation-path", c.file, "--verifier-id", c.verifier,
			"--resource-uri", c.uri, "--verified-level", c.level, "--public-key-path", "key.pub")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); (err == nil) != c.accepted {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
	}
}
