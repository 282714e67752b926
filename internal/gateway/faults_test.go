package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

func TestRetries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		statuses []int
		header   [2]string
		body     string
		status   int
		asked    int
	}{
		{"429 twice", []int{429, 429}, [2]string{"Retry-After", "0"}, "", 200, 3},
		{"overloaded, then a fault", []int{529, 500, 503}, [2]string{}, "", 200, 4},
		{"for ever", []int{529, 529, 529, 529, 529, 529}, [2]string{}, `{"error":{"type":"overloaded_error"}}`, 529, 5},
		{"a long wait is the agent's", []int{429}, [2]string{"Retry-After", "3600"}, `{"error":{}}`, 429, 1},
		{"a date long past", []int{429}, [2]string{"Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"}, "", 200, 2},
		{"no money at the provider", []int{429}, [2]string{}, `{"error":{"code":"insufficient_quota"}}`, 429, 1},
		{"a bad request", []int{400}, [2]string{}, `{"error":{"message":"too long"}}`, 400, 1},
		{"too large there", []int{413}, [2]string{}, `{"error":{}}`, 413, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			p := newPlace(t, setting{provider: func(w http.ResponseWriter, r *http.Request) {
				if i := int(n.Add(1)) - 1; i < len(c.statuses) {
					if c.header[0] != "" {
						w.Header().Set(c.header[0], c.header[1])
					}
					w.WriteHeader(c.statuses[i])
					_, _ = io.WriteString(w, c.body)
					return
				}
				write(w, wire.Anthropic, simple, true)
			}})
			status, body, err := p.ask(wire.Anthropic, question(wire.Anthropic, true))
			if status != c.status || len(p.requests()) != c.asked || err != nil {
				t.Errorf("status %d after %d requests (%v): %s", status, len(p.requests()), err, body)
			}
			x := p.observed()[0]
			if x.Retries != c.asked-1 || (status == 200) != (x.Error == "") || x.Status != status {
				t.Errorf("observed %d retries, status %d, %q", x.Retries, x.Status, x.Error)
			}
			if status != 200 && (x.CostNano != 0 || x.Usage != Usage{}) {
				t.Errorf("a refusal costs %d, %+v", x.CostNano, x.Usage)
			}
			if status == c.status && c.body != "" && status != 200 && body != c.body {
				t.Errorf("the provider's words became %s", body)
			}
		})
	}
}

// TestCut: an agent must not take a part for the whole, nothing is sent again behind its back, and what came is paid for.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, f := range formatList {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			long := simple
			long.Text = strings.Repeat("0123456789", 30)
			whole := raw(f, long, true)
			p := newPlace(t, setting{provider: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, whole[:strings.LastIndex(whole, "0123456789")])
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}})
			_, body, err := p.ask(f, question(f, true))
			if err == nil {
				t.Errorf("the agent saw a whole answer: %s", body)
			}
			x := p.observed()[0]
			if len(p.requests()) != 1 || !strings.Contains(x.Error, "cut") || !x.Usage.Partial || x.Usage.Output < 60 || x.Usage.Input() == 0 || x.CostNano == 0 {
				t.Errorf("%d requests, observed %q, %+v, %d", len(p.requests()), x.Error, x.Usage, x.CostNano)
			}
			if p.session.Spent().CostNano != x.CostNano {
				t.Error("the cut answer is not paid for")
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, body string
		status           int
		why              string
	}{
		{"no JSON", "application/json", "<html>", 502, "reading the answer"},
		{"half of it", "application/json", `{"id":"x"`, 502, "reading the answer"},
		{"an error in a stream", "text/event-stream", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n", 200, "overloaded_error: busy"},
		{"a stream with nonsense in it", "text/event-stream", "data: nonsense\n\n" + raw(wire.Anthropic, simple, true), 200, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, setting{provider: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				_, _ = io.WriteString(w, c.body)
			}})
			status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, c.kind == "text/event-stream"))
			if x := p.observed()[0]; status != c.status || !strings.Contains(x.Error, c.why) {
				t.Errorf("status %d, %s, observed %q", status, body, x.Error)
			}
		})
	}
}

func TestHangs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		begin  bool
		set    func(g *manifest.Gateway, span string)
		status int
		why    string
	}{
		{"before the answer", false, func(g *manifest.Gateway, span string) { g.FirstByte = span }, http.StatusGatewayTimeout, "no beginning of an answer within "},
		{"in the middle", true, func(g *manifest.Gateway, span string) { g.Idle = span }, 200, "no part of the answer within "},
		{"on the whole", true, func(g *manifest.Gateway, span string) { g.Total = span }, 200, "no end of the answer within "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for span := 30 * time.Millisecond; ; span *= 2 { // a busy machine needs longer than that to pass the beginning on
				status, why, err := hang(t, c.begin, func(g *manifest.Gateway) { c.set(g, span.String()) })
				if status != c.status && span < time.Minute {
					continue
				}
				if status != c.status || (err != nil) != c.begin || !strings.Contains(why, c.why+span.String()) {
					t.Errorf("status %d, %v, observed %q", status, err, why)
				}
				return
			}
		})
	}
}

// hang asks a provider that goes silent, after the beginning of its answer or at once, and returns what the agent got and what is on record.
func hang(t *testing.T, begin bool, set func(*manifest.Gateway)) (status int, why string, err error) {
	end := make(chan struct{})
	defer close(end)
	p := newPlace(t, setting{settings: set, provider: func(w http.ResponseWriter, r *http.Request) {
		if begin {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, ": hello\n\n")
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}})
	status, _, err = p.ask(wire.Anthropic, question(wire.Anthropic, true))
	return status, p.observed()[0].Error, err
}

// TestEndCutsWhatIsUnderWay: however a session ends, its requests end with it, and what they may have cost is on record.
func TestEndCutsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*place){
		"closed":  func(p *place) { _ = p.session.Close() },
		"refused": func(p *place) { p.session.Refuse("it goes in circles") },
		"an observer says no": func(p *place) {
			if status, _, _ := p.ask(wire.Anthropic, strings.Replace(question(wire.Anthropic, true), "hello", "answer me", 1)); status != 200 {
				t.Errorf("%d", status)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, gone, answered := make(chan struct{}), make(chan struct{}), make(chan int)
			p := newPlace(t, setting{provider: func(w http.ResponseWriter, r *http.Request) {
				if data, _ := io.ReadAll(r.Body); strings.Contains(string(data), "answer me") {
					write(w, wire.Anthropic, simple, true)
					return
				}
				close(asked)
				<-r.Context().Done()
				close(gone)
			}, observe: func(_ context.Context, _ *Session, x Exchange) error {
				if x.Error == "" {
					return errors.New("it goes in circles")
				}
				return nil
			}})
			go func() {
				status, _, _ := p.ask(wire.Anthropic, question(wire.Anthropic, true))
				answered <- status
			}()
			<-asked
			end(p)
			if status := <-answered; status != http.StatusForbidden {
				t.Errorf("it was answered: %d", status)
			}
			<-gone
			seen := p.observed()
			x := seen[len(seen)-1]
			if x.Error == "" || !x.Usage.Partial || x.Usage.Input() == 0 || x.CostNano == 0 {
				t.Errorf("observed %q, %+v, %d", x.Error, x.Usage, x.CostNano)
			}
		})
	}
}

// TestCloseWaits: after Close the session has no more to tell.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	p := newPlace(t, setting{provider: func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}})
	go func() { _, _, _ = p.ask(wire.Anthropic, question(wire.Anthropic, true)) }()
	<-asked
	_ = p.session.Close()
	if seen := p.observed(); len(seen) != 1 || p.session.Spent().CostNano != seen[0].CostNano || seen[0].CostNano == 0 {
		t.Errorf("observed %+v, spent %+v", seen, p.session.Spent())
	}
}

// transportFunc reaches no provider.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// lateBook ends the session while it reserves.
type lateBook struct {
	Book
	end func()
}

func (b *lateBook) Hold(ctx context.Context, purses []Purse, a Amount) (Hold, error) {
	b.end()
	return b.Book.Hold(ctx, purses, a)
}

// TestNothingIsSentAfterTheEnd: not what was admitted already, and not what would be tried again.
func TestNothingIsSentAfterTheEnd(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"admitted": 0, "tried again": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int32
			book := &lateBook{Book: NewBook(), end: func() {}}
			p := newPlace(t, setting{config: func(c *Config) {
				c.Book = book
				c.Transport = transportFunc(func(*http.Request) (*http.Response, error) {
					sent.Add(1)
					return nil, io.ErrUnexpectedEOF
				})
			}})
			if want == 0 {
				book.end = func() { p.session.Refuse("enough") }
			}
			p.gateway.backoff = func(int) time.Duration {
				p.session.Refuse("enough")
				return 0
			}
			status, body, _ := p.ask(wire.Anthropic, question(wire.Anthropic, true))
			if status != http.StatusForbidden || !strings.Contains(body, "enough") || int(sent.Load()) != want {
				t.Errorf("%d: %s, sent %d times", status, body, sent.Load())
			}
		})
	}
}

func TestKeyFiles(t *testing.T) {
	t.Parallel()
	home, repository := t.TempDir(), t.TempDir()
	put := func(folder, name, text string, mode os.FileMode) string {
		t.Helper()
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := put(home, "good", "sk-1\n", 0o600)
	link := filepath.Join(home, "link")
	if err := os.Symlink(put(repository, "inside", "sk-1", 0o600), link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		key  manifest.Key
		want string
		why  string
	}{
		{"a file", manifest.Key{File: good}, "sk-1", ""},
		{"below home", manifest.Key{File: "~/good"}, "sk-1", ""},
		{"a variable", manifest.Key{Env: "KEY"}, "sk-env", ""},
		{"a command", manifest.Key{Command: []string{"echo", "sk-command"}}, "sk-command", ""},
		{"others may read it", manifest.Key{File: put(home, "open", "sk-1", 0o644)}, "", "chmod 600"},
		{"the group may", manifest.Key{File: put(home, "group", "sk-1", 0o640)}, "", "chmod 600"},
		{"in the repository", manifest.Key{File: filepath.Join(repository, "inside")}, "", "in the repository"},
		{"a link into the repository", manifest.Key{File: link}, "", "in the repository"},
		{"a folder", manifest.Key{File: home}, "", "no file"},
		{"missing", manifest.Key{File: filepath.Join(home, "none")}, "", "no such file"},
		{"empty", manifest.Key{File: put(home, "empty", "\n", 0o600)}, "", "one line"},
		{"two lines", manifest.Key{File: put(home, "two", "a\nb", 0o600)}, "", "one line"},
		{"no variable", manifest.Key{Env: "NONE"}, "", "is empty"},
		{"a command that fails", manifest.Key{Command: []string{"false"}}, "", "running false"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := &keyring{provider: manifest.Provider{Name: "p", API: "openai", Key: &c.key}, home: home, repository: repository, now: time.Now,
				getenv: func(name string) string { return map[string]string{"KEY": "sk-env"}[name] }}
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x", nil)
			err := k.sign(t.Context(), r, "")
			switch {
			case c.why == "" && (err != nil || r.Header.Get("Authorization") != "Bearer "+c.want):
				t.Errorf("%v, %q", err, r.Header.Get("Authorization"))
			case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)):
				t.Errorf("got %v, want %q", err, c.why)
			case err != nil && strings.Contains(err.Error(), "sk-1"):
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, login, file, text, agent, variable string
		want, why                                string
	}{
		{"claude", "claude", ".claude/.credentials.json", `{"claudeAiOauth":{"accessToken":"oat-1","expiresAt":1900000000000}}`, "claude-cli/2.1", "", "Bearer oat-1", ""},
		{"claude by a variable", "claude", ".claude/x", "", "claude-cli/2.1", "oat-2", "Bearer oat-2", ""},
		{"claude's for another client", "claude", ".claude/.credentials.json", `{"claudeAiOauth":{"accessToken":"oat-1","expiresAt":1900000000000}}`, "pi/0.7", "", "", "Claude Code only"},
		{"claude's has run out", "claude", ".claude/.credentials.json", `{"claudeAiOauth":{"accessToken":"oat-1","expiresAt":1500000000000}}`, "claude-cli/2.1", "", "", "run claude once"},
		{"nobody is logged in", "claude", ".claude/.credentials.json", `{}`, "claude-cli/2.1", "", "", "nobody is logged in"},
		{"chatgpt", "chatgpt", ".codex/auth.json", `{"tokens":{"access_token":"e30.eyJleHAiOjE5MDAwMDAwMDB9.x","account_id":"acc"}}`, "codex_exec/0.169", "", "Bearer e30.eyJleHAiOjE5MDAwMDAwMDB9.x", ""},
		{"chatgpt's has run out", "chatgpt", ".codex/auth.json", `{"tokens":{"access_token":"e30.eyJleHAiOjE1MDAwMDAwMDB9.x","account_id":"acc"}}`, "codex_exec/0.169", "", "", "run codex once"},
		{"chatgpt's for another client", "chatgpt", ".codex/auth.json", `{"tokens":{"access_token":"x"}}`, "claude-cli/2.1", "", "", "Codex only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			file := filepath.Join(home, c.file)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			k := &keyring{provider: manifest.Provider{Name: "p", Login: c.login}, home: home, now: func() time.Time { return now },
				getenv: func(string) string { return c.variable }}
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://x", nil)
			err := k.sign(t.Context(), r, c.agent)
			if got := r.Header.Get("Authorization"); got != c.want || (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
				t.Errorf("%q, %v", got, err)
			}
			if c.login == "claude" && err == nil && !strings.Contains(r.Header.Get("Anthropic-Beta"), "oauth-") {
				t.Error("the service wants to know that this is a login")
			}
		})
	}
}
