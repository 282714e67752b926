//go:build clis

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// turn is one answer of the scripted model: text, then calls of tools.
type turn struct {
	reasoning string
	text      string
	calls     []call
}

// call asks for one of the things that every coding agent can do: read, edit, write, shell. Any other verb is a tool of that
// name that nobody has offered.
type call struct {
	verb           string
	path, old, new string // edit: old becomes new; write: new is the content
	command        string
	raw            string // arguments as they are, whatever the verb
}

// fault is what goes wrong at one turn, before that turn is answered times requests later.
type fault struct {
	turn  int
	times int
	kind  string // "429", "529", "cut", "hang"; "json": arguments that are none; "tool": a tool that nobody offered
}

// model is a scripted model that speaks Messages, Chat Completions and Responses. Which turn it answers with follows from
// the number of turns in the request alone, so a retried request gets the same answer.
type model struct {
	turns  []turn
	faults []fault
	log    io.Writer // every request, a line each; nil = none

	mu       sync.Mutex
	requests int
	done     chan struct{} // closed when the test ends: lets go of what hangs
}

func newModel(turns []turn, faults ...fault) *model {
	m := &model{turns: turns, faults: faults, done: make(chan struct{})}
	if name := os.Getenv("ADAMANT_MODEL_LOG"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		m.log = f
	}
	return m
}

// release lets go of what hangs.
func (m *model) release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.done:
	default:
		close(m.done)
	}
}

func (m *model) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.requests
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 32<<20))
	m.note(r, body)
	var q request
	if r.Method == http.MethodPost {
		_ = json.Unmarshal(body, &q)
	}
	switch r.URL.Path {
	case "/v1/messages":
		m.answer(w, r, &q, q.claudeTurns(), writeMessages)
	case "/v1/chat/completions":
		m.answer(w, r, &q, q.chatTurns(), writeChat)
	case "/v1/responses":
		m.answer(w, r, &q, q.responsesTurns(), writeResponses)
	case "/v1/models":
		fmt.Fprint(w, `{"object":"list","data":[{"id":"scripted-model","object":"model"}]}`)
	case "/v1/messages/count_tokens":
		fmt.Fprint(w, `{"input_tokens":1000}`)
	default:
		http.NotFound(w, r)
	}
}

func (m *model) note(r *http.Request, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.log != nil {
		if !json.Valid(body) {
			body, _ = json.Marshal(string(body))
		}
		var flat bytes.Buffer
		_ = json.Compact(&flat, body)
		fmt.Fprintf(m.log, `{"path":%q,"body":%s}`+"\n", r.Method+" "+r.URL.Path, flat.Bytes())
	}
}

func (m *model) answer(w http.ResponseWriter, r *http.Request, q *request, turns int, write func(*stream, *request, turn)) {
	m.mu.Lock()
	m.requests++
	q.serial = m.requests
	kind := ""
	for i := range m.faults {
		if f := &m.faults[i]; f.turn == turns && f.times > 0 && len(q.Tools) > 0 {
			f.times--
			kind = f.kind
			break
		}
	}
	m.mu.Unlock()
	t := turn{text: "Nothing is left to do."}
	if len(q.Tools) == 0 {
		t.text = "Scripted title" // a side call
	} else if turns < len(m.turns) {
		t = m.turns[turns]
	}
	switch kind {
	case "json":
		t = turn{text: slip, calls: []call{{verb: "shell", raw: `{"command": "ls`}}}
	case "tool":
		t = turn{text: slip, calls: []call{{verb: "teleport", raw: `{"to":"main"}`}}}
	}
	out := &stream{w: w}
	switch kind {
	case "429", "529":
		status := map[string]int{"429": 429, "529": 529}[kind]
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, `{"type":"error","error":{"type":"overloaded_error","message":"scripted overload"}}`)
		return
	case "hang":
		select {
		case <-m.done:
		case <-r.Context().Done():
		case <-time.After(10 * time.Minute):
		}
		return
	case "cut":
		out.cut = 400
	}
	write(out, q, t)
	if out.whole != nil && !q.Stream {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out.whole)
	}
}

// stream writes server-sent events; it breaks the connection after cut bytes if cut is not 0.
type stream struct {
	w     http.ResponseWriter
	sent  int
	cut   int
	whole any // the answer in one piece, for requests without stream
}

func (s *stream) event(name string, v any) {
	data, _ := json.Marshal(v)
	line := "data: " + string(data) + "\n\n"
	if name != "" {
		line = "event: " + name + "\n" + line
	}
	if s.sent == 0 {
		s.w.Header().Set("Content-Type", "text/event-stream")
	}
	if s.cut > 0 && s.sent+len(line) > s.cut {
		_, _ = io.WriteString(s.w, line[:len(line)/2])
		s.w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	s.sent += len(line)
	_, _ = io.WriteString(s.w, line)
	s.w.(http.Flusher).Flush()
}
