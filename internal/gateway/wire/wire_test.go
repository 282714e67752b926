package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var formats = []Format{Anthropic, Chat, Responses}

func usages() *rapid.Generator[Usage] {
	return rapid.Custom(func(t *rapid.T) Usage {
		n := func(name string) int64 { return rapid.Int64Range(0, 1<<30).Draw(t, name) }
		u := Usage{Fresh: n("fresh"), CacheRead: n("read"), CacheWrite: n("write"), Output: n("output")}
		u.CacheWrite1h = rapid.Int64Range(0, u.CacheWrite).Draw(t, "hour")
		u.Reasoning = rapid.Int64Range(0, u.Output).Draw(t, "reasoning")
		return u
	})
}

// TestUsageIsTheWires: whatever a provider says was used is what is read, in every format, streamed or whole.
func TestUsageIsTheWires(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(formats).Draw(t, "format")
		stream := rapid.Bool().Draw(t, "stream")
		a := Answer{ID: "x", Model: "m", Text: rapid.String().Draw(t, "text"), Usage: usages().Draw(t, "usage")}
		if rapid.Bool().Draw(t, "call") {
			a.Calls = []Call{{ID: "c1", Tool: "run", Args: json.RawMessage(`{"command":"ls"}`)}, {ID: "c2", Tool: "read", Args: json.RawMessage(`{}`)}}
		}
		got := readBack(t, f, a, stream)
		want := a.Usage
		if f == Anthropic {
			want.Reasoning = 0 // the writer does not tell
		} else {
			want.CacheWrite1h = 0 // OpenAI's forms have no such thing
		}
		if got.Usage != want || !got.Complete {
			t.Fatalf("%s: got %+v (complete %v), want %+v", f, got.Usage, got.Complete, want)
		}
		if got.Text != strings.ToValidUTF8(a.Text, "\ufffd") || len(got.Calls) != len(a.Calls) {
			t.Fatalf("%s: got text %q, %d calls", f, got.Text, len(got.Calls))
		}
		for i, c := range got.Calls {
			if c.ID != a.Calls[i].ID || c.Tool != a.Calls[i].Tool || string(c.Args) != string(a.Calls[i].Args) {
				t.Fatalf("%s: call %d is %+v, want %+v", f, i, c, a.Calls[i])
			}
		}
	})
}

type fatal interface{ Fatal(...any) }

func readBack(t fatal, f Format, a Answer, stream bool) Answer {
	events := Write(f, a, stream, nil)
	r := NewReader(f)
	if !stream {
		if err := r.Whole(events[0].Raw); err != nil {
			t.Fatal(err)
		}
		return r.Answer()
	}
	var all []byte
	for _, e := range events {
		all = append(all, e.Raw...)
	}
	s := NewStream(bytes.NewReader(all))
	var passed []byte
	for {
		e, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		passed = append(passed, e.Raw...)
		if _, err := r.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(passed, all) {
		t.Fatal("the stream was not passed on byte for byte")
	}
	return r.Answer()
}

func TestReasoningAndItsSource(t *testing.T) {
	t.Parallel()
	a := Answer{ID: "x", Model: "m", Text: "done", Reasoning: []Text{{Source: SourceProvider, Text: "I must look first."}}}
	for f, source := range map[Format]string{Anthropic: SourceProvider, Chat: SourceProvider, Responses: SourceSummary} {
		for _, stream := range []bool{true, false} {
			got := readBack(t, f, a, stream).Reasoning
			if want := []Text{{Source: source, Text: "I must look first."}}; !reflect.DeepEqual(got, want) {
				t.Errorf("%s, stream %v: %+v, want %+v", f, stream, got, want)
			}
		}
	}
}

func TestRealStreams(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		format Format
		stream string
		want   Answer
	}{
		{"anthropic: start and delta add up to the delta's cumulative counts", Anthropic, `
event: message_start
data: {"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{"input_tokens":12,"cache_creation_input_tokens":7,"cache_read_input_tokens":90,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},"output_tokens":2}}}

: a comment

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":12,"output_tokens":34,"output_tokens_details":{"thinking_tokens":20}}}

event: message_stop
data: {"type":"message_stop"}

`, Answer{ID: "msg_1", Model: "claude-x", Text: "hello", Stop: "end_turn", HasInput: true, HasOutput: true, Complete: true,
			Usage: Usage{Fresh: 12, CacheRead: 90, CacheWrite: 7, CacheWrite1h: 4, Output: 34, Reasoning: 20}}},
		{"anthropic: compaction is billed besides the totals", Anthropic, `
data: {"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":10,"output_tokens":1}}}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":10,"output_tokens":5,"iterations":[{"type":"compaction","input_tokens":100,"output_tokens":50},{"type":"message","input_tokens":4,"output_tokens":2},{"type":"fallback_message","input_tokens":6,"output_tokens":3}]}}

data: {"type":"message_stop"}

`, Answer{ID: "m", Model: "c", Stop: "end_turn", HasInput: true, HasOutput: true, Complete: true, Usage: Usage{Fresh: 110, Output: 55}}},
		{"anthropic: a cut stream is estimated", Anthropic, `
data: {"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":10,"output_tokens":1}}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"0123456789"}}

`, Answer{ID: "m", Model: "c", Text: "0123456789", HasInput: true, Usage: Usage{Fresh: 10, Output: 4, Partial: true}}},
		{"chat: cached tokens are part of the prompt, the provider's cost counts", Chat, `
data: {"id":"c1","model":"x/y","choices":[{"index":0,"delta":{"role":"assistant","content":"a","reasoning":"why"}}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"bash","arguments":"{\"co"}}]}}]}

data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"mmand\":1}"}}]}}]}

data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c1","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,"cost":0.000123456,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]

`, Answer{ID: "c1", Model: "x/y", Text: "a", Stop: "tool_calls", HasInput: true, HasOutput: true, Complete: true, CostNano: pointer(123456),
			Reasoning: []Text{{Source: SourceProvider, Text: "why"}},
			Calls:     []Call{{ID: "t1", Tool: "bash", Args: json.RawMessage(`{"command":1}`)}},
			Usage:     Usage{Fresh: 30, CacheRead: 60, CacheWrite: 10, Output: 20, Reasoning: 5}}},
		{"responses: items, encrypted reasoning, text tools", Responses, `
event: response.created
data: {"type":"response.created","response":{"id":"r1","model":"gpt-x"}}

event: response.output_item.done
data: {"type":"response.output_item.done","item":{"type":"reasoning","summary":[],"encrypted_content":"abc"}}

event: response.output_item.done
data: {"type":"response.output_item.done","item":{"type":"custom_tool_call","call_id":"k","name":"apply_patch","input":"*** Begin"}}

event: response.completed
data: {"type":"response.completed","response":{"id":"r1","status":"completed","output":[],"usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":6,"output_tokens_details":{"reasoning_tokens":3}}}}

`, Answer{ID: "r1", Model: "gpt-x", Stop: "completed", HasInput: true, HasOutput: true, Complete: true,
			Reasoning: []Text{{Source: SourceNone}}, Calls: []Call{{ID: "k", Tool: "apply_patch", Args: json.RawMessage(`"*** Begin"`)}},
			Usage: Usage{Fresh: 6, CacheRead: 4, Output: 6, Reasoning: 3}}},
		{"an error in mid-stream", Anthropic, `
event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}

`, Answer{Error: "overloaded_error: Overloaded", Usage: Usage{Partial: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := NewReader(c.format)
			s := NewStream(strings.NewReader(strings.TrimPrefix(c.stream, "\n")))
			for {
				e, err := s.Next()
				if err != nil {
					break
				}
				if _, err := r.Event(e); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.Answer(); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func pointer(n int64) *int64 { return &n }

func TestStreamBounds(t *testing.T) {
	t.Parallel()
	s := NewStream(strings.NewReader("data: " + strings.Repeat("x", MaxEvent+1)))
	if _, err := s.Next(); !errors.Is(err, ErrEventTooLarge) {
		t.Errorf("got %v, want ErrEventTooLarge", err)
	}
	s = NewStream(strings.NewReader("data: a\r\ndata: b\r\n\r\ndata: last"))
	first, err := s.Next()
	last, err2 := s.Next()
	if string(first.Data) != "a\nb" || string(last.Data) != "last" || err != nil || err2 != nil {
		t.Errorf("got %q, %q, %v, %v", first.Data, last.Data, err, err2)
	}
	if _, err := s.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
}
