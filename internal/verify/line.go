package verify

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// commit is one commit of main.
type commit struct {
	oid, tree git.OID
	parents   []git.OID
	by        string // committer, for people
	when      time.Time
	change    string // trailers
	judged    string // digest of the assessment
	signed    bool
	key       string // fingerprint of the key whose signature verified
	bad       error  // why the signature does not verify
}

// line is main's first-parent line behind base, oldest first.
type line struct {
	base    git.OID
	commits []commit
	at      map[git.OID]int // base is 0, the first commit 1
}

// tip is the newest commit, base when there is none.
func (l *line) tip() git.OID {
	if len(l.commits) == 0 {
		return l.base
	}
	return l.commits[len(l.commits)-1].oid
}

const lineBatch = 128 // commits whose signatures are verified in one piece of work

// readLine reads main from behind base to tip, and verifies signatures. Whose they are is another question.
func (r *run) readLine(ctx context.Context, base, tip git.OID) (*line, error) {
	r.progress("commits", 0, 1)
	l := &line{base: base, at: map[git.OID]int{base: 0}}
	pool := pool{slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	defer pool.group.Wait()
	var batch []git.LogEntry
	for entry, err := range r.repo.Log(ctx, git.LogOptions{From: tip, Not: []git.OID{base}, FirstParent: true, OldestFirst: true, Signed: true}) {
		if err != nil {
			return nil, err
		}
		if entry.Cut {
			return nil, fmt.Errorf("the history ends at %s: this clone is shallow; run: git fetch --unshallow", entry.OID.Short())
		}
		l.at[entry.OID] = len(l.at)
		if batch = append(batch, entry); len(batch) == lineBatch {
			pool.read(batch)
			batch = nil
		}
	}
	pool.read(batch)
	pool.group.Wait()
	l.commits = slices.Concat(pool.done...)
	return l, nil
}

// pool reads batches of commits side by side.
type pool struct {
	slots chan struct{}
	group sync.WaitGroup
	done  [][]commit // in order, once the group is done
}

func (p *pool) read(batch []git.LogEntry) {
	out := make([]commit, len(batch))
	p.done = append(p.done, out)
	p.slots <- struct{}{}
	p.group.Go(func() {
		defer func() { <-p.slots }()
		for i, entry := range batch {
			out[i] = read(entry)
		}
	})
}

// read takes what is needed out of a commit.
func read(s git.LogEntry) commit {
	trailers := landing.ReadTrailers(s.Message)
	c := commit{oid: s.OID, tree: s.Tree, parents: s.Parents, by: s.Committer.Name, when: s.Committer.When, signed: s.Signature != nil,
		change: trailers["Change-Id"], judged: trailers["Assessment"]}
	if c.signed {
		sig, err := sshsig.Verify(s.Signature, sshsig.NamespaceGit, s.Payload)
		if c.bad = err; err == nil {
			c.key = sshsig.Fingerprint(sig.Key)
		}
	}
	return c
}

// checkShape holds every commit to one parent, the one before it.
func (r *run) checkShape(l *line) {
	before := l.base
	for _, c := range l.commits {
		if !slices.Equal(c.parents, []git.OID{before}) {
			r.fail(Problem{Code: CommitParents, Commit: c.oid, What: fmt.Sprintf("commit %s has %d parents; a landing has one, %s", c.oid.Short(), len(c.parents), before.Short()),
				Do: "the gate makes no such commit: " + doRestore})
		}
		before = c.oid
	}
}

// each does pieces of work of size commits side by side, as many as there are processors, and tells how far it is.
func (r *run) each(ctx context.Context, stage string, total, size int, work func(ctx context.Context, from, to int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var group sync.WaitGroup
	next, done := 0, 0
	take := func() (from, to int) {
		mu.Lock()
		defer mu.Unlock()
		from, to = next, min(next+size, total)
		next = to
		return from, to
	}
	for range min(runtime.GOMAXPROCS(0), (total+size-1)/size) {
		group.Go(func() {
			for from, to := take(); from < to && ctx.Err() == nil; from, to = take() {
				if err := work(ctx, from, to); err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				done += to - from
				r.progress(stage, done, total)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}
