package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// retryAfter is the pause before a job that failed is handed out again.
const retryAfter = 2 * time.Second

// Work has up to parallel jobs of a kind done at a time, until the queue closes.
func (q *Queue) Work(ctx context.Context, kind string, parallel int, handle Handler) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := worker{kind, parallel, handle}
	if err := q.begin(ctx, w); err != nil {
		return err
	}
	q.kinds = append(q.kinds, w)
	return nil
}

// worker is what Reopen starts again.
type worker struct {
	kind     string
	parallel int
	handle   Handler
}

func (q *Queue) begin(ctx context.Context, w worker) error {
	kind, parallel, handle := w.kind, w.parallel, w.handle
	consumer, err := q.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: token(kind), FilterSubject: q.subject("job", token(kind)), AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.opt.AckWait,
		MaxAckPending: -1, // each worker limits itself
	})
	if err != nil {
		return fmt.Errorf("working on %s jobs: %w", kind, err)
	}
	for range parallel {
		q.work.Go(func() { q.pull(consumer, kind, handle) })
	}
	return nil
}

// pull takes jobs one by one.
func (q *Queue) pull(consumer jetstream.Consumer, kind string, handle Handler) {
	for q.ctx.Err() == nil {
		msg, err := consumer.Next(jetstream.FetchContext(q.ctx))
		switch {
		case err == nil:
			q.do(msg, handle)
		case q.ctx.Err() != nil:
			return
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, jetstream.ErrNoMessages):
		default:
			q.opt.Log.Warn("taking a job", "kind", kind, "error", err)
			pause(q.ctx, retryAfter)
		}
	}
}

// do runs one job and says how it went. What cannot be read or is of another epoch is thrown away: git still asks for it if
// it is wanted.
func (q *Queue) do(msg jetstream.Msg, handle Handler) {
	var job Job
	if err := json.Unmarshal(msg.Data(), &job); err != nil || job.Epoch != q.opt.Epoch {
		q.opt.Log.Warn("a job of another epoch, or none at all, is dropped", "epoch", job.Epoch, "error", err)
		q.report("dropping a job", msg.Term())
		return
	}
	ctx, cancel := context.WithCancelCause(q.ctx)
	defer cancel(nil)
	beat := make(chan struct{})
	go func() {
		defer close(beat)
		q.heartbeat(ctx, cancel, msg)
	}()
	err := handle(ctx, job)
	cancel(nil)
	<-beat
	if err != nil {
		q.opt.Log.Warn("a job failed and comes back", "kind", job.Kind, "key", job.Key, "error", err)
		q.report("returning a job", msg.NakWithDelay(retryAfter))
		return
	}
	ack, stop := context.WithTimeout(context.WithoutCancel(q.ctx), startWait)
	defer stop()
	q.report("acknowledging a job", msg.DoubleAck(ack))
}

// heartbeat says that the worker lives, and ends the job when that cannot be said any more.
func (q *Queue) heartbeat(ctx context.Context, cancel context.CancelCauseFunc, msg jetstream.Msg) {
	failures := 0
	for pause(ctx, q.opt.AckWait/3) {
		if err := msg.InProgress(); err == nil {
			failures = 0
		} else if failures++; failures == 3 {
			cancel(fmt.Errorf("the job queue does not hear this worker: %w", err))
			return
		}
	}
}

func (q *Queue) report(doing string, err error) {
	if err != nil && q.ctx.Err() == nil {
		q.opt.Log.Warn(doing, "error", err)
	}
}

// pause waits, and says whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// Hint tells every listener that something may have changed. It may be lost.
func (q *Queue) Hint(kind, key string) error {
	if err := q.conn.Publish(q.subject("hint", token(kind)), []byte(key)); err != nil {
		return fmt.Errorf("hinting at %s %s: %w", kind, key, err)
	}
	return nil
}

// Listen calls fn for each hint of a kind, one at a time, until the queue closes.
func (q *Queue) Listen(kind string, fn func(key string)) error {
	_, err := q.conn.Subscribe(q.subject("hint", token(kind)), func(m *nats.Msg) { fn(string(m.Data)) })
	if err != nil {
		return fmt.Errorf("listening to hints of %s: %w", kind, err)
	}
	return nil
}
