package model

import (
	"encoding/json"
	"fmt"
	"strings"
)

// responses is OpenAI's Responses format, used without the provider keeping anything.
type responses struct{}

type responsesBody struct {
	Model        string          `json:"model"`
	Instructions string          `json:"instructions,omitempty"`
	Input        []any           `json:"input"`
	Tools        []responsesTool `json:"tools,omitempty"`
	Parallel     bool            `json:"parallel_tool_calls"`
	MaxTokens    int             `json:"max_output_tokens,omitempty"`
	Store        bool            `json:"store"`
	Stream       bool            `json:"stream"`
	Include      []string        `json:"include,omitempty"`
	Reasoning    map[string]any  `json:"reasoning,omitempty"`
}

type responsesTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"`
}

type responsesItem struct {
	Type      string         `json:"type"`
	ID        string         `json:"id,omitempty"`
	Role      string         `json:"role,omitempty"`
	Content   []responsesBit `json:"content,omitempty"`
	Summary   []responsesBit `json:"summary,omitempty"`
	CallID    string         `json:"call_id,omitempty"`
	Name      string         `json:"name,omitempty"`
	Arguments string         `json:"arguments,omitempty"`
	Output    string         `json:"output,omitempty"`
	Encrypted string         `json:"encrypted_content,omitempty"`
}

type responsesBit struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Refusal string `json:"refusal,omitempty"`
}

func (responses) path() string { return "/v1/responses" }

func (responses) body(c *Client, r Request) any {
	body := responsesBody{Model: c.Model, Instructions: r.System, Parallel: true, MaxTokens: c.MaxTokens, Stream: true}
	if !r.Plain {
		body.Include = []string{"reasoning.encrypted_content"}
		body.Reasoning = map[string]any{"summary": "auto"}
	}
	for _, turn := range r.Turns {
		body.Input = append(body.Input, responsesTurn(turn, r.Plain)...)
	}
	for _, tool := range r.Tools {
		body.Tools = append(body.Tools, responsesTool{Type: "function", Name: tool.Name, Description: tool.Description, Parameters: tool.Schema})
	}
	return body
}

func responsesTurn(t Turn, plain bool) []any {
	if t.Model {
		return responsesSaid(t, plain)
	}
	var out []any
	for _, result := range t.Results {
		text := result.Text
		if result.Failed {
			text = "error: " + text
		}
		if text == "" {
			text = "(empty)"
		}
		out = append(out, responsesItem{Type: "function_call_output", CallID: result.ID, Output: text})
	}
	if t.Text != "" {
		out = append(out, responsesItem{Type: "message", Role: "user", Content: []responsesBit{{Type: "input_text", Text: t.Text}}})
	}
	return out
}

// responsesSaid gives the model's items back. Reasoning goes with them only when it came encrypted: nothing is stored there.
func responsesSaid(t Turn, plain bool) []any {
	var out []any
	for _, native := range t.Native {
		var item responsesItem
		if json.Unmarshal(native, &item) != nil {
			continue
		}
		if item.Type == "reasoning" && (plain || item.Encrypted == "") {
			continue
		}
		out = append(out, native)
	}
	if len(out) > 0 {
		return out
	}
	if t.Text != "" {
		out = append(out, responsesItem{Type: "message", Role: "assistant", Content: []responsesBit{{Type: "output_text", Text: t.Text}}})
	}
	for _, call := range t.Calls {
		out = append(out, responsesItem{Type: "function_call", CallID: call.ID, Name: call.Tool, Arguments: string(object(call.Args))})
	}
	return out
}

// responsesReader keeps the finished items.
type responsesReader struct {
	items []json.RawMessage
	final responsesFinal
}

type responsesFinal struct {
	Output     []json.RawMessage `json:"output"`
	Error      json.RawMessage   `json:"error"`
	Incomplete struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	Usage struct {
		Input   int `json:"input_tokens"`
		Output  int `json:"output_tokens"`
		Details struct {
			Cached int `json:"cached_tokens"`
		} `json:"input_tokens_details"`
		OutputDetails struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"output_tokens_details"`
	} `json:"usage"`
}

func (responses) reader() reader { return &responsesReader{} }

func (r *responsesReader) event(data []byte) (bool, error) {
	if strings.TrimSpace(string(data)) == "[DONE]" {
		return false, nil
	}
	var e struct {
		Type     string          `json:"type"`
		Item     json.RawMessage `json:"item"`
		Response json.RawMessage `json:"response"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return false, fmt.Errorf("read an event of the answer: %w", err)
	}
	switch e.Type {
	case "response.output_item.done":
		r.items = append(r.items, e.Item)
	case "response.completed", "response.incomplete":
		if err := json.Unmarshal(e.Response, &r.final); err != nil {
			return false, fmt.Errorf("read the end of the answer: %w", err)
		}
		return true, nil
	case "response.failed", "error":
		return false, &CutError{Why: "the model failed in the middle of its answer: " + responsesFailure(data, e.Response)}
	}
	return false, nil
}

func responsesFailure(data, response json.RawMessage) string {
	if len(response) > 0 {
		return errorMessage(response)
	}
	return errorMessage(data)
}

func (r *responsesReader) answer() Answer {
	items := r.final.Output
	if len(items) == 0 {
		items = r.items
	}
	u := r.final.Usage
	a := Answer{Stop: StopEnd, Usage: Usage{Fresh: u.Input - u.Details.Cached, CacheRead: u.Details.Cached, Output: u.Output, Reasoning: u.OutputDetails.Reasoning}}
	a.Model = true
	var texts, thoughts []string
	for _, raw := range items {
		var item responsesItem
		if json.Unmarshal(raw, &item) != nil {
			continue
		}
		switch item.Type {
		case "message":
			texts = append(texts, bits(item.Content))
		case "reasoning":
			thoughts = append(thoughts, bits(item.Summary), bits(item.Content))
		case "function_call":
			a.Calls = append(a.Calls, Call{item.CallID, item.Name, item.Arguments})
			raw = mended(raw, item)
		}
		a.Native = append(a.Native, raw)
	}
	a.Text, a.Reasoning = join(texts), join(thoughts)
	if len(a.Calls) > 0 {
		a.Stop = StopCalls
	}
	switch r.final.Incomplete.Reason {
	case "max_output_tokens":
		a.Stop = StopLength
	case "content_filter":
		a.Stop = StopRefused
	}
	return a
}

// mended is the item with arguments that can be given back.
func mended(raw json.RawMessage, item responsesItem) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return raw
	}
	fields["arguments"] = quote(string(object(item.Arguments)))
	out, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	return out
}

func bits(parts []responsesBit) string {
	var texts []string
	for _, part := range parts {
		texts = append(texts, part.Text+part.Refusal)
	}
	return join(texts)
}
