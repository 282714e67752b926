package ledger

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sshsig"
)

const firstSegment = "2026/11/01/000000000001.jsonl"

// vandal is a ledger of 150 entries in two commits and what a vandal does to it.
type vandal struct {
	t     *testing.T
	repo  *git.Repo
	src   Source
	seen  Seen
	files map[string]string
}

func newVandal(t *testing.T) *vandal {
	repo := newStore(t, "")
	fill(t, repo, "gate", 150, options())
	src := source(t, repo, "gate")
	report := verify(t, repo, Seen{})
	if len(report.Alarms) != 0 {
		t.Fatal(report.Alarms)
	}
	return &vandal{t, repo, src, report.Seen, content(t, repo, src.Head)}
}

// commit is what the tree would be with a commit on top, by the ledger's own key.
func (v *vandal) commit(path, text string) {
	v.files[path] = text
	forge(v.t, v.repo, v.src.Ref, v.files, signer(1), v.src.Head)
}

// more are the lines of n entries that follow.
func (v *vandal) more(n int) [][]byte {
	mark := v.seen.Writers["gate"]
	return chainedFrom(v.t, chain{writer: "gate", seq: mark.Seq, head: must(parseSum(mark.Hash))(v.t)}, n)
}

func chainedFrom(t *testing.T, c chain, n int) [][]byte {
	e := end{chain: c}
	var group []*pending
	for range n {
		group = append(group, &pending{entry: must(makeEntry(Record{Actor: "a", Kind: "k"}, start))(t)})
	}
	e.take(group)
	var lines [][]byte
	for text := range strings.Lines(string(e.segment)) {
		lines = append(lines, []byte(text))
	}
	return lines
}

func (v *vandal) last() string { return v.seen.Writers["gate"].Segment }

func TestVandals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(v *vandal)
		kind string
	}{
		"a line is gone": {func(v *vandal) {
			l := v.more(3)
			v.commit(v.last(), v.files[v.last()]+string(l[0])+string(l[2]))
		}, Gap},
		"a segment is missing": {func(v *vandal) {
			v.commit("2026/11/01/000000000152.jsonl", string(v.more(2)[1]))
		}, Gap},
		"a line comes twice": {func(v *vandal) {
			l := v.more(1)
			v.commit(v.last(), v.files[v.last()]+string(l[0])+string(l[0]))
		}, Reordered},
		"a fork of the tip": {func(v *vandal) {
			l := chainedFrom(v.t, chain{writer: "gate", seq: 150, head: genesis("x")}, 1)
			v.commit(v.last(), v.files[v.last()]+string(l[0]))
		}, Broken},
		"no JSON": {func(v *vandal) { v.commit(v.last(), v.files[v.last()]+"{}\n") }, Malformed},
		"half a line": {func(v *vandal) {
			v.commit(v.last(), v.files[v.last()]+strings.TrimSuffix(string(v.more(1)[0]), "\n"))
		}, Malformed},
		"a giant line":         {func(v *vandal) { v.commit(v.last(), v.files[v.last()]+strings.Repeat("x", LineLimit+1)+"\n") }, Malformed},
		"a giant segment":      {func(v *vandal) { v.commit(v.last(), v.files[v.last()]+strings.Repeat("x\n", segmentLimit)) }, TooLarge},
		"a future version":     {func(v *vandal) { v.commit(v.last(), v.files[v.last()]+`{"v":2,"new":true}`+"\n") }, NewVersion},
		"an empty segment":     {func(v *vandal) { v.commit("2026/11/01/000000000151.jsonl", "") }, Malformed},
		"a segment's name":     {func(v *vandal) { v.commit("2026/11/02/000000000151.jsonl", string(v.more(1)[0])) }, Malformed},
		"another file":         {func(v *vandal) { v.commit("README", "hello") }, Malformed},
		"an old line changed":  {func(v *vandal) { v.commit(firstSegment, strings.Replace(v.files[firstSegment], "gate", "evil", 1)) }, Rewritten},
		"an old segment grows": {func(v *vandal) { v.commit(firstSegment, v.files[firstSegment]+string(v.more(1)[0])) }, Rewritten},
		"a segment shrinks": {func(v *vandal) {
			text := v.files[v.last()]
			v.commit(v.last(), text[:strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n')+1])
		}, Rewritten},
		"a segment removed": {func(v *vandal) {
			delete(v.files, v.last())
			forge(v.t, v.repo, v.src.Ref, v.files, signer(1), v.src.Head)
		}, Rewritten},
		"nothing changes":   {func(v *vandal) { forge(v.t, v.repo, v.src.Ref, v.files, signer(1), v.src.Head) }, Rewritten},
		"two files at once": {func(v *vandal) { v.files["x"] = "x"; v.commit("y", "y") }, Rewritten},
		"a merge": {func(v *vandal) {
			commit := must(v.repo.Commit(v.t.Context(), v.src.Head))(v.t)
			v.files[v.last()] += string(v.more(1)[0])
			forge(v.t, v.repo, v.src.Ref, v.files, signer(1), v.src.Head, commit.Parents[0])
		}, Nonlinear},
		"a root commit": {func(v *vandal) { forge(v.t, v.repo, v.src.Ref, v.files, signer(1)) }, Rewritten},
		"the end cut off": {func(v *vandal) {
			commit := must(v.repo.Commit(v.t.Context(), v.src.Head))(v.t)
			pointRef(v.t, v.repo, v.src.Ref, commit.Parents[0])
		}, Lost},
		"the ledger removed": {func(v *vandal) { pointRef(v.t, v.repo, v.src.Ref, "") }, Lost},
		"the ledger replaced": {func(v *vandal) {
			pointRef(v.t, v.repo, v.src.Ref, "")
			fill(v.t, v.repo, "gate", 160, Options{Sign: signer(1), Now: clock()})
		}, Rewritten},
		"the tip replaced": {func(v *vandal) {
			commit := must(v.repo.Commit(v.t.Context(), v.src.Head))(v.t)
			pointRef(v.t, v.repo, v.src.Ref, commit.Parents[0])
			fill(v.t, v.repo, "gate", 60, Options{Sign: signer(1), Now: clock()})
		}, Rewritten},
		"no signature": {func(v *vandal) {
			v.files[v.last()] += string(v.more(1)[0])
			forge(v.t, v.repo, v.src.Ref, v.files, nil, v.src.Head)
		}, Unsigned},
		"another's key": {func(v *vandal) {
			v.files[v.last()] += string(v.more(1)[0])
			forge(v.t, v.repo, v.src.Ref, v.files, signer(2), v.src.Head)
		}, StrangeKey},
		"another's signature": {func(v *vandal) {
			v.files[v.last()] += string(v.more(1)[0])
			forge(v.t, v.repo, v.src.Ref, v.files, stale{}, v.src.Head)
		}, BadSigner},
		"another namespace": {func(v *vandal) {
			v.files[v.last()] += string(v.more(1)[0])
			key := must(ssh.NewSignerFromKey(edKey(1)))(v.t)
			forge(v.t, v.repo, v.src.Ref, v.files, sshsig.NewSigner(key, sshsig.NamespaceApproval), v.src.Head)
		}, BadSigner},
		"a landing in a landing": {func(v *vandal) {
			w := openWriter(v.t, v.repo, "gate", options())
			for range 2 {
				must(w.AppendSync(v.t.Context(), record(LandingIntent)))(v.t)
			}
		}, Unfinished},
		"a strange name":         {func(v *vandal) { pointRef(v.t, v.repo, RefPrefix+"A", v.src.Head) }, Malformed},
		"another writer's chain": {func(v *vandal) { pointRef(v.t, v.repo, RefPrefix+"other", v.src.Head) }, Broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVandal(t)
			c.do(v)
			report := verify(t, v.repo, v.seen)
			if len(report.Alarms) != 1 {
				t.Fatalf("alarms: %v", report.Alarms)
			}
			wantAlarm(t, report.Alarms[0], c.kind)
			fresh := verify(t, v.repo, Seen{})
			if hidden := c.kind == Lost || strings.HasSuffix(name, " replaced") || name == "a root commit"; len(fresh.Alarms) == 0 && !hidden {
				t.Error("a first verification finds nothing")
			}
		})
	}
}

// stale signs something else.
type stale struct{}

func (stale) Sign(ctx context.Context, _ []byte) ([]byte, error) {
	return signer(1).Sign(ctx, []byte("something else"))
}

// Verification goes on where the last one ended and then checks what is new only.
func TestVerifyResumes(t *testing.T) {
	t.Parallel()
	v := newVandal(t)
	for range 3 {
		fill(t, v.repo, "gate", 7, options())
		report := verify(t, v.repo, v.seen)
		if len(report.Alarms) != 0 || report.Ledgers[0].Commits != 1 || report.Ledgers[0].Known != v.seen.Writers["gate"].Seq {
			t.Fatalf("%+v", report)
		}
		fresh := verify(t, v.repo, Seen{})
		if !maps.EqualFunc(fresh.Seen.Writers, report.Seen.Writers, func(a, b Mark) bool {
			return a.Head == b.Head && a.Hash == b.Hash && a.Seq == b.Seq && a.Segment == b.Segment && slices.Equal(a.Keys, b.Keys)
		}) {
			t.Errorf("%+v\n%+v", fresh.Seen, report.Seen)
		}
		v.seen = report.Seen
	}
}

// A remote may lag. What is gone here but is on a remote is not lost.
func TestVerifyRemotes(t *testing.T) {
	t.Parallel()
	v := newVandal(t)
	commit := must(v.repo.Commit(t.Context(), v.src.Head))(t)
	pointRef(t, v.repo, RemotePrefix+"backup/ledger/gate", v.src.Head)
	pointRef(t, v.repo, RemotePrefix+"origin/ledger/gate", commit.Parents[0])
	pointRef(t, v.repo, v.src.Ref, "")
	for _, seen := range []Seen{v.seen, {}} {
		report := verify(t, v.repo, seen)
		if len(report.Alarms) != 0 || len(report.Ledgers) != 2 || report.Ledgers[0].Behind || !report.Ledgers[1].Behind {
			t.Errorf("%+v", report)
		}
	}
	if entries := must(readAll(t, v.repo, Filter{}))(t); len(entries) != 150 {
		t.Errorf("%d entries", len(entries))
	}
}

func TestFork(t *testing.T) {
	t.Parallel()
	v := newVandal(t)
	commit := must(v.repo.Commit(t.Context(), v.src.Head))(t)
	pointRef(t, v.repo, RemotePrefix+"origin/ledger/gate", v.src.Head)
	pointRef(t, v.repo, v.src.Ref, commit.Parents[0])
	fill(t, v.repo, "gate", 10, Options{Sign: signer(1), Now: clock()})
	report := verify(t, v.repo, Seen{})
	if len(report.Alarms) != 1 {
		t.Fatal(report.Alarms)
	}
	wantAlarm(t, report.Alarms[0], Fork)
	if text := report.Alarms[0].Error(); !strings.Contains(text, "entry 101 is another one in refs/adamant/ledger/gate:2026/11/01/000000000101.jsonl:1") {
		t.Error(text)
	}
	_, err := readAll(t, v.repo, Filter{})
	wantAlarm(t, err, Fork)
}

// A key that the ledger introduced may sign, and no other.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	fill(t, repo, "gate", 3, options())
	w := must(Open(t.Context(), repo, repo, "gate", options()))(t)
	must(w.AppendSync(t.Context(), Record{Actor: "operator", Kind: KeyAdded, Body: map[string]string{"key": sshsig.Fingerprint(signer(2).Key())}}))(t)
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	opt := options()
	opt.Sign = signer(2)
	fill(t, repo, "gate", 3, opt)
	if report := verify(t, repo, Seen{}); len(report.Alarms) != 0 || len(report.Ledgers[0].Keys) != 2 {
		t.Errorf("%+v", report)
	}
	report := must(Verify(t.Context(), repo, Seen{}, Policy{Keys: []ssh.PublicKey{signer(1).Key()}}))(t)
	if len(report.Alarms) != 0 {
		t.Error(report.Alarms)
	}
	report = must(Verify(t.Context(), repo, Seen{}, Policy{Keys: []ssh.PublicKey{signer(2).Key()}}))(t)
	wantAlarm(t, report.Alarms[0], StrangeKey)
}

func TestSeenFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a", "seen.json")
	if seen := must(ReadSeen(file))(t); len(seen.Writers) != 0 {
		t.Errorf("%+v", seen)
	}
	seen := Seen{Writers: map[string]Mark{"gate": {Head: "c0ffee", Seq: 3, Keys: []string{"k"}}}}
	if err := WriteSeen(file, seen); err != nil {
		t.Fatal(err)
	}
	if again := must(ReadSeen(file))(t); again.Writers["gate"].Seq != 3 {
		t.Errorf("%+v", again)
	}
	for _, text := range []string{"{", `{"v":2}`, strings.Repeat(" ", seenLimit+1)} {
		if err := atomicfile.Write(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSeen(file); err == nil || !strings.Contains(err.Error(), "remove "+file) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}
