package manifest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Gateway configures the way of agents to models.
type Gateway struct {
	// Providers are asked in this order: the first one that serves a model over the agent's wire format answers.
	Providers []Provider `json:"providers,omitempty"`
	// Day is what all agents together may spend in a day (UTC).
	Day Spending `json:"day,omitzero"`
	// RequestsPerMinute ends an attempt that makes more; default 60.
	RequestsPerMinute int `json:"requestsPerMinute,omitempty" min:"0" max:"10000"`
	// Concurrency is how many requests of an attempt may be under way at a time; default 4.
	Concurrency int `json:"concurrency,omitempty" min:"0" max:"64"`
	// Retries is how many times a request is sent again after 429, 529 or a fault of the server; default 4.
	Retries *int `json:"retries,omitempty" min:"0" max:"10"`
	// FirstByte is how long a provider may take to begin its answer; default 10m.
	FirstByte string `json:"firstByte,omitempty" format:"duration"`
	// Idle is how long a stream may be silent; default 5m.
	Idle string `json:"idle,omitempty" format:"duration"`
	// Total is how long one request may take; default 30m.
	Total string `json:"total,omitempty" format:"duration"`
}

// Provider is a place where models answer.
type Provider struct {
	Name string `json:"name" format:"name"`
	// API is the wire format: anthropic, openai (both of the next), openai-chat or openai-responses.
	API string `json:"api" enum:"anthropic,openai,openai-chat,openai-responses"`
	// BaseURL is what clients of that API call the base URL: https://api.anthropic.com, https://api.openai.com/v1.
	BaseURL string `json:"baseURL" format:"url"`
	// Key says where the key is; none for servers that want none.
	Key *Key `json:"key,omitempty"`
	// Login uses a subscription's login in place of a key: that of Claude Code (claude) or Codex (chatgpt).
	Login string `json:"login,omitempty" enum:"claude,chatgpt"`
	// Models are the models it may be asked for, as globs (*, ?).
	Models []string `json:"models" min:"1"`
	// Family names who made its models, where their names do not tell.
	Family string `json:"family,omitempty" format:"name"`
	// DataClasses are the classes of data it may see besides plain code: pii.
	DataClasses []string `json:"dataClasses,omitempty" enum:"pii"`
	// Billing is metered (default), subscription (cost is notional) or free (a model of your own).
	Billing string `json:"billing,omitempty" enum:"metered,subscription,free"`
}

// Key says where a provider's key is. It is never in the repository.
type Key struct {
	Env string `json:"env,omitempty" min:"1"` // a variable of the daemon
	// File is an absolute path, or one that begins with ~/, of a file that only its owner may read.
	File string `json:"file,omitempty" min:"1"`
	// Command is argv of a program that prints the key.
	Command []string `json:"command,omitempty" min:"1"`
}

// Spending limits what may be spent.
type Spending struct {
	USD      string `json:"usd,omitempty" format:"usd"` // such as 20 or 7.50
	Tokens   int64  `json:"tokens,omitempty" min:"0"`
	Requests int64  `json:"requests,omitempty" min:"0"`
}

func (v *validator) gateway(g Gateway) {
	seen := map[string]int{}
	for i, p := range g.Providers {
		at := fmt.Sprintf("/spec/gateway/providers/%d", i)
		if first, twice := seen[p.Name]; twice {
			v.report(at+"/name", "provider %q is declared twice; the first one is providers[%d]", p.Name, first)
		} else {
			seen[p.Name] = i
		}
		v.provider(at, p)
	}
}

func (v *validator) provider(at string, p Provider) {
	switch {
	case p.Key != nil && p.Login != "":
		v.report(at, "a provider has a key or a login, and not both")
	case p.Login == "claude" && p.API != "anthropic", p.Login == "chatgpt" && p.API != "openai-responses":
		v.report(at+"/login", "a login of Claude Code needs api: anthropic, one of ChatGPT api: openai-responses")
	case p.Login != "" && p.Billing != "" && p.Billing != "subscription":
		v.report(at+"/billing", "a login is a subscription")
	}
	if u, err := url.Parse(p.BaseURL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) && (p.Key != nil || p.Login != "") {
		v.report(at+"/baseURL", "a key must not go over plain http to another machine; want https")
	}
	if u, err := url.Parse(p.BaseURL); err == nil && (u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		v.report(at+"/baseURL", "a base URL has no user, query or fragment; keys are named in key")
	}
	if p.Key != nil {
		v.key(at+"/key", *p.Key)
	}
}

func (v *validator) key(at string, k Key) {
	places := 0
	for _, there := range []bool{k.Env != "", k.File != "", len(k.Command) > 0} {
		if there {
			places++
		}
	}
	switch {
	case places != 1:
		v.report(at, "a key is in one place: env, file or command")
	case k.File != "" && !strings.HasPrefix(k.File, "/") && !strings.HasPrefix(k.File, "~/"):
		v.report(at+"/file", "want an absolute path, or one that begins with ~/; keys never are in the repository")
	case len(k.Command) > 0 && k.Command[0] == "":
		v.report(at+"/command/0", "the command is empty")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
