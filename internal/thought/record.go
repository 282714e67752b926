package thought

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/adamant-os/adamant/internal/ledger"
)

// Appender is the ledger's writer.
type Appender interface {
	Append(ctx context.Context, record ledger.Record) (ledger.Receipt, error)
}

// ErrEnded is the error of recording after the end of an attempt.
var ErrEnded = errors.New("the attempt has ended")

// Recorder writes what one attempt does. It is safe for concurrent use; exchanges are recorded in the order in which they are
// given. When something could not be written, it fails from then on: an agent that nobody records must not go on.
type Recorder struct {
	to       Appender
	redactor *Redactor
	who      Who

	mu      sync.Mutex
	last    *Entry
	pending []ledger.Receipt
	writing chan struct{} // closed when the newest exchange is with the ledger; nil before the first
	failed  error
}

// NewRecorder records an attempt. Last is its newest entry on record, nil for a new attempt.
func NewRecorder(to Appender, r *Redactor, who Who, last *Entry) *Recorder {
	return &Recorder{to: to, redactor: r, who: who, last: last}
}

// Exchange records what an exchange shows. It returns as soon as the exchange before is on the disk, so that recording costs an
// answer no time; what goes wrong afterwards is the error of the next call. X must not be changed any more.
func (r *Recorder) Exchange(ctx context.Context, x Exchange) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.settle(ctx); err != nil {
		return err
	}
	r.writing = make(chan struct{})
	go r.write(context.WithoutCancel(ctx), x, r.writing) // the request may be over before it is written
	return nil
}

// write hands the entries of an exchange to the ledger. Until done is closed, nobody else looks at the recorder's state.
func (r *Recorder) write(ctx context.Context, x Exchange, done chan struct{}) {
	defer close(done)
	entries, err := From(r.redactor, r.who, r.last, x)
	for i := 0; err == nil && i < len(entries); i++ {
		err = r.append(ctx, entries[i])
	}
	_ = r.keep(err) // the next call's
}

// End records what came of the attempt and returns when all of it is on the disk. After it nothing is recorded any more.
func (r *Recorder) End(ctx context.Context, result Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.settle(ctx); err != nil {
		return err
	}
	e, err := End(r.redactor, r.who, r.last, result)
	if err == nil {
		err = r.append(ctx, e)
	}
	if err == nil {
		err = r.settle(ctx)
	}
	if err == nil {
		r.failed = ErrEnded
	}
	return r.keep(err)
}

// settle waits until what was recorded is on the disk.
func (r *Recorder) settle(ctx context.Context) error {
	if r.writing != nil {
		select {
		case <-r.writing:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if r.failed != nil {
		return r.failed
	}
	for len(r.pending) > 0 {
		_, err := r.pending[0].Wait(ctx)
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			return r.keep(fmt.Errorf("recording what %s does: %w", r.who.Agent, err))
		}
		r.pending = r.pending[1:]
	}
	return nil
}

func (r *Recorder) keep(err error) error {
	if err != nil && r.failed == nil {
		r.failed = err
	}
	return err
}

func (r *Recorder) append(ctx context.Context, e Entry) error {
	body, err := e.Encode()
	if err != nil {
		return err
	}
	receipt, err := r.to.Append(ctx, ledger.Record{Actor: "agent:" + e.Agent, Kind: Kind, Change: e.Change, Task: e.Task, Body: json.RawMessage(body)})
	if err != nil {
		return fmt.Errorf("recording what %s does: %w", e.Agent, err)
	}
	r.last, r.pending = &e, append(r.pending, receipt)
	return nil
}
