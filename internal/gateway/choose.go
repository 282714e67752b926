package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
)

// provider is a place where models answer.
type provider struct {
	manifest.Provider
	keys keyring
}

func newProvider(p manifest.Provider, c *Config) *provider {
	return &provider{Provider: p, keys: keyring{provider: p, home: c.Home, repository: c.Repository, getenv: c.Getenv, now: c.Now}}
}

// speaks says whether the provider understands a format.
func (p *provider) speaks(f wire.Format) bool {
	switch p.API {
	case "openai":
		return f == wire.Chat || f == wire.Responses
	}
	return p.API == string(f)
}

func (p *provider) has(model string) bool {
	return slices.ContainsFunc(p.Models, func(pattern string) bool { return price.Match(pattern, model) })
}

func (p *provider) mayPersonal() bool { return slices.Contains(p.DataClasses, "pii") }

// family is who trained a model: what the configuration says, else what its name tells.
func (p *provider) family(model string) string {
	if p.Family != "" {
		return p.Family
	}
	return persona.Family(model)
}

// serves says whether a model can be had for an attempt over any format.
func (g *Gateway) serves(model string, a Attempt) error {
	if g.offline() {
		return nil
	}
	found := false
	for _, p := range g.providers {
		if !p.has(model) || !a.from(model, p) {
			continue
		}
		if !a.PII || p.mayPersonal() {
			return nil
		}
		found = true
	}
	if found {
		return fmt.Errorf("no provider of %s may see data about people: the operator allows one with dataClasses: [pii] in spec.gateway", model)
	}
	return fmt.Errorf("no provider in spec.gateway of adamant.yaml serves the model %s", model)
}

// from says whether the attempt may have a model from p.
func (a Attempt) from(model string, p *provider) bool {
	want := a.Providers[model]
	return want == "" || want == p.Name
}

// model is the model that answers a request for asked.
func (s *Session) model(asked string) string {
	s.mu.Lock()
	swapped := s.swapped
	s.mu.Unlock()
	switch {
	case swapped != "":
		return swapped
	case len(s.attempt.Models) > 0 && !slices.Contains(s.attempt.Models, asked):
		return s.attempt.Models[0]
	case len(s.attempt.Models) == 0 && s.gateway.serves(asked, s.attempt) != nil:
		return s.gateway.anyModel(asked)
	}
	return asked
}

// anyModel is the first model that the settings name in full.
func (g *Gateway) anyModel(asked string) string {
	for _, p := range g.providers {
		for _, name := range p.Models {
			if !strings.ContainsAny(name, "*?") {
				return name
			}
		}
	}
	return asked
}

// choose finds who answers for a model over a format.
func (s *Session) choose(model string, f wire.Format) (*provider, *refusal) {
	var other, private *provider
	for _, p := range s.gateway.providers {
		switch {
		case !p.has(model) || !s.attempt.from(model, p):
		case !p.speaks(f):
			other = p
		case s.attempt.PII && !p.mayPersonal() && !s.gateway.offline():
			private = p
		default:
			return p, nil
		}
	}
	switch {
	case s.gateway.offline():
		return &provider{Provider: manifest.Provider{Name: string(s.gateway.config.Mode)}}, nil
	case private != nil:
		return nil, &refusal{RefusedData, http.StatusBadRequest, fmt.Sprintf(
			"provider %s may not see data about people, and this repository has some: the operator allows it with dataClasses: [pii]", private.Name)}
	case other != nil:
		return nil, &refusal{RefusedModel, http.StatusBadRequest, fmt.Sprintf(
			"model %s is served by provider %s over %s, and this agent speaks %s; requests are not translated", model, other.Name, other.API, f)}
	}
	return nil, &refusal{RefusedModel, http.StatusBadRequest, fmt.Sprintf("no provider serves the model %s", model)}
}
