package wire

import "fmt"

// created is the time of every answer that is written here: nobody may depend on it.
const created = 1_700_000_000

func (w *writer) chatUsage() object {
	u := w.a.Usage
	return object{"prompt_tokens": u.Input(), "completion_tokens": u.Output, "total_tokens": u.Total(),
		"prompt_tokens_details":     object{"cached_tokens": u.CacheRead, "cache_write_tokens": u.CacheWrite},
		"completion_tokens_details": object{"reasoning_tokens": u.Reasoning}}
}

func (w *writer) chatStop() string {
	switch {
	case w.a.Stop == Length:
		return "length"
	case len(w.a.Calls) > 0:
		return "tool_calls"
	}
	return "stop"
}

func (w *writer) chat(stream bool) {
	if !stream {
		message := object{"role": "assistant", "content": w.a.Text}
		if calls := w.chatCalls(); len(calls) > 0 {
			message["tool_calls"] = calls
		}
		if thought := w.thoughts(); thought != "" {
			message["reasoning_content"] = thought
		}
		w.body(object{"id": w.a.ID, "object": "chat.completion", "created": created, "model": w.a.Model, "usage": w.chatUsage(),
			"choices": []any{object{"index": 0, "message": message, "finish_reason": w.chatStop(), "logprobs": nil}}})
		return
	}
	w.chunk(object{"role": "assistant", "content": ""}, nil)
	for _, part := range pieces(w.thoughts()) {
		w.chunk(object{"reasoning_content": part}, nil)
	}
	for _, part := range pieces(w.a.Text) {
		w.chunk(object{"content": part}, nil)
	}
	for i, c := range w.a.Calls {
		w.chatCallChunks(i, c)
	}
	w.chunk(object{}, w.chatStop())
	w.emit("", object{"id": w.a.ID, "object": "chat.completion.chunk", "created": created, "model": w.a.Model, "choices": []any{}, "usage": w.chatUsage()})
	w.emit("", []byte("[DONE]"))
}

func (w *writer) thoughts() string {
	all := ""
	for _, t := range w.a.Reasoning {
		all += t.Text
	}
	return all
}

func (w *writer) chunk(delta object, finish any) {
	w.emit("", object{"id": w.a.ID, "object": "chat.completion.chunk", "created": created, "model": w.a.Model,
		"choices": []any{object{"index": 0, "delta": delta, "finish_reason": finish}}})
}

func (w *writer) chatCallChunks(i int, c Call) {
	args, text := w.raw(c)
	if text {
		w.chunk(object{"tool_calls": []any{object{"index": i, "id": c.ID, "type": "custom", "custom": object{"name": c.Tool, "input": args}}}}, nil)
		return
	}
	w.chunk(object{"tool_calls": []any{object{"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Tool, "arguments": ""}}}}, nil)
	for _, part := range pieces(args) {
		w.chunk(object{"tool_calls": []any{object{"index": i, "function": object{"arguments": part}}}}, nil)
	}
}

func (w *writer) chatCalls() []any {
	var out []any
	for _, c := range w.a.Calls {
		args, text := w.raw(c)
		if text {
			out = append(out, object{"id": c.ID, "type": "custom", "custom": object{"name": c.Tool, "input": args}})
			continue
		}
		out = append(out, object{"id": c.ID, "type": "function", "function": object{"name": c.Tool, "arguments": args}})
	}
	return out
}

func (w *writer) responsesUsage() object {
	u := w.a.Usage
	return object{"input_tokens": u.Input(), "output_tokens": u.Output, "total_tokens": u.Total(),
		"input_tokens_details":  object{"cached_tokens": u.CacheRead, "cache_write_tokens": u.CacheWrite},
		"output_tokens_details": object{"reasoning_tokens": u.Reasoning}}
}

func (w *writer) response(status string, output []any) object {
	body := object{"id": w.a.ID, "object": "response", "created_at": created, "model": w.a.Model, "status": status, "output": output,
		"error": nil, "incomplete_details": nil, "usage": nil, "parallel_tool_calls": true, "tools": []any{}, "tool_choice": "auto", "metadata": object{}}
	if status == "incomplete" {
		body["incomplete_details"] = object{"reason": "max_output_tokens"}
	}
	if status != "in_progress" {
		body["usage"] = w.responsesUsage()
	}
	return body
}

func (w *writer) responses(stream bool) {
	status := "completed"
	if w.a.Stop == Length {
		status = "incomplete"
	}
	items := w.items()
	if !stream {
		w.body(w.response(status, items))
		return
	}
	w.numbered("response.created", object{"response": w.response("in_progress", []any{})})
	for i, item := range items {
		w.item(i, item.(object))
	}
	w.numbered("response."+status, object{"response": w.response(status, items)})
}

// numbered adds an event with its type and number.
func (w *writer) numbered(kind string, v object) {
	v["type"], v["sequence_number"] = kind, w.seq
	w.seq++
	w.emit(kind, v)
}

func (w *writer) items() []any {
	items := []any{}
	id := func(kind string) string { return fmt.Sprintf("%s_%s_%d", kind, w.a.ID, len(items)) }
	for _, t := range w.a.Reasoning {
		summary := []any{}
		if t.Text != "" {
			summary = append(summary, object{"type": "summary_text", "text": t.Text})
		}
		items = append(items, object{"type": "reasoning", "id": id("rs"), "summary": summary})
	}
	if w.a.Text != "" {
		part := object{"type": "output_text", "text": w.a.Text, "annotations": []any{}}
		items = append(items, object{"type": "message", "id": id("msg"), "role": "assistant", "status": "completed", "content": []any{part}})
	}
	for _, c := range w.a.Calls {
		args, text := w.raw(c)
		if text {
			items = append(items, object{"type": "custom_tool_call", "id": id("ct"), "call_id": c.ID, "name": c.Tool, "input": args, "status": "completed"})
			continue
		}
		call := object{"type": "function_call", "id": id("fc"), "call_id": c.ID, "name": c.Tool, "arguments": args, "status": "completed"}
		if c.Namespace != "" {
			call["namespace"] = c.Namespace
		}
		items = append(items, call)
	}
	return items
}

func (w *writer) item(i int, item object) {
	empty := object{}
	for key, value := range item {
		empty[key] = value
	}
	id := item["id"]
	switch item["type"] {
	case "message":
		empty["content"], empty["status"] = []any{}, "in_progress"
	case "function_call":
		empty["arguments"], empty["status"] = "", "in_progress"
	case "custom_tool_call":
		empty["input"], empty["status"] = "", "in_progress"
	}
	w.numbered("response.output_item.added", object{"output_index": i, "item": empty})
	switch item["type"] {
	case "message":
		w.message(i, item)
	case "function_call":
		w.deltas("response.function_call_arguments", "arguments", i, id, item["arguments"].(string))
	case "custom_tool_call":
		w.deltas("response.custom_tool_call_input", "input", i, id, item["input"].(string))
	}
	w.numbered("response.output_item.done", object{"output_index": i, "item": item})
}

func (w *writer) message(i int, item object) {
	id, part := item["id"], item["content"].([]any)[0]
	w.numbered("response.content_part.added", object{"output_index": i, "content_index": 0, "item_id": id,
		"part": object{"type": "output_text", "text": "", "annotations": []any{}}})
	for _, piece := range pieces(w.a.Text) {
		w.numbered("response.output_text.delta", object{"output_index": i, "content_index": 0, "item_id": id, "delta": piece})
	}
	w.numbered("response.output_text.done", object{"output_index": i, "content_index": 0, "item_id": id, "text": w.a.Text})
	w.numbered("response.content_part.done", object{"output_index": i, "content_index": 0, "item_id": id, "part": part})
}

func (w *writer) deltas(kind, field string, i int, id any, text string) {
	for _, piece := range pieces(text) {
		w.numbered(kind+".delta", object{"output_index": i, "item_id": id, "delta": piece})
	}
	w.numbered(kind+".done", object{"output_index": i, "item_id": id, field: text})
}
