package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// returned are the headers of a provider that an agent gets.
var returned = []string{"Content-Type", "Request-Id", "X-Request-Id", "Retry-After", "Retry-After-Ms", "X-Should-Retry"}

// relay passes an answer on and reads along.
func (t *turn) relay(ctx context.Context, response *http.Response, guard *guard) {
	for _, name := range returned {
		if v := response.Header.Get(name); v != "" {
			t.w.Header().Set(name, v)
		}
	}
	t.x.Status = response.StatusCode
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		t.failed(fmt.Errorf("provider %s answers with the encoding %s, which was not asked for", t.provider.Name, encoding), wire.Answer{})
		return
	}
	reader := wire.NewReader(t.request.Format)
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		t.stream(ctx, reader, response.Body, guard)
		return
	}
	t.whole(ctx, reader, response.Body, guard)
}

// whole passes an answer on that is no stream.
func (t *turn) whole(ctx context.Context, reader *wire.Reader, from io.Reader, guard *guard) {
	guard.alive()
	data, err := io.ReadAll(io.LimitReader(from, wire.MaxBody+1))
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err == nil && len(data) > wire.MaxBody:
		err = errors.New("the answer is larger than 32 MiB")
	case err == nil:
		err = reader.Whole(data)
	}
	if err != nil {
		part := wire.Answer{ID: "part", Usage: Usage{Output: int64(len(data)) / int64(densest), Partial: true}}
		t.failed(fmt.Errorf("provider %s: %w", t.provider.Name, err), part)
		return
	}
	t.finish(reader.Answer(), nil)
	t.w.WriteHeader(t.x.Status)
	_, _ = t.w.Write(data) // a client that is gone needs no answer
}

// stream passes a stream on, event by event, byte for byte. The last event leaves after the exchange was observed.
func (t *turn) stream(ctx context.Context, reader *wire.Reader, from io.Reader, guard *guard) {
	control := http.NewResponseController(t.w)
	t.w.Header().Set("Cache-Control", "no-cache")
	t.w.WriteHeader(t.x.Status)
	t.started = true
	events := wire.NewStream(from)
	var odd error
	for {
		guard.alive()
		event, err := events.Next()
		if err != nil {
			t.cut(reader, err, ctx)
			return
		}
		last, err := reader.Event(event)
		if err != nil && odd == nil {
			odd = fmt.Errorf("an event of the stream cannot be read: %w", err)
		}
		if last {
			t.finish(reader.Answer(), odd)
			_ = t.emit(control, event.Raw) // an agent that is gone needs no end
			guard.soon()
			_, _ = io.Copy(io.Discard, io.LimitReader(from, maxError)) // so that the connection can be used again
			return
		}
		if t.strip && isUsage(event.Data) {
			continue
		}
		if err := t.emit(control, event.Raw); err != nil {
			t.finish(reader.Answer(), fmt.Errorf("the agent went away: %w", err))
			return
		}
	}
}

// cut ends a stream that ended without an end. The agent's connection is cut too: it must not take a part for the whole.
func (t *turn) cut(reader *wire.Reader, err error, ctx context.Context) {
	answer := reader.Answer()
	switch {
	case errors.Is(err, io.EOF) && answer.Complete:
		t.finish(answer, nil) // some servers leave the last event out
		return
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	t.finish(answer, fmt.Errorf("the stream was cut: %w", err))
	panic(http.ErrAbortHandler) // net/http's way to cut a connection
}

// slowest is how long an agent may take to read a part of an answer.
const slowest = 2 * time.Minute

func (t *turn) emit(control *http.ResponseController, raw []byte) error {
	if err := control.SetWriteDeadline(time.Now().Add(slowest)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := t.w.Write(raw); err != nil {
		return err
	}
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// isUsage says whether an event of Chat Completions has usage and nothing else.
func isUsage(data []byte) bool {
	if !bytes.Contains(data, []byte(`"usage"`)) {
		return false
	}
	var chunk struct {
		Choices []json.RawMessage `json:"choices"`
		Usage   json.RawMessage   `json:"usage"`
	}
	return json.Unmarshal(data, &chunk) == nil && len(chunk.Choices) == 0 && len(chunk.Usage) > 4
}

// failed tells the agent that there is no answer. What a provider says goes on, but for its words about keys: those are the
// operator's, not the agent's.
func (t *turn) failed(err error, part wire.Answer) {
	status, after := http.StatusBadGateway, ""
	var refused *upstreamError
	var hang *hangError
	var key *keyError
	var missing *missError
	switch {
	case t.s.open.Err() != nil && errors.Is(err, context.Cause(t.s.open)):
		status = http.StatusForbidden
	case errors.As(err, &refused) && (refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden):
		err = fmt.Errorf("provider %s refuses its key (%d): the operator must look at it", t.provider.Name, refused.status)
	case errors.As(err, &refused):
		status, after = refused.status, refused.header.Get("Retry-After")
	case errors.As(err, &hang):
		status = http.StatusGatewayTimeout
	case errors.As(err, &key):
		status = http.StatusForbidden
	case errors.As(err, &missing):
		status = http.StatusBadRequest
	}
	t.x.Status = status
	t.finish(part, err)
	if after != "" {
		t.w.Header().Set("Retry-After", after)
	}
	if refused != nil && status == refused.status && json.Valid(refused.body) {
		t.w.Header().Set("Content-Type", "application/json")
		t.w.WriteHeader(status)
		_, _ = t.w.Write(refused.body) // a client that is gone needs no answer
		return
	}
	reject(t.w, t.request.Format, &refusal{status: status, why: err.Error()})
}
