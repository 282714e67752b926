package verify_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/verify"
)

// printed verifies, at the time that the press has come to, what it made.
func (p *press) printed(t *testing.T, options verify.Options) *verify.Report {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kernel.git")
	if out, err := runGit(t.TempDir(), "init", "-q", "--bare", dir); err != nil {
		t.Fatal(err, out)
	}
	p.finish(dir)
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	options.Now = p.at
	r, err := verify.Run(t.Context(), repo, options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codes(problems []verify.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Code)
	}
	return out
}

const day = 24 * time.Hour

// TestRootExpires: an expired root proves what landed before its end and nothing behind it, and the next version heals that.
func TestRootExpires(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		live               func(p *press)
		failures, warnings []string
	}{
		{"nothing landed behind its end", func(p *press) { p.land(0); p.at = p.at.Add(10 * day) }, nil, []string{verify.RootExpired}},
		{"two landed behind its end", func(p *press) { p.land(0); p.at = p.at.Add(10 * day); p.land(1); p.land(2) }, []string{verify.RootExpired}, []string{verify.RootExpired}},
		{"it was renewed in time", func(p *press) { p.renew(0, 30*day, func(*trust.Root) {}); p.at = p.at.Add(10 * day); p.land(1) }, nil, nil},
		{"it was renewed late", func(p *press) {
			p.at = p.at.Add(10 * day)
			p.land(0)
			p.renew(1, 30*day, func(*trust.Root) {})
			p.land(2)
		}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPress(t, 5*day)
			p.land(9)
			c.live(p)
			r := p.printed(t, verify.Options{})
			if !slices.Equal(codes(r.Failures), c.failures) || !slices.Equal(codes(r.Warnings), c.warnings) {
				t.Fatalf("failures %v, warnings %v", r.Failures, r.Warnings)
			}
			if c.failures != nil && !strings.Contains(r.Failures[0].What, "and 2 commits landed after that") {
				t.Error(r.Failures[0].What)
			}
		})
	}
}

// TestGateKeyEnds: a key of the gate that has ended signs nothing more; what it signed before holds.
func TestGateKeyEnds(t *testing.T) {
	t.Parallel()
	for signs, want := range map[string][]string{"new": nil, "old": {verify.CommitSigner}} {
		p := newPress(t, 365*day)
		p.land(0)
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewSignerFromKey(private)
		if err != nil {
			t.Fatal(err)
		}
		p.renew(1, 365*day, func(r *trust.Root) {
			next, err := trust.NewKey("gate", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))), p.at)
			if err != nil {
				t.Fatal(err)
			}
			r.SetGate(next, p.at.Add(day))
		})
		p.at = p.at.Add(2 * day)
		p.commitLedger()
		if signs == "new" {
			p.gate = sshsig.NewSigner(key, sshsig.NamespaceGit)
		}
		p.land(2)
		if r := p.printed(t, verify.Options{}); !slices.Equal(codes(r.Failures), want) {
			t.Errorf("by the %s key: %v", signs, r.Failures)
		}
	}
}

// TestBuilderRevoked: what a builder made stays known, and counts for nothing more, once the root does not name it any more.
func TestBuilderRevoked(t *testing.T) {
	t.Parallel()
	p := newPress(t, 365*day)
	p.land(0)
	who := trust.Builder("bench", trust.BuilderWorkstation, "here")
	text, err := provenance("bench", string(p.main), who.String(), program)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := p.authority.Attest(t.Context(), p, who, text)
	if err != nil {
		t.Fatal(err)
	}
	subject := sha([]byte(program))
	p.kept[subject[:2]+"/"+subject+"/0001-provenance.json"] = p.packer.add("blob", bundle)
	p.enter(notary.KindBuilt, "", notary.Built{Builder: who.String(), Artifacts: []notary.Subject{{Name: program, SHA256: subject}}, Statement: sha(text)})
	p.renew(1, 365*day, func(r *trust.Root) {
		for _, g := range r.Roles.Builder {
			r.SetBuilder(g.Identity, 0)
		}
	})
	r := p.printed(t, verify.Options{})
	if !r.Holds() || len(r.Artifacts) != 1 || r.Artifacts[0].Level != 0 || !slices.Contains(codes(r.Warnings), verify.BuilderRevoked) {
		t.Errorf("failures %v, warnings %v, artifacts %+v", r.Failures, r.Warnings, r.Artifacts)
	}
}
