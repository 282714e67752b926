package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// Refs is where a writer reads and moves its reference. A kernel is one, with its lease in front of every move.
type Refs interface {
	Ref(ctx context.Context, name string) (git.OID, error)
	UpdateRefs(ctx context.Context, updates []git.RefUpdate) error
}

// Options are a writer's. The zero value is for tests: nothing is signed.
type Options struct {
	Sign  git.Signer       // SSH signatures in namespace "git"; nil: commits are not signed, which Verify reports
	Now   func() time.Time // nil: time.Now
	Batch int              // entries that are committed together; 0: 100
	Delay time.Duration    // how long the first entry of a group waits for more; 0: 200 ms
}

const (
	defaultBatch = 100
	defaultDelay = 200 * time.Millisecond
	queueLimit   = 1024 // entries that wait; Append blocks beyond
)

var (
	// ErrClosed is the error of appending to a writer that was closed.
	ErrClosed = errors.New("the ledger writer is closed")
	// ErrNotOurs is wrapped by the error for a reference that another process moved: there is one writer to a reference.
	ErrNotOurs = errors.New("somebody else wrote to this ledger")
)

// Writer appends to one writer's ledger. It is safe for concurrent use.
type Writer struct {
	tip   tip // of the loop alone
	opt   Options
	gate  sync.RWMutex // held for reading while an entry is put into the queue
	shut  bool
	queue chan *pending
	done  chan struct{}
}

// pending is an entry on its way to the disk, or a wish to be told when all before it are there.
type pending struct {
	entry   Entry
	marker  bool
	hurry   bool
	written chan struct{}
	err     error
}

// Receipt stands for an entry that is queued.
type Receipt struct{ p *pending }

// Wait returns the entry as it was written once it is on the disk. An error says that this was not confirmed: as after a
// crash, the entry may be there or not.
func (r Receipt) Wait(ctx context.Context) (Entry, error) {
	select {
	case <-r.p.written:
		return r.p.entry, r.p.err
	case <-ctx.Done():
		return Entry{}, context.Cause(ctx)
	}
}

// Open opens the ledger of writer in repo for appending and checks its last segment. The caller must Close it, and must be
// the only one who opens this writer.
func Open(ctx context.Context, repo *git.Repo, refs Refs, writer string, opt Options) (*Writer, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Batch <= 0 {
		opt.Batch = defaultBatch
	}
	if opt.Delay <= 0 {
		opt.Delay = defaultDelay
	}
	w := &Writer{opt: opt, queue: make(chan *pending, queueLimit), done: make(chan struct{})}
	w.tip = tip{repo: repo, refs: refs, writer: writer, sign: opt.Sign, now: opt.Now}
	if err := w.tip.load(ctx); err != nil {
		return nil, fmt.Errorf("opening the ledger of %s: %w", writer, err)
	}
	go w.loop(context.WithoutCancel(ctx))
	return w, nil
}

// Append queues an entry. It is written with others after a short while: Receipt.Wait tells when. What cannot be written at
// all is refused at once.
func (w *Writer) Append(ctx context.Context, record Record) (Receipt, error) {
	return w.put(ctx, record, false)
}

// AppendSync writes an entry, and whatever is queued before it, and returns when it is on the disk.
func (w *Writer) AppendSync(ctx context.Context, record Record) (Entry, error) {
	receipt, err := w.put(ctx, record, true)
	if err != nil {
		return Entry{}, err
	}
	return receipt.Wait(ctx)
}

// Flush returns when everything that was queued before is on the disk.
func (w *Writer) Flush(ctx context.Context) error {
	p := &pending{marker: true, hurry: true, written: make(chan struct{})}
	if err := w.send(ctx, p); err != nil {
		return err
	}
	_, err := Receipt{p}.Wait(ctx)
	return err
}

// Close writes what is queued and ends the writer.
func (w *Writer) Close(ctx context.Context) error {
	err := w.Flush(ctx)
	w.gate.Lock()
	if !w.shut {
		w.shut = true
		close(w.queue)
	}
	w.gate.Unlock()
	<-w.done
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

func (w *Writer) put(ctx context.Context, record Record, hurry bool) (Receipt, error) {
	entry, err := makeEntry(record, w.opt.Now())
	if err != nil {
		return Receipt{}, fmt.Errorf("appending %s to the ledger: %w", record.Kind, err)
	}
	p := &pending{entry: entry, hurry: hurry, written: make(chan struct{})}
	return Receipt{p}, w.send(ctx, p)
}

func (w *Writer) send(ctx context.Context, p *pending) error {
	w.gate.RLock()
	defer w.gate.RUnlock()
	if w.shut {
		return ErrClosed
	}
	select {
	case w.queue <- p:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// loop writes groups until the queue is closed.
func (w *Writer) loop(ctx context.Context) {
	defer close(w.done)
	for first := range w.queue {
		group := w.gather(first)
		err := w.tip.append(ctx, group)
		for _, p := range group {
			p.err = err
			close(p.written)
		}
	}
}

// gather collects a group: until it is full, its time is up or somebody is in a hurry, and then what waits already.
func (w *Writer) gather(first *pending) []*pending {
	group := []*pending{first}
	timer := time.NewTimer(w.opt.Delay)
	defer timer.Stop()
	for hurry := first.hurry; !hurry && len(group) < w.opt.Batch; {
		select {
		case p, ok := <-w.queue:
			if !ok {
				return group
			}
			group, hurry = append(group, p), p.hurry
		case <-timer.C:
			hurry = true
		}
	}
	for len(group) < queueLimit {
		select {
		case p, ok := <-w.queue:
			if !ok {
				return group
			}
			group = append(group, p)
		default:
			return group
		}
	}
	return group
}
