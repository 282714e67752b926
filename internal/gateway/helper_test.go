package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/manifest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// dear is a table in which every token costs one nano-USD, or ten when it is written.
func dear(t testing.TB) *price.Table {
	t.Helper()
	return price.New(&manifest.Prices{Spec: manifest.PricesSpec{Models: []manifest.Price{
		{Model: "claude-*", Rates: manifest.Rates{Input: "0.001", Output: "0.010", CacheRead: "0.0001", CacheWrite: "0.00125", CacheWrite1h: "0.002"}},
		{Model: "gpt-*", Rates: manifest.Rates{Input: "0.001", Output: "0.010", CacheRead: "0.0005"}, Tiers: map[string]int64{"flex": 500}},
	}}})
}

// paths are where an agent asks.
var paths = map[wire.Format]string{wire.Anthropic: "/v1/messages", wire.Chat: "/v1/chat/completions", wire.Responses: "/v1/responses"}

var models = map[wire.Format]string{wire.Anthropic: "claude-a", wire.Chat: "gpt-a", wire.Responses: "gpt-a"}

// place is a provider, a gateway before it and an agent.
type place struct {
	t       testing.TB
	gateway *Gateway
	session *Session
	agent   *httptest.Server

	mu        sync.Mutex
	exchanges []Exchange
	asked     [][]byte
	headers   []http.Header
}

type setting struct {
	provider http.HandlerFunc
	settings func(*manifest.Gateway)
	config   func(*Config)
	attempt  func(*Attempt)
	observe  Observer
}

// standing stops the clock, where it counts that all requests are of one minute or day.
func standing(c *Config) {
	c.Now = func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
}

func newPlace(t testing.TB, s setting) *place {
	t.Helper()
	p := &place{t: t}
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.asked, p.headers = append(p.asked, data), append(p.headers, r.Header.Clone())
		p.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(data))
		s.provider(w, r)
	}))
	t.Cleanup(provider.Close)
	config := Config{Prices: dear(t), Getenv: func(name string) string {
		return map[string]string{"KEY": "sk-provider-key"}[name]
	}, Settings: manifest.Gateway{Providers: []manifest.Provider{
		{Name: "anthropic", API: "anthropic", BaseURL: provider.URL, Key: &manifest.Key{Env: "KEY"}, Models: []string{"claude-a", "claude-b"}},
		{Name: "openai", API: "openai", BaseURL: provider.URL + "/v1", Key: &manifest.Key{Env: "KEY"}, Models: []string{"gpt-*"}},
	}}}
	config.Observe = func(ctx context.Context, session *Session, x Exchange) error {
		p.mu.Lock()
		p.exchanges = append(p.exchanges, x)
		p.mu.Unlock()
		if s.observe != nil {
			return s.observe(ctx, session, x)
		}
		return nil
	}
	if s.settings != nil {
		s.settings(&config.Settings)
	}
	if s.config != nil {
		s.config(&config)
	}
	g, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	g.backoff = func(int) time.Duration { return time.Millisecond }
	attempt := Attempt{Task: "t", Attempt: "t-1", Agent: "coder", Models: []string{"claude-a", "claude-b", "gpt-a"}, Budget: Budget{NanoUSD: 1e12}, RequestsPerMinute: 1e6}
	if s.attempt != nil {
		s.attempt(&attempt)
	}
	p.gateway = g
	if p.session, err = g.Open(t.Context(), attempt); err != nil {
		t.Fatal(err)
	}
	p.agent = httptest.NewServer(p.session.Handler())
	t.Cleanup(func() {
		_ = p.session.Close()
		p.agent.Close()
	})
	return p
}

// ask is what the agent does: the status, and the body as far as it came.
func (p *place) ask(f wire.Format, body string) (int, string, error) {
	return p.send(http.MethodPost, paths[f], p.session.Token(), body)
}

func (p *place) send(method, path, token, body string) (int, string, error) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.agent.URL+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", token)
	request.Header.Set("User-Agent", "claude-cli/2.1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), err
}

func (p *place) observed() []Exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Exchange(nil), p.exchanges...)
}

func (p *place) requests() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([][]byte(nil), p.asked...)
}

// question is a small request of an agent.
func question(f wire.Format, stream bool) string {
	tool := map[wire.Format]string{
		wire.Anthropic: `{"name":"run","input_schema":{"type":"object","required":["command"],"properties":{"command":{"type":"string"}}}}`,
		wire.Chat:      `{"type":"function","function":{"name":"run","parameters":{"type":"object","required":["command"]}}}`,
		wire.Responses: `{"type":"function","name":"run","parameters":{"type":"object","required":["command"]}}`,
	}[f]
	messages, limit, usage := "messages", "max_tokens", ""
	switch f {
	case wire.Responses:
		messages, limit = "input", "max_output_tokens"
	case wire.Chat:
		usage = `,"stream_options":{"include_usage":true}`
	}
	if !stream {
		usage = ""
	}
	return fmt.Sprintf(`{"model":%q,"stream":%v,%q:1000,%q:[{"role":"user","content":"hello"}],"tools":[%s]%s}`, models[f], stream, limit, messages, tool, usage)
}

// says makes a provider that gives an answer, streamed when asked for.
func says(f wire.Format, a wire.Answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		stream := bytes.Contains(data, []byte(`"stream":true`))
		write(w, f, a, stream)
	}
}

func write(w http.ResponseWriter, f wire.Format, a wire.Answer, stream bool) {
	if stream {
		w.Header().Set("Content-Type", "text/event-stream")
	} else {
		w.Header().Set("Content-Type", "application/json")
	}
	for _, e := range wire.Write(f, a, stream, nil) {
		_, _ = w.Write(e.Raw)
	}
}

func raw(f wire.Format, a wire.Answer, stream bool) string {
	var b strings.Builder
	for _, e := range wire.Write(f, a, stream, nil) {
		b.Write(e.Raw)
	}
	return b.String()
}

var simple = wire.Answer{ID: "a1", Model: "served-1", Text: "hello", Usage: wire.Usage{Fresh: 100, Output: 10},
	Calls: []wire.Call{{ID: "c1", Tool: "run", Args: []byte(`{"command":"ls"}`)}}}
