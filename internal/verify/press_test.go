package verify_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

// press prints histories.
type press struct {
	testing.TB
	packer    *packer
	at        time.Time
	sign      git.Signer // of the ledger and the rest
	gate      git.Signer // of what lands
	authority *trust.Authority
	operator  ssh.Signer
	roots     map[string][]byte // files of the trust root
	log       *tlog.Log
	folder    string

	writer  string
	prev    [32]byte
	seq     uint64
	segment []byte
	path    string
	blob    git.OID
	written int
	trees   map[string]map[string]git.OID // of the ledger: what a folder holds
	head    git.OID
	pending int
	leaves  [][]byte

	refs map[string]git.OID
	kept map[string]git.OID // attestations
	main git.OID
	tree map[string]git.OID
}

// generate makes a bare repository with n landings behind the one of the trust root.
func generate(t testing.TB, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kernel.git")
	if kept := os.Getenv("ADAMANT_VERIFY_KEEP"); kept != "" {
		dir = filepath.Join(kept, strconv.Itoa(n)+".git")
		if _, err := os.Stat(filepath.Join(dir, "packed-refs")); err == nil {
			return dir
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := runGit(dir, "init", "-q", "--bare", "."); err != nil {
		t.Fatal(err)
	}
	p := newPress(t, 5*365*24*time.Hour)
	for i := range n {
		p.land(i)
	}
	p.finish(dir)
	return dir
}

// newPress begins a history with a trust root of so long a life.
func newPress(t testing.TB, life time.Duration) *press {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	p := &press{TB: t, packer: newPacker(t), at: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), sign: sshsig.NewSigner(key, sshsig.NamespaceGit), writer: "k-bench",
		trees: map[string]map[string]git.OID{}, refs: map[string]git.OID{}, kept: map[string]git.OID{}, tree: map[string]git.OID{}, roots: map[string][]byte{}}
	p.gate = p.sign
	p.prev = sha256.Sum256([]byte("adamant ledger v1\n" + p.writer + "\n"))
	p.tree["README.md"] = p.packer.add("blob", []byte("# Sample\n"))
	p.main = p.packer.commit(p.packer.files(p.tree), "", p.at.Unix(), "start\n", nil)
	p.authority, err = trust.Init(filepath.Join(t.TempDir(), "trust"), trust.Options{Repository: "bench", Now: func() time.Time { return p.at }})
	if err != nil {
		t.Fatal(err)
	}
	p.folder = filepath.Join(t.TempDir(), "log")
	if p.log, err = tlog.Open(p.folder, p.authority.LogKey()); err != nil {
		t.Fatal(err)
	}
	p.enter(ledger.KernelCreated, "", map[string]any{"v": 1, "main": p.main})
	p.layRoot(key, life)
	return p
}

func (p *press) layRoot(key ssh.Signer, life time.Duration) {
	public := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		p.TB.Fatal(err)
	}
	if p.operator, err = ssh.NewSignerFromKey(private); err != nil {
		p.TB.Fatal(err)
	}
	owner, err := trust.NewKey("ada", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(p.operator.PublicKey()))), p.at)
	if err != nil {
		p.TB.Fatal(err)
	}
	gateKey, err := trust.NewKey("gate", public, p.at)
	if err != nil {
		p.TB.Fatal(err)
	}
	root := trust.FirstRoot("bench", string(p.main), []trust.Key{owner}, gateKey, p.at, p.at.Add(life))
	p.publish(nil, root)
	p.land(-1)
}

// publish has the next landing lay a root.
func (p *press) publish(chain *trust.Chain, root trust.Root) {
	files, err := chain.Publish(context.Background(), root, p.authority.TrustedRoot(), rootSigner{p.operator})
	if err != nil {
		p.TB.Fatal(err)
	}
	for name, data := range files {
		p.roots[name], p.tree[trust.Dir+"/"+name] = data, p.packer.add("blob", data)
	}
}

// renew lands the next version of the root, after edit had its way with it.
func (p *press) renew(n int, life time.Duration, edit func(*trust.Root)) {
	chain, err := trust.ReadRoot(func(name string) ([]byte, error) {
		if data, found := p.roots[name]; found {
			return data, nil
		}
		return nil, fs.ErrNotExist
	})
	if err != nil {
		p.TB.Fatal(err)
	}
	root := chain.Next(p.at, p.at.Add(life))
	edit(&root)
	p.publish(chain, root)
	p.land(n)
}

type rootSigner struct{ key ssh.Signer }

func (s rootSigner) Sign(_ context.Context, namespace, text string) (string, error) {
	armored, err := sshsig.Sign(s.key, namespace, []byte(text))
	return string(armored), err
}

// enter writes an entry of the ledger, and a commit for every third.
func (p *press) enter(kind, changeID string, body any) ledger.Entry {
	p.at = p.at.Add(time.Second)
	data, err := json.Marshal(body)
	if err != nil {
		p.TB.Fatal(err)
	}
	p.seq++
	e := ledger.Entry{V: 1, Seq: p.seq, Time: p.at, Actor: "kernel", Kind: kind, Change: changeID, Prev: hex.EncodeToString(p.prev[:]), Body: data, Writer: p.writer}
	line := e.Line()
	p.prev = sha256.Sum256(line)
	if (p.seq-1)%100 == 0 || p.path != "" && !strings.HasPrefix(p.path, p.at.Format("2006/01/02")) {
		p.commitLedger()
		p.path, p.segment, p.blob = fmt.Sprintf("%s/%012d.jsonl", p.at.Format("2006/01/02"), p.seq), nil, ""
	}
	p.segment = append(append(p.segment, line...), '\n')
	if projection.Belongs(kind) {
		p.leaves = append(p.leaves, projection.Leaf(e))
	}
	if p.pending++; p.pending == 3 {
		p.commitLedger()
	}
	return e
}

func (p *press) commitLedger() {
	if p.pending == 0 {
		return
	}
	p.pending = 0
	was := 0
	if p.blob != "" {
		was = p.written
	}
	p.blob = p.packer.grown(p.blob, was, p.segment)
	p.written = len(p.segment)
	p.head = p.packer.commit(p.ledgerTree(), p.head, p.at.Unix(), "ledger\n", p.sign)
}

// ledgerTree is the ledger's tree with the newest segment as it is now.
func (p *press) ledgerTree() git.OID {
	id, path := p.blob, p.path
	for path != "" {
		folder, name := "", path
		if at := strings.LastIndexByte(path, '/'); at >= 0 {
			folder, name = path[:at], path[at+1:]
		}
		if p.trees[folder] == nil {
			p.trees[folder] = map[string]git.OID{}
		}
		p.trees[folder][name] = id
		var items []item
		for name, id := range p.trees[folder] {
			items = append(items, item{name, id, !strings.Contains(name, ".")})
		}
		id, path = p.packer.tree(items), folder
	}
	return id
}

// Log writes what was signed to the ledger, and then to the log.
func (p *press) Log(_ context.Context, rekord []byte) (tlog.Entry, error) {
	p.enter(projection.Kind, "", map[string]string{"rekord": string(rekord)})
	entries, err := p.log.Append(context.Background(), p.leaves...)
	p.leaves = nil
	if err != nil {
		return tlog.Entry{}, err
	}
	return entries[len(entries)-1], nil
}

// land makes a change, its landing, and what is attested of it.
func (p *press) land(n int) {
	t := p.TB
	p.at = p.at.Add(60 * time.Second)
	base, now := p.main, p.at.UTC().Truncate(time.Second)
	p.tree["docs/a.md"] = p.packer.add("blob", fmt.Appendf(nil, "# A\n\nNumber %d.\n", n))
	tree := p.packer.files(p.tree)
	proposed := p.packer.commit(tree, base, p.at.Unix(), fmt.Sprintf("Change %d\n", n), nil)
	a := assessment(string(base), string(proposed), string(tree))
	digest, err := gate.Digest(a)
	if err != nil {
		t.Fatal(err)
	}
	a.Digest = digest
	doc, err := manifest.CanonicalJSON(a)
	if err != nil {
		t.Fatal(err)
	}
	id, tip, assessed := p.operate(n, a, doc, proposed, base, now)
	p.enter("change.open", id, said{"opened", 1, string(tip)})
	p.enter("change.check", id, said{"checking", 1, string(tip)})
	p.enter("change.assess", id, said{"reviewing", 1, string(assessed)})
	p.enter("change.enqueue", id, said{"queued", 1, string(tip)})
	v := gate.Decide(a, gate.Standing{Change: id, Now: p.at})
	verdict, err := gate.VerdictDigest(v)
	if err != nil || v.Decision != gate.Allow {
		t.Fatal(v.Reasons, err)
	}
	message := fmt.Sprintf("Change %d\n\nChange-Id: %s\nAssessment: %s\n", n, id, digest)
	p.main = p.packer.commit(tree, base, p.at.Unix(), message, p.gate)
	d := kernel.Decision{Change: id, Commit: p.main, Head: proposed, Assessment: digest, Level: a.Level.String(), Mode: v.Merge.Mode, Approvals: []kernel.Counted{},
		At: v.Now, Decision: v.Decision, Verdict: verdict}
	name := fmt.Sprintf("%032x", n+1)
	e := p.enter(ledger.LandingIntent, id, kernel.Intent{V: 1, ID: name, Epoch: 1, Changes: []string{id}, Main: kernel.Move{Ref: kernel.RefMain, Old: base, New: p.main}, Decisions: []kernel.Decision{d}})
	p.enter(ledger.LandingDone, id, kernel.Outcome{V: 1, ID: name, Changes: []string{id}, Main: p.main})
	p.enter("change.land", id, said{"merged", 1, string(tip)})
	p.refs[kernel.ChangeMeta(id)], p.refs[kernel.ChangePatchSet(id, 1)] = tip, proposed
	p.attest(attest.Landed{Repository: "bench", Gate: trust.Gate("bench").String(), Version: "test", Target: kernel.RefMain, Commit: string(p.main), Base: string(base), Tree: string(tree),
		Change: attest.Change{ID: id, Head: string(proposed), PatchSet: 1, By: "person:ada"}, Verdict: v, Signed: true, Linear: true, Unbroken: true,
		Record: attest.Record{Writer: p.writer, Seq: e.Seq, Line: sha(e.Line()), Landing: name, Nth: 1, Of: 1}})
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// said is the body of a change's entry.
type said struct {
	Status   string `json:"status"`
	PatchSet int    `json:"patchSet"`
	Tip      string `json:"tip"`
}

func (p *press) attest(l attest.Landed) {
	decision, err := l.Decision()
	if err != nil {
		p.TB.Fatal(err)
	}
	text := p.bundle(decision, l.Commit, 1, attest.KindDecision)
	summary, err := l.Summary(text)
	if err != nil {
		p.TB.Fatal(err)
	}
	p.bundle(summary, l.Commit, 2, attest.KindSource)
}

func (p *press) bundle(s attest.Statement, commit string, seq int, kind attest.Kind) []byte {
	text, err := s.Text()
	if err != nil {
		p.TB.Fatal(err)
	}
	bundle, err := p.authority.Attest(context.Background(), p, trust.Gate("bench"), text)
	if err != nil {
		p.TB.Fatal(err)
	}
	p.kept[fmt.Sprintf("%s/%s/%04d-%s.json", commit[:2], commit, seq, kind)] = p.packer.add("blob", bundle)
	return text
}

// operate writes a change's operations.
func (p *press) operate(n int, a *gate.Assessment, doc []byte, head, base git.OID, now time.Time) (id string, tip, judged git.OID) {
	blob := change.BlobName(doc)
	assessed := change.Assessed{Head: head, Base: base, Attempt: 1, Digest: a.Digest, Blob: blob, Decision: gate.Allow, Level: a.Level, MergedTree: git.OID(a.MergedTree),
		EffectiveDiff: a.EffectiveDiff, Governance: a.Governance, Gates: []change.GateState{}, Merge: a.Merge, Size: a.Diffstat}
	ops := []struct {
		actor string
		body  change.Body
	}{
		{"person:ada", change.Opening{Target: "main", Head: head, Title: fmt.Sprintf("Change %d", n)}},
		{"kernel:change", change.CheckStart{Head: head, Base: base, Attempt: 1, Why: "patch set 1 was not judged yet"}},
		{"kernel:change", assessed},
		{"kernel:change", change.Enqueued{Head: head, Lane: change.LaneNormal}},
		{"kernel:change", change.Landed{Head: head, Commit: head, Base: base, Assessment: a.Digest}},
	}
	for i, op := range ops {
		pack, err := change.NewPack(uint64(i+1), []change.Operation{{Time: now, Actor: op.actor, Body: op.body}})
		if err != nil {
			p.TB.Fatal(err)
		}
		if i == 0 {
			id = pack.Digest
		}
		items := []item{{"ops", p.packer.add("blob", pack.Bytes), false}, {fmt.Sprintf("clock-%d", i+1), p.packer.add("blob", nil), false}}
		if i == 2 {
			items = append(items, item{"attach-" + blob, p.packer.add("blob", doc), false})
		}
		tip = p.packer.commit(p.packer.tree(items), tip, now.Unix(), string(op.body.Kind())+"\n", p.sign)
		if op.body.Kind() == change.KindAssess {
			judged = tip
		}
	}
	return id, tip, judged
}

// assessment is one of a trivial change, with as much in it as usual.
func assessment(base, head, tree string) *gate.Assessment {
	a := &gate.Assessment{APIVersion: gate.AssessmentVersion, Input: sha([]byte(head)), Change: sha([]byte(head))[:16], Target: "main", Base: base, Head: head, MergeBase: []string{base},
		MergedTree: tree, EffectiveDiff: sha([]byte(tree)), Level: risk.Trivial, Band: risk.Trivial, Governance: sha([]byte("governance")), Merge: gate.Merge{Mode: gate.ModeAuto},
		Diffstat: gate.Diffstat{Files: 1, Added: 1, Deleted: 1}}
	for _, name := range []string{"links", "lint", "spelling", "policy", "format", "unit"} {
		a.Gates = append(a.Gates, gate.Gate{Name: name, State: gate.Passed, Checks: []string{name}, Source: "local", Reason: "2 tests passed, none failed"})
	}
	for _, name := range []string{"lines", "files", "spread", "developers", "history", "fan-in", "trust", "incidents"} {
		a.Factors = append(a.Factors, risk.Factor{Name: name})
	}
	return a
}

// finish writes the references.
func (p *press) finish(dir string) {
	p.commitLedger()
	p.refs[ledger.RefPrefix+p.writer], p.refs[kernel.RefMain] = p.head, p.main
	p.refs[kernel.RefAttestations] = p.packer.commit(p.packer.files(p.kept), "", p.at.Unix(), "attestations\n", p.sign)
	p.refs[kernel.RefLog] = p.packer.commit(p.packer.files(p.logFiles()), "", p.at.Unix(), "log\n", p.sign)
	p.packer.index(dir)
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for _, ref := range slices.Sorted(maps.Keys(p.refs)) {
		fmt.Fprintf(&packed, "%s %s\n", p.refs[ref], ref)
	}
	if err := os.WriteFile(filepath.Join(dir, "packed-refs"), []byte(packed.String()), 0o644); err != nil {
		p.TB.Fatal(err)
	}
	if out, err := runGit(dir, "commit-graph", "write", "--reachable"); err != nil {
		p.TB.Fatal(err, out)
	}
}

// logFiles stores the log's files and closes it.
func (p *press) logFiles() map[string]git.OID {
	ctx := context.Background()
	if _, err := p.log.Append(ctx, p.leaves...); err != nil && len(p.leaves) > 0 {
		p.TB.Fatal(err)
	}
	if err := p.log.Flush(ctx); err != nil {
		p.TB.Fatal(err)
	}
	verifiers, err := p.authority.LogKey().Verifiers()
	if err != nil {
		p.TB.Fatal(err)
	}
	r, err := tlog.NewReader(ctx, tlog.Dir(p.folder), verifiers...)
	if err != nil {
		p.TB.Fatal(err)
	}
	out := map[string]git.OID{}
	err = r.Files(ctx, func(string) bool { return false }, func(path string, data []byte) error {
		out[path] = p.packer.add("blob", data)
		return nil
	})
	if err := errors.Join(err, p.log.Close()); err != nil {
		p.TB.Fatal(err)
	}
	return out
}
