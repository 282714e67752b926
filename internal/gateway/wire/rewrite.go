package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Rewrite says how a request is changed before it is passed on. The zero value changes nothing.
type Rewrite struct {
	Model       string
	MaxTokens   int64  // imposed; 0: as it is
	Temperature string // imposed where the request does not ask the model to think
	Inject      string // appended behind the last message, as the user's
	Usage       bool   // ask a stream of Chat Completions for its usage
	StripHosted bool   // take tools out that the provider would run
}

// Rewrite is the body with the changes; everything else keeps its bytes. Without a change it is the body itself.
func (r *Request) Rewrite(w Rewrite) []byte {
	var changes []change
	set := func(key string, value []byte) { changes = append(changes, change{key, value}) }
	if w.Model != "" && w.Model != r.Model {
		set("model", quote(w.Model))
	}
	if w.MaxTokens > 0 && w.MaxTokens != r.MaxTokens {
		set(r.maxMember(w.Model), strconv.AppendInt(nil, w.MaxTokens, 10))
		if thinking := r.shorterThinking(w.MaxTokens); thinking != nil {
			set("thinking", thinking)
		}
	}
	if w.Temperature != "" && w.Temperature != r.Temperature && !r.Thinking {
		set("temperature", []byte(w.Temperature))
	}
	if w.Usage && r.Format == Chat && r.Stream && !r.AsksUsage() {
		set("stream_options", r.streamOptions())
	}
	if w.StripHosted && len(r.Hosted()) > 0 {
		changes = append(changes, r.withoutHosted()...)
	}
	if w.Inject != "" {
		set(r.inject(w.Inject))
	}
	if len(changes) == 0 {
		return r.Body
	}
	return edit(r.Body, r.members, changes)
}

func quote(s string) []byte {
	out, _ := json.Marshal(s) // a string always has a JSON form
	return out
}

// maxMember is the member that bounds the answer. Models that think are asked by the newer name in Chat Completions.
func (r *Request) maxMember(model string) string {
	switch {
	case r.maxKey != "":
		return r.maxKey
	case r.Format == Anthropic:
		return "max_tokens"
	case r.Format == Responses:
		return "max_output_tokens"
	}
	name := model[strings.LastIndexByte(model, '/')+1:]
	for _, newer := range []string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(name, newer) {
			return "max_completion_tokens"
		}
	}
	return "max_tokens"
}

// leastThinking is the least budget that Anthropic's API takes.
const leastThinking = 1024

// shorterThinking is the request's thinking with a budget below limit, which the API demands; nil when it is below already.
func (r *Request) shorterThinking(limit int64) []byte {
	raw := at(r.members, "thinking")
	ms, err := members(raw)
	if err != nil {
		return nil
	}
	budget, err := strconv.ParseInt(string(at(ms, "budget_tokens")), 10, 64)
	switch {
	case err != nil || budget < limit:
		return nil
	case limit <= leastThinking:
		return []byte(`{"type":"disabled"}`)
	}
	return edit(raw, ms, []change{{"budget_tokens", strconv.AppendInt(nil, max(leastThinking, limit/2), 10)}})
}

// AsksUsage says that the request wants a stream's usage.
func (r *Request) AsksUsage() bool {
	ms, err := members(at(r.members, "stream_options"))
	return err == nil && string(at(ms, "include_usage")) == "true"
}

func (r *Request) streamOptions() []byte {
	raw := at(r.members, "stream_options")
	ms, err := members(raw)
	if err != nil {
		return []byte(`{"include_usage":true}`)
	}
	return edit(raw, ms, []change{{"include_usage", []byte("true")}})
}

// withoutHosted takes hosted tools out, and with the last tool what speaks about tools.
func (r *Request) withoutHosted() []change {
	list := r.strip()
	if string(list) != "[]" {
		return []change{{"tools", list}}
	}
	return []change{{"tools", nil}, {"tool_choice", nil}, {"parallel_tool_calls", nil}}
}

// inject appends a message of the user behind the last one. In Anthropic's form text joins the last message of the user, behind its
// tool results; a cache breakpoint that the agent set stands before it, so what is cached stays cached.
func (r *Request) inject(text string) (string, []byte) {
	switch r.Format {
	case Responses:
		item := append(append([]byte(`{"type":"message","role":"user","content":[{"type":"input_text","text":`), quote(text)...), `}]}`...)
		return "input", r.appendItem(item)
	case Chat:
		return "messages", r.appendItem(append(append([]byte(`{"role":"user","content":`), quote(text)...), '}'))
	}
	block := append(append([]byte(`{"type":"text","text":`), quote(text)...), '}')
	return "messages", r.appendBlock(block)
}

func (r *Request) appendItem(item []byte) []byte {
	out := []byte{'['}
	for _, i := range r.items {
		out = append(append(out, i...), ',')
	}
	return append(append(out, item...), ']')
}

func (r *Request) appendBlock(block []byte) []byte {
	own := append(append([]byte(`{"role":"user","content":[`), block...), `]}`...)
	if len(r.items) == 0 {
		return r.appendItem(own)
	}
	last := r.items[len(r.items)-1]
	ms, err := members(last)
	if err != nil || text(ms, "role") != "user" {
		return r.appendItem(own)
	}
	list := append(append(append([]byte{'['}, blocksOf(at(ms, "content"))...), block...), ']')
	kept := *r
	kept.items = r.items[:len(r.items)-1]
	return kept.appendItem(edit(last, ms, []change{{"content", list}}))
}

// blocksOf is what stands in a list of content before one more block.
func blocksOf(content []byte) []byte {
	if asString(content) != "" {
		return append(append([]byte(`{"type":"text","text":`), content...), "},"...)
	}
	if len(content) < 2 || content[0] != '[' || len(bytes.TrimSpace(content[1:len(content)-1])) == 0 {
		return nil
	}
	return append(bytes.Clone(content[1:len(content)-1]), ',')
}
