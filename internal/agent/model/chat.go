package model

import (
	"encoding/json"
	"fmt"
	"strings"
)

// chat is the Chat Completions format, which most providers understand.
type chat struct{}

type chatBody struct {
	Model         string         `json:"model"`
	Messages      []chatMessage  `json:"messages"`
	Tools         []chatTool     `json:"tools,omitempty"`
	MaxTokens     int            `json:"max_completion_tokens,omitempty"`
	Stream        bool           `json:"stream"`
	StreamOptions map[string]any `json:"stream_options"`
}

type chatMessage struct {
	Role       string     `json:"role"`
	Content    *string    `json:"content"`
	ToolCalls  []chatCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

type chatTool struct {
	Type     string       `json:"type"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

type chatCall struct {
	Index    int    `json:"-"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

func (chat) path() string { return "/v1/chat/completions" }

func (chat) body(c *Client, r Request) any {
	body := chatBody{Model: c.Model, MaxTokens: c.MaxTokens, Stream: true, StreamOptions: map[string]any{"include_usage": true}}
	if r.System != "" {
		body.Messages = append(body.Messages, chatMessage{Role: "system", Content: &r.System})
	}
	for _, turn := range r.Turns {
		body.Messages = append(body.Messages, chatTurn(turn)...)
	}
	for _, tool := range r.Tools {
		body.Tools = append(body.Tools, chatTool{"function", chatFunction{tool.Name, tool.Description, tool.Schema}})
	}
	return body
}

func chatTurn(t Turn) []chatMessage {
	if t.Model {
		return []chatMessage{chatSaid(t)}
	}
	var out []chatMessage
	for _, result := range t.Results {
		out = append(out, chatMessage{Role: "tool", Content: &result.Text, ToolCallID: result.ID})
	}
	if t.Text != "" {
		out = append(out, chatMessage{Role: "user", Content: &t.Text})
	}
	return out
}

func chatSaid(t Turn) chatMessage {
	m := chatMessage{Role: "assistant"}
	if t.Text != "" || len(t.Calls) == 0 {
		m.Content = &t.Text
	}
	for _, call := range t.Calls {
		c := chatCall{ID: call.ID, Type: "function"}
		c.Function.Name, c.Function.Arguments = call.Tool, string(object(call.Args))
		m.ToolCalls = append(m.ToolCalls, c)
	}
	return m
}

// chatReader puts the deltas together.
type chatReader struct {
	text, thought strings.Builder
	calls         []*chatPart
	stop          string
	usage         Usage
}

type chatPart struct {
	index    int
	id, name string
	args     strings.Builder
}

func (chat) reader() reader { return &chatReader{} }

type chatEvent struct {
	Choices []struct {
		Delta struct {
			Content          string      `json:"content"`
			Refusal          string      `json:"refusal"`
			ReasoningContent string      `json:"reasoning_content"`
			Reasoning        string      `json:"reasoning"`
			ToolCalls        []chatDelta `json:"tool_calls"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		Prompt  int `json:"prompt_tokens"`
		Output  int `json:"completion_tokens"`
		Details struct {
			Cached int `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		OutputDetails struct {
			Reasoning int `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type chatDelta struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

func (r *chatReader) event(data []byte) (bool, error) {
	if strings.TrimSpace(string(data)) == "[DONE]" {
		return r.stop != "", nil // without a reason to stop the answer was cut
	}
	var e chatEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return false, fmt.Errorf("read an event of the answer: %w", err)
	}
	if len(e.Error) > 0 && string(e.Error) != "null" {
		return false, &CutError{Why: "the model failed in the middle of its answer: " + errorMessage(data)}
	}
	if u := e.Usage; u != nil {
		r.usage = Usage{Fresh: u.Prompt - u.Details.Cached, CacheRead: u.Details.Cached, Output: u.Output, Reasoning: u.OutputDetails.Reasoning}
	}
	if len(e.Choices) == 0 {
		return false, nil
	}
	choice := e.Choices[0]
	r.text.WriteString(choice.Delta.Content + choice.Delta.Refusal)
	r.thought.WriteString(choice.Delta.ReasoningContent)
	if choice.Delta.ReasoningContent == "" { // some servers send both names
		r.thought.WriteString(choice.Delta.Reasoning)
	}
	for _, delta := range choice.Delta.ToolCalls {
		r.grow(delta)
	}
	if choice.FinishReason != "" {
		r.stop = choice.FinishReason
	}
	return false, nil
}

// grow adds to the call with the delta's index; servers that send none send each call whole.
func (r *chatReader) grow(d chatDelta) {
	var part *chatPart
	for _, known := range r.calls {
		if d.Index != nil && known.index == *d.Index && (d.ID == "" || known.id == "" || d.ID == known.id) {
			part = known
		}
	}
	if part == nil && d.Index == nil && d.ID == "" && len(r.calls) > 0 {
		part = r.calls[len(r.calls)-1]
	}
	if part == nil {
		part = &chatPart{index: len(r.calls)}
		if d.Index != nil {
			part.index = *d.Index
		}
		r.calls = append(r.calls, part)
	}
	if d.ID != "" {
		part.id = d.ID
	}
	if part.name == "" {
		part.name = d.Function.Name
	}
	part.args.WriteString(d.Function.Arguments)
}

func (r *chatReader) answer() Answer {
	a := Answer{Reasoning: strings.TrimSpace(r.thought.String()), Stop: chatStop(r.stop), Usage: r.usage}
	a.Model, a.Text = true, strings.TrimSpace(r.text.String())
	for i, part := range r.calls {
		if part.id == "" {
			part.id = fmt.Sprintf("call_%d", i)
		}
		a.Calls = append(a.Calls, Call{part.id, part.name, part.args.String()})
	}
	if len(a.Calls) > 0 && a.Stop == StopEnd {
		a.Stop = StopCalls
	}
	return a
}

func chatStop(reason string) Stop {
	switch reason {
	case "tool_calls", "function_call":
		return StopCalls
	case "length":
		return StopLength
	case "content_filter":
		return StopRefused
	}
	return StopEnd
}
