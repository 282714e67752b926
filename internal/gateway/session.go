package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Spend is what a session has spent.
type Spend struct {
	Usage
	CostNano     int64 `json:"cost_nano_usd"`     // what is billed
	NotionalNano int64 `json:"notional_nano_usd"` // what nobody is billed for, at the prices
	Requests     int64 `json:"requests"`          // that reached a provider
	Retries      int64 `json:"retries,omitempty"`
}

// Session is one attempt's way to its models. It is safe for concurrent use.
type Session struct {
	gateway *Gateway
	attempt Attempt
	token   string
	hash    [sha256.Size]byte
	ctx     context.Context
	cancel  context.CancelCauseFunc
	open    context.Context // ends with the first reason to refuse all further requests
	cut     context.CancelCauseFunc
	release func()
	slots   chan struct{}
	way     sync.WaitGroup // requests between admission and observation

	// watch is held while an exchange is observed and while a request is admitted: none is admitted between an answer's end and
	// its observation.
	watch sync.Mutex

	mu       sync.Mutex
	seq      int
	ended    *refusal // every further request is answered with it
	told     map[string]bool
	inject   []string
	swapped  string
	spend    Spend
	recent   []time.Time // of requests in the last minute
	waiting  int         // requests that wait for a slot
	tools    bool        // a request has declared tools
	plain    int         // requests without tools before that
	perToken float64     // least bytes a token of this session's requests, for estimates
}

// Attempt is who the session was opened for.
func (s *Session) Attempt() Attempt { return s.attempt }

// Token is the secret that a request must carry: as Bearer, x-api-key or password of a proxy. It is worth nothing after Close.
func (s *Session) Token() string { return s.token }

// Authorized says whether r carries the token. It takes the same time whatever it carries.
func (s *Session) Authorized(r *http.Request) bool {
	ok := 0
	for _, secret := range presented(r) {
		sum := sha256.Sum256([]byte(secret))
		ok |= subtle.ConstantTimeCompare(sum[:], s.hash[:])
	}
	return ok == 1 && s.ctx.Err() == nil
}

// presented are the secrets that a request carries.
func presented(r *http.Request) []string {
	out := []string{r.Header.Get("X-Api-Key"), r.Header.Get("Api-Key"), r.Header.Get("X-Goog-Api-Key")}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		out = append(out, bearer)
	}
	if basic := r.Header.Get("Proxy-Authorization"); basic != "" {
		probe := &http.Request{Header: http.Header{"Authorization": {basic}}}
		if _, password, ok := probe.BasicAuth(); ok {
			out = append(out, password)
		}
	}
	return out
}

// Inject appends text at the tail of the agent's next turn. Texts add up until one goes out.
func (s *Session) Inject(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inject = append(s.inject, text)
}

// SwapModel lets another model answer from the next request on, whatever the agent asks for. It need not be one of the attempt's.
func (s *Session) SwapModel(name string) error {
	if err := s.gateway.serves(name, s.attempt); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swapped = name
	return nil
}

// Refuse ends the session for the agent: each further request is answered with why. What is under way is cut and not asked again;
// what it cost is observed.
func (s *Session) Refuse(why string) { s.end(&refusal{RefusedObserver, http.StatusForbidden, why}) }

func (s *Session) end(r *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(r)
}

func (s *Session) endLocked(r *refusal) {
	if s.ended == nil {
		s.ended = r
		s.cut(errors.New(r.why))
	}
}

// begin admits a request unless the session has ended. Done must be called on way.
func (s *Session) begin() *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.way.Add(1)
	}
	return s.ended
}

// Spent is what was spent so far.
func (s *Session) Spent() Spend {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spend
}

// errClosed ends what is under way when a session is closed.
var errClosed = errors.New("the session is closed")

// Close ends the session and what is under way in it, and returns when all of it was observed: Spent says the last word then. It
// must not be called by an observer.
func (s *Session) Close() error {
	s.end(&refusal{RefusedClosed, http.StatusForbidden, errClosed.Error()})
	s.release()
	s.cancel(errClosed)
	s.way.Wait()
	return nil
}

// count notes one request and refuses it when there were too many within a minute: that ends the session, since no agent works so
// fast and one that runs away does.
func (s *Session) count() *refusal {
	now := s.gateway.config.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return s.ended
	}
	old := 0
	for old < len(s.recent) && now.Sub(s.recent[old]) >= time.Minute {
		old++
	}
	s.recent = append(s.recent[old:], now)
	if len(s.recent) <= s.attempt.RequestsPerMinute {
		return nil
	}
	s.endLocked(&refusal{RefusedRate, http.StatusForbidden,
		fmt.Sprintf("more than %d requests in a minute: this attempt is stopped", s.attempt.RequestsPerMinute)})
	return s.ended
}

// enter waits for a slot. Few may wait: a crowd is answered to come again.
func (s *Session) enter(ctx context.Context) (leave func(), refused *refusal) {
	s.mu.Lock()
	crowd := s.waiting >= 4*s.attempt.Concurrency
	if !crowd {
		s.waiting++
	}
	s.mu.Unlock()
	if crowd {
		return nil, &refusal{RefusedConcurrency, http.StatusTooManyRequests,
			fmt.Sprintf("this attempt has %d requests under way and as many as may wait; try again", s.attempt.Concurrency)}
	}
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting--
	}()
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	case <-ctx.Done():
		return nil, &refusal{RefusedClosed, http.StatusForbidden, context.Cause(ctx).Error()}
	}
}

// nudges are the texts to append to a request, and none to a side call: a title would be lost on the agent. An agent that never
// declares tools gets them from its third request on.
func (s *Session) nudges(main bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if main {
		s.tools = true
	} else {
		s.plain++
		if s.tools || s.plain <= 2 {
			return ""
		}
	}
	text := strings.Join(s.inject, "\n\n")
	s.inject = nil
	return text
}

// undelivered puts texts back that did not reach a model.
func (s *Session) undelivered(text string) {
	if text == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inject = append([]string{text}, s.inject...)
}

// observe tells the observer of one exchange. The caller holds watch.
func (s *Session) observe(x *Exchange) {
	s.mu.Lock()
	s.seq++
	x.Seq = s.seq
	s.mu.Unlock()
	if s.gateway.config.Observe == nil {
		return
	}
	if err := s.gateway.config.Observe(context.WithoutCancel(s.ctx), s, *x); err != nil {
		s.Refuse(err.Error())
	}
}

// ask has the observer look at a request before it is sent. The caller holds watch.
func (s *Session) ask(x *Exchange) *refusal {
	if s.gateway.config.Admit == nil {
		return nil
	}
	err := s.gateway.config.Admit(context.WithoutCancel(s.ctx), s, *x)
	if err == nil {
		return nil
	}
	s.Refuse(err.Error())
	return &refusal{RefusedObserver, http.StatusForbidden, err.Error()}
}

// tells says whether a refusal is observed. Only the first of its kind is: a crowd of refusals would fill the ledger. What comes
// after the observer has ended the session is known to it.
func (s *Session) tells(x *Exchange) bool {
	if x.Refused == RefusedObserver || x.Refused == RefusedClosed {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil {
		s.told = map[string]bool{}
	}
	known := s.told[x.Refused]
	s.told[x.Refused] = true
	return !known
}

// report has an exchange observed that nobody was asked for.
func (s *Session) report(x *Exchange) {
	s.watch.Lock()
	defer s.watch.Unlock()
	s.observe(x)
}
