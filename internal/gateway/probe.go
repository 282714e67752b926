package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Answering is whether a provider answers.
type Answering struct {
	Provider string        `json:"provider"`
	API      string        `json:"api"`
	BaseURL  string        `json:"base_url"`
	Key      string        `json:"key"`               // where it comes from
	Problem  string        `json:"problem,omitempty"` // why it does not answer; empty: it does
	Took     time.Duration `json:"took_ns,omitempty"`
	// Unpriced are models without a price: no budget in money can hold them.
	Unpriced []string `json:"unpriced,omitempty"`
}

// probeTime is how long a provider may take to list its models.
const probeTime = 15 * time.Second

// Check asks each provider for its list of models, which costs nothing. A login is only looked at: its service has no such list.
func (g *Gateway) Check(ctx context.Context) []Answering {
	var out []Answering
	for _, p := range g.providers {
		a := Answering{Provider: p.Name, API: p.API, BaseURL: p.BaseURL, Key: p.whence(), Unpriced: g.unpriced(p)}
		start := g.config.Now()
		if err := g.probe(ctx, p); err != nil {
			a.Problem = err.Error()
		}
		a.Took = g.config.Now().Sub(start)
		out = append(out, a)
	}
	return out
}

// whence says where a provider's key comes from.
func (p *provider) whence() string {
	switch k := p.Key; {
	case p.Login != "":
		return "login of " + p.Login
	case k == nil:
		return "none"
	case k.Env != "":
		return "variable " + k.Env
	case k.File != "":
		return "file " + k.File
	}
	return "command " + p.Key.Command[0]
}

func (g *Gateway) unpriced(p *provider) []string {
	var out []string
	for _, model := range p.Models {
		if _, ok := g.prices.Quote(p.Name, model, g.config.Now()); !ok && p.Billing != "free" && !strings.ContainsAny(model, "*?") {
			out = append(out, model)
		}
	}
	return out
}

func (g *Gateway) probe(ctx context.Context, p *provider) (err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	path, agent := "/models", ""
	if p.API == "anthropic" {
		path = "/v1/models"
	}
	switch p.Login {
	case "claude":
		agent = "claude-cli/0"
	case "chatgpt":
		agent = "codex"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.BaseURL, "/")+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Anthropic-Version", "2023-06-01")
	if err := p.keys.sign(ctx, r, agent); err != nil || p.Login != "" {
		return err
	}
	response, err := g.config.Transport.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("asking for its models: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxError))
	err = errors.Join(err, response.Body.Close())
	switch {
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("it refuses the key (%d)", response.StatusCode)
	case response.StatusCode/100 != 2:
		return &upstreamError{p.Name, response.StatusCode, response.Header, body}
	}
	return err
}
