package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// outgoing is a request as it leaves.
type outgoing struct {
	provider *provider
	session  *Session
	request  *wire.Request // as the agent wrote it
	model    string
	body     []byte
	header   http.Header // of the agent's request
	left     atomic.Bool // a provider was sent it, or the beginning of it
}

// upstreamError is an answer that is none: a status other than 2xx.
type upstreamError struct {
	provider string
	status   int
	header   http.Header
	body     []byte
}

func (e *upstreamError) Error() string {
	return fmt.Sprintf("provider %s answers %d: %s", e.provider, e.status, clip(string(e.body)))
}

func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		return strings.ToValidUTF8(s[:300], "") + "..."
	}
	return s
}

// maxError is the most that is read of a refusal.
const maxError = 64 << 10

// longestWait is the longest that a provider's Retry-After is obeyed; after more the agent is told.
const longestWait = time.Minute

// send asks until an answer begins. Nothing was passed on yet, so asking again is safe. Once the session has ended it does not ask.
func (t *turn) send(ctx context.Context, guard *guard) (*http.Response, error) {
	out := &outgoing{provider: t.provider, session: t.s, request: t.request, model: t.x.Model, body: t.body, header: t.r.Header}
	for {
		if t.s.open.Err() != nil {
			return nil, context.Cause(t.s.open)
		}
		guard.first()
		out.left.Store(false)
		response, err := t.once(ctx, out)
		if err == nil {
			return response, nil
		}
		if ctx.Err() != nil {
			var refused *upstreamError
			t.unheard = out.left.Load() && !errors.As(err, &refused)
			return nil, context.Cause(ctx)
		}
		wait, again := t.s.gateway.again(err, t.x.Retries)
		if !again || t.x.Retries >= t.s.gateway.limits.retries {
			return nil, err
		}
		guard.rest()
		t.x.Retries++
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (t *turn) once(ctx context.Context, out *outgoing) (*http.Response, error) {
	response, err := t.s.gateway.upstream.send(ctx, out)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 == 2 {
		return response, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxError))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		body = append(body, (" (" + err.Error() + ")")...)
	}
	if response.StatusCode == http.StatusUnauthorized {
		out.provider.keys.forget()
	}
	return nil, &upstreamError{out.provider.Name, response.StatusCode, response.Header, body}
}

// again says whether what failed may work later, and when.
func (g *Gateway) again(err error, retries int) (time.Duration, bool) {
	var refused *upstreamError
	if !errors.As(err, &refused) {
		var own *keyError
		var missing *missError
		return g.backoff(retries), !errors.As(err, &own) && !errors.As(err, &missing)
	}
	switch refused.status {
	case http.StatusTooManyRequests:
		if bytes.Contains(refused.body, []byte("insufficient_quota")) {
			return 0, false
		}
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, 529:
	default:
		return 0, false
	}
	wait, told := retryAfter(refused.header, g.config.Now())
	if !told {
		return g.backoff(retries), true
	}
	return wait, wait <= longestWait
}

// retryAfter reads when a provider wants to be asked again.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond)), true
	}
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// backoff doubles from half a second.
func backoff(retry int) time.Duration {
	return min(500*time.Millisecond<<min(retry, 6), 30*time.Second)
}

// live asks providers.
type live struct{ transport http.RoundTripper }

// endpoints are the paths below a provider's base URL, as clients of each format have it.
var endpoints = map[wire.Format]string{wire.Anthropic: "/v1/messages", wire.Chat: "/chat/completions", wire.Responses: "/responses"}

// passedOn are the headers of an agent that a provider gets. Its credentials are never among them.
var passedOn = []string{"Accept", "User-Agent", "Anthropic-Version", "Anthropic-Beta", "Openai-Beta", "Originator", "Session_id", "Conversation_id", "Version"}

func (l *live) send(ctx context.Context, out *outgoing) (*http.Response, error) {
	url := strings.TrimSuffix(out.provider.BaseURL, "/") + endpoints[out.request.Format]
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { out.left.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(out.body))
	if err != nil {
		return nil, fmt.Errorf("asking provider %s: %w", out.provider.Name, err)
	}
	for _, name := range passedOn {
		if values := out.header.Values(name); len(values) > 0 {
			request.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	request.Header.Set("Content-Type", "application/json")
	if out.request.Format == wire.Anthropic && request.Header.Get("Anthropic-Version") == "" {
		request.Header.Set("Anthropic-Version", "2023-06-01")
	}
	if err := out.provider.keys.sign(ctx, request, out.header.Get("User-Agent")); err != nil {
		return nil, err
	}
	response, err := l.transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("asking provider %s: %w", out.provider.Name, err)
	}
	return response, nil
}
