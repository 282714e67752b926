// Package queue carries jobs to workers and hints to whoever listens, over NATS JetStream: in this process by default, or a
// cluster by its URL.
//
// It promises that a submitted job reaches one worker at a time and comes back when that worker dies or fails; that a job of
// another epoch is never handed out; and that submitting the same (state, step, attempt) twice is one job. It never holds a
// fact: whoever opens it empties it and submits again what git says is to be done. Attempts are counted in git, never here.
// A hint may be lost; a reader of state looks again by itself (design, section 9).
package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Job is work for one worker. Kind names the handler, Key what it is about: a change's id, a landing's.
type Job struct {
	Epoch   uint64          `json:"epoch"` // of the lease under which it was submitted; Submit fills it in
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	State   string          `json:"state"` // commit of the state that asked for it
	Step    string          `json:"step"`
	Attempt int             `json:"attempt"` // counted in git, from 1
	Body    json.RawMessage `json:"body,omitempty"`
}

// id is the JetStream Msg-Id: NATS swallows a second message with the id of one that was acknowledged already, so it
// changes with every state, step and attempt.
func (j Job) id() string {
	return fmt.Sprintf("%d/%s/%s/%s/%s/%d", j.Epoch, j.Kind, j.Key, j.State, j.Step, j.Attempt)
}

// Handler does a job. Its result must be in git when it returns nil: then the job is gone. After an error the job comes back.
// The context ends when the queue closes or the job was given to somebody else.
type Handler func(ctx context.Context, job Job) error

// Options say where the queue lives.
type Options struct {
	// Dir holds JetStream's files when the server runs in this process. It may be deleted while nothing runs. The caller holds the kernel's
	// lock: two servers would open one folder without an error.
	Dir string
	// URL of a NATS cluster; empty = in this process, reachable by nobody else.
	URL string
	// Name tells repositories that share a cluster apart.
	Name  string
	Epoch uint64
	// AckWait is how long a worker may be silent before its job goes to another; 0 = 30 s. Workers report at a third of it.
	AckWait time.Duration
	Log     *slog.Logger
}

// Queue is an open queue. It is safe for concurrent use.
type Queue struct {
	opt    Options
	mu     sync.RWMutex   // of what Reopen replaces
	server *server.Server // nil when remote
	conn   *nats.Conn
	js     jetstream.JetStream
	stream jetstream.Stream
	work   sync.WaitGroup
	kinds  []worker
	stop   context.CancelFunc
	ctx    context.Context
}

const (
	startWait   = time.Minute
	maxPayload  = 1 << 20  // bytes of one job
	maxBytes    = 64 << 20 // of all jobs that wait
	dedupWindow = 10 * time.Minute
)

// ErrClosed says that the queue was closed.
var ErrClosed = errors.New("the queue is closed")

// Open starts or joins the queue and empties it.
func Open(ctx context.Context, opt Options) (*Queue, error) {
	if opt.AckWait == 0 {
		opt.AckWait = 30 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	q := &Queue{opt: opt}
	q.ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := q.connect(); err != nil {
		q.Close()
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	if err := q.declare(ctx); err != nil {
		q.Close()
		return nil, fmt.Errorf("opening the job queue: %w", err)
	}
	return q, nil
}

func (q *Queue) connect() (err error) {
	options := []nats.Option{nats.Name("adamant " + q.opt.Name), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond)}
	url := q.opt.URL
	if url == "" {
		if q.server, err = serve(q.opt.Dir); err != nil {
			return err
		}
		url, options = nats.DefaultURL, append(options, nats.InProcessServer(q.server))
	}
	if q.conn, err = nats.Connect(url, options...); err != nil {
		return err
	}
	q.js, err = jetstream.New(q.conn)
	return err
}

// serve starts a server that listens on nothing.
func serve(dir string) (*server.Server, error) {
	if err := os.RemoveAll(filepath.Join(dir, server.JetStreamStoreDir)); err != nil { // a server that was killed may have left what none can open
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "adamant", DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
		JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 4 * maxBytes, MaxPayload: maxPayload + 4096,
	})
	if err != nil {
		return nil, err
	}
	go s.Start()
	if !s.ReadyForConnections(startWait) {
		s.Shutdown()
		return nil, fmt.Errorf("the embedded NATS server was not ready after %s; look at %s", startWait, dir)
	}
	return s, nil
}

// declare makes the stream, empty: what it held is asked for again by whoever reads git.
func (q *Queue) declare(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	config := jetstream.StreamConfig{
		Name: q.streamName(), Subjects: []string{q.subject("job", ">")}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		MaxMsgSize: maxPayload, MaxBytes: maxBytes, Discard: jetstream.DiscardNew, Duplicates: dedupWindow,
	}
	if err := q.js.DeleteStream(ctx, config.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	q.stream, err = q.js.CreateStream(ctx, config)
	return err
}

func (q *Queue) streamName() string { return "adamant-" + token(q.opt.Name) }

func (q *Queue) subject(parts ...string) string {
	return "adamant." + token(q.opt.Name) + "." + strings.Join(parts, ".")
}

// token makes any text one part of a subject.
func token(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, text)
}

// Submit hands a job to the workers. fresh is false when the same job was submitted before.
func (q *Queue) Submit(ctx context.Context, job Job) (fresh bool, err error) {
	job.Epoch = q.opt.Epoch
	data, err := json.Marshal(job)
	if err != nil {
		return false, fmt.Errorf("submitting %s of %s: %w", job.Kind, job.Key, err)
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.js == nil {
		return false, fmt.Errorf("submitting %s of %s: %w", job.Kind, job.Key, ErrClosed)
	}
	ack, err := q.js.Publish(ctx, q.subject("job", token(job.Kind)), data, jetstream.WithMsgID(job.id()))
	if err != nil {
		return false, fmt.Errorf("submitting %s of %s: %w", job.Kind, job.Key, err)
	}
	return !ack.Duplicate, nil
}

// Waiting counts the jobs that are not done, those under way included.
func (q *Queue) Waiting(ctx context.Context) (uint64, error) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.stream == nil {
		return 0, fmt.Errorf("reading the job queue: %w", ErrClosed)
	}
	info, err := q.stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the job queue: %w", err)
	}
	return info.State.Msgs, nil
}

// Close stops the workers, waits for them and stops the server.
func (q *Queue) Close() {
	q.stop()
	q.work.Wait()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.disconnect()
}

// disconnect is called with the lock held, when no worker runs.
func (q *Queue) disconnect() {
	if q.conn != nil {
		q.conn.Close()
	}
	if q.server != nil {
		q.server.Shutdown()
		q.server.WaitForShutdown()
	}
	q.conn, q.server, q.js, q.stream = nil, nil, nil, nil
}

// Reopen starts the server anew, empty, and the workers again: a NATS server that found its disk full never answers again
// by itself. All jobs are gone, those under way are ended; the caller submits what it still wants. After an error the
// queue answers nobody, and Reopen may be tried again.
func (q *Queue) Reopen(ctx context.Context) error {
	q.stop()
	q.work.Wait() // not under the lock: a worker may be submitting
	q.mu.Lock()
	defer q.mu.Unlock()
	q.disconnect()
	q.ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	err := q.connect()
	if err == nil {
		err = q.declare(ctx)
	}
	for _, w := range q.kinds {
		if err == nil {
			err = q.begin(ctx, w)
		}
	}
	if err != nil {
		q.stop()
		q.work.Wait()
		q.disconnect()
		return fmt.Errorf("opening the job queue again: %w", err)
	}
	return nil
}
