package wire

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzReadRequest: whatever is accepted reads the same with encoding/json, and rewriting it makes valid JSON of valid JSON.
func FuzzReadRequest(f *testing.F) {
	for _, body := range []string{anthropicAsk, chatAsk, responsesAsk, `{"model":"m","input":"x"}`, `{"model":"\u006d","messages":[{}]}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, format := range formats {
			r, err := ReadRequest(format, body)
			if err != nil || !json.Valid(body) {
				continue
			}
			var peer map[string]any
			if err := json.Unmarshal(body, &peer); err != nil || peer["model"] != r.Model || len(peer) != len(r.members) {
				t.Fatalf("read model %q of %d members, encoding/json reads %v (%v)", r.Model, len(r.members), peer, err)
			}
			out := r.Rewrite(Rewrite{Model: "other", MaxTokens: 77, Temperature: "1", Inject: "note", Usage: true, StripHosted: true})
			again, err := ReadRequest(format, out)
			if err != nil || !json.Valid(out) || again.Model != "other" || again.MaxTokens != 77 || len(again.Hosted()) > 0 {
				t.Fatalf("rewritten to %s (%v)", out, err)
			}
		}
	})
}

// FuzzAnswer: no stream and no body makes a reader panic, and a stream is passed on byte for byte.
func FuzzAnswer(f *testing.F) {
	for _, format := range formats {
		var all []byte
		for _, e := range Write(format, Answer{ID: "x", Model: "m", Text: "hi", Reasoning: []Text{{Text: "t"}}, Calls: []Call{{ID: "1", Tool: "a", Args: []byte(`{"b":1}`)}}}, true, nil) {
			all = append(all, e.Raw...)
		}
		f.Add(all)
	}
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":-1}]}}]}\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		for _, format := range formats {
			r, whole := NewReader(format), NewReader(format)
			s := NewStream(bytes.NewReader(stream))
			var passed []byte
			for {
				e, err := s.Next()
				if err != nil {
					break
				}
				passed = append(passed, e.Raw...)
				if _, err := r.Event(e); err != nil {
					continue
				}
			}
			if !bytes.Equal(passed, stream) {
				t.Fatalf("passed on %q", passed)
			}
			if u := r.Answer().Usage; u.Fresh < 0 || u.Output < 0 || u.Total() < 0 || u.CacheWrite1h > u.CacheWrite {
				t.Fatalf("usage %+v", u)
			}
			_ = whole.Whole(stream)
			_ = whole.Answer()
		}
	})
}
