package acp

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// question is a request for permission, as far as it is read.
type question struct {
	Call struct {
		Kind      string `json:"kind"`
		Title     string `json:"title"`
		Locations []struct {
			Path string `json:"path"`
		} `json:"locations"`
		Content []struct {
			Type string `json:"type"`
			Path string `json:"path"`
		} `json:"content"`
	} `json:"toolCall"`
	Options []struct {
		ID   string `json:"optionId"`
		Kind string `json:"kind"`
	} `json:"options"`
}

// permit answers a request for permission: an outcome of the protocol, and why it is a no. A call's kind and places are the
// agent's own word, so this keeps an honest agent to its persona; the sandbox bounds the others.
func permit(a agent.Attempt, params json.RawMessage) (outcome m, why string) {
	var q question
	if json.Unmarshal(params, &q) != nil {
		return m{"outcome": "cancelled"}, "the request cannot be read"
	}
	if why = objection(a, q); why != "" {
		return q.choose("reject_once", "reject_always"), why
	}
	outcome = q.choose("allow_once", "allow_always")
	if outcome["outcome"] == "cancelled" {
		why = "the request offers no way to allow it"
	}
	return outcome, why
}

func (q question) choose(kinds ...string) m {
	for _, kind := range kinds {
		for _, o := range q.Options {
			if o.Kind == kind {
				return m{"outcome": "selected", "optionId": o.ID}
			}
		}
	}
	return m{"outcome": "cancelled"}
}

// objection says why a call is not allowed; empty: it is.
func objection(a agent.Attempt, q question) string {
	tools := needs(q.Call.Kind)
	if q.Call.Kind == "fetch" {
		return "an attempt has no network"
	}
	writes := slices.Contains(tools, "write")
	if a.Readonly && (writes || q.Call.Kind == "execute") {
		return "a " + a.Role + " changes nothing"
	}
	if len(tools) > 0 && len(a.Tools) > 0 && !slices.ContainsFunc(tools, func(t string) bool { return slices.Contains(a.Tools, t) }) {
		return a.Name + " has no tool for " + q.Call.Kind
	}
	for _, place := range q.places() {
		if writes && !within(a.Repo, place) {
			return place + " is outside the checkout"
		}
	}
	return ""
}

func (q question) places() []string {
	var places []string
	for _, l := range q.Call.Locations {
		places = append(places, l.Path)
	}
	for _, c := range q.Call.Content {
		if c.Type == "diff" {
			places = append(places, c.Path)
		}
	}
	return places
}

// needs are the tools of adamant's of which a persona must have one for a kind of call; none for kinds that touch nothing.
func needs(kind string) []string {
	switch kind {
	case "read", "search":
		return []string{"read", "list", "search"}
	case "edit", "delete", "move":
		return []string{"edit", "write"}
	case "execute":
		return []string{"run"}
	}
	return nil
}

// within reports whether a path is dir or below it. Relative paths are meant below it.
func within(dir, name string) bool {
	if !path.IsAbs(name) {
		name = path.Join(dir, name)
	}
	name = path.Clean(name)
	return name == dir || strings.HasPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}
