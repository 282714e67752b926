package acp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/adamant-os/adamant/internal/agent"
)

// frame is one message of JSON-RPC 2.0: a request, a notification (no ID) or a response (no Method).
type frame struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// Error is what an agent answered instead of a result.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func (e *Error) Error() string {
	if len(e.Data) > 0 && string(e.Data) != "null" {
		return fmt.Sprintf("%s (%d): %s", e.Message, e.Code, e.Data)
	}
	return fmt.Sprintf("%s (%d)", e.Message, e.Code)
}

// Codes of errors: of JSON-RPC, and of the protocol.
const (
	codeNoMethod     = -32601
	codeAuthRequired = -32000
)

// errEnded says that the agent closed its output before it answered.
var errEnded = errors.New("the agent ended before it answered")

// peer is the agent at the other end of two pipes. Writing goes through one goroutine: an agent that does not read holds up
// nobody who can be cancelled.
type peer struct {
	out    chan []byte
	failed chan struct{} // closed when writing failed, with broken set before
	broken error

	mu      sync.Mutex
	next    int
	waiting map[string]chan frame
	ended   bool
}

func newPeer(ctx context.Context, stdin io.Writer) *peer {
	p := &peer{out: make(chan []byte), failed: make(chan struct{}), waiting: map[string]chan frame{}}
	go p.write(ctx, stdin)
	return p
}

func (p *peer) write(ctx context.Context, stdin io.Writer) {
	for {
		select {
		case line := <-p.out:
			if len(line) == 0 {
				continue
			}
			if _, err := stdin.Write(line); err != nil {
				p.broken = fmt.Errorf("write to the agent: %w", err)
				close(p.failed)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (p *peer) send(ctx context.Context, f frame) error {
	f.Version = "2.0"
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("write to the agent: %w", err)
	}
	select {
	case p.out <- append(line, '\n'):
		return nil
	case <-p.failed:
		return p.broken
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// flush waits until what was sent is written.
func (p *peer) flush(ctx context.Context) {
	select {
	case p.out <- nil: // taken once the line before it is written
	case <-p.failed:
	case <-ctx.Done():
	}
}

// call asks the agent and waits for its answer.
func (p *peer) call(ctx context.Context, method string, params, result any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", method, err)
	}
	id, answer := p.expect()
	if err := p.send(ctx, frame{ID: json.RawMessage(id), Method: method, Params: raw}); err != nil {
		return fmt.Errorf("ask for %s: %w", method, err)
	}
	select {
	case f, ok := <-answer:
		switch {
		case !ok:
			return fmt.Errorf("ask for %s: %w", method, errEnded)
		case f.Error != nil:
			return fmt.Errorf("ask for %s: %w", method, f.Error)
		case json.Unmarshal(f.Result, result) != nil:
			return fmt.Errorf("ask for %s: the answer cannot be read: %.200s", method, f.Result)
		}
		return nil
	case <-p.failed:
		return fmt.Errorf("ask for %s: %w", method, p.broken)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *peer) expect() (id string, answer chan frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	id, answer = fmt.Sprint(p.next), make(chan frame, 1)
	if p.ended {
		close(answer)
		return id, answer
	}
	p.waiting[id] = answer
	return id, answer
}

// read hands every line of the agent's output to each until its end, after which nobody waits for an answer any more.
func (p *peer) read(stdout io.Reader, each func(line []byte, cut bool)) error {
	err := agent.EachLine(stdout, each)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for id, answer := range p.waiting {
		close(answer)
		delete(p.waiting, id)
	}
	return err
}

// answered delivers a response and reports whether somebody waited for it.
func (p *peer) answered(f frame) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer, ok := p.waiting[string(f.ID)]
	if ok {
		delete(p.waiting, string(f.ID))
		answer <- f
	}
	return ok
}
