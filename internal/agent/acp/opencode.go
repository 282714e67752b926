package acp

import (
	"encoding/json"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// opencode is the configuration of opencode: it reads no environment for its model.
func opencode(a agent.Attempt) ([]byte, error) {
	base := strings.TrimSuffix(a.Endpoint, "/")
	adapter := "@ai-sdk/openai-compatible"
	switch a.API {
	case agent.Anthropic:
		adapter = "@ai-sdk/anthropic"
	case agent.OpenAIResponses:
		adapter = "@ai-sdk/openai"
	}
	type m = map[string]any
	model := m{"name": a.Model}
	if a.Context > 0 {
		model["limit"] = m{"context": a.Context, "output": min(a.Context, 32000)}
	}
	permission := m{"bash": "ask", "edit": "ask", "webfetch": "deny"}
	return json.Marshal(m{
		"$schema": "https://opencode.ai/config.json", "autoupdate": false, "share": "disabled",
		"model": "adamant/" + a.Model, "small_model": "adamant/" + a.Model, "permission": permission,
		"provider": m{"adamant": m{"npm": adapter, "name": "adamant", "options": m{"baseURL": base + "/v1", "apiKey": a.Token}, "models": m{a.Model: model}}},
	})
}
