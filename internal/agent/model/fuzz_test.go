package model

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/agent"
)

// FuzzStream feeds any bytes to the three readers: no panic, and what comes out can be sent again.
func FuzzStream(f *testing.F) {
	f.Add("data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"read\",\"input\":{}}}\n\ndata: {\"type\":\"message_stop\"}\n\n")
	f.Add("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"read\",\"arguments\":\"{\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n")
	f.Add("event: x\r\ndata: {\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"function_call\",\"call_id\":\"a\",\"arguments\":\"x\"}]}}\r\n\r\n")
	f.Add("data: {\"type\":\"content_block_delta\",\"index\":7,\"delta\":{\"text\":\"x\"}}\ndata: more\n\n:\n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		for _, api := range []string{agent.Anthropic, agent.OpenAIChat, agent.OpenAIResponses} {
			w, err := wireOf(api)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := collect(strings.NewReader(stream), w.reader())
			if err != nil {
				continue
			}
			c := &Client{API: api}
			body, err := encode(w.body(c, Request{Turns: []Turn{{Text: "x"}, answer.Turn}}))
			if err != nil || !json.Valid(body) {
				t.Fatalf("%s: %v: %s", api, err, body)
			}
		}
	})
}

// Whatever a model writes as arguments can be given back as an object.
func TestObject(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		args := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", " ", "null", "[]", "1", `"x"`, `{}`, `{"a":`, `{"a":1}`})).Draw(t, "args")
		var back map[string]any
		if err := json.Unmarshal(object(args), &back); err != nil || back == nil {
			t.Fatalf("%q became %s: %v", args, object(args), err)
		}
	})
}

func TestErrorMessage(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"type":"a","message":"b"}}`:            "a: b",
		`{"error":{"code":"c","type":"a","message":"b"}}`: "c: b",
		`{"error":"words"}`:                               "words",
		`{"message":"words"}`:                             "words",
		"<html>":                                          "<html>",
		`{"other":1}`:                                     `{"other":1}`,
	} {
		if got := errorMessage([]byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// Servers that send no index send each call whole.
func TestChatCallsWithoutIndex(t *testing.T) {
	t.Parallel()
	stream := `data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"{}"}}]}}]}

data: {"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"y","arguments":"{"}}]}}]}

data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"}"}}]},"finish_reason":"stop"}]}

data: [DONE]

`
	a, err := collect(strings.NewReader(stream), chat{}.reader())
	if err != nil || len(a.Calls) != 2 || a.Calls[0].Tool != "x" || a.Calls[1].Args != "{}" || a.Stop != StopCalls {
		t.Errorf("%+v, %v", a, err)
	}
}

// A stream that ends well, but before its last event, is half an answer.
func TestHalfAnswer(t *testing.T) {
	t.Parallel()
	for api, stream := range map[string]string{
		agent.Anthropic:       `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"half"}}`,
		agent.OpenAIChat:      "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\ndata: [DONE]",
		agent.OpenAIResponses: `data: {"type":"response.output_item.done","item":{"type":"message","content":[{"type":"output_text","text":"half"}]}}`,
	} {
		w, err := wireOf(api)
		if err != nil {
			t.Fatal(err)
		}
		var cut *CutError
		if a, err := collect(strings.NewReader(stream+"\n\n"), w.reader()); !errors.As(err, &cut) {
			t.Errorf("%s: %+v, %v", api, a, err)
		}
	}
}

// slowly gives a byte every second.
type slowly struct{ left int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	time.Sleep(time.Second)
	p[0] = ' '
	return 1, nil
}

// Silence is measured from the last byte, not from the beginning.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, silence := watch(t.Context(), 1500*time.Millisecond)
		defer silence.stop()
		if _, err := io.ReadAll(&watched{&slowly{10}, silence}); err != nil || ctx.Err() != nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if ctx.Err() == nil || !silence.fired.Load() {
			t.Error("silence was not noticed")
		}
	})
}

func BenchmarkCollect(b *testing.B) {
	stream := strings.Repeat("data: {\"choices\":[{\"delta\":{\"content\":\"some words \"}}]}\n\n", 1000) + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	for b.Loop() {
		if _, err := collect(strings.NewReader(stream), chat{}.reader()); err != nil {
			b.Fatal(err)
		}
	}
}
