package verify_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	sigstore "github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/adamant-os/adamant/internal/trust/verify"
)

// ADAMANT_SIGSTORE_CONFORMANCE names a checkout of github.com/sigstore/sigstore-conformance; scripts/sigstore-tools.sh fetches it.
const conformanceVariable = "ADAMANT_SIGSTORE_CONFORMANCE"

// a case of the suite: test/assets/bundle-verify/README.md there says what its files are.
type conformance struct {
	name                       string
	bundle, root, key          []byte
	artifact, identity, issuer string
}

func readCase(t *testing.T, dir, publicGood string) conformance {
	t.Helper()
	read := func(name, otherwise string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && otherwise != "" {
			return otherwise
		}
		return string(text)
	}
	a := filepath.Join(filepath.Dir(dir), "a.txt")
	plain, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	c := conformance{
		name: filepath.Base(dir), bundle: []byte(read("bundle.sigstore.json", "")), root: []byte(read("trusted_root.json", publicGood)),
		artifact: read("artifact", string(plain)),
		identity: strings.TrimSpace(read("identity", "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main")),
		issuer:   strings.TrimSpace(read("issuer", "https://token.actions.githubusercontent.com")),
	}
	if key := read("key.pub", ""); key != "" {
		c.key, c.identity, c.issuer = []byte(key), "", ""
	}
	return c
}

func (c conformance) ours(t *testing.T) error {
	v, err := verify.New(c.root, verify.Options{Key: c.key})
	if err != nil {
		return err
	}
	_, err = v.Bundle(t.Context(), c.bundle, verify.Artifact{Reader: strings.NewReader(c.artifact)}, verify.Expect{Identity: c.identity, Issuer: c.issuer})
	return err
}

// theirs is the verdict of sigstore-go.
func (c conformance) theirs(testing.TB) error {
	material, err := root.NewTrustedRootFromJSON(c.root)
	if err != nil {
		return err
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(c.bundle); err != nil {
		return err
	}
	v, err := sigstore.NewVerifier(material, sigstore.WithSignedCertificateTimestamps(1), sigstore.WithTransparencyLog(1), sigstore.WithObserverTimestamps(1))
	if err != nil {
		return err
	}
	id, err := sigstore.NewShortCertificateIdentity(c.issuer, "", c.identity, "")
	if err != nil {
		return err
	}
	_, err = v.Verify(&b, sigstore.NewPolicy(sigstore.WithArtifact(strings.NewReader(c.artifact)), sigstore.WithCertificateIdentity(id)))
	return err
}

func publicGood(t *testing.T) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/sigstore/sigstore-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(string(bytes.TrimSpace(dir)), "examples", "trusted-root-public-good.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestConformance runs the cases bundle-verify of sigstore-conformance, and holds against sigstore-go whatever is accepted.
func TestConformance(t *testing.T) {
	t.Parallel()
	checkout := os.Getenv(conformanceVariable)
	if checkout == "" {
		t.Skip("LEFT OUT: " + conformanceVariable + " names no checkout of sigstore-conformance; make test-interop fetches one")
	}
	dirs, err := filepath.Glob(filepath.Join(checkout, "test", "assets", "bundle-verify", "*", "bundle.sigstore.json"))
	if err != nil || len(dirs) < 70 {
		t.Fatalf("%d cases in %s: %v", len(dirs), checkout, err)
	}
	good, right := publicGood(t), 0
	for _, file := range dirs {
		c := readCase(t, filepath.Dir(file), good)
		got := c.ours(t)
		if fails := strings.HasSuffix(c.name, "_fail"); fails != (got != nil) {
			t.Errorf("%s: %v", c.name, got)
			continue
		}
		right++
		t.Logf("%s: %v", c.name, got)
		if got == nil && c.key == nil {
			if err := c.theirs(t); err != nil {
				t.Errorf("%s: accepted, and refused by sigstore-go: %v", c.name, err)
			}
		}
	}
	t.Logf("%d of %d cases right", right, len(dirs))
}
