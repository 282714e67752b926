//go:build clis

package interop

import (
	"encoding/json"
	"fmt"
	"strings"
)

type object = map[string]any

// request is what the three wire formats have in common, as far as the script looks at it.
type request struct {
	serial int // of the answer: Claude Code joins answers of one id, and never ends then

	Model    string           `json:"model"`
	Stream   bool             `json:"stream"`
	Messages []map[string]any `json:"messages"`
	Input    any              `json:"input"`
	Tools    []struct {
		Type        string                  `json:"type"`
		Name        string                  `json:"name"`
		InputSchema schema                  `json:"input_schema"`
		Parameters  schema                  `json:"parameters"`
		Tools       []struct{ Name string } `json:"tools"`
		Function    struct {
			Name       string `json:"name"`
			Parameters schema `json:"parameters"`
		} `json:"function"`
	} `json:"tools"`
}

type schema struct {
	Properties map[string]json.RawMessage `json:"properties"`
}

func (q *request) claudeTurns() int { return q.count("assistant") }
func (q *request) chatTurns() int   { return q.count("assistant") }

func (q *request) count(role string) int {
	n := 0
	for _, m := range q.Messages {
		if m["role"] == role && !slipped(m) {
			n++
		}
	}
	return n
}

// slip is what the model says with an answer that is a fault. An answer that says it does not count as a turn.
const slip = "A slip."

func slipped(v any) bool {
	data, _ := json.Marshal(v)
	return strings.Contains(string(data), slip)
}

// responsesTurns counts the answers among the items: runs of what the model said and called.
func (q *request) responsesTurns() int {
	items, _ := q.Input.([]any)
	n, in := 0, false
	for _, item := range items {
		o, _ := item.(object)
		kind, _ := o["type"].(string)
		said := o["role"] == "assistant" || strings.HasSuffix(kind, "_call") || kind == "reasoning"
		if said && !in {
			n++
		}
		if said && slipped(item) {
			n--
		}
		in = said
	}
	return n
}

// tool returns the name and the properties of the first tool offered that is called one of names.
func (q *request) tool(names ...string) (string, schema, bool) {
	for _, name := range names {
		for _, t := range q.Tools {
			switch {
			case t.Name == name && t.InputSchema.Properties != nil:
				return name, t.InputSchema, true
			case t.Name == name:
				return name, t.Parameters, true
			case t.Function.Name == name:
				return name, t.Function.Parameters, true
			}
		}
	}
	return "", schema{}, false
}

// named is the offered tool that ends with a verb, as mcp__adamant__finish, else the verb itself, which nobody has offered.
func (q *request) named(verb string) string {
	for _, t := range q.Tools {
		for _, name := range []string{t.Name, t.Function.Name} {
			if strings.HasSuffix(name, verb) {
				return name
			}
		}
		for _, inner := range t.Tools {
			if inner.Name == verb {
				return t.Name + "." + verb
			}
		}
	}
	return verb
}

// translate says a call in the words of the tools that the agent offers: its own read, edit and write, else its shell.
func (q *request) translate(c call) (name, args string) {
	name, s, ok := "", schema{}, false
	switch c.verb {
	case "read":
		name, s, ok = q.tool("Read", "read", "read_file")
	case "edit":
		name, s, ok = q.tool("Edit", "edit", "replace")
	case "write":
		name, s, ok = q.tool("Write", "write", "write_file")
	case "shell":
	default:
		name, ok = q.named(c.verb), true
	}
	if !ok {
		name, s, ok = q.tool("Bash", "bash", "shell_command", "exec_command", "shell", "run_shell_command")
		c.command = inShell(c)
	}
	if c.raw != "" {
		return name, c.raw
	}
	return name, fill(s, c)
}

func inShell(c call) string {
	switch c.verb {
	case "read":
		return "cat " + c.path
	case "edit":
		return fmt.Sprintf("sed -i 's/%s/%s/' %s", c.old, c.new, c.path)
	case "write":
		return fmt.Sprintf("cat > %s <<'END'\n%s\nEND", c.path, strings.TrimSuffix(c.new, "\n"))
	}
	return c.command
}

// fill gives each property that a tool declares the part of the call that its name asks for.
func fill(s schema, c call) string {
	args := object{}
	for p, declared := range s.Properties {
		switch p {
		case "file_path", "path", "filePath", "absolute_path":
			args[p] = c.path
		case "old_string", "oldString", "oldText":
			args[p] = c.old
		case "new_string", "newString", "newText":
			args[p] = c.new
		case "edits":
			args[p] = []object{{"oldText": c.old, "newText": c.new}}
		case "content":
			args[p] = c.new
		case "cmd":
			args[p] = c.command
		case "command":
			args[p] = c.command
			if strings.Contains(string(declared), `"array"`) {
				args[p] = []string{"bash", "-lc", c.command}
			}
		case "description":
			args[p] = "a step of the script"
		}
	}
	if c.verb == "shell" || args["command"] != nil || args["cmd"] != nil {
		delete(args, "path")
	}
	data, _ := json.Marshal(args)
	return string(data)
}

func writeMessages(s *stream, q *request, t turn) {
	var content []object
	usage := object{"input_tokens": 1000, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 100, "output_tokens": 1}
	message := object{"id": fmt.Sprintf("msg_%d", q.serial), "type": "message", "role": "assistant", "model": q.Model, "content": []object{}, "stop_reason": nil, "stop_sequence": nil, "usage": usage}
	if q.Stream {
		s.event("message_start", object{"type": "message_start", "message": message})
	}
	block := func(start object, deltas ...object) {
		if !q.Stream {
			return
		}
		i := len(content)
		s.event("content_block_start", object{"type": "content_block_start", "index": i, "content_block": start})
		for _, d := range deltas {
			s.event("content_block_delta", object{"type": "content_block_delta", "index": i, "delta": d})
		}
		s.event("content_block_stop", object{"type": "content_block_stop", "index": i})
	}
	if t.reasoning != "" {
		block(object{"type": "thinking", "thinking": "", "signature": ""}, object{"type": "thinking_delta", "thinking": t.reasoning}, object{"type": "signature_delta", "signature": "c2NyaXB0"})
		content = append(content, object{"type": "thinking", "thinking": t.reasoning, "signature": "c2NyaXB0"})
	}
	if t.text != "" {
		block(object{"type": "text", "text": ""}, object{"type": "text_delta", "text": t.text})
		content = append(content, object{"type": "text", "text": t.text})
	}
	for i, c := range t.calls {
		name, args := q.translate(c)
		id := fmt.Sprintf("toolu_%d_%d", q.serial, i)
		block(object{"type": "tool_use", "id": id, "name": name, "input": object{}}, object{"type": "input_json_delta", "partial_json": args})
		content = append(content, object{"type": "tool_use", "id": id, "name": name, "input": json.RawMessage(args)})
	}
	stop := "end_turn"
	if len(t.calls) > 0 {
		stop = "tool_use"
	}
	if q.Stream {
		s.event("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": stop, "stop_sequence": nil}, "usage": object{"output_tokens": 30}})
		s.event("message_stop", object{"type": "message_stop"})
		return
	}
	message["content"], message["stop_reason"], usage["output_tokens"] = content, stop, 30
	s.whole = message
}

func writeChat(s *stream, q *request, t turn) {
	usage := object{"prompt_tokens": 1100, "completion_tokens": 30, "total_tokens": 1130, "prompt_tokens_details": object{"cached_tokens": 100}}
	chunk := func(delta object, stop any) object {
		return object{"id": fmt.Sprintf("chatcmpl-%d", q.serial), "object": "chat.completion.chunk", "created": 1, "model": q.Model,
			"choices": []object{{"index": 0, "delta": delta, "finish_reason": stop}}}
	}
	message := object{"role": "assistant", "content": t.text}
	var calls []object
	if q.Stream {
		s.event("", chunk(object{"role": "assistant", "content": ""}, nil))
		if t.reasoning != "" {
			s.event("", chunk(object{"reasoning_content": t.reasoning}, nil))
		}
		if t.text != "" {
			s.event("", chunk(object{"content": t.text}, nil))
		}
	}
	for i, c := range t.calls {
		name, args := q.translate(c)
		one := object{"index": i, "id": fmt.Sprintf("call_%d_%d", q.serial, i), "type": "function", "function": object{"name": name, "arguments": args}}
		if q.Stream {
			s.event("", chunk(object{"tool_calls": []object{one}}, nil))
		}
		calls = append(calls, one)
	}
	stop := "stop"
	if len(calls) > 0 {
		stop = "tool_calls"
		message["tool_calls"] = calls
	}
	if q.Stream {
		s.event("", chunk(object{}, stop))
		s.event("", object{"id": fmt.Sprintf("chatcmpl-%d", q.serial), "object": "chat.completion.chunk", "created": 1, "model": q.Model, "choices": []object{}, "usage": usage})
		_, _ = s.w.Write([]byte("data: [DONE]\n\n"))
		return
	}
	s.whole = object{"id": fmt.Sprintf("chatcmpl-%d", q.serial), "object": "chat.completion", "created": 1, "model": q.Model, "usage": usage,
		"choices": []object{{"index": 0, "message": message, "finish_reason": stop}}}
}

func writeResponses(s *stream, q *request, t turn) {
	n := q.serial
	response := object{"id": fmt.Sprintf("resp_%d", n), "object": "response", "created_at": 1, "model": q.Model, "status": "in_progress", "output": []object{}}
	s.event("response.created", object{"type": "response.created", "response": response})
	var output []object
	item := func(o object) {
		i := len(output)
		s.event("response.output_item.added", object{"type": "response.output_item.added", "output_index": i, "item": o})
		s.event("response.output_item.done", object{"type": "response.output_item.done", "output_index": i, "item": o})
		output = append(output, o)
	}
	if t.reasoning != "" {
		item(object{"type": "reasoning", "id": fmt.Sprintf("rs_%d", n), "summary": []object{{"type": "summary_text", "text": t.reasoning}}, "encrypted_content": nil})
	}
	if t.text != "" {
		item(object{"type": "message", "id": fmt.Sprintf("msg_%d", n), "role": "assistant", "status": "completed", "content": []object{{"type": "output_text", "text": t.text, "annotations": []any{}}}})
	}
	for i, c := range t.calls {
		name, args := q.translate(c)
		space, short, found := strings.Cut(name, ".")
		if !found {
			space, short = "", name
		}
		f := object{"type": "function_call", "id": fmt.Sprintf("fc_%d_%d", n, i), "call_id": fmt.Sprintf("call_%d_%d", n, i), "name": short, "arguments": args, "status": "completed"}
		if space != "" {
			f["namespace"] = space
		}
		item(f)
	}
	response["status"], response["output"] = "completed", output
	response["usage"] = object{"input_tokens": 1100, "input_tokens_details": object{"cached_tokens": 100}, "output_tokens": 30, "output_tokens_details": object{"reasoning_tokens": 0}, "total_tokens": 1130}
	s.event("response.completed", object{"type": "response.completed", "response": response})
}
