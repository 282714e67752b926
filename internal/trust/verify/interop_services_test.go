//go:build interop

package verify_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/trust/verify"
)

// signedBy is what our client made with the servers, and as whom.
type signedBy struct {
	files        map[string][]byte
	name, issuer string
}

const servedArtifact, attestationFile = "an artifact", "attestation.json"

func (s servers) sign(t *testing.T, artifact, kind, name string, claims map[string]any) signedBy {
	t.Helper()
	v, digest := s.services(s.issuer.token(t, kind, claims)), sha256.Sum256([]byte(artifact))
	blob, err := v.SignBlob(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	attestation, err := v.Attest(t.Context(), statementOf("a", digest))
	if err != nil {
		t.Fatal(err)
	}
	if identity, vouching, err := verify.Claimed(blob); err != nil || identity != name || vouching != s.issuer.of(kind) {
		t.Errorf("signed as %q of %q: %v: want %q", identity, vouching, err, name)
	}
	return signedBy{name: name, issuer: s.issuer.of(kind),
		files: map[string][]byte{"artifact": []byte(artifact), "root.json": s.root, attestationFile: attestation, "blob.json": blob}}
}

func (s signedBy) lay(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range s.files {
		write(t, filepath.Join(dir, name), data)
	}
	return dir
}

// question is what a verifier is asked: is this bundle of this folder by them, about the file artifact?
type question struct{ dir, bundle, name, issuer string }

// verifiers are ours, sigstore-go and cosign.
func verifiers() map[string]func(t *testing.T, q question) error {
	return map[string]func(t *testing.T, q question) error{
		"ours":        func(t *testing.T, q question) error { return q.files(t).ours(t) },
		"sigstore-go": func(t *testing.T, q question) error { return q.files(t).theirs(t) },
		"cosign":      byCosign,
	}
}

func (q question) files(t *testing.T) conformance {
	t.Helper()
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(q.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return conformance{bundle: read(q.bundle), root: read("root.json"), artifact: string(read("artifact")), identity: q.name, issuer: q.issuer}
}

func byCosign(t *testing.T, q question) error {
	t.Helper()
	cosign := found(t, "ADAMANT_COSIGN", "cosign", "go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3")
	args := []string{"verify-blob"}
	if q.bundle == attestationFile {
		args = []string{"verify-blob-attestation", "--type", provenance}
	}
	return command(t.Context(), q.dir, cosign, append(args, "--bundle", q.bundle, "--trusted-root", "root.json", "--use-signed-timestamps",
		"--certificate-identity", q.name, "--certificate-oidc-issuer", q.issuer, "artifact")...)
}

// TestServers signs through Fulcio, Sigstore's timestamp authority and Rekor v2 and lets three verifiers judge what came of it.
func TestServers(t *testing.T) {
	t.Parallel()
	s := newServers(t)
	s.sign(t, "before", "email", "ada@example.org", ada()) // so that a proof has hashes
	email := s.sign(t, servedArtifact, "email", "ada@example.org", ada())
	// The address is not the name: Fulcio goes by the kind of issuer, which the token does not say.
	job := s.sign(t, servedArtifact, "uri", "http://127.0.0.1/jobs/7", map[string]any{"sub": "http://127.0.0.1/jobs/7", "email": "ada@example.org"})
	user := s.sign(t, servedArtifact, "username", "ada!127.0.0.1", map[string]any{"sub": "ada"})
	const workflow = "shop/shop/.github/workflows/build.yml@refs/heads/main"
	action := s.sign(t, servedArtifact, "github-workflow", "https://github.com/"+workflow, map[string]any{
		"sub": "repo:shop/shop:ref:refs/heads/main", "job_workflow_ref": workflow, "job_workflow_sha": "5ec2", "workflow_ref": workflow, "workflow_sha": "5ec2",
		"sha": "5ec2", "event_name": "push", "repository": "shop/shop", "workflow": "build", "ref": "refs/heads/main", "runner_environment": "github-hosted",
		"repository_id": "1", "repository_owner": "shop", "repository_owner_id": "2", "repository_visibility": "public", "run_id": "3", "run_attempt": "1",
	})
	other := s.logged(t, newECDSAKey(t)).sign(t, servedArtifact, "email", "ada@example.org", ada())
	for name, accepts := range verifiers() {
		t.Run(name, func(t *testing.T) {
			for _, made := range []signedBy{email, job, user, action, other} {
				made.judge(t, accepts)
			}
			hold(t, email.lay, func(_ context.Context, dir string) error {
				return accepts(t, question{dir, attestationFile, email.name, email.issuer})
			})
		})
	}
	email.parts(t)
}

// ada is whom a token names.
func ada() map[string]any {
	return map[string]any{"sub": "1", "email": "ada@example.org", "email_verified": true}
}

// judge demands that both bundles are accepted, as who signed only.
func (s signedBy) judge(t *testing.T, accepts func(t *testing.T, q question) error) {
	t.Helper()
	dir := s.lay(t)
	for _, b := range []string{attestationFile, "blob.json"} {
		if err := accepts(t, question{dir, b, s.name, s.issuer}); err != nil {
			t.Errorf("%s of %s: refused: %v", b, s.name, err)
		}
		if accepts(t, question{dir, b, "eve@example.org", s.issuer}) == nil {
			t.Errorf("%s of %s: accepted for another identity", b, s.name)
		}
		if accepts(t, question{dir, b, s.name, s.issuer + "/other"}) == nil {
			t.Errorf("%s of %s: accepted for another issuer", b, s.name)
		}
	}
}

// parts demands that our verifier needs each of the servers: none of them may be missing in the trusted root.
func (s signedBy) parts(t *testing.T) {
	t.Helper()
	for part, code := range map[string]verify.Code{"certificateAuthorities": verify.RootUnknown, "ctlogs": verify.SCTInvalid, "tlogs": verify.LogMissing,
		"timestampAuthorities": verify.TSAInvalid} {
		dir := s.lay(t)
		rewrite("root.json", func(b map[string]any) { delete(b, part) })(t, dir)
		err := question{dir, attestationFile, s.name, s.issuer}.files(t).ours(t)
		if verify.CodeOf(err) != code {
			t.Errorf("a root without %s: %v: want %s", part, err, code)
		}
	}
}

// TestServersRefuse: what the servers say no to comes back as their words, and a certificate without an SCT is not taken.
func TestServersRefuse(t *testing.T) {
	t.Parallel()
	fulcio := found(t, "ADAMANT_FULCIO", "fulcio", "scripts/sigstore-tools.sh builds it")
	i := newIssuer(t)
	with := func(name string, value any) map[string]any {
		claims := ada()
		claims[name] = value
		return claims
	}
	s := servers{fulcio: serveFulcio(t, fulcio, i, "--ct-log-url", "")}
	strangers := newIssuer(t)
	strangers.url = i.url // another key
	for name, c := range map[string]struct{ token, says string }{
		"another issuer's key": {strangers.token(t, "email", ada()), "400"},
		"another audience":     {i.token(t, "email", with("aud", "another")), "400"},
		"an old token":         {i.token(t, "email", with("exp", 1)), "400"},
		"an unproven address":  {i.token(t, "email", with("email_verified", false)), "400"},
		"no CT log":            {i.token(t, "email", ada()), "no certificate with an embedded SCT"},
	} {
		_, err := s.services(c.token).SignBlob(t.Context(), sha256.Sum256(nil))
		if !errors.Is(err, trust.ErrService) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v: want %q", name, err, c.says)
		}
	}
}
