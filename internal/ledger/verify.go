package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// Policy says who may sign.
type Policy struct {
	// Keys may sign every writer's commits. Empty: a writer's first commit introduces its key, which is then remembered.
	Keys []ssh.PublicKey
	// Unsigned accepts ledgers without signatures. For tests.
	Unsigned bool
}

// Report is what Verify found.
type Report struct {
	Ledgers []Ledger `json:"ledgers"`
	Alarms  []*Alarm `json:"alarms"`
	Seen    Seen     `json:"-"` // to keep for the next time, if there is no alarm
}

// Ledger is one reference that was checked.
type Ledger struct {
	Writer     string   `json:"writer"`
	Ref        string   `json:"ref"`
	Head       git.OID  `json:"head"`
	Entries    uint64   `json:"entries"`
	Hash       string   `json:"hash"` // of the last line
	Commits    int      `json:"commits"`
	Known      uint64   `json:"known"` // entries that an earlier verification had checked
	Keys       []string `json:"keys"`
	Behind     bool     `json:"behind,omitempty"`     // it ends before what was seen; another place has the rest
	Unfinished uint64   `json:"unfinished,omitempty"` // the landing that has begun and not ended
	Backwards  int      `json:"backwards,omitempty"`  // times that the writer's clock went back
}

// Verify checks every ledger of a repository from what was seen last: each commit adds lines to the last segment or starts
// a new one and does nothing else, is signed by a key of the writer, and has one parent; each line continues the one
// before; nothing that was seen is gone. What is wrong is in Report.Alarms, one to a ledger at most: behind it nothing is
// checked. An error means that the answer is not known.
func Verify(ctx context.Context, repo *git.Repo, last Seen, policy Policy) (Report, error) {
	sources, strange, err := listSources(ctx, repo)
	if err != nil {
		return Report{}, fmt.Errorf("verifying the ledger: %w", err)
	}
	report, err := VerifySources(ctx, repo, sources, last, policy)
	report.Alarms = append(strange, report.Alarms...)
	return report, err
}

// VerifySources is Verify for some of a repository's ledgers, such as those of one remote.
func VerifySources(ctx context.Context, repo *git.Repo, sources []Source, last Seen, policy Policy) (Report, error) {
	report := Report{Seen: Seen{V: seenVersion, Writers: map[string]Mark{}}}
	maps.Copy(report.Seen.Writers, last.Writers)
	best := map[string]Source{}
	for _, source := range sources {
		err := report.verify(ctx, repo, source, last.Writers[source.Writer], policy, best)
		if err := report.take(err); err != nil {
			return report, fmt.Errorf("verifying the ledger %s: %w", source.Ref, err)
		}
	}
	report.lost(last, sources)
	return report, nil
}

// take keeps an alarm and returns every other error.
func (r *Report) take(err error) error {
	var found *Alarm
	if errors.As(err, &found) {
		r.Alarms = append(r.Alarms, found)
		return nil
	}
	return err
}

// lost finds writers whose last seen head no reference holds any more.
func (r *Report) lost(last Seen, sources []Source) {
	for _, writer := range slices.Sorted(maps.Keys(last.Writers)) {
		mark := last.Writers[writer]
		held := func(l Ledger) bool { return l.Writer == writer && !l.Behind }
		accused := func(a *Alarm) bool { return a.Writer == writer }
		if !slices.ContainsFunc(r.Ledgers, held) && !slices.ContainsFunc(r.Alarms, accused) {
			at := Place{Ref: RefPrefix + writer}
			for _, s := range sources {
				if s.Writer == writer {
					at = Place{Ref: s.Ref, Commit: s.Head}
				}
			}
			r.Alarms = append(r.Alarms, alarm(Lost, writer, at, "entries up to %d were here (commit %s) and are gone", mark.Seq, mark.Head.Short()))
		}
	}
}

// verify checks one reference and remembers it as the writer's best if it is the longest.
func (r *Report) verify(ctx context.Context, repo *git.Repo, source Source, mark Mark, policy Policy, best map[string]Source) error {
	if other, known := best[source.Writer]; known {
		longer, err := join(ctx, repo, other, source)
		if err != nil {
			return err
		}
		if longer == other {
			mark = r.Seen.Writers[source.Writer] // what is checked need not be checked again
		}
	}
	v := &verifier{repo: repo, source: source, policy: policy, chain: newChain(source.Writer)}
	if err := v.start(ctx, mark); err != nil {
		return err
	}
	if !v.ledger.Behind {
		if err := v.history(ctx); err != nil {
			return err
		}
		best[source.Writer] = source
		r.Seen.Writers[source.Writer] = v.mark()
	}
	r.Ledgers = append(r.Ledgers, v.result())
	return nil
}

// verifier checks one history, oldest commit first.
type verifier struct {
	repo   *git.Repo
	source Source
	policy Policy
	ledger Ledger

	chain   chain
	parent  git.OID
	path    string
	segment []byte
	keys    []string
	clock   Entry // the last entry
}

func (v *verifier) at(commit git.OID, path string) Place {
	return Place{Ref: v.source.Ref, Commit: commit, File: path}
}

// start continues at what was seen, if there was something.
func (v *verifier) start(ctx context.Context, mark Mark) error {
	v.ledger = Ledger{Writer: v.source.Writer, Ref: v.source.Ref, Head: v.source.Head}
	if mark.Head == "" {
		return nil
	}
	rewritten := alarm(Rewritten, v.source.Writer, v.at(v.source.Head, ""),
		"it no longer holds commit %s with entries up to %d, which was seen before", mark.Head.Short(), mark.Seq)
	infos, err := v.repo.Info(ctx, []git.OID{mark.Head})
	if err != nil {
		return err
	}
	if infos[0].Missing || infos[0].Type != "commit" {
		return rewritten
	}
	holds, err := v.repo.IsAncestor(ctx, mark.Head, v.source.Head)
	if err != nil {
		return err
	}
	if !holds {
		behind, err := v.repo.IsAncestor(ctx, v.source.Head, mark.Head)
		if err == nil && !behind {
			err = rewritten
		}
		v.ledger.Behind, v.ledger.Known = true, mark.Seq
		return err
	}
	return v.resume(ctx, mark)
}

func (v *verifier) resume(ctx context.Context, mark Mark) error {
	head, err := parseSum(mark.Hash)
	if err != nil {
		return err
	}
	blob, err := v.repo.Lookup(ctx, mark.Head, mark.Segment)
	if err != nil {
		return err
	}
	v.segment, err = v.source.read(ctx, v.repo, segment{path: mark.Segment, blob: blob})
	v.chain.seq, v.chain.head, v.chain.open = mark.Seq, head, mark.Open
	v.parent, v.path, v.keys, v.ledger.Known = mark.Head, mark.Segment, slices.Clone(mark.Keys), mark.Seq
	return err
}

// mark is what was verified.
func (v *verifier) mark() Mark {
	return Mark{Head: v.source.Head, Seq: v.chain.seq, Hash: v.chain.head.text(), Segment: v.path, Keys: v.keys, Open: v.chain.open}
}

func (v *verifier) result() Ledger {
	l := v.ledger
	if !l.Behind {
		l.Entries, l.Hash, l.Keys, l.Unfinished = v.chain.seq, v.chain.head.text(), v.keys, v.chain.open
	}
	return l
}

const verifyBatch = 128 // commits whose signatures and segments are read in one round

// history checks the commits that are new.
func (v *verifier) history(ctx context.Context) error {
	opt := git.LogOptions{From: v.source.Head, OldestFirst: true, Changes: git.ChangesRaw, Signed: true}
	if v.parent != "" {
		opt.Not = []git.OID{v.parent}
	}
	var batch []git.LogEntry
	for entry, err := range v.repo.Log(ctx, opt) {
		if err != nil {
			return err
		}
		if err := v.shape(entry); err != nil {
			return err
		}
		if batch = append(batch, entry); len(batch) == verifyBatch {
			if err := v.commits(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return v.commits(ctx, batch)
}

// shape holds a commit to one parent, the one before, and to one segment.
func (v *verifier) shape(c git.LogEntry) error {
	if c.Cut {
		return fmt.Errorf("the history ends at %s: this clone is shallow; run: git fetch --unshallow", c.OID.Short())
	}
	var parents []git.OID
	if v.parent != "" {
		parents = []git.OID{v.parent}
	}
	if !slices.Equal(c.Parents, parents) {
		return alarm(Nonlinear, v.source.Writer, v.at(c.OID, ""), "commit %s has the parents %v; want %v", c.OID.Short(), c.Parents, parents)
	}
	v.parent = c.OID
	if len(c.Changes) != 1 {
		return alarm(Rewritten, v.source.Writer, v.at(c.OID, ""), "commit %s changes %d files; want one segment", c.OID.Short(), len(c.Changes))
	}
	return nil
}

// commits checks signatures and contents of a run of commits.
func (v *verifier) commits(ctx context.Context, batch []git.LogEntry) error {
	for _, c := range batch {
		if c.Changes[0].After == "" {
			return alarm(Rewritten, v.source.Writer, v.at(c.OID, c.Changes[0].Path), "commit %s removes the segment", c.OID.Short())
		}
	}
	signers := signersOf(batch)
	contents, err := v.contents(ctx, batch)
	if err != nil {
		return err
	}
	for i, c := range batch {
		if err := v.signature(c, signers[i]); err != nil {
			return err
		}
		data, at := contents[i], v.at(c.OID, c.Changes[0].Path)
		if data == nil { // it is not the beginning of what the segment became
			if data, err = v.source.read(ctx, v.repo, segment{path: at.File, blob: c.Changes[0].After}); err != nil {
				return err
			}
		}
		if err := v.content(c.Changes[0], data, at); err != nil {
			return err
		}
	}
	return nil
}

// contents are the segments after each commit. A segment grows with every commit, so only the last state of each is read: one before is
// as many of its first bytes, if they have that blob's name. nil: they have not, or it is not known.
func (v *verifier) contents(ctx context.Context, batch []git.LogEntry) ([][]byte, error) {
	blobs, last := make([]git.OID, len(batch)), make([]int, len(batch))
	for i := len(batch) - 1; i >= 0; i-- {
		blobs[i], last[i] = batch[i].Changes[0].After, i
		if i+1 < len(batch) && batch[i+1].Changes[0].Path == batch[i].Changes[0].Path {
			last[i] = last[i+1]
		}
	}
	infos, err := v.repo.Info(ctx, blobs)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(batch))
	for i := range batch {
		if last[i] != i {
			continue
		}
		out[i], err = v.source.read(ctx, v.repo, segment{path: batch[i].Changes[0].Path, blob: blobs[i]})
		if err != nil {
			return nil, err
		}
	}
	for i, info := range infos {
		whole := out[last[i]]
		if last[i] == i || info.Missing || info.Size > int64(len(whole)) {
			continue
		}
		if begin := whole[:info.Size:info.Size]; v.repo.BlobName(begin) == blobs[i] {
			out[i] = begin
		}
	}
	return out, nil
}

// signedBy is whose signature a commit carries.
type signedBy struct {
	key string
	err error
}

// signersOf verifies the signatures of commits, side by side.
func signersOf(commits []git.LogEntry) []signedBy {
	out := make([]signedBy, len(commits))
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(commits); i += workers {
				if commits[i].Signature == nil {
					continue
				}
				s, err := sshsig.Verify(commits[i].Signature, sshsig.NamespaceGit, commits[i].Payload)
				if out[i].err = err; err == nil {
					out[i].key = sshsig.Fingerprint(s.Key)
				}
			}
		})
	}
	group.Wait()
	return out
}

// content checks that a commit goes on where the one before ended.
func (v *verifier) content(change git.FileChange, data []byte, at Place) error {
	skip := 0
	switch {
	case change.NewMode != git.ModeFile:
		return alarm(Malformed, v.source.Writer, at, "the segment has mode %s", change.NewMode)
	case change.Status == git.Added:
		if _, ok := parsePath(change.Path); !ok {
			return alarm(Malformed, v.source.Writer, at, "this is not a segment")
		}
	case change.Status == git.Modified && change.Path == v.path && bytes.HasPrefix(data, v.segment) && len(data) > len(v.segment):
		skip = len(v.segment)
	default:
		return alarm(Rewritten, v.source.Writer, at, "commit %s changes lines that were written before", at.Commit.Short())
	}
	v.path, v.segment = change.Path, data
	return v.chain.lines(data, skip, at, v.entry)
}

// entry looks at what matters beyond the chain.
func (v *verifier) entry(e Entry) error {
	if e.Time.Before(v.clock.Time) {
		v.ledger.Backwards++
	}
	v.clock = e
	if e.Kind != KeyAdded {
		return nil
	}
	var body struct{ Key string }
	if err := json.Unmarshal(e.Body, &body); err != nil || body.Key == "" {
		return alarm(Malformed, v.source.Writer, e.Place, "%s needs a body with the fingerprint of a key", KeyAdded)
	}
	v.keys = append(v.keys, body.Key)
	return nil
}

// signature checks who signed a commit.
func (v *verifier) signature(c git.LogEntry, by signedBy) error {
	at := v.at(c.OID, "")
	v.ledger.Commits++
	if c.Signature == nil {
		if v.policy.Unsigned && len(v.keys) == 0 {
			return nil
		}
		return alarm(Unsigned, v.source.Writer, at, "commit %s is not signed", c.OID.Short())
	}
	if by.err != nil {
		return alarm(BadSigner, v.source.Writer, at, "commit %s: %v", c.OID.Short(), by.err)
	}
	if len(v.keys) == 0 {
		v.introduce(by.key)
	}
	if !slices.Contains(v.keys, by.key) {
		return alarm(StrangeKey, v.source.Writer, at, "commit %s is signed by %s; this writer's keys are %v", c.OID.Short(), by.key, v.keys)
	}
	return nil
}

// introduce sets the keys of a writer that was never seen: those of the policy, else the first that signs.
func (v *verifier) introduce(first string) {
	for _, key := range v.policy.Keys {
		v.keys = append(v.keys, sshsig.Fingerprint(key))
	}
	if len(v.keys) == 0 {
		v.keys = []string{first}
	}
}
