package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Length is the Stop of an answer that was cut at the most tokens it may have, for Write.
const Length = "length"

// Write is an answer in a format: the events of a stream, or one Event whose Raw is the whole body. Calls whose arguments are a
// JSON string are written as that text: as a call of a text tool where Text says so of the tool's name, else as arguments that are
// no JSON.
func Write(f Format, a Answer, stream bool, text func(tool string) bool) []Event {
	w := writer{a: a, text: text}
	switch f {
	case Anthropic:
		w.anthropic(stream)
	case Chat:
		w.chat(stream)
	default:
		w.responses(stream)
	}
	return w.events
}

// object is a JSON object; its keys are written in order of their names.
type object = map[string]any

type writer struct {
	a      Answer
	text   func(string) bool
	events []Event
	seq    int
}

// encode is JSON on one line, with <, > and & as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Appendf(nil, `{"error":{"type":"internal","message":%q}}`, err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// emit adds an event of a stream.
func (w *writer) emit(name string, v any) {
	data, ok := v.([]byte)
	if !ok {
		data = encode(v)
	}
	var raw []byte
	if name != "" {
		raw = append(append(append(raw, "event: "...), name...), '\n')
	}
	raw = append(append(append(raw, "data: "...), data...), "\n\n"...)
	w.events = append(w.events, Event{Raw: raw, Name: name, Data: data})
}

func (w *writer) body(v any) {
	raw := encode(v)
	w.events = []Event{{Raw: raw, Data: raw}}
}

// raw is a call's arguments as the model wrote them: text for text tools and for arguments that are no JSON.
func (w *writer) raw(c Call) (args string, text bool) {
	if len(c.Args) > 0 && c.Args[0] == '"' {
		return asString(c.Args), w.text != nil && w.text(c.Tool)
	}
	return string(c.Args), false
}

// pieces cuts text into a few parts, at the borders of characters.
func pieces(s string) []string {
	const size = 48
	var out []string
	for runes := []rune(s); len(runes) > 0; {
		n := min(size, len(runes))
		out = append(out, string(runes[:n]))
		runes = runes[n:]
	}
	return out
}

func (w *writer) anthropicUsage() object {
	u := w.a.Usage
	return object{"input_tokens": u.Fresh, "cache_creation_input_tokens": u.CacheWrite, "cache_read_input_tokens": u.CacheRead,
		"cache_creation": object{"ephemeral_5m_input_tokens": u.CacheWrite - u.CacheWrite1h, "ephemeral_1h_input_tokens": u.CacheWrite1h},
		"output_tokens":  u.Output, "service_tier": "standard"}
}

func (w *writer) anthropicStop() string {
	switch {
	case w.a.Stop == Length:
		return "max_tokens"
	case len(w.a.Calls) > 0:
		return "tool_use"
	}
	return "end_turn"
}

func (w *writer) anthropic(stream bool) {
	message := object{"id": w.a.ID, "type": "message", "role": "assistant", "model": w.a.Model, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil, "usage": w.anthropicUsage()}
	if !stream {
		message["content"], message["stop_reason"] = w.anthropicBlocks(), w.anthropicStop()
		w.body(message)
		return
	}
	start := w.anthropicUsage()
	start["output_tokens"] = min(1, w.a.Usage.Output)
	message["usage"] = start
	w.emit("message_start", object{"type": "message_start", "message": message})
	w.emit("ping", object{"type": "ping"})
	index := 0
	for _, t := range w.a.Reasoning {
		w.block(index, object{"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking", t.Text)
		index++
	}
	if w.a.Text != "" {
		w.block(index, object{"type": "text", "text": ""}, "text_delta", "text", w.a.Text)
		index++
	}
	for _, c := range w.a.Calls {
		args, _ := w.raw(c)
		w.block(index, object{"type": "tool_use", "id": c.ID, "name": c.Tool, "input": object{}}, "input_json_delta", "partial_json", args)
		index++
	}
	w.emit("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": w.anthropicStop(), "stop_sequence": nil},
		"usage": object{"output_tokens": w.a.Usage.Output}})
	w.emit("message_stop", object{"type": "message_stop"})
}

func (w *writer) block(index int, start object, kind, field, text string) {
	w.emit("content_block_start", object{"type": "content_block_start", "index": index, "content_block": start})
	for _, part := range pieces(text) {
		w.emit("content_block_delta", object{"type": "content_block_delta", "index": index, "delta": object{"type": kind, field: part}})
	}
	if start["type"] == "thinking" {
		w.emit("content_block_delta", object{"type": "content_block_delta", "index": index,
			"delta": object{"type": "signature_delta", "signature": "c2NyaXB0"}})
	}
	w.emit("content_block_stop", object{"type": "content_block_stop", "index": index})
}

func (w *writer) anthropicBlocks() []any {
	blocks := []any{}
	for _, t := range w.a.Reasoning {
		blocks = append(blocks, object{"type": "thinking", "thinking": t.Text, "signature": "c2NyaXB0"})
	}
	if w.a.Text != "" {
		blocks = append(blocks, object{"type": "text", "text": w.a.Text})
	}
	for _, c := range w.a.Calls {
		var input any = c.Args
		if len(c.Args) == 0 {
			input = object{}
		}
		blocks = append(blocks, object{"type": "tool_use", "id": c.ID, "name": c.Tool, "input": input})
	}
	return blocks
}
