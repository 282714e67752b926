package wire

import (
	"fmt"
	"strings"
)

// readItems reads the conversation: who speaks, every picture and document, and what is said after the last assistant message.
func (r *Request) readItems() error {
	items, err := r.conversation()
	if err != nil {
		return err
	}
	parsed := make([][]member, len(items))
	last := -1
	for i, item := range items {
		if parsed[i], err = members(item); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if err := r.media(item, parsed[i]); err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		if r.assistant(parsed[i]) {
			if last < 0 || last != i-1 {
				r.Turns++
			}
			last = i
		}
	}
	for i := last + 1; i < len(items); i++ {
		tail, err := r.messages(parsed[i])
		if err != nil {
			return fmt.Errorf("message %d: %w", i, err)
		}
		r.Tail = append(r.Tail, tail...)
	}
	r.items, r.Prefill = items, last >= 0 && last == len(items)-1
	return nil
}

func (r *Request) conversation() ([][]byte, error) {
	key := "messages"
	if r.Format == Responses {
		key = "input"
	}
	raw := at(r.members, key)
	if raw == nil {
		return nil, fmt.Errorf("the request has no %s", key)
	}
	if r.Format == Responses && raw[0] == '"' {
		return [][]byte{append(append([]byte(`{"role":"user","content":`), raw...), '}')}, nil
	}
	list, err := elements(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return list, nil
}

// assistant says whether an item of the conversation is the model's.
func (r *Request) assistant(ms []member) bool {
	if role := text(ms, "role"); role != "" {
		return role == "assistant"
	}
	switch kind := text(ms, "type"); {
	case kind == "reasoning", strings.HasSuffix(kind, "_call"):
		return true
	}
	return false
}

// messages reads what one item of the tail says.
func (r *Request) messages(ms []member) ([]Message, error) {
	role, kind := text(ms, "role"), text(ms, "type")
	switch {
	case r.Format == Chat && role == "tool":
		s, err := r.flat(at(ms, "content"))
		return []Message{{Role: "tool", CallID: text(ms, "tool_call_id"), Text: s}}, err
	case strings.HasSuffix(kind, "_output"):
		s, err := r.flat(at(ms, "output"))
		return []Message{{Role: "tool", CallID: text(ms, "call_id"), Text: s}}, err
	case role == "":
		return nil, nil
	case r.Format == Anthropic:
		return r.blocks(role, at(ms, "content"))
	}
	s, err := r.flat(at(ms, "content"))
	return []Message{{Role: role, Text: s}}, err
}

// blocks reads the content of a message in Anthropic's form: tool results are messages of their own.
func (r *Request) blocks(role string, content []byte) ([]Message, error) {
	if len(content) == 0 || content[0] == '"' {
		return []Message{{Role: role, Text: asString(content)}}, nil
	}
	list, err := elements(content)
	if err != nil {
		return nil, err
	}
	var out []Message
	for _, item := range list {
		ms, err := members(item)
		if err != nil {
			return nil, err
		}
		if text(ms, "type") == "tool_result" {
			s, err := r.flat(at(ms, "content"))
			if err != nil {
				return nil, err
			}
			out = append(out, Message{Role: "tool", CallID: text(ms, "tool_use_id"), Text: s, IsError: string(at(ms, "is_error")) == "true"})
			continue
		}
		out = append(out, Message{Role: role, Text: blockText(ms)})
	}
	return out, nil
}

// flat is the text of a content that is a string, or a list of blocks.
func (r *Request) flat(content []byte) (string, error) {
	if len(content) == 0 || content[0] != '[' {
		return asString(content), nil
	}
	list, err := elements(content)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, item := range list {
		ms, err := members(item)
		if err != nil {
			return "", err
		}
		parts = append(parts, blockText(ms))
	}
	return strings.Join(parts, "\n"), nil
}

func blockText(ms []member) string {
	if s := text(ms, "text"); s != "" {
		return s
	}
	if kind := text(ms, "type"); kind != "" && kind != "text" && kind != "input_text" {
		return "[" + kind + "]"
	}
	return ""
}

// FirstUser is the text of the first messages of the user, up to the model's first: the task, for scripts.
func (r *Request) FirstUser() string {
	var parts []string
	for _, item := range r.items {
		ms, err := members(item)
		if err != nil || r.assistant(ms) {
			break
		}
		tail, err := r.messages(ms)
		if err != nil {
			break
		}
		for _, m := range tail {
			parts = append(parts, m.Text)
		}
	}
	return strings.Join(parts, "\n")
}
