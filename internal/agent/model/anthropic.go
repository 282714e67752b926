package model

import (
	"encoding/json"
	"fmt"
	"strings"
)

// anthropic is the Messages format.
type anthropic struct{}

// anthropicMaxTokens is sent when nobody chose: the format wants a number.
const anthropicMaxTokens = 16384

type anthropicBody struct {
	Model     string             `json:"model"`
	MaxTokens int                `json:"max_tokens"`
	Stream    bool               `json:"stream"`
	System    []anthropicBlock   `json:"system,omitempty"`
	Tools     []anthropicTool    `json:"tools,omitempty"`
	Messages  []anthropicMessage `json:"messages"`
}

type anthropicTool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"input_schema"`
}

type anthropicMessage struct {
	Role    string `json:"role"`
	Content []any  `json:"content"`
}

type anthropicBlock struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	IsError   bool            `json:"is_error,omitempty"`
	Cache     *cacheControl   `json:"cache_control,omitempty"`
}

type cacheControl struct {
	Type string `json:"type"`
}

func (anthropic) path() string { return "/v1/messages" }

func (anthropic) body(c *Client, r Request) any {
	body := anthropicBody{Model: c.Model, MaxTokens: c.MaxTokens, Stream: true}
	if body.MaxTokens <= 0 {
		body.MaxTokens = anthropicMaxTokens
	}
	if r.System != "" {
		body.System = []anthropicBlock{{Type: "text", Text: r.System, Cache: &cacheControl{"ephemeral"}}}
	}
	for _, tool := range r.Tools {
		body.Tools = append(body.Tools, anthropicTool{tool.Name, tool.Description, tool.Schema})
	}
	for _, turn := range r.Turns {
		body.Messages = append(body.Messages, anthropicTurn(turn))
	}
	keepCached(body.Messages)
	return body
}

// keepCached marks the ends of the last two user turns: the provider then reads all before them from its cache.
func keepCached(messages []anthropicMessage) {
	left := 2
	for i := len(messages) - 1; i >= 0 && left > 0; i-- {
		if messages[i].Role != "user" || len(messages[i].Content) == 0 {
			continue
		}
		last := len(messages[i].Content) - 1
		if block, ok := messages[i].Content[last].(anthropicBlock); ok {
			block.Cache = &cacheControl{"ephemeral"}
			messages[i].Content[last] = block
			left--
		}
	}
}

func anthropicTurn(t Turn) anthropicMessage {
	if t.Model {
		return anthropicMessage{"assistant", anthropicSaid(t)}
	}
	m := anthropicMessage{Role: "user"}
	for _, result := range t.Results {
		m.Content = append(m.Content, anthropicBlock{Type: "tool_result", ToolUseID: result.ID, Content: result.Text, IsError: result.Failed})
	}
	if t.Text != "" {
		m.Content = append(m.Content, anthropicBlock{Type: "text", Text: t.Text})
	}
	return m
}

func anthropicSaid(t Turn) []any {
	var content []any
	for _, block := range t.Native {
		content = append(content, block)
	}
	if len(content) > 0 {
		return content
	}
	if t.Text != "" {
		content = append(content, anthropicBlock{Type: "text", Text: t.Text})
	}
	for _, call := range t.Calls {
		content = append(content, anthropicBlock{Type: "tool_use", ID: call.ID, Name: call.Tool, Input: object(call.Args)})
	}
	if len(content) == 0 { // an empty message is refused
		content = append(content, anthropicBlock{Type: "text", Text: "(nothing)"})
	}
	return content
}

// anthropicReader puts the content blocks together.
type anthropicReader struct {
	blocks []*anthropicPart
	stop   string
	usage  Usage
}

// anthropicPart is one content block as it grows.
type anthropicPart struct {
	index     int
	start     map[string]json.RawMessage
	kind      string
	text      strings.Builder // of text, thinking or the arguments
	signature strings.Builder
}

func (anthropic) reader() reader { return &anthropicReader{} }

type anthropicEvent struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	ContentBlock map[string]json.RawMessage `json:"content_block"`
	Delta        struct {
		Type        string `json:"type"`
		Text        string `json:"text"`
		PartialJSON string `json:"partial_json"`
		Thinking    string `json:"thinking"`
		Signature   string `json:"signature"`
		StopReason  string `json:"stop_reason"`
	} `json:"delta"`
	Usage anthropicUsage  `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// anthropicUsage has pointers where a later event may leave a number out.
type anthropicUsage struct {
	Input      *int `json:"input_tokens"`
	CacheRead  *int `json:"cache_read_input_tokens"`
	CacheWrite *int `json:"cache_creation_input_tokens"`
	Output     *int `json:"output_tokens"`
}

func (r *anthropicReader) event(data []byte) (bool, error) {
	var e anthropicEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return false, fmt.Errorf("read an event of the answer: %w", err)
	}
	switch e.Type {
	case "message_start":
		r.count(e.Message.Usage)
	case "content_block_start":
		r.begin(e.Index, e.ContentBlock)
	case "content_block_delta":
		r.grow(e)
	case "message_delta":
		r.count(e.Usage)
		r.stop = e.Delta.StopReason
	case "message_stop":
		return true, nil
	case "error":
		return false, &CutError{Why: "the model failed in the middle of its answer: " + errorMessage(data)}
	}
	return false, nil
}

func (r *anthropicReader) count(u anthropicUsage) {
	set := func(to, from *int) {
		if from != nil {
			*to = *from
		}
	}
	set(&r.usage.Fresh, u.Input)
	set(&r.usage.CacheRead, u.CacheRead)
	set(&r.usage.CacheWrite, u.CacheWrite)
	set(&r.usage.Output, u.Output)
}

func (r *anthropicReader) begin(index int, start map[string]json.RawMessage) {
	part := &anthropicPart{index: index, start: start, kind: str(start["type"])}
	part.text.WriteString(str(start["text"]))
	part.text.WriteString(str(start["thinking"]))
	part.signature.WriteString(str(start["signature"]))
	if input := string(start["input"]); part.kind == "tool_use" && input != "{}" && input != "null" {
		part.text.WriteString(input)
	}
	r.blocks = append(r.blocks, part)
}

func (r *anthropicReader) grow(e anthropicEvent) {
	for i := len(r.blocks) - 1; i >= 0; i-- {
		if part := r.blocks[i]; part.index == e.Index {
			part.text.WriteString(e.Delta.Text + e.Delta.PartialJSON + e.Delta.Thinking)
			part.signature.WriteString(e.Delta.Signature)
			return
		}
	}
}

func (r *anthropicReader) answer() Answer {
	a := Answer{Usage: r.usage, Stop: anthropicStop(r.stop)}
	a.Model = true
	var texts, thoughts []string
	for _, part := range r.blocks {
		text := part.text.String()
		switch part.kind {
		case "text":
			texts = append(texts, text)
		case "thinking":
			thoughts = append(thoughts, text)
		case "tool_use":
			a.Calls = append(a.Calls, Call{str(part.start["id"]), str(part.start["name"]), text})
		}
		if native := part.native(text); native != nil {
			a.Native = append(a.Native, native)
		}
	}
	a.Text, a.Reasoning = join(texts), join(thoughts)
	if len(a.Calls) > 0 && a.Stop == StopEnd {
		a.Stop = StopCalls
	}
	return a
}

// native is the finished block, nil for what the provider would not take back.
func (p *anthropicPart) native(text string) json.RawMessage {
	switch p.kind {
	case "text":
		if strings.TrimSpace(text) == "" {
			return nil
		}
		p.start["text"] = quote(text)
	case "thinking":
		if p.signature.Len() == 0 { // not the provider's own: it cannot be verified
			return nil
		}
		p.start["thinking"], p.start["signature"] = quote(text), quote(p.signature.String())
	case "tool_use":
		p.start["input"] = object(text)
	}
	out, err := json.Marshal(p.start)
	if err != nil {
		return nil
	}
	return out
}

func anthropicStop(reason string) Stop {
	switch reason {
	case "tool_use":
		return StopCalls
	case "max_tokens", "model_context_window_exceeded":
		return StopLength
	case "refusal":
		return StopRefused
	}
	return StopEnd
}

func str(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func quote(s string) json.RawMessage {
	out, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return out
}

func join(parts []string) string { return strings.TrimSpace(strings.Join(parts, "\n")) }
