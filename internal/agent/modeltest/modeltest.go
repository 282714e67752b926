// Package modeltest is a model for tests: a real HTTP server that speaks Anthropic Messages, OpenAI Chat Completions and OpenAI
// Responses, answers from a list of turns, and goes wrong where the list says so. It is imported by tests only.
package modeltest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Turn is what one request is answered with.
type Turn struct {
	Text, Reasoning string
	Calls           []Call
	Input, Output   int    // tokens
	Stop            string // "length" or "refused"; empty = end, or calls

	// Faults: at most one of them.
	Status int    // refuse with this status
	Body   string // and these words
	Cut    bool   // end the stream in the middle
	Fail   bool   // an error event in the middle
	Hang   bool   // begin and say nothing more
}

// Call is a tool call. Args is written as it is, JSON or not.
type Call struct{ ID, Tool, Args string }

// Request is what was asked.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
}

// Server answers the first request with the first turn, and so on. A request after the last turn is refused.
type Server struct {
	*httptest.Server
	Mux *http.ServeMux // for what else stands behind the endpoint

	mu       sync.Mutex
	turns    []Turn
	requests []Request
	ended    chan struct{}
}

// Serve starts a server that ends with the test.
func Serve(t testing.TB, turns ...Turn) *Server {
	s := &Server{turns: turns, ended: make(chan struct{}), Mux: http.NewServeMux()}
	s.Mux.HandleFunc("POST /v1/messages", s.handler(messages))
	s.Mux.HandleFunc("POST /v1/chat/completions", s.handler(chat))
	s.Mux.HandleFunc("POST /v1/responses", s.handler(responses))
	s.Server = httptest.NewServer(s.Mux)
	t.Cleanup(func() {
		close(s.ended)
		s.Close()
	})
	return s
}

// Requests are the requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

func (s *Server) next(r *http.Request) (Turn, bool) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.requests)
	s.requests = append(s.requests, Request{r.URL.Path, r.Header, body})
	if n >= len(s.turns) || err != nil {
		return Turn{}, false
	}
	return s.turns[n], true
}

// emit writes one event; v is JSON or a string that is written as it is.
type emit func(name string, v any)

func (s *Server) handler(write func(Turn, emit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		turn, ok := s.next(r)
		if !ok {
			http.Error(w, `{"error":{"type":"script","message":"the test has no more turns"}}`, http.StatusTeapot)
			return
		}
		if turn.Status != 0 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(turn.Status)
			fmt.Fprint(w, turn.Body)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		events := events(turn, write)
		for i, event := range events {
			if i == len(events)-2 && s.goWrong(w, r, turn) {
				return
			}
			fmt.Fprint(w, event)
			w.(http.Flusher).Flush()
		}
	}
}

// goWrong is the fault of a turn whose answer has begun.
func (s *Server) goWrong(w http.ResponseWriter, r *http.Request, turn Turn) bool {
	switch {
	case turn.Cut:
		panic(http.ErrAbortHandler)
	case turn.Hang:
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-s.ended:
		}
		return true
	case turn.Fail:
		fmt.Fprint(w, "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n")
		return true
	}
	return false
}

func events(turn Turn, write func(Turn, emit)) []string {
	var out []string
	write(turn, func(name string, v any) {
		data, ok := v.(string)
		if !ok {
			raw, err := json.Marshal(v)
			if err != nil {
				panic(err)
			}
			data = string(raw)
		}
		event := "data: " + data + "\n\n"
		if name != "" {
			event = "event: " + name + "\n" + event
		}
		out = append(out, event)
	})
	return out
}

type object = map[string]any

// pieces cuts a string in two, so that readers have something to put together.
func pieces(s string) []string {
	r := []rune(s)
	return []string{string(r[:len(r)/2]), string(r[len(r)/2:])}
}

func messages(t Turn, emit emit) {
	emit("message_start", object{"type": "message_start", "message": object{"usage": object{"input_tokens": t.Input, "cache_read_input_tokens": 5, "output_tokens": 1}}})
	emit("ping", object{"type": "ping"})
	n := 0
	block := func(start object, deltas ...object) {
		emit("content_block_start", object{"type": "content_block_start", "index": n, "content_block": start})
		for _, d := range deltas {
			emit("content_block_delta", object{"type": "content_block_delta", "index": n, "delta": d})
		}
		emit("content_block_stop", object{"type": "content_block_stop", "index": n})
		n++
	}
	if t.Reasoning != "" {
		p := pieces(t.Reasoning)
		block(object{"type": "thinking", "thinking": "", "signature": ""}, object{"type": "thinking_delta", "thinking": p[0]},
			object{"type": "thinking_delta", "thinking": p[1]}, object{"type": "signature_delta", "signature": "c2ln"})
	}
	if t.Text != "" {
		p := pieces(t.Text)
		block(object{"type": "text", "text": ""}, object{"type": "text_delta", "text": p[0]}, object{"type": "text_delta", "text": p[1]})
	}
	for _, c := range t.Calls {
		p := pieces(c.Args)
		block(object{"type": "tool_use", "id": c.ID, "name": c.Tool, "input": object{}}, object{"type": "input_json_delta", "partial_json": p[0]},
			object{"type": "input_json_delta", "partial_json": p[1]})
	}
	stop := map[string]string{"length": "max_tokens", "refused": "refusal"}[t.Stop]
	if stop == "" {
		stop = map[bool]string{true: "tool_use", false: "end_turn"}[len(t.Calls) > 0]
	}
	emit("message_delta", object{"type": "message_delta", "delta": object{"stop_reason": stop}, "usage": object{"output_tokens": t.Output}})
	emit("message_stop", object{"type": "message_stop"})
}

func chat(t Turn, emit emit) {
	delta := func(d object, finish any) {
		emit("", object{"object": "chat.completion.chunk", "choices": []object{{"index": 0, "delta": d, "finish_reason": finish}}})
	}
	delta(object{"role": "assistant", "content": ""}, nil)
	if t.Reasoning != "" {
		delta(object{"reasoning_content": t.Reasoning}, nil)
	}
	for _, p := range pieces(t.Text) {
		delta(object{"content": p}, nil)
	}
	for i, c := range t.Calls {
		p := pieces(c.Args)
		delta(object{"tool_calls": []object{{"index": i, "id": c.ID, "type": "function", "function": object{"name": c.Tool, "arguments": p[0]}}}}, nil)
		delta(object{"tool_calls": []object{{"index": i, "function": object{"arguments": p[1]}}}}, nil)
	}
	stop := map[string]string{"length": "length", "refused": "content_filter"}[t.Stop]
	if stop == "" {
		stop = map[bool]string{true: "tool_calls", false: "stop"}[len(t.Calls) > 0]
	}
	usage := object{"object": "chat.completion.chunk", "choices": []object{}, "usage": object{"prompt_tokens": t.Input + 5, "completion_tokens": t.Output, "prompt_tokens_details": object{"cached_tokens": 5}}}
	if t.Cut || t.Hang || t.Fail { // so that the fault comes before the reason to stop
		emit("", usage)
		delta(object{}, stop)
	} else {
		delta(object{}, stop)
		emit("", usage)
	}
	emit("", "[DONE]")
}

func responses(t Turn, emit emit) {
	var items []object
	if t.Reasoning != "" {
		items = append(items, object{"type": "reasoning", "id": "rs_1", "summary": []object{{"type": "summary_text", "text": t.Reasoning}}, "encrypted_content": "ZW5j"})
	}
	if t.Text != "" {
		items = append(items, object{"type": "message", "id": "msg_1", "role": "assistant", "content": []object{{"type": "output_text", "text": t.Text}}})
	}
	for _, c := range t.Calls {
		items = append(items, object{"type": "function_call", "id": "fc_" + c.ID, "call_id": c.ID, "name": c.Tool, "arguments": c.Args})
	}
	emit("response.created", object{"type": "response.created", "response": object{"status": "in_progress"}})
	for i, item := range items {
		emit("response.output_item.added", object{"type": "response.output_item.added", "output_index": i})
		emit("response.output_item.done", object{"type": "response.output_item.done", "output_index": i, "item": item})
	}
	final := object{"status": "completed", "output": items, "usage": object{"input_tokens": t.Input + 5, "output_tokens": t.Output, "input_tokens_details": object{"cached_tokens": 5}}}
	kind := "response.completed"
	if reason := map[string]string{"length": "max_output_tokens", "refused": "content_filter"}[t.Stop]; reason != "" {
		kind, final["incomplete_details"] = "response.incomplete", object{"reason": reason}
	}
	emit(kind, object{"type": kind, "response": final})
	emit("", "[DONE]")
}
