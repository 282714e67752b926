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

	mu      sync.Mutex
	who     Who
	last    *Entry
	pending []ledger.Receipt
	failed  error
}

// NewRecorder records an attempt. Last is its newest entry on record, nil for a new attempt.
func NewRecorder(to Appender, r *Redactor, who Who, last *Entry) *Recorder {
	return &Recorder{to: to, redactor: r, who: who, last: last}
}

// Exchange records what an exchange shows. It returns when the exchange before is on the disk, so that recording costs a model's
// answer no time: call it before the next request is let through.
func (r *Recorder) Exchange(ctx context.Context, x Exchange) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.settle(ctx); err != nil {
		return err
	}
	entries, err := From(r.redactor, r.who, r.last, x)
	for i := 0; err == nil && i < len(entries); i++ {
		err = r.append(ctx, entries[i])
	}
	return r.keep(err)
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

// settle waits for what was queued.
func (r *Recorder) settle(ctx context.Context) error {
	if r.failed != nil {
		return r.failed
	}
	for len(r.pending) > 0 {
		if _, err := r.pending[0].Wait(ctx); err != nil {
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
