package gateway

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Gateway opens sessions for attempts. It is safe for concurrent use.
type Gateway struct {
	config    Config
	prices    *price.Table
	book      Book
	providers []*provider
	upstream  upstream
	limits    limits
	backoff   func(retry int) time.Duration
}

// limits bound every request.
type limits struct {
	first, idle, total     time.Duration
	retries                int
	perMinute, concurrency int
	day                    Budget
}

// upstream answers requests.
type upstream interface {
	// send gives the answer as soon as its headers are there. The body must be closed.
	send(ctx context.Context, out *outgoing) (*http.Response, error)
}

// New checks the configuration. Keys are read when they are first needed.
func New(c Config) (*Gateway, error) {
	c = c.withDefaults()
	g := &Gateway{config: c, prices: c.Prices, book: c.Book, backoff: backoff}
	var err error
	if g.prices == nil {
		if g.prices, err = price.Of(nil); err != nil {
			return nil, err
		}
	}
	if g.limits, err = limitsOf(c.Settings); err != nil {
		return nil, err
	}
	for _, p := range c.Settings.Providers {
		g.providers = append(g.providers, newProvider(p, &c))
	}
	if g.upstream, err = g.connect(); err != nil {
		return nil, err
	}
	return g, nil
}

func (c Config) withDefaults() Config {
	if c.Mode == "" {
		c.Mode = Live
	}
	if c.Book == nil {
		c.Book = NewBook()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Transport == nil {
		c.Transport = transport()
	}
	if c.Redact == nil {
		c.Redact = func(s string) string { return s }
	}
	return c
}

// transport reaches providers. It leaves bodies as they are and follows nothing.
func transport() http.RoundTripper {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second}
}

// connect makes what answers in the configured mode.
func (g *Gateway) connect() (upstream, error) {
	direct := &live{transport: g.config.Transport}
	switch c := g.config; c.Mode {
	case Live:
		return direct, nil
	case Record:
		return newRecorder(c.Cassette, direct, c.Redact)
	case Replay:
		return openCassette(c.Cassette)
	case Script:
		if c.Script == nil {
			return nil, errors.New("mode script needs a script")
		}
		return newPlayer(c.Script), nil
	}
	return nil, fmt.Errorf("unknown mode %q: want live, record, replay or script", g.config.Mode)
}

// offline says that nobody is asked outside: nothing is billed, no key is needed, no data leaves.
func (g *Gateway) offline() bool { return g.config.Mode == Replay || g.config.Mode == Script }

func limitsOf(s manifest.Gateway) (limits, error) {
	l := limits{retries: 4, perMinute: 60, concurrency: 4,
		day: Budget{NanoUSD: price.NanoUSD(s.Day.USD), Tokens: s.Day.Tokens, Requests: s.Day.Requests}}
	if s.Retries != nil {
		l.retries = *s.Retries
	}
	if s.RequestsPerMinute > 0 {
		l.perMinute = s.RequestsPerMinute
	}
	if s.Concurrency > 0 {
		l.concurrency = s.Concurrency
	}
	for _, d := range []struct {
		to       *time.Duration
		text     string
		fallback time.Duration
	}{{&l.first, s.FirstByte, 10 * time.Minute}, {&l.idle, s.Idle, 5 * time.Minute}, {&l.total, s.Total, 30 * time.Minute}} {
		*d.to = d.fallback
		if d.text == "" {
			continue
		}
		span, err := time.ParseDuration(d.text)
		if err != nil || span <= 0 {
			return l, fmt.Errorf("spec.gateway: %q is no time span", d.text)
		}
		*d.to = span
	}
	return l, nil
}

// Open begins a session. Its handler answers until Close, or until ctx ends.
func (g *Gateway) Open(ctx context.Context, a Attempt) (*Session, error) {
	if a.Budget.None() {
		return nil, fmt.Errorf("attempt %s has no budget: limit its money, tokens or requests", a.Attempt)
	}
	if a.MaxTokens <= 0 {
		a.MaxTokens = defaultMaxTokens
	}
	if a.RequestsPerMinute <= 0 {
		a.RequestsPerMinute = g.limits.perMinute
	}
	if a.Concurrency <= 0 {
		a.Concurrency = g.limits.concurrency
	}
	for _, model := range a.Models {
		if err := g.serves(model, a); err != nil {
			return nil, err
		}
	}
	token, err := newToken(g.config.Random)
	if err != nil {
		return nil, err
	}
	s := &Session{gateway: g, attempt: a, token: token, hash: sha256.Sum256([]byte(token)), slots: make(chan struct{}, a.Concurrency)}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.open, s.cut = context.WithCancelCause(s.ctx)
	stop := context.AfterFunc(ctx, func() { s.cancel(context.Cause(ctx)) })
	s.release = func() { stop() }
	return s, nil
}

// defaultMaxTokens bounds an answer when nobody else does.
const defaultMaxTokens = 32_000

// newToken has the form of the door's tokens: adm_ and 32 random bytes in base64url.
func newToken(random io.Reader) (string, error) {
	var raw [32]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return "adm_" + base64.RawURLEncoding.EncodeToString(raw[:]), nil
}
