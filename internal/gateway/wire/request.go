package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// The kinds of tools.
const (
	ToolFunction = "function" // the agent runs it, with JSON arguments
	ToolText     = "text"     // the agent runs it, with text as its argument
	ToolHosted   = "hosted"   // the provider runs it
)

// Tool is one tool that a request declares.
type Tool struct {
	Name      string
	Kind      string
	Schema    json.RawMessage // of the arguments, nil when there is none
	Namespace string          // the group it was declared in (Responses)
	raw       []byte
}

// Request is a request as an agent wrote it, read as far as the gateway needs.
type Request struct {
	Format      Format
	Body        []byte
	Model       string
	Stream      bool
	MaxTokens   int64  // 0: the request names none
	Temperature string // as written; empty: none
	Thinking    bool   // the model is asked to think
	Tier        string // of service, when it costs other than the default
	Retained    bool   // what is cached is kept for hours, where usage does not tell (OpenAI)
	Tools       []Tool
	Tail        []Message // what follows the last assistant message
	Prefill     bool      // the last message is the assistant's
	Turns       int       // assistant turns so far
	// Denied names a member that is never passed on, and Why.
	Denied, Why string
	// Reserve is the size of the body without pictures and documents, Media how many of those there are.
	Reserve, Media int

	members []member
	maxKey  string
	items   [][]byte
}

// MaxBody is the most bytes that a request may have.
const MaxBody = 32 << 20

// ReadRequest reads a request. The body is kept, not copied.
func ReadRequest(f Format, body []byte) (*Request, error) {
	ms, err := members(body)
	if err != nil {
		return nil, fmt.Errorf("the request is no JSON object: %w", err)
	}
	r := &Request{Format: f, Body: body, Reserve: len(body), members: ms, Model: text(ms, "model")}
	if r.Model == "" {
		return nil, fmt.Errorf("the request names no model")
	}
	if r.Stream, err = boolean(at(ms, "stream")); err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	if t := at(ms, "temperature"); t != nil {
		r.Temperature = string(t)
	}
	for _, step := range []func() error{r.readMaxTokens, r.readTools, r.readItems} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.readTier()
	r.readThinking()
	r.deny()
	return r, nil
}

func boolean(raw []byte) (bool, error) {
	switch string(raw) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fmt.Errorf("want true or false")
}

// maxKeys are the members that bound the answer, the first one that is there counts. A request may have one of them only.
var maxKeys = map[Format][]string{Anthropic: {"max_tokens"}, Chat: {"max_completion_tokens", "max_tokens"}, Responses: {"max_output_tokens"}}

func (r *Request) readMaxTokens() error {
	for _, key := range maxKeys[r.Format] {
		raw := at(r.members, key)
		if raw == nil {
			continue
		}
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%s: want a whole number", key)
		}
		if r.maxKey != "" {
			return fmt.Errorf("the request has both %s and %s", r.maxKey, key)
		}
		r.MaxTokens, r.maxKey = n, key
	}
	return nil
}

func (r *Request) readTier() {
	keep := text(r.members, "prompt_cache_retention")
	r.Retained = r.Format != Anthropic && keep != "" && keep != "in_memory" && keep != "in-memory"
	normal := map[string]bool{"": true, "auto": true, "default": true, "standard": true, "standard_only": true, "global": true, "not_available": true}
	for _, key := range []string{"service_tier", "speed", "inference_geo"} {
		if v := text(r.members, key); !normal[v] {
			r.Tier = v
		}
	}
}

func (r *Request) readThinking() {
	switch r.Format {
	case Anthropic:
		ms, err := members(at(r.members, "thinking"))
		r.Thinking = err == nil && text(ms, "type") != "disabled" && text(ms, "type") != ""
	case Chat:
		r.Thinking = text(r.members, "reasoning_effort") != "" || at(r.members, "reasoning") != nil
	case Responses:
		r.Thinking = at(r.members, "reasoning") != nil
	}
}

// denied are members that would let a request escape what the gateway knows of it: another model or server, a conversation that
// the provider keeps, a search of the web, or an answer nobody reads.
var denied = map[string]string{
	"models": "the gateway chooses the model", "fallbacks": "the gateway chooses the model", "api_base": "the gateway chooses the provider",
	"base_url": "the gateway chooses the provider", "api_key": "the gateway holds the keys", "custom_llm_provider": "the gateway chooses the provider",
	"extra_body": "it cannot be judged", "extra_headers": "it cannot be judged", "plugins": "the provider would search the web",
	"web_search_options": "the provider would search the web", "previous_response_id": "a conversation must be in the request",
	"conversation": "a conversation must be in the request", "prompt": "a prompt must be in the request",
	"thread": "a conversation must be in the request", "billing_policy": "the operator pays",
	"mcp_servers": "the provider would reach other servers", "container": "the provider would run code",
}

func (r *Request) deny() {
	for _, m := range r.members {
		empty := string(m.value) == "null" || string(m.value) == "[]" || string(m.value) == `""`
		if why := denied[m.key]; why != "" && !empty && r.Denied == "" {
			r.Denied, r.Why = m.key, why
		}
	}
	if n := at(r.members, "n"); r.Denied == "" && n != nil && string(n) != "1" {
		r.Denied, r.Why = "n", "one answer at a time"
	}
	if b := at(r.members, "background"); r.Denied == "" && b != nil && string(b) != "false" {
		r.Denied, r.Why = "background", "nobody would read the answer"
	}
}

func (r *Request) readTools() error {
	raw := at(r.members, "tools")
	if raw == nil {
		return nil
	}
	list, err := elements(raw)
	if err != nil {
		return fmt.Errorf("tools: %w", err)
	}
	for i, item := range list {
		ms, err := members(item)
		if err != nil {
			return fmt.Errorf("tools[%d]: %w", i, err)
		}
		r.Tools = append(r.Tools, r.tool(item, ms)...)
	}
	return nil
}

// Main says that the request is a turn of the agent: it declares tools that the agent runs.
func (r *Request) Main() bool {
	for _, t := range r.Tools {
		if t.Kind != ToolHosted {
			return true
		}
	}
	return false
}
