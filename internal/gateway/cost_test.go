package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// step is one exchange of a made-up session.
type step struct {
	format  wire.Format
	stream  bool
	side    bool
	retries int // refusals before the answer
	usage   wire.Usage
	billed  string // the provider's own price, a JSON number; empty: it does not say
}

func steps() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		n := func(name string) int64 { return rapid.Int64Range(0, 2_000_000).Draw(t, name) }
		s := step{format: rapid.SampledFrom(formatList).Draw(t, "format"), stream: rapid.Bool().Draw(t, "stream"), side: rapid.Bool().Draw(t, "side"),
			retries: rapid.IntRange(0, 3).Draw(t, "retries"), usage: wire.Usage{Fresh: n("fresh"), CacheRead: n("read"), CacheWrite: n("write"), Output: n("output")}}
		if s.format == wire.Anthropic {
			s.usage.CacheWrite1h = rapid.Int64Range(0, s.usage.CacheWrite).Draw(t, "hour")
		} else if s.format == wire.Chat && rapid.Bool().Draw(t, "billed") {
			s.billed = fmt.Sprintf("0.%09d", rapid.Int64Range(1, 999_999_999).Draw(t, "nano"))
		}
		return s
	})
}

// cost is computed here apart from package price: rates of dear are per token, in tenths of a pico-USD.
func (s step) cost() int64 {
	if s.billed != "" {
		var n int64
		_, _ = fmt.Sscanf(s.billed, "0.%d", &n)
		return n
	}
	u := s.usage
	rate := map[wire.Format][5]int64{wire.Anthropic: {1000, 100, 1250, 2000, 10000}, wire.Chat: {1000, 500, 1000, 1000, 10000}, wire.Responses: {1000, 500, 1000, 1000, 10000}}[s.format]
	pico := u.Fresh*rate[0] + u.CacheRead*rate[1] + (u.CacheWrite-u.CacheWrite1h)*rate[2] + u.CacheWrite1h*rate[3] + u.Output*rate[4]
	return (pico + 500) / 1000
}

// body is the answer on the wire.
func (s step) body() string {
	out := raw(s.format, wire.Answer{ID: "x", Model: models[s.format], Text: "hi", Usage: s.usage}, s.stream)
	if s.billed != "" {
		out = strings.Replace(out, `"completion_tokens":`, `"cost":`+s.billed+`,"completion_tokens":`, 1)
	}
	return out
}

// TestCostIsTheWires: what a session spent is what the wire said was used, to the nano-dollar: with retries, side calls and cache
// tokens, in every format, streamed and whole.
func TestCostIsTheWires(t *testing.T) {
	t.Parallel()
	var now atomic.Pointer[step]
	var refusals atomic.Int32
	book := NewBook()
	p := newPlace(t, setting{config: func(c *Config) { c.Book = book }, attempt: func(a *Attempt) { a.Budget.NanoUSD = 1 << 60 },
		provider: func(w http.ResponseWriter, r *http.Request) {
			s := now.Load()
			if refusals.Add(-1) >= 0 {
				w.Header().Set("Retry-After-Ms", "0")
				w.WriteHeader([]int{429, 529, 500}[refusals.Load()%3])
				return
			}
			if s.stream {
				w.Header().Set("Content-Type", "text/event-stream")
			} else {
				w.Header().Set("Content-Type", "application/json")
			}
			_, _ = io.WriteString(w, s.body())
		}})
	var want Spend
	rapid.Check(t, func(t *rapid.T) {
		for _, s := range rapid.SliceOfN(steps(), 1, 4).Draw(t, "steps") {
			now.Store(&s)
			refusals.Store(int32(s.retries))
			body := question(s.format, s.stream)
			if s.side {
				body = fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"a title"}],"input":"a title"}`, models[s.format], s.stream)
			}
			if status, got, err := p.ask(s.format, body); status != 200 || err != nil {
				t.Fatalf("status %d, %v: %s", status, err, got)
			}
			all := p.observed()
			x := all[len(all)-1]
			if x.CostNano != s.cost() || x.Usage != s.usage || x.Retries != s.retries || x.Side != s.side {
				t.Fatalf("%+v: cost %d, want %d; usage %+v; retries %d", s, x.CostNano, s.cost(), x.Usage, x.Retries)
			}
			want.Usage = want.Usage.Plus(s.usage)
			want.CostNano += s.cost()
			want.Requests++
			want.Retries += int64(s.retries)
		}
		if got := p.session.Spent(); got != want {
			t.Fatalf("spent %+v, want %+v", got, want)
		}
		if got := book.Spent("attempt/t-1"); got != (Amount{NanoUSD: want.CostNano, Tokens: want.Total(), Requests: want.Requests}) {
			t.Fatalf("the book says %+v, want %+v", got, want)
		}
	})
}

// TestBudgetHolds: with many requests at once no budget is ever overspent while answers stay within what was reserved.
func TestBudgetHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		book := NewBook()
		limit := Budget{NanoUSD: rapid.Int64Range(1, 200_000).Draw(rt, "nano"), Tokens: rapid.Int64Range(1, 20_000).Draw(rt, "tokens"), Requests: rapid.Int64Range(1, 30).Draw(rt, "requests")}
		purses := []Purse{{"a", limit}, {"b", Budget{Requests: 20}}, {"c", Budget{}}}
		var all sync.WaitGroup
		for range 40 {
			reserved := Amount{NanoUSD: rapid.Int64Range(0, 50_000).Draw(rt, "r"), Tokens: rapid.Int64Range(0, 5000).Draw(rt, "t"), Requests: 1}
			spent := Amount{NanoUSD: rapid.Int64Range(0, reserved.NanoUSD).Draw(rt, "s"), Tokens: rapid.Int64Range(0, reserved.Tokens).Draw(rt, "st"), Requests: 1}
			all.Go(func() {
				hold, err := book.Hold(t.Context(), purses, reserved)
				if err != nil {
					if !errors.As(err, new(*SpentError)) {
						t.Error(err)
					}
					return
				}
				if err := errors.Join(hold.Settle(t.Context(), spent), hold.Settle(t.Context(), spent)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got := book.Spent("a")
		if got.NanoUSD > limit.NanoUSD || got.Tokens > limit.Tokens || got.Requests > limit.Requests || book.Spent("b").Requests > 20 {
			rt.Fatalf("spent %+v of %+v", got, limit)
		}
		if c := book.Spent("c"); c != got || c != book.Spent("b") {
			rt.Fatalf("the purses differ: %+v and %+v", got, c)
		}
	})
}

// TestOvershoot: a provider that uses more than was reserved is stopped at the next request.
func TestOvershoot(t *testing.T) {
	t.Parallel()
	greedy := wire.Answer{ID: "x", Text: "hi", Usage: wire.Usage{Fresh: 500_000, Output: 50_000}} // 1,000,000 nano-USD
	p := newPlace(t, setting{provider: says(wire.Anthropic, greedy), attempt: func(a *Attempt) { a.Budget = Budget{NanoUSD: 60_000} }})
	answered := 0
	var last string
	for range 5 {
		status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false))
		if status == 200 {
			answered++
		}
		last = body
	}
	if answered != 1 || !strings.Contains(last, "billing_error") || len(p.requests()) != 1 {
		t.Errorf("%d answered, %d left, then %s", answered, len(p.requests()), last)
	}
	if x := p.observed(); len(x) != 2 || x[1].Refused != RefusedBudget {
		t.Errorf("observed %d", len(x))
	}
}

func TestEveryBudgetCounts(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*Attempt, *manifest.Gateway){
		"attempt": func(a *Attempt, _ *manifest.Gateway) { a.Budget = Budget{Requests: 2} },
		"task":    func(a *Attempt, _ *manifest.Gateway) { a.TaskBudget = Budget{Requests: 2} },
		"agent":   func(a *Attempt, _ *manifest.Gateway) { a.AgentBudget = Budget{Tokens: 2 * 1200} },
		"day":     func(_ *Attempt, g *manifest.Gateway) { g.Day = manifest.Spending{USD: "0.000025"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			full := wire.Answer{ID: "x", Text: "hi", Usage: wire.Usage{Fresh: 100, Output: 1000}}
			p := newPlace(t, setting{provider: says(wire.Anthropic, full), attempt: func(a *Attempt) { set(a, &manifest.Gateway{}) },
				config: standing, settings: func(g *manifest.Gateway) { set(&Attempt{}, g) }})
			var statuses []int
			for range 3 {
				status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, false))
				statuses = append(statuses, status)
			}
			if fmt.Sprint(statuses) != "[200 200 402]" {
				t.Errorf("statuses %v", statuses)
			}
		})
	}
}

func TestCostSources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		provider func(*manifest.Provider)
		model    string
		budget   Budget
		source   string
		nano     int64
		status   int
	}{
		{"metered", func(*manifest.Provider) {}, "claude-a", Budget{NanoUSD: 1e9}, CostPrices, 200, 200},
		{"a subscription", func(p *manifest.Provider) { p.Billing = "subscription" }, "claude-a", Budget{NanoUSD: 1e9}, CostNotional, 200, 200},
		{"a model of one's own", func(p *manifest.Provider) { p.Billing = "free" }, "claude-a", Budget{NanoUSD: 1e9}, CostFree, 0, 200},
		{"a model of one's own without a price", func(p *manifest.Provider) { p.Billing, p.Models = "free", []string{"own"} }, "own", Budget{NanoUSD: 1e9}, CostFree, 0, 200},
		{"no price and a budget in tokens", func(p *manifest.Provider) { p.Models = []string{"new"} }, "new", Budget{Tokens: 1e9}, CostUnknown, 0, 200},
		{"no price and a budget in money", func(p *manifest.Provider) { p.Models = []string{"new"} }, "new", Budget{NanoUSD: 1e9}, "", 0, 402},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, setting{provider: says(wire.Anthropic, simple), settings: func(g *manifest.Gateway) { c.provider(&g.Providers[0]) },
				attempt: func(a *Attempt) { a.Models, a.Budget = []string{c.model}, c.budget }})
			status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, true))
			x := p.observed()[0]
			if status != c.status || x.CostSource != c.source || x.CostNano != c.nano {
				t.Errorf("%d %s, %d nano-USD by %q", status, body, x.CostNano, x.CostSource)
			}
			if spent := p.session.Spent(); (c.source == CostNotional) != (spent.NotionalNano > 0) || spent.CostNano+spent.NotionalNano != c.nano {
				t.Errorf("spent %+v", spent)
			}
		})
	}
}

// TestEstimateLearns: what a session saw makes its estimates better, and never smaller than what it saw.
func TestEstimateLearns(t *testing.T) {
	t.Parallel()
	p := newPlace(t, setting{provider: says(wire.Anthropic, wire.Answer{ID: "x", Text: "hi", Usage: wire.Usage{Fresh: 9_000, Output: 1}})})
	body := strings.Replace(question(wire.Anthropic, false), "hello", strings.Repeat("0x1f ", 3600), 1)
	request, err := wire.ReadRequest(wire.Anthropic, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if before := p.session.estimate(request); before >= 9_000 {
		t.Fatalf("before: %d", before)
	}
	if status, _, _ := p.ask(wire.Anthropic, body); status != 200 {
		t.Fatal(status)
	}
	if after := p.session.estimate(request); after < 9_000 {
		t.Errorf("after: %d, it was 9,000", after)
	}
}
