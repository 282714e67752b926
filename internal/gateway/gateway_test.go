package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

var formatList = []wire.Format{wire.Anthropic, wire.Chat, wire.Responses}

// TestPassedOnByteForByte: neither the request nor the answer changes where nothing has to.
func TestPassedOnByteForByte(t *testing.T) {
	t.Parallel()
	for _, f := range formatList {
		for _, stream := range []bool{true, false} {
			t.Run(string(f)+" "+strconv.FormatBool(stream), func(t *testing.T) {
				t.Parallel()
				p := newPlace(t, setting{provider: says(f, simple)})
				status, got, err := p.ask(f, question(f, stream))
				if err != nil || status != 200 || got != raw(f, simple, stream) {
					t.Fatalf("status %d, %v, body\n%s\nwant\n%s", status, err, got, raw(f, simple, stream))
				}
				if sent := string(p.requests()[0]); sent != question(f, stream) {
					t.Errorf("sent %s", sent)
				}
				x := p.observed()[0]
				if len(x.Calls) != 1 || !x.Calls[0].Valid || x.Text != "hello" || x.Served != "served-1" || x.CostNano != 200 || x.CostSource != CostPrices || x.Seq != 1 || x.Error != "" {
					t.Errorf("observed %+v", x)
				}
				if x.Messages[0] != (Message{Role: "user", Text: "hello"}) {
					t.Errorf("observed %+v", x.Messages)
				}
			})
		}
	}
}

// TestKeysStayOutside: the agent's token never leaves, the provider's key never comes in.
func TestKeysStayOutside(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":{"message":"Incorrect API key provided: `+r.Header.Get("X-Api-Key")+`"}}`)
	}})
	status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, true))
	if status != http.StatusBadGateway || strings.Contains(body, "sk-provider-key") {
		t.Errorf("status %d, %s", status, body)
	}
	h := p.headers[0]
	if h.Get("X-Api-Key") != "sk-provider-key" || h.Get("Anthropic-Version") == "" {
		t.Errorf("the provider got %v", h)
	}
	for name, values := range h {
		if strings.Contains(strings.Join(values, ""), p.session.Token()) {
			t.Errorf("the provider got the token in %s", name)
		}
	}
	if strings.Contains(p.observed()[0].Error, "sk-provider-key") {
		t.Error("the key is in the ledger")
	}
}

func TestAuthorized(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple)})
	for token, want := range map[string]int{"": 401, "adm_wrong": 401, p.session.Token() + "x": 401, p.session.Token(): 200} {
		if status, _, _ := p.send(http.MethodPost, "/v1/messages", token, question(wire.Anthropic, true)); status != want {
			t.Errorf("%q: status %d, want %d", token, status, want)
		}
	}
	if status, _, _ := p.send(http.MethodHead, "/", "", ""); status != 200 {
		t.Errorf("HEAD: %d", status)
	}
	if status, body, _ := p.send(http.MethodGet, "/v1/models", p.session.Token(), ""); status != 200 || !strings.Contains(body, `"claude-b"`) {
		t.Errorf("models: %d %s", status, body)
	}
	if status, _, _ := p.send(http.MethodGet, "/v1/models", "", ""); status != 401 {
		t.Errorf("models without a token: %d", status)
	}
	if status, body, _ := p.send(http.MethodPost, "/v1/messages/count_tokens", p.session.Token(), question(wire.Anthropic, false)); status != 200 || !strings.Contains(body, `"input_tokens"`) {
		t.Errorf("count_tokens: %d %s", status, body)
	}
	if status, _, _ := p.send(http.MethodPost, "/v1/files", p.session.Token(), "{}"); status != 404 {
		t.Errorf("files: %d", status)
	}
	proxy := &http.Request{Header: http.Header{}}
	probe := &http.Request{Header: http.Header{}}
	probe.SetBasicAuth("adamant", p.session.Token())
	proxy.Header.Set("Proxy-Authorization", probe.Header.Get("Authorization"))
	if !p.session.Authorized(proxy) {
		t.Error("the token is no proxy password")
	}
	_ = p.session.Close()
	if status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, true)); status != 401 {
		t.Errorf("after Close: %d", status)
	}
}

// TestTokenOfAnotherTask: a token that is good for one attempt opens no other one's endpoint, and spends nothing there.
func TestTokenOfAnotherTask(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple)})
	attempt := p.session.attempt
	attempt.Task, attempt.Attempt = "t-other", "t-other-1"
	other, err := p.gateway.Open(t.Context(), attempt)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if status, _, _ := p.send(http.MethodPost, "/v1/messages", other.Token(), question(wire.Anthropic, true)); status != http.StatusUnauthorized {
		t.Errorf("another task's token: status %d", status)
	}
	if len(p.requests()) != 0 || len(p.observed()) != 0 {
		t.Errorf("%d requests left, %d were booked", len(p.requests()), len(p.observed()))
	}
	theirs := &place{t: t, agent: httptest.NewServer(other.Handler())}
	defer theirs.agent.Close()
	if status, _, _ := theirs.send(http.MethodPost, "/v1/messages", other.Token(), question(wire.Anthropic, true)); status != http.StatusOK {
		t.Errorf("where it belongs: status %d, so this shows nothing", status)
	}
}

// TestObservedBeforeTheEnd: the agent cannot act on an answer before its exchange is on record.
func TestObservedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	release, reached := make(chan struct{}), make(chan struct{})
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple), observe: func(context.Context, *Session, Exchange) error {
		close(reached)
		<-release
		return errors.New("that is enough")
	}})
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.agent.URL+"/v1/messages", strings.NewReader(question(wire.Anthropic, true)))
	request.Header.Set("X-Api-Key", p.session.Token())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	<-reached
	var heard atomic.Value
	done := make(chan struct{})
	go func() {
		data, _ := io.ReadAll(response.Body)
		heard.Store(string(data))
		close(done)
	}()
	second := make(chan int)
	go func() {
		status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, true))
		second <- status
	}()
	select {
	case <-done:
		t.Error("the answer ended before it was observed")
	case <-second:
		t.Error("the next request was admitted before that")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	<-done
	if !strings.Contains(heard.Load().(string), "message_stop") {
		t.Error("the end of the answer is missing")
	}
	if status := <-second; status != http.StatusForbidden {
		t.Errorf("the next request got %d, want the observer's refusal", status)
	}
}

// TestAdmit: who is asked before a request is sent sees what it carries, and what they refuse is not sent and on record.
func TestAdmit(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []Exchange
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple), config: func(c *Config) {
		c.Admit = func(_ context.Context, s *Session, x Exchange) error {
			mu.Lock()
			defer mu.Unlock()
			if asked = append(asked, x); len(asked) > 1 {
				return errors.New("four times the same")
			}
			s.Inject("think again")
			return nil
		}
	}})
	for i, want := range []int{200, http.StatusForbidden, http.StatusForbidden} {
		if status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false)); status != want {
			t.Errorf("request %d: %d %s", i, status, body)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 2 || asked[0].Messages[0].Text != "hello" || len(p.requests()) != 1 || p.session.Spent().Requests != 1 {
		t.Errorf("asked %+v, sent %d", asked, len(p.requests()))
	}
	if !strings.Contains(string(p.requests()[0]), "think again") {
		t.Error("what was injected did not go with the request")
	}
	if x := p.observed(); len(x) != 2 || x[1].Refused != RefusedObserver || x[1].Error != "four times the same" || x[1].Messages[0].Text != "hello" {
		t.Errorf("observed %+v", x)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple)})
	ask := func(model string) string {
		t.Helper()
		body := strings.Replace(question(wire.Anthropic, false), "claude-a", model, 1)
		if status, got, _ := p.ask(wire.Anthropic, body); status != 200 {
			t.Fatalf("%s: %d %s", model, status, got)
		}
		all := p.observed()
		return all[len(all)-1].Model
	}
	for asked, want := range map[string]string{"claude-a": "claude-a", "claude-b": "claude-b", "claude-haiku": "claude-a", "": ""} {
		if asked != "" && ask(asked) != want {
			t.Errorf("%s is answered by another than %s", asked, want)
		}
	}
	if err := p.session.SwapModel("nobody-1"); err == nil {
		t.Error("a model that nobody serves is taken")
	}
	if err := p.session.SwapModel("claude-b"); err != nil {
		t.Error(err)
	}
	if got := ask("claude-a"); got != "claude-b" {
		t.Errorf("after the swap %s answers", got)
	}
	if sent := p.requests(); !strings.Contains(string(sent[len(sent)-1]), `"model":"claude-b"`) {
		t.Error("the provider was not asked for the swapped model")
	}
	// The default answers over another format: refused in words.
	status, body, _ := p.ask(wire.Chat, question(wire.Chat, false))
	if status != 400 || !strings.Contains(body, "not translated") {
		t.Errorf("another format: %d %s", status, body)
	}
	if _, err := p.gateway.Open(t.Context(), Attempt{Models: []string{"nobody-1"}, Budget: Budget{Requests: 1}}); err == nil {
		t.Error("an attempt with a model that nobody serves is opened")
	}
	if _, err := p.gateway.Open(t.Context(), Attempt{Models: []string{"claude-a"}}); err == nil {
		t.Error("an attempt without a budget is opened")
	}
}

func TestPersonalData(t *testing.T) {
	t.Parallel()
	allow := func(g *manifest.Gateway) { g.Providers[1].DataClasses = []string{"pii"} }
	p := newPlace(t, setting{provider: says(wire.Chat, simple), settings: allow, attempt: func(a *Attempt) { a.PII, a.Models = true, []string{"gpt-a"} }})
	if status, _, _ := p.ask(wire.Chat, question(wire.Chat, false)); status != 200 {
		t.Errorf("the provider that may: %d", status)
	}
	if err := p.session.SwapModel("claude-a"); err == nil {
		t.Error("the model of a provider that may not is swapped in")
	}
	if _, err := p.gateway.Open(t.Context(), Attempt{Models: []string{"claude-a"}, PII: true, Budget: Budget{Requests: 1}}); err == nil {
		t.Error("an attempt at a provider that may not is opened")
	}
	open := newPlace(t, setting{provider: says(wire.Anthropic, simple), settings: allow, attempt: func(a *Attempt) { a.PII, a.Models = true, nil }})
	status, body, _ := open.ask(wire.Anthropic, question(wire.Anthropic, false))
	if status != 400 || len(open.requests()) != 0 {
		t.Errorf("without a list: %d %s, %d requests left", status, body, len(open.requests()))
	}
}

func TestNeverPassedOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Chat, simple), attempt: func(a *Attempt) { a.Models = []string{"gpt-a"} }})
	for name, body := range map[string]string{
		"two models":       `{"model":"gpt-a","messages":[],"model":"gpt-dear"}`,
		"a list of models": `{"model":"gpt-a","messages":[],"models":["gpt-dear"]}`,
		"many answers":     `{"model":"gpt-a","messages":[],"n":100}`,
		"another server":   `{"model":"gpt-a","messages":[],"api_base":"http://evil.example"}`,
		"an address":       `{"model":"gpt-a","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://evil.example/?x"}}]}]}`,
		"a dear tier":      `{"model":"gpt-a","messages":[],"service_tier":"priority"}`,
		"no JSON":          `hello`,
	} {
		if status, answer, _ := p.ask(wire.Chat, body); status != 400 || !strings.Contains(answer, "adamant: ") {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if len(p.requests()) != 0 {
		t.Errorf("%d requests left", len(p.requests()))
	}
	if x := p.observed(); len(x) != 1 || x[0].Refused != RefusedRequest {
		t.Errorf("the ledger has %d refusals, want the first of its kind", len(x))
	}
	// A tool that the provider would run is taken out; a known tier is paid for.
	body := `{"model":"gpt-a","service_tier":"flex","input":"x","tools":[{"type":"web_search"},{"type":"function","name":"run"}]}`
	q := newPlace(t, setting{provider: says(wire.Responses, simple), attempt: func(a *Attempt) { a.Models = []string{"gpt-a"} }})
	status, _, _ := q.ask(wire.Responses, body)
	if x := q.observed()[0]; status != 200 || strings.Contains(string(q.requests()[0]), "web_search") || x.Stripped[0] != "web_search" || x.CostNano != 100 {
		t.Errorf("%d, stripped %v, cost %d, sent %s", status, x.Stripped, x.CostNano, q.requests()[0])
	}
}

func TestRateTrips(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple), config: standing, attempt: func(a *Attempt) { a.RequestsPerMinute = 5 }})
	var last int
	for range 8 {
		last, _, _ = p.ask(wire.Anthropic, question(wire.Anthropic, false))
	}
	if last != http.StatusForbidden || len(p.requests()) != 5 {
		t.Errorf("the last got %d, %d requests left", last, len(p.requests()))
	}
	if x := p.observed(); len(x) != 6 || x[5].Refused != RefusedRate {
		t.Errorf("observed %d", len(x))
	}
}

func TestFanOut(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	p := newPlace(t, setting{attempt: func(a *Attempt) { a.Concurrency = 2 }, provider: func(w http.ResponseWriter, r *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		time.Sleep(5 * time.Millisecond)
		write(w, wire.Anthropic, simple, false)
	}})
	var all sync.WaitGroup
	var answered, sentAway atomic.Int32
	for range 40 {
		all.Go(func() {
			switch status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false)); status {
			case 200:
				answered.Add(1)
			case http.StatusTooManyRequests:
				sentAway.Add(1)
			}
		})
	}
	all.Wait()
	if most.Load() > 2 || answered.Load() < 2 || answered.Load()+sentAway.Load() != 40 {
		t.Errorf("%d at once, %d answered, %d sent away", most.Load(), answered.Load(), sentAway.Load())
	}
}

func TestBoundsOfTheRequest(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple), attempt: func(a *Attempt) { a.MaxTokens, a.Temperature = 500, "0.2" }})
	if status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false)); status != 200 {
		t.Fatal(status)
	}
	if sent := string(p.requests()[0]); !strings.Contains(sent, `"max_tokens":500`) || !strings.Contains(sent, `"temperature":0.2`) {
		t.Errorf("sent %s", sent)
	}
	if x := p.observed()[0]; x.MaxTokens != 500 || x.Temperature != "0.2" {
		t.Errorf("observed %d, %s", x.MaxTokens, x.Temperature)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.agent.URL+"/v1/messages", strings.NewReader("x"))
	request.Header.Set("X-Api-Key", p.session.Token())
	request.Header.Set("Content-Encoding", "zstd")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("compressed: %v, %v", response.StatusCode, err)
	}
	_ = response.Body.Close()
	if status, _, _ := p.ask(wire.Anthropic, strings.Repeat(" ", wire.MaxBody+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
}

func TestInject(t *testing.T) {
	t.Parallel()
	var fail atomic.Bool
	p := newPlace(t, setting{settings: func(g *manifest.Gateway) { none := 0; g.Retries = &none }, provider: func(w http.ResponseWriter, r *http.Request) {
		if fail.Load() {
			w.WriteHeader(529)
			return
		}
		write(w, wire.Anthropic, simple, false)
	}})
	p.session.Inject("stop and think")
	p.session.Inject("the layer rule binds")
	side := `{"model":"claude-a","messages":[{"role":"user","content":"a title"}]}`
	fail.Store(true)
	_, _, _ = p.ask(wire.Anthropic, question(wire.Anthropic, false)) // fails: the texts stay
	fail.Store(false)
	for _, body := range []string{side, question(wire.Anthropic, false), question(wire.Anthropic, false)} {
		if status, got, _ := p.ask(wire.Anthropic, body); status != 200 {
			t.Fatal(status, got)
		}
	}
	sent := p.requests()
	for i, want := range []bool{true, false, true, false} {
		if got := strings.Contains(string(sent[i]), "stop and think") && strings.Contains(string(sent[i]), "the layer rule binds"); got != want {
			t.Errorf("request %d: injected %v, want %v", i, got, want)
		}
	}
	if x := p.observed(); x[0].Injected != "" || !x[1].Side || x[2].Injected != "stop and think\n\nthe layer rule binds" {
		t.Errorf("observed %q, %v, %q", x[0].Injected, x[1].Side, x[2].Injected)
	}
}

// TestUsageThatNobodyAskedFor: a stream of Chat Completions tells its usage only when asked. It is asked, and an agent that did not
// ask does not see the chunk.
func TestUsageThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Chat, simple), attempt: func(a *Attempt) { a.Models = []string{"gpt-a"} }})
	body := strings.Replace(question(wire.Chat, true), `,"stream_options":{"include_usage":true}`, "", 1)
	_, got, err := p.ask(wire.Chat, body)
	if err != nil || strings.Contains(got, `"usage"`) || !strings.Contains(got, "[DONE]") {
		t.Errorf("the agent got %s, %v", got, err)
	}
	if sent := string(p.requests()[0]); !strings.Contains(sent, `"include_usage":true`) {
		t.Errorf("sent %s", sent)
	}
	if x := p.observed()[0]; x.Usage != simple.Usage || x.CostSource != CostPrices {
		t.Errorf("observed %+v by %s", x.Usage, x.CostSource)
	}
}

// TestTheProviderOfAModel: the operator may say where a model comes from.
func TestTheProviderOfAModel(t *testing.T) {
	t.Parallel()
	second := func(g *manifest.Gateway) {
		other := g.Providers[0]
		other.Name = "second"
		g.Providers = append(g.Providers, other)
	}
	for want, providers := range map[string]map[string]string{"anthropic": nil, "second": {"claude-a": "second"}} {
		p := newPlace(t, setting{provider: says(wire.Anthropic, simple), settings: second, attempt: func(a *Attempt) { a.Providers = providers }})
		if status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false)); status != 200 || p.observed()[0].Provider != want {
			t.Errorf("%d by %s, want %s", status, p.observed()[0].Provider, want)
		}
	}
}

type brokenBook struct{}

func (brokenBook) Hold(context.Context, []Purse, Amount) (Hold, error) {
	return nil, errors.New("the ledger is away")
}

// TestNoBookNoCall: a budget that cannot be read lets nothing through.
func TestNoBookNoCall(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, simple), config: func(c *Config) { c.Book = brokenBook{} }})
	status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false))
	if status == 200 || !strings.Contains(body, "the ledger is away") || len(p.requests()) != 0 {
		t.Errorf("%d %s, %d requests left", status, body, len(p.requests()))
	}
}

// TestPackedAnswers: an answer that was not asked to be packed cannot be read along, so it is no answer.
func TestPackedAnswers(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "packed")
	}})
	if status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false)); status != http.StatusBadGateway || !strings.Contains(body, "not asked for") {
		t.Errorf("%d %s", status, body)
	}
}

// TestKeptForHours: OpenAI's usage does not tell how long what was cached is kept; the request does.
func TestKeptForHours(t *testing.T) {
	t.Parallel()
	answer := simple
	answer.Usage.CacheWrite = 40
	p := newPlace(t, setting{provider: says(wire.Responses, answer), attempt: func(a *Attempt) { a.Models = []string{"gpt-a"} }})
	for retention, want := range map[string]int64{"24h": 40, "in_memory": 0} {
		body := strings.Replace(question(wire.Responses, false), `{"model"`, `{"prompt_cache_retention":"`+retention+`","model"`, 1)
		if status, got, _ := p.ask(wire.Responses, body); status != 200 {
			t.Fatal(status, got)
		}
		all := p.observed()
		if u := all[len(all)-1].Usage; u.CacheWrite != 40 || u.CacheWrite1h != want {
			t.Errorf("%s: %+v", retention, u)
		}
	}
}
