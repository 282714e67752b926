package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// mostAtOnce is how many requests a relay has open.
const mostAtOnce = 16

// Relay passes what comes in on to a Handler at url and brings back its answers: for clients that know standard input and output
// only. It ends as Serve does. A server that cannot be reached is an answer, not an end.
func Relay(ctx context.Context, in io.Reader, out io.Writer, client *http.Client, url string) error {
	conn := (&stdio{in: in, out: out}).connect()
	ctx, cancel := context.WithCancel(ctx)
	r := &relay{lines: conn, client: client, url: url, slots: make(chan struct{}, mostAtOnce), asked: map[any]context.CancelFunc{}}
	err := r.run(ctx)
	if err != nil {
		cancel()
	}
	r.all.Wait()
	cancel()
	return errors.Join(err, conn.Close())
}

type relay struct {
	lines  *lines
	client *http.Client
	url    string
	slots  chan struct{}
	all    sync.WaitGroup

	mu      sync.Mutex
	version string // of the protocol, as the server has it
	asked   map[any]context.CancelFunc
}

func (r *relay) run(ctx context.Context) error {
	for {
		message, err := r.lines.Read(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		request, ok := message.(*jsonrpc.Request)
		if !ok {
			continue // the server asks nothing, so nothing can be an answer
		}
		if request.Method == "notifications/cancelled" {
			r.giveUp(request)
			continue
		}
		if err := r.forward(ctx, request); err != nil {
			return err
		}
	}
}

// giveUp ends a request that its client no longer waits for. Requests stand for themselves: its server would not know which is meant.
func (r *relay) giveUp(request *jsonrpc.Request) {
	var params struct {
		RequestID any `json:"requestId"`
	}
	if json.Unmarshal(request.Params, &params) != nil {
		return // about nothing that was asked
	}
	id, err := jsonrpc.MakeID(params.RequestID)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel := r.asked[id.Raw()]; cancel != nil {
		cancel()
	}
}

// forward sends a message on its way. The first is waited for: it says which version of the protocol the others are of.
func (r *relay) forward(ctx context.Context, request *jsonrpc.Request) error {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	if request.IsCall() {
		r.mu.Lock()
		r.asked[request.ID.Raw()] = cancel
		r.mu.Unlock()
	}
	if request.Method == "initialize" {
		return r.exchange(ctx, cancel, request)
	}
	r.all.Go(func() { _ = r.exchange(ctx, cancel, request) }) // nobody is left to be told that out is gone
	return nil
}

func (r *relay) exchange(ctx context.Context, cancel context.CancelFunc, request *jsonrpc.Request) error {
	defer func() {
		cancel()
		r.mu.Lock()
		delete(r.asked, request.ID.Raw())
		r.mu.Unlock()
		<-r.slots
	}()
	answer, err := r.post(ctx, request)
	if !request.IsCall() {
		return nil
	}
	if err != nil {
		answer = &jsonrpc.Response{ID: request.ID, Error: &jsonrpc.Error{Code: jsonrpc.CodeInternalError,
			Message: fmt.Sprintf("the daemon did not answer: %v; is it up? (adamant status)", err)}}
	}
	return r.lines.Write(ctx, answer)
}

func (r *relay) post(ctx context.Context, request *jsonrpc.Request) (*jsonrpc.Response, error) {
	body, err := jsonrpc.EncodeMessage(request)
	if err != nil {
		return nil, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	post.Header.Set("Content-Type", "application/json")
	post.Header.Set("Accept", "application/json, text/event-stream")
	r.mu.Lock()
	if r.version != "" {
		post.Header.Set("Mcp-Protocol-Version", r.version)
	}
	r.mu.Unlock()
	got, err := r.client.Do(post)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	data, err := io.ReadAll(io.LimitReader(got.Body, maxMessage))
	if err != nil || !request.IsCall() {
		return nil, err
	}
	message, err := jsonrpc.DecodeMessage(data)
	answer, ok := message.(*jsonrpc.Response)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s: %s", got.Status, strings.TrimSpace(cut(string(data), 200)))
	}
	if request.Method == "initialize" {
		r.learn(answer)
	}
	return answer, nil
}

// learn keeps the version of the protocol that was agreed on.
func (r *relay) learn(answer *jsonrpc.Response) {
	var result struct {
		ProtocolVersion string `json:"protocolVersion"`
	}
	if json.Unmarshal(answer.Result, &result) == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.version = result.ProtocolVersion
	}
}
