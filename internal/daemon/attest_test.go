package daemon

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/trust"
)

// openConfig lets trust roots land by themselves: what they need is tested elsewhere.
const openConfig = config + `  risk:
    matrix:
      low: {gates: [], merge: auto}
      medium: {gates: [], merge: auto}
      high: {gates: [approval], merge: manual}
      critical: {gates: [], merge: auto}
`

// operatorKey is an operator's SSH key, made of software.
type operatorKey struct {
	key ssh.Signer
}

func newOperatorKey(t *testing.T) operatorKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	key, err := ssh.NewSignerFromKey(private)
	must(t, err)
	return operatorKey{key}
}

func (k operatorKey) public() string { return publicLine(k.key.PublicKey()) }

func publicLine(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func (k operatorKey) Sign(_ context.Context, namespace, text string) (string, error) {
	armored, err := sshsig.Sign(k.key, namespace, []byte(text))
	return string(armored), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nonce is 32 hex digits that were not used before.
func nonce(t *testing.T) string {
	t.Helper()
	raw := make([]byte, 16)
	_, err := rand.Read(raw)
	must(t, err)
	return hex.EncodeToString(raw)
}

// trusting is a house whose repository has a trust root since its second commit, made by the operator's key.
func trusting(t *testing.T) (*house, operatorKey) {
	t.Helper()
	h := newHouse(t, func(h *house) {
		h.clone.Write(".adamant/adamant.yaml", openConfig)
		h.clone.Commit("genesis")
	})
	key := newOperatorKey(t)
	h.layRoot(key)
	return h, key
}

// layRoot makes keys and lands the files of the first root.
func (h *house) layRoot(key operatorKey) {
	h.t.Helper()
	authority, err := trust.Init(trustFolder(h.dir), trust.Options{Repository: "sample", Now: h.now})
	must(h.t, err)
	pem, err := os.ReadFile(filepath.Join(h.dir, "ledger_key"))
	must(h.t, err)
	private, err := ssh.ParsePrivateKey(pem)
	must(h.t, err)
	start := h.now().Add(-time.Hour)
	owner, err := trust.NewKey("ada", key.public(), start)
	must(h.t, err)
	gateKey, err := trust.NewKey("gate", publicLine(private.PublicKey()), start)
	must(h.t, err)
	genesis := strings.TrimSpace(h.clone.Git("rev-parse", "main"))
	root := trust.FirstRoot("sample", genesis, []trust.Key{owner}, gateKey, h.now(), h.now().AddDate(1, 0, 0))
	files, err := (*trust.Chain)(nil).Publish(h.t.Context(), root, authority.TrustedRoot(), key)
	must(h.t, err)
	h.clone.Git("switch", "-q", "-c", "trust-root", "main")
	for name, data := range files {
		h.clone.Write(trust.Dir+"/"+name, string(data))
	}
	h.clone.Commit("Lay the trust root")
	h.await(h.push(h.writer("ada"), "HEAD", "topic=trust"), change.Merged)
}

// enrol makes a key an operator's. The first one comes with recovery codes.
func (h *house) enrol(key operatorKey) (out desk.Enrolled) {
	h.t.Helper()
	o := operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionEnrol, Operator: "ada", Method: gate.MethodSSH, Public: key.public(),
		Nonce: nonce(h.t), At: h.now().UTC().Truncate(time.Second), Expires: h.now().UTC().Truncate(time.Second).Add(time.Hour)}
	text, err := o.Text()
	must(h.t, err)
	held, err := key.Sign(h.t.Context(), operator.NamespaceOrder, text)
	must(h.t, err)
	h.call("POST", desk.PathOperators, "", desk.Enrolment{Proof: desk.Proof{Statement: text, Method: operator.MethodOwner},
		New: desk.Proof{Method: gate.MethodSSH, Signature: held}}, &out)
	return out
}

// approve answers everything that a change waits for.
func (h *house) approve(id string, key operatorKey) {
	h.t.Helper()
	var c desk.Change
	h.call("GET", desk.PathChange, id, nil, &c)
	var v gate.Verdict
	must(h.t, json.Unmarshal(c.Verdict, &v))
	s := gate.Draft(&v, nil)
	s.Nonce, s.At = nonce(h.t), h.now().UTC().Truncate(time.Second)
	s.Expires = s.At.Add(time.Hour)
	text, err := s.Text()
	must(h.t, err)
	signature, err := key.Sign(h.t.Context(), operator.NamespaceApproval, text)
	must(h.t, err)
	h.call("POST", desk.PathApprovals, id, desk.Proof{Statement: text, Method: gate.MethodSSH, Key: h.keyID(), Signature: signature}, &desk.Answer{})
}

func (h *house) keyID() string {
	h.t.Helper()
	var who desk.Operators
	h.call("GET", desk.PathOperators, "", nil, &who)
	return who.Keys[0].ID
}

// predicates are the kinds of their schemas.
var predicates = map[attest.Kind]string{attest.KindDecision: "GateDecisionPredicate", attest.KindApproval: "ApprovalPredicate", attest.KindSource: "SourceSummaryPredicate"}

// statements are those of a commit that the kernel holds, by kind, each of which fits its schema.
func (h *house) statements(commit string) map[attest.Kind][]attest.Statement {
	h.t.Helper()
	repo, err := git.Open(h.t.Context(), filepath.Join(h.dir, "kernel.git"))
	must(h.t, err)
	defer func() { must(h.t, repo.Close()) }()
	out := map[attest.Kind][]attest.Statement{}
	for b, err := range attest.Read(h.t.Context(), repo, attest.Ref, commit) {
		must(h.t, err)
		s, err := attest.Unwrap(b.Data)
		must(h.t, err)
		if err := schematest.Validate(h.t, predicates[b.Kind], s.Predicate); err != nil {
			h.t.Errorf("%s of %s: %v\n%s", b.Kind, commit, err, s.Predicate)
		}
		out[b.Kind] = append(out[b.Kind], s)
	}
	return out
}

// attested waits for the statements of the newest commit of main and gives its name with them.
func (h *house) attested() (string, map[attest.Kind][]attest.Statement) {
	h.t.Helper()
	commit := strings.TrimSpace(h.clone.Git("--git-dir", filepath.Join(h.dir, "kernel.git"), "rev-parse", "main"))
	var out map[attest.Kind][]attest.Statement
	h.until("the commit "+commit+" is attested", func() bool {
		out = h.statements(commit)
		return len(out[attest.KindSource]) > 0
	})
	return commit, out
}

func (h *house) decision(found map[attest.Kind][]attest.Statement) (attest.Decision, attest.Summary) {
	h.t.Helper()
	if len(found[attest.KindDecision]) != 1 || len(found[attest.KindSource]) != 1 {
		h.t.Fatalf("it has %d decisions and %d summaries, want one of each", len(found[attest.KindDecision]), len(found[attest.KindSource]))
	}
	d, err := attest.ParseDecision(found[attest.KindDecision][0])
	must(h.t, err)
	s, err := attest.ParseSummary(found[attest.KindSource][0])
	must(h.t, err)
	return d, s
}

func TestAttestsWhatLands(t *testing.T) {
	t.Parallel()
	h, key := trusting(t)
	commit, found := h.attested()
	d, s := h.decision(found)
	if d.Commit != commit || !d.Allowed() || d.Repository != "sample" || d.Change.By != "person:ada" || len(d.Approvals) != 0 {
		t.Errorf("the root's decision is %+v", d)
	}
	if s.VerifiedLevels[0] != attest.SourceLevel3 || s.Verifier.ID != "https://adamant.dev/id/sample/gate" {
		t.Errorf("the root's summary is %+v", s)
	}

	h.enrol(key)
	h.clone.Git("switch", "-q", "main")
	h.clone.Git("pull", "-q", h.writer("ada"), "main")
	h.edit("waiver", ".adamant/slo/api.yaml", "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: api}\n", "An objective")
	id := h.push(h.writer("ada"), "HEAD", "topic=slo")
	h.await(id, change.NeedsOperator)
	h.approve(id, key)
	h.await(id, change.Merged)
	commit, found = h.attested()
	d, s = h.decision(found)
	if len(d.Approvals) != 1 || d.Approvals[0].By != "ada" || d.Approvals[0].PublicKey != key.public() || d.Verdict.Mode != gate.ModeManual {
		t.Fatalf("the approved change's decision is %+v", d)
	}
	h.verifies(d.Approvals[0], key)
	if !slices.Contains(s.VerifiedLevels, attest.PropertyApproved) || s.VerifiedLevels[0] != attest.SourceLevel3 {
		t.Errorf("the approved change's levels are %v", s.VerifiedLevels)
	}
	if len(found[attest.KindApproval]) != 1 {
		t.Fatalf("it has %d approvals", len(found[attest.KindApproval]))
	}
	a, err := attest.ParseApproval(found[attest.KindApproval][0])
	must(t, err)
	if a.Change != d.Change.ID || !found[attest.KindApproval][0].Subject[1].Has(attest.GitCommit, d.Change.Head) {
		t.Errorf("the approval is %+v", a)
	}
	h.bound(commit, d)
}

// verifies checks an operator's consent as an outsider would: with the signature, the text and the key.
func (h *house) verifies(c attest.Consent, key operatorKey) {
	h.t.Helper()
	var proof struct{ Signature string }
	must(h.t, json.Unmarshal(c.Proof, &proof))
	signature, err := sshsig.Verify([]byte(proof.Signature), operator.NamespaceApproval, []byte(c.Statement))
	must(h.t, err)
	if got := publicLine(signature.Key); got != key.public() {
		h.t.Errorf("it is signed by %s", got)
	}
}

// bound checks that ledger and statement name the same decision.
func (h *house) bound(commit string, d attest.Decision) {
	h.t.Helper()
	a, err := (&Daemon{kernel: h.kernel}).readAnnals(h.t.Context())
	must(h.t, err)
	l, ok := a.landings[git.OID(commit)]
	if !ok || l.record != d.Record || l.decision.Verdict != d.Verdict.Digest || l.decision.Assessment != d.Assessment.Digest ||
		len(l.decision.Approvals) != len(d.Approvals) || l.decision.Approvals[0].Statement != d.Approvals[0].Digest {
		h.t.Errorf("the ledger says %+v, the statement %+v", l, d)
	}
}

// TestAttestsOnce: a restart states nothing twice, and what is gone is stated again.
func TestAttestsOnce(t *testing.T) {
	t.Parallel()
	h, _ := trusting(t)
	h.attested()
	kernelGit := filepath.Join(h.dir, "kernel.git")
	tip := strings.TrimSpace(h.clone.Git("--git-dir", kernelGit, "rev-parse", attest.Ref))
	h.down()
	h.up()
	h.clone.Git("switch", "-q", "main")
	h.clone.Git("pull", "-q", h.writer("ada"), "main")
	h.edit("doc", "docs/a.md", "# A\n\nA word.\n", "A word")
	h.await(h.push(h.writer("ada"), "HEAD", "topic=a"), change.Merged)
	h.attested()
	if got := strings.TrimSpace(h.clone.Git("--git-dir", kernelGit, "rev-parse", attest.Ref+"^")); got != tip {
		t.Errorf("between two landings the statements moved from %s to %s", tip, got)
	}
	h.down()
	h.clone.Git("--git-dir", kernelGit, "update-ref", "-d", attest.Ref) // a crash before it, as far as a reader can tell
	h.up()
	h.attested()
	root := strings.TrimSpace(h.clone.Git("--git-dir", kernelGit, "rev-parse", "main^"))
	h.decision(h.statements(root))
}

// TestAttestsNothingPastTheGate: a commit that somebody put on main gets no statement, and later ones claim less.
func TestAttestsNothingPastTheGate(t *testing.T) {
	t.Parallel()
	h, _ := trusting(t)
	h.attested()
	kernelGit := filepath.Join(h.dir, "kernel.git")
	h.clone.Git("switch", "-q", "main")
	h.clone.Git("pull", "-q", h.writer("ada"), "main")
	h.edit("hand", "docs/hand.md", "# Hand\n\nMade by hand.\n", "By hand")
	h.down()
	h.clone.Git("push", "-q", kernelGit, "HEAD:refs/heads/main")
	h.up()
	byHand := strings.TrimSpace(h.clone.Git("rev-parse", "HEAD"))
	h.edit("doc", "docs/a.md", "# A\n\nA word.\n", "A word")
	h.await(h.push(h.writer("ada"), "HEAD", "topic=a"), change.Merged)
	commit, found := h.attested()
	if len(h.statements(byHand)) != 0 {
		t.Error("a commit made by hand has statements")
	}
	if _, s := h.decision(found); s.VerifiedLevels[0] != attest.SourceLevel2 || slices.Contains(s.VerifiedLevels, attest.PropertyUnbroken) {
		t.Errorf("the commit %s behind it claims %v", commit, s.VerifiedLevels)
	}
}

// TestPlainGitVerifies: the landing commits carry the gate's signature, which git checks with the shipped allowed_signers.
func TestPlainGitVerifies(t *testing.T) {
	t.Parallel()
	h, _ := trusting(t)
	kernelGit := filepath.Join(h.dir, "kernel.git")
	signers := filepath.Join(t.TempDir(), "allowed_signers")
	must(t, os.WriteFile(signers, []byte(h.main(trust.Dir+"/"+trust.FileAllowedSigners)), 0o600))
	verify := func(rev string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "git", "--git-dir", kernelGit, "-c", "gpg.ssh.allowedSignersFile="+signers, "verify-commit", "-v", rev)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := verify("main")
	if err != nil || !strings.Contains(out, `Good "git" signature for`) {
		t.Errorf("git says of main: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "git", "--git-dir", kernelGit, "-c", "gpg.ssh.allowedSignersFile="+signers, "log", "-1", "--format=%G? %GS", "main")
	shown, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(shown), "G ") {
		t.Errorf("git log says %q (%v)", shown, err)
	}
	exit := (*exec.ExitError)(nil)
	if out, err := verify("main^"); !errors.As(err, &exit) {
		t.Errorf("git says of a commit that the gate did not make: %v\n%s", err, out)
	}
	must(t, os.WriteFile(signers, nil, 0o600))
	if out, err := verify("main"); !errors.As(err, &exit) {
		t.Errorf("without the file git says: %v\n%s", err, out)
	}
}
