package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// turn is one request on its way.
type turn struct {
	s       *Session
	w       http.ResponseWriter
	r       *http.Request
	x       Exchange
	request *wire.Request

	provider *provider
	quote    price.Quote
	priced   bool
	input    int64 // estimated
	hold     Hold
	body     []byte // as it is passed on
	strip    bool   // the agent did not ask for the chunk with usage
	started  bool   // bytes were passed on
	unheard  bool   // it was cut after it had left and before an answer came
	barred   bool   // Config.Admit refused it
	over     func() // it is not under way any more
}

// answer takes a request from the agent to a model and the answer back.
func (s *Session) answer(w http.ResponseWriter, r *http.Request, f wire.Format) {
	t := &turn{s: s, w: w, r: r, x: Exchange{Start: s.gateway.config.Now(), Format: string(f)}, over: func() {}}
	defer func() { t.over() }()
	if refused := t.admit(f); refused != nil {
		t.refuse(refused)
		return
	}
	leave, refused := s.enter(r.Context())
	if refused == nil {
		defer leave()
		refused = t.reserve()
	}
	if refused != nil {
		t.refuse(refused)
		return
	}
	t.pass()
}

func (t *turn) refuse(why *refusal) {
	t.s.undelivered(t.x.Injected)
	t.x.Refused, t.x.Error, t.x.Status = why.kind, why.why, why.status
	t.x.Injected = ""
	t.x.Latency = t.s.gateway.config.Now().Sub(t.x.Start)
	if t.barred || t.s.tells(&t.x) {
		t.s.report(&t.x)
	}
	t.over()
	reject(t.w, wire.Format(t.x.Format), why)
}

// admit reads the request and decides who answers it.
func (t *turn) admit(f wire.Format) *refusal {
	if refused := t.s.count(); refused != nil {
		return refused
	}
	data, refused := body(t.w, t.r)
	if refused != nil {
		return refused
	}
	request, err := wire.ReadRequest(f, data)
	if err != nil {
		return &refusal{RefusedRequest, http.StatusBadRequest, err.Error()}
	}
	t.request = request
	t.x.Asked, t.x.Messages, t.x.Side, t.x.Stripped = request.Model, request.Tail, !request.Main(), request.Hosted()
	if request.Denied != "" {
		return &refusal{RefusedRequest, http.StatusBadRequest, fmt.Sprintf("%s is never passed on: %s", request.Denied, request.Why)}
	}
	if name := request.Forced(); name != "" {
		return &refusal{RefusedRequest, http.StatusBadRequest, fmt.Sprintf("the tool %s would be run by the provider, and agents have no network", name)}
	}
	t.x.Model = t.s.model(request.Model)
	if t.provider, refused = t.s.choose(t.x.Model, f); refused != nil {
		return refused
	}
	t.x.Provider = t.provider.Name
	return t.appraise()
}

// appraise finds the price.
func (t *turn) appraise() *refusal {
	g := t.s.gateway
	t.quote, t.priced = g.prices.Quote(t.provider.Name, t.x.Model, t.x.Start)
	if t.request.Tier != "" && !t.free() && !(t.priced && t.quote.Tier(t.request.Tier)) {
		return &refusal{RefusedRequest, http.StatusBadRequest, fmt.Sprintf(
			"the request asks for the tier %q, and no price is known for it", t.request.Tier)}
	}
	if !t.priced && t.s.inMoney() && !t.free() {
		return &refusal{RefusedBudget, http.StatusPaymentRequired, fmt.Sprintf(
			"no price is known for the model %s, so no budget in money can hold it: add it to .adamant/prices.json", t.x.Model)}
	}
	return nil
}

// free says that nobody pays for the request.
func (t *turn) free() bool { return t.s.gateway.offline() || t.provider.Billing == "free" }

// notional says that the price is paid by a subscription, or by nobody.
func (t *turn) notional() bool {
	return t.s.gateway.offline() || t.provider.Billing == "subscription" || t.provider.Login != ""
}

// inMoney says that one of the budgets is in money.
func (s *Session) inMoney() bool {
	for _, p := range s.purses(time.Time{}) {
		if p.Limit.NanoUSD > 0 {
			return true
		}
	}
	return false
}

// purses are the budgets that a request counts against.
func (s *Session) purses(now time.Time) []Purse {
	day := now.UTC().Format(time.DateOnly)
	a := s.attempt
	return []Purse{{"attempt/" + a.Attempt, a.Budget}, {"task/" + a.Task, a.TaskBudget},
		{"agent/" + a.Agent + "/" + day, a.AgentBudget}, {"day/" + day, s.gateway.limits.day}}
}

// reserve waits until what was answered before is observed, lets the observer look at the request, and takes the worst case out of
// every budget.
func (t *turn) reserve() *refusal {
	t.s.watch.Lock()
	defer t.s.watch.Unlock()
	if ended := t.s.begin(); ended != nil {
		return ended
	}
	t.over = sync.OnceFunc(t.s.way.Done)
	if refused := t.s.ask(&t.x); refused != nil {
		t.barred = true
		return refused
	}
	t.rewrite()
	t.input = t.s.estimate(t.request)
	amount := Amount{Requests: 1, Tokens: t.input + t.x.MaxTokens}
	if t.priced && t.provider.Billing != "free" {
		amount.NanoUSD = t.quote.Most(t.input, t.x.MaxTokens, t.request.Tier)
	}
	var spent *SpentError
	var err error
	t.hold, err = t.s.gateway.book.Hold(t.r.Context(), t.s.purses(t.x.Start), amount)
	switch {
	case errors.As(err, &spent):
		return &refusal{RefusedBudget, http.StatusPaymentRequired, err.Error()}
	case err != nil:
		return &refusal{RefusedBudget, http.StatusServiceUnavailable, "the budget cannot be read: " + err.Error()}
	}
	return nil
}

// rewrite makes the body that is passed on.
func (t *turn) rewrite() {
	a := t.s.attempt
	w := wire.Rewrite{Model: t.x.Model, Temperature: a.Temperature, Usage: true, StripHosted: true}
	t.x.MaxTokens = t.request.MaxTokens
	if t.x.MaxTokens <= 0 || t.x.MaxTokens > a.MaxTokens {
		t.x.MaxTokens = a.MaxTokens
		if t.provider.Login != "chatgpt" { // that service refuses the bound
			w.MaxTokens = a.MaxTokens
		}
	}
	t.x.Temperature = t.request.Temperature
	if a.Temperature != "" && !t.request.Thinking {
		t.x.Temperature = a.Temperature
	}
	if !t.request.Prefill {
		w.Inject = t.s.nudges(t.request.Main())
		t.x.Injected = w.Inject
	}
	t.body = t.request.Rewrite(w)
	t.strip = t.request.Format == wire.Chat && t.request.Stream && !t.request.AsksUsage()
}

// densest is how many bytes a token has at least, before a session has seen its own.
const densest = 3.0

// mediumTokens is what a picture or a page counts for in an estimate.
const mediumTokens = 2000

// estimate is about how many tokens a request's input has: by the densest input that the session has seen, or three bytes a token.
func (s *Session) estimate(r *wire.Request) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	per := densest
	if s.perToken > 0 && s.perToken < per {
		per = s.perToken
	}
	return int64(float64(r.Reserve)/per) + int64(r.Media)*mediumTokens + 64
}

// learn notes how dense an input was.
func (s *Session) learn(r *wire.Request, u Usage) {
	if u.Partial || r.Media > 0 || u.Input() < 256 {
		return
	}
	per := float64(r.Reserve) / float64(u.Input())
	s.mu.Lock()
	defer s.mu.Unlock()
	if per >= 1 && (s.perToken == 0 || per < s.perToken) {
		s.perToken = per
	}
}

// pass sends the request and relays the answer.
func (t *turn) pass() {
	ctx, cancel := context.WithCancelCause(t.r.Context())
	defer cancel(nil)
	stop := context.AfterFunc(t.s.open, func() { cancel(context.Cause(t.s.open)) })
	defer stop()
	guard := newGuard(t.s.gateway.limits, cancel)
	defer guard.stop()
	response, err := t.send(ctx, guard)
	if err != nil {
		t.s.undelivered(t.x.Injected)
		t.x.Injected = ""
		t.failed(err, t.nothing())
		return
	}
	defer func() {
		if err := response.Body.Close(); err != nil && t.s.gateway.config.Mode == Record {
			t.s.Refuse(err.Error())
		}
	}()
	t.x.First = t.s.gateway.config.Now().Sub(t.x.Start)
	t.relay(ctx, response, guard)
}

// nothing is the answer to a request that has none. When it was cut after it had left, its input may be billed, and nobody will say so.
func (t *turn) nothing() wire.Answer {
	if !t.unheard {
		return wire.Answer{}
	}
	return wire.Answer{ID: "none", Usage: Usage{Partial: true}}
}
