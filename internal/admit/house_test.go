package admit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/trust"
)

// house is a repository with a trust root, a commit that landed, and keys to state things about it: real ones throughout.
type house struct {
	t     testing.TB
	repo  *git.Repo
	now   atomic.Int64
	keys  *trust.Authority
	log   *tlog.Log
	store *attest.Store
	files map[string]string // of main
	tip   git.OID
	built git.OID // the commit that artifacts are built from
}

const (
	refMain   = "refs/heads/main"
	bench     = "https://adamant.dev/id/shop/builder/workstation/bench"
	forge     = "https://adamant.dev/id/shop/builder/dedicated/forge"
	goodBuild = "    - {name: api, kind: go, directory: api}\n"
)

func (h *house) clock() time.Time { return time.Unix(h.now.Load(), 0).UTC() }

func (h *house) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	entries, err := h.log.Append(ctx, rekord)
	if err != nil {
		return tlog.Entry{}, err
	}
	return entries[0], nil
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

type person struct {
	trust.Key
	signer ssh.Signer
}

func (p person) Sign(_ context.Context, namespace, text string) (string, error) {
	armored, err := sshsig.Sign(p.signer, namespace, []byte(text))
	return string(armored), err
}

func newPerson(t testing.TB, name string, seed byte, start time.Time) person {
	t.Helper()
	signer := must(ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))))(t)
	return person{must(trust.NewKey(name, string(ssh.MarshalAuthorizedKey(signer.PublicKey())), start))(t), signer}
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, files: map[string]string{"README": "a shop\n"}}
	h.now.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Unix())
	h.repo = must(git.InitBare(t.Context(), filepath.Join(t.TempDir(), "repo"), git.InitOptions{}))(t)
	t.Cleanup(func() { _ = h.repo.Close() })
	h.store = attest.NewStore(h.repo, h.repo, attest.Options{Now: h.clock})
	h.keys = must(trust.Init(filepath.Join(t.TempDir(), "trust"), trust.Options{Repository: "shop", Now: h.clock}))(t)
	h.log = must(tlog.Open(t.TempDir(), h.keys.LogKey()))(t)
	t.Cleanup(func() { _ = h.log.Close() })
	genesis := h.land()
	ada, gate := newPerson(t, "ada", 1, h.clock()), newPerson(t, "gate", 2, h.clock())
	root := trust.FirstRoot("shop", string(genesis), []trust.Key{ada.Key}, gate.Key, h.clock(), h.clock().AddDate(1, 0, 0))
	root.Roles.Builder = append(root.Roles.Builder, trust.Grant{Identity: forge, MaxLevel: 3})
	slices.SortFunc(root.Roles.Builder, func(a, b trust.Grant) int { return strings.Compare(a.Identity, b.Identity) })
	for name, data := range must((*trust.Chain)(nil).Publish(t.Context(), root, h.keys.TrustedRoot(), ada))(t) {
		h.files[trust.Dir+"/"+name] = string(data)
	}
	h.configure("")
	h.built = h.land()
	h.vouch(h.built, "allow", attest.SourceLevel3)
	return h
}

// configure sets spec.admission, and leaves the rest.
func (h *house) configure(admission string) {
	h.files[".adamant/adamant.yaml"] = "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: shop}\nspec:\n  build:\n" + goodBuild + admission
}

// land puts the files on main, as the gate would.
func (h *house) land() git.OID {
	h.t.Helper()
	commit := git.NewCommit{Tree: h.tree(""), Author: h.someone(), Committer: h.someone(), Message: "land"}
	if h.tip != "" {
		commit.Parents = []git.OID{h.tip}
	}
	id := must(h.repo.WriteCommit(h.t.Context(), commit))(h.t)
	h.move(id)
	return id
}

func (h *house) move(to git.OID) {
	h.t.Helper()
	if err := h.repo.UpdateRefs(h.t.Context(), []git.RefUpdate{{Name: refMain, Old: h.tip, New: to}}); err != nil {
		h.t.Fatal(err)
	}
	h.tip = to
}

func (h *house) someone() git.Signature {
	return git.Signature{Name: "Ada", Email: "ada@example.com", When: h.clock()}
}

// tree writes the folder dir of files.
func (h *house) tree(dir string) git.OID {
	h.t.Helper()
	below := map[string]git.Entry{}
	for name, text := range h.files {
		rest, found := strings.CutPrefix(name, dir)
		if !found {
			continue
		}
		first, _, nested := strings.Cut(rest, "/")
		switch {
		case nested:
			below[first] = git.Entry{Path: first, Mode: git.ModeTree, OID: h.tree(path.Join(dir, first) + "/")}
		default:
			below[first] = git.Entry{Path: first, Mode: git.ModeFile, OID: must(h.repo.WriteBlob(h.t.Context(), []byte(text)))(h.t)}
		}
	}
	return must(h.repo.WriteTree(h.t.Context(), slices.Collect(maps.Values(below))))(h.t)
}

// sign makes a bundle.
func (h *house) sign(who string, statement []byte) []byte {
	h.t.Helper()
	id := must(trust.ParseIdentity(who))(h.t)
	return must(h.keys.Attest(h.t.Context(), h, id, statement))(h.t)
}

func (h *house) put(bundle []byte) {
	h.t.Helper()
	if err := h.store.Put(h.t.Context(), bundle, nil, attest.KindOther); err != nil {
		h.t.Fatal(err)
	}
}

// state signs and stores a statement.
func (h *house) state(who, predicateType string, predicate any, algorithm, digest string) {
	h.t.Helper()
	text := must(manifest.CanonicalJSON(predicate))(h.t)
	s := attest.Statement{Type: attest.StatementType, PredicateType: predicateType, Predicate: text,
		Subject: []attest.Subject{{Name: "it", Digest: map[string]string{algorithm: digest}}}}
	h.put(h.sign(who, must(s.Text())(h.t)))
}

// vouch states what the gate decided about a commit.
func (h *house) vouch(commit git.OID, decision, level string) {
	h.t.Helper()
	h.vouchAs(trust.Gate("shop").String(), commit, decision, level)
}

func (h *house) vouchAs(who string, commit git.OID, decision, level string) {
	h.t.Helper()
	d := attest.Decision{Repository: "shop", Target: refMain, Commit: string(commit), Risk: attest.Risk{Level: risk.Low},
		Verdict: attest.Verdict{Decision: decision, At: h.clock()}, Change: attest.Change{ID: "c1", By: "agent:a", Agent: "a"}}
	h.state(who, attest.DecisionType, d, attest.GitCommit, string(commit))
	s := attest.Summary{Verifier: attest.Verifier{ID: who}, ResourceURI: attest.RepositoryURI("shop"), VerificationResult: attest.Passed, VerifiedLevels: []string{level}}
	h.state(who, attest.SummaryType, s, attest.GitCommit, string(commit))
}

// artifact is the digest of something that was built.
func artifact(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// record is what a build of the api target leaves.
func (h *house) record(digest string) *build.Record {
	h.t.Helper()
	target := must(build.Complete(manifest.Build{Name: "api", Kind: "go", Directory: "api"}))(h.t)
	return &build.Record{
		Job:       build.Job{Repository: "shop", Commit: h.built, Ref: refMain, Target: target, Invocation: "run-1"},
		Artifacts: []build.Artifact{{Name: "api", SHA256: digest, Size: 1, Mode: 0o755}},
		Resolved:  []build.Descriptor{{Name: "source", URI: "git+adamant:shop", Digest: map[string]string{"gitCommit": string(h.built)}}},
		LogSHA256: artifact("log"), Started: h.clock(), Finished: h.clock(),
	}
}

// provenance makes a bundle of a record: builder is whom it names, who signs it.
func (h *house) provenance(r *build.Record, builder, who string) []byte {
	h.t.Helper()
	return h.sign(who, must(r.Statement(builder, "test"))(h.t))
}

// build states that the builder built an artifact as it should.
func (h *house) build(text, builder string) (digest string) {
	h.t.Helper()
	digest = artifact(text)
	h.put(h.provenance(h.record(digest), builder, builder))
	return digest
}

func (h *house) admitter() *Admitter {
	return New(Options{Repo: h.repo, View: Kernel(), Now: h.clock, By: "test"})
}

func ask(digest string) Request { return Request{Digest: "sha256:" + digest, Environment: "prod"} }

// decide asks a fresh admitter.
func (h *house) decide(r Request) Decision {
	h.t.Helper()
	return must(h.admitter().Decide(h.t.Context(), r))(h.t)
}

func codes(reasons []Clause) string {
	var out []string
	for _, r := range reasons {
		out = append(out, string(r.Code))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

func asText(v any) string {
	text, _ := json.MarshalIndent(v, "", " ")
	return string(text)
}
