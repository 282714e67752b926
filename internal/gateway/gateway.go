package gateway

import (
	"context"
	"errors"
	"net/http"
)

// Gateway opens sessions for attempts. It is safe for concurrent use.
type Gateway struct{ config Config }

// New checks the configuration. Keys are read when they are first needed.
func New(c Config) (*Gateway, error) { return &Gateway{config: c}, nil }

// Open begins a session. Its handler answers until Close.
func (g *Gateway) Open(_ context.Context, a Attempt) (*Session, error) {
	return nil, errors.New("the gateway is not built yet")
}

// Spend is what a session, or a purse, has spent.
type Spend struct {
	Usage
	CostNano     int64 `json:"cost_nano_usd"`     // what is billed
	NotionalNano int64 `json:"notional_nano_usd"` // what subscriptions paid for would have cost
	Requests     int64 `json:"requests"`
	Retries      int64 `json:"retries,omitempty"`
}

// Session is one attempt's way to its models. It is safe for concurrent use.
type Session struct {
	attempt Attempt
	token   string
}

// Attempt is who the session was opened for.
func (s *Session) Attempt() Attempt { return s.attempt }

// Token is the secret that a request must carry: as Bearer, x-api-key or proxy password. It is worth nothing after Close.
func (s *Session) Token() string { return s.token }

// Authorized says whether r carries the token. It takes the same time whatever it carries.
func (s *Session) Authorized(r *http.Request) bool { return false }

// Handler answers /v1/messages, /v1/chat/completions, /v1/responses and /v1/models.
func (s *Session) Handler() http.Handler { return http.NotFoundHandler() }

// Inject appends text at the tail of the agent's next turn. Texts add up until one goes out.
func (s *Session) Inject(text string) {}

// SwapModel lets another model answer from the next request on, whatever the agent asks for.
func (s *Session) SwapModel(name string) error { return nil }

// Refuse ends the session for the agent: each further request is answered with why.
func (s *Session) Refuse(why string) {}

// Spent is what was spent so far.
func (s *Session) Spent() Spend { return Spend{} }

// Close ends the session and what is under way in it.
func (s *Session) Close() error { return nil }
