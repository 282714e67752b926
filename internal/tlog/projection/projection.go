// Package projection makes a kernel's transparency log out of its ledger: leaf n is the nth ledger entry that belongs in it
// (docs/formats/log.md).
//
// It promises that an entry is in the ledger, on the disk, before it is a leaf, so that the log may lag and never leads or differs; that
// it goes on where it was after a crash anywhere; and that it stops, and says at which leaf, when log and ledger disagree.
//
// It never decides what is written, never rewrites a leaf, and never follows the ledgers of other kernels.
package projection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
)

// Folder is where a kernel keeps its log.
func Folder(kernelDir string) string { return filepath.Join(kernelDir, "log") }

// actor is who writes what was signed to the ledger.
const actor = "trust"

// Projection is a log that follows a kernel's ledger. It is safe for concurrent use.
type Projection struct {
	repo   *git.Repo
	refs   ledger.Refs
	writer *ledger.Writer
	own    string // the writer's name
	sign   git.Signer
	now    func() time.Time

	dir       string
	log       *tlog.Log
	verifiers []note.Verifier

	mu     sync.Mutex
	marks  marks
	heads  map[string]git.OID // of the ledgers, when they were read last
	recent map[uint64]uint64  // leaves of the own entries of late, by seq

	publishing sync.Mutex
	published  published
}

// marks are how far each writer's ledger is in the log: its last entry that is a leaf.
type marks map[string]mark

type mark struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"` // of its line
}

const recentLimit = 1 << 12

// Options are a projection's.
type Options struct {
	Now  func() time.Time // nil: time.Now
	Sign git.Signer       // of the commits that publish the log; nil: they are not signed
}

// Open opens the log of a kernel that is held, brings back what is published and not on the disk, checks the log against the ledger from
// where it was checked last, and catches up. Close it before the kernel.
func Open(ctx context.Context, k *kernel.Kernel, key tlog.Key, opt Options) (*Projection, error) {
	if k.Ledger() == nil {
		return nil, fmt.Errorf("opening the transparency log: %w", kernel.ErrNotHeld)
	}
	p := &Projection{repo: k.Repo(), refs: k, writer: k.Ledger(), own: k.Writer(), sign: opt.Sign, now: opt.Now, dir: Folder(k.Dir()),
		heads: map[string]git.OID{}, recent: map[uint64]uint64{}}
	if p.now == nil {
		p.now = time.Now
	}
	if err := p.open(ctx, key); err != nil {
		return nil, fmt.Errorf("opening the transparency log: %w", err)
	}
	return p, nil
}

func (p *Projection) open(ctx context.Context, key tlog.Key) (err error) {
	if p.verifiers, err = key.Verifiers(); err != nil {
		return err
	}
	if err := p.restore(ctx, key); err != nil {
		return err
	}
	if p.log, err = tlog.Open(p.dir, key); err != nil {
		return err
	}
	if err = p.resume(ctx); err == nil {
		err = p.catchUp(ctx)
	}
	if err != nil {
		err = errors.Join(err, p.log.Close())
	}
	return err
}

// Close publishes nothing: it only lets go of the log.
func (p *Projection) Close(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.remember(ctx)
	return errors.Join(err, p.log.Close())
}

// Size is how many leaves the log has.
func (p *Projection) Size() uint64 { return p.log.Size() }

// Checkpoint is the log's newest.
func (p *Projection) Checkpoint() tlog.Checkpoint { return p.log.Checkpoint() }

// Log writes rekord, a canonical hashedrekord body, to the ledger and then to the log, and returns where it is there. Calls at the same
// time share a commit of the ledger.
func (p *Projection) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	entry, err := p.logged(ctx, rekord)
	if err != nil {
		return tlog.Entry{}, fmt.Errorf("logging a signature: %w", err)
	}
	return entry, nil
}

func (p *Projection) logged(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	if len(rekord) > rekordLimit || !utf8.Valid(rekord) || !json.Valid(rekord) {
		return tlog.Entry{}, fmt.Errorf("%d bytes that are no JSON of at most %d", len(rekord), rekordLimit)
	}
	e, err := p.writer.AppendSync(ctx, ledger.Record{Actor: actor, Kind: Kind, Body: logged{Rekord: string(rekord)}})
	if err != nil {
		return tlog.Entry{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.reach(ctx, e); err != nil {
		return tlog.Entry{}, err
	}
	index, ok := p.recent[e.Seq]
	if !ok {
		return tlog.Entry{}, fmt.Errorf("entry %d of the ledger is in the log, and where is forgotten", e.Seq)
	}
	return p.log.Prove(index)
}

// reach brings the log up to an entry of the own ledger.
func (p *Projection) reach(ctx context.Context, e ledger.Entry) error {
	if at := p.marks[p.own]; at.Seq >= e.Seq {
		return nil
	} else if at.Seq+1 == e.Seq && at.Hash == e.Prev {
		return p.take(ctx, []ledger.Entry{e})
	}
	return p.catchUp(ctx)
}

// CatchUp brings the log up to the ledger.
func (p *Projection) CatchUp(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.catchUp(ctx); err != nil {
		return fmt.Errorf("catching up with the ledger: %w", err)
	}
	return nil
}

func (p *Projection) catchUp(ctx context.Context) error {
	sources, err := p.sources(ctx)
	if err != nil {
		return err
	}
	for _, source := range sources {
		if p.heads[source.Writer] == source.Head {
			continue
		}
		if err := p.follow(ctx, source); err != nil {
			return err
		}
		p.heads[source.Writer] = source.Head
	}
	return nil
}

// sources are the kernel's own ledgers: not those that were fetched from elsewhere.
func (p *Projection) sources(ctx context.Context) ([]ledger.Source, error) {
	sources, err := ledger.Sources(ctx, p.repo)
	if err != nil {
		return nil, err
	}
	var own []ledger.Source
	for _, source := range sources {
		if strings.HasPrefix(source.Ref, ledger.RefPrefix) {
			own = append(own, source)
		}
	}
	return own, nil
}

// groupLimit bounds what becomes leaves at once: entries.
const groupLimit = 256

// follow appends what a ledger has and the log has not.
func (p *Projection) follow(ctx context.Context, source ledger.Source) error {
	var group []ledger.Entry
	for e, err := range since(ctx, p.repo, source, p.marks[source.Writer]) {
		if err != nil {
			return err
		}
		if !Belongs(e.Kind) {
			continue
		}
		if group = append(group, e); len(group) == groupLimit {
			if err := p.take(ctx, group); err != nil {
				return err
			}
			group = nil
		}
	}
	return p.take(ctx, group)
}

// take appends entries of one ledger and goes on from the last.
func (p *Projection) take(ctx context.Context, entries []ledger.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	leaves := make([][]byte, len(entries))
	for i, e := range entries {
		leaves[i] = Leaf(e)
	}
	where, err := p.log.Append(ctx, leaves...)
	if err != nil {
		return err
	}
	for i, e := range entries {
		p.marks[e.Writer] = markOf(e)
		if e.Writer == p.own && e.Kind == Kind {
			p.note(e.Seq, where[i].Index)
		}
	}
	return nil
}

// note remembers where an entry is, and forgets one of long ago.
func (p *Projection) note(seq, index uint64) {
	p.recent[seq] = index
	if len(p.recent) <= recentLimit {
		return
	}
	for old := range p.recent {
		if old+recentLimit/2 < seq {
			delete(p.recent, old)
		}
	}
}
