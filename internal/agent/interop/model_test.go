//go:build clis

package interop

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// model is a scripted model as an attempt meets it: its handler, the key that opens it, and what was asked.
type model struct {
	http.Handler
	token string

	mu       sync.Mutex
	requests int
	seen     []gateway.Exchange
	release  context.CancelFunc // lets go of what hangs
}

func (m *model) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.requests
}

func (m *model) exchanges() []gateway.Exchange {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

// counted counts requests to the model.
func (m *model) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && !strings.HasSuffix(r.URL.Path, "/count_tokens") {
			m.mu.Lock()
			m.requests++
			m.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// gated is the scripted model behind the real gateway: what the CLI meets in a task.
func gated(t *testing.T, turns []manifest.ScriptTurn) *model {
	t.Helper()
	m := &model{release: func() {}}
	g, err := gateway.New(gateway.Config{Mode: gateway.Script, Script: written(turns), Observe: func(_ context.Context, _ *gateway.Session, x gateway.Exchange) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.seen = append(m.seen, x)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := g.Open(t.Context(), gateway.Attempt{Task: "t1", Attempt: "a1", Agent: "coder", Role: "coder", Models: []string{"scripted-model"},
		Budget: gateway.Budget{Requests: 1000}, RequestsPerMinute: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	m.token, m.Handler = session.Token(), m.counted(session.Handler())
	return m
}

// bare is the scripted model with nothing before it: the CLI itself meets what goes wrong.
func bare(t *testing.T, turns []manifest.ScriptTurn) *model {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	m := &model{token: "adm_test_0123456789", release: cancel}
	player := script.NewPlayer(written(turns))
	formats := map[string]wire.Format{"/v1/messages": wire.Anthropic, "/v1/chat/completions": wire.Chat, "/v1/responses": wire.Responses}
	m.Handler = m.counted(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format, model := formats[r.URL.Path]
		switch {
		case r.Method == http.MethodHead:
		case subtle.ConstantTimeCompare([]byte(key(r)), []byte(m.token)) == 0:
			http.Error(w, `{"error":{"type":"authentication_error","message":"wrong token"}}`, http.StatusUnauthorized)
		case model:
			play(ctx, w, r, player, format)
		default:
			http.NotFound(w, r)
		}
	}))
	return m
}

func key(r *http.Request) string {
	if k := r.Header.Get("X-Api-Key"); k != "" {
		return k
	}
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func written(turns []manifest.ScriptTurn) *script.Script {
	return script.New(&manifest.Script{Spec: manifest.ScriptSpec{Parts: []manifest.ScriptPart{{Name: "part", Turns: turns}}, Root: repo}})
}

func play(ctx context.Context, w http.ResponseWriter, r *http.Request, player *script.Player, format wire.Format) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	q, err := wire.ReadRequest(format, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := player.Answer(ctx, script.Ask{Agent: "coder", Attempt: "a1", Model: "scripted-model", Request: q})
	if err != nil {
		data, _ := json.Marshal(map[string]any{"error": map[string]any{"type": "api_error", "message": err.Error()}})
		http.Error(w, string(data), http.StatusInternalServerError)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	buf := make([]byte, 4096)
	for {
		n, err := answer.Body.Read(buf)
		_, _ = w.Write(buf[:n])
		w.(http.Flusher).Flush()
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // a stream that is cut
		}
	}
}

// feature reads, edits, creates a file, looks at what it did, and tells the control plane where the CLI can.
func feature(c cli, fault *manifest.ScriptFault) []manifest.ScriptTurn {
	call := func(calls ...manifest.ScriptCall) []manifest.ScriptCall { return calls }
	turns := []manifest.ScriptTurn{
		{Think: "I must look first.", Say: "I read the file.", Calls: call(manifest.ScriptCall{Read: "greet.txt"})},
		{Say: "I look around.", Calls: call(manifest.ScriptCall{Run: "ls"}), Fault: fault},
		{Say: "Now I change it.", Calls: call(manifest.ScriptCall{Edit: &manifest.ScriptEdit{Path: "greet.txt", Old: "hello world", New: "good day world"}})},
		{Say: "A second file.", Calls: call(manifest.ScriptCall{Write: &manifest.ScriptWrite{Path: "NEW.md", Text: "# New\n"}})},
		{Calls: call(manifest.ScriptCall{Run: "ls; false"})},
	}
	if c.shell { // it edits by its shell alone
		turns[2].Calls = call(manifest.ScriptCall{Run: "sed -i 's/hello/good day/' greet.txt"})
	}
	if c.mcp {
		turns = append(turns, manifest.ScriptTurn{Calls: call(manifest.ScriptCall{Tool: &manifest.ScriptTool{Name: "finish", Args: map[string]any{"summary": "greeted"}}})})
	}
	return append(turns, manifest.ScriptTurn{Say: "greet.txt says good day, NEW.md is there."})
}

func faultName(f *manifest.ScriptFault) string {
	if f.Kind == "status" {
		return fmt.Sprint(f.Status)
	}
	return f.Kind
}
