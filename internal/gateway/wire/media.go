package wire

import (
	"bytes"
	"strings"
)

// media counts the pictures and documents of one item of the conversation, takes their bytes out of Reserve, and denies those that
// the provider would have to fetch: a request must not make anybody reach out.
func (r *Request) media(item []byte, ms []member) error {
	if text(ms, "type") == "item_reference" && r.Denied == "" {
		r.Denied, r.Why = "a reference to an item", "a conversation must be in the request"
	}
	if !mayHaveMedia(item) {
		return nil
	}
	for _, key := range []string{"content", "output"} {
		if err := r.mediaIn(at(ms, key), 2); err != nil {
			return err
		}
	}
	return nil
}

// mayHaveMedia is a quick look: most messages are text. A message with escapes could spell a type in any way.
func mayHaveMedia(item []byte) bool {
	for _, word := range []string{`\u`, `image`, `document`, `file`, `audio`, `tool_addition`, `container`} {
		if bytes.Contains(item, []byte(word)) {
			return true
		}
	}
	return false
}

func (r *Request) mediaIn(content []byte, levels int) error {
	if len(content) == 0 || content[0] != '[' || levels == 0 {
		return nil
	}
	list, err := elements(content)
	if err != nil {
		return err
	}
	for _, block := range list {
		ms, err := members(block)
		if err != nil {
			return err
		}
		switch text(ms, "type") {
		case "image", "document", "image_url", "input_image", "input_file", "file", "input_audio", "container_upload":
			r.medium(block, ms)
		case "tool_addition":
			r.addition(ms)
		case "tool_result":
			if err := r.mediaIn(at(ms, "content"), levels-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Request) medium(block []byte, ms []member) {
	r.Media++
	r.Reserve -= len(block)
	r.stored(ms)
	for _, key := range []string{"source", "image_url", "file", "file_url", "url", "input_audio"} {
		raw := at(ms, key)
		inner, err := members(raw)
		if err != nil {
			inner = nil
		}
		r.stored(inner)
		for _, place := range []string{asString(raw), text(inner, "url"), text(inner, "file_url")} {
			if place != "" && !strings.HasPrefix(place, "data:") && r.Denied == "" {
				r.Denied, r.Why = "a "+text(ms, "type")+" by its address", "the provider would fetch it; send its bytes"
			}
		}
	}
}

// stored denies what lies at the provider: it may be another task's.
func (r *Request) stored(ms []member) {
	if text(ms, "file_id") != "" && r.Denied == "" {
		r.Denied, r.Why = "a file that lies at the provider", "it may be another task's; send its bytes"
	}
}

// addition reads a tool that is declared in mid-conversation.
func (r *Request) addition(ms []member) {
	tool, err := members(at(ms, "tool"))
	if err != nil || text(tool, "type") == "tool_reference" {
		return
	}
	definition, err := members(at(tool, "definition"))
	if err != nil || text(tool, "type") != "tool_definition" || anthropicTool(text(definition, "type")) == ToolHosted {
		if r.Denied == "" {
			r.Denied, r.Why = "a tool that the provider would run", "agents have no network"
		}
		return
	}
	r.Tools = append(r.Tools, r.tool(nil, definition)...)
}
