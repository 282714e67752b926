package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fake is a Notifier with one hook that is a function, and what troubled it.
func fake(deliver func(context.Context, Event) error) (*Notifier, *[]Trouble) {
	var mu sync.Mutex
	var troubles []Trouble
	n := &Notifier{told: map[string]bool{}, opt: Options{Now: time.Now, Trouble: func(t Trouble) {
		mu.Lock()
		defer mu.Unlock()
		troubles = append(troubles, t)
	}}}
	n.lines = []*line{{hook: manifest.Hook{Name: "fake"}, timeout: 10 * time.Second, attempts: 5, queue: make(chan Event, queueLimit), deliver: deliver}}
	n.start()
	return n, &troubles
}

func TestRetries(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	tests := map[string]struct {
		fails   int // attempts that fail
		err     error
		tried   int
		took    time.Duration
		trouble bool
	}{
		"at once":           {0, broken, 1, 0, false},
		"the third time":    {2, broken, 3, 3 * time.Second, false},
		"the last time":     {4, broken, 5, 15 * time.Second, false},
		"never":             {9, broken, 5, 15 * time.Second, true},
		"it makes no sense": {9, fmt.Errorf("gone: %w", errPermanent), 1, 0, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tried, begun := 0, time.Now()
				n, troubles := fake(func(context.Context, Event) error {
					if tried++; tried <= tt.fails {
						return tt.err
					}
					return nil
				})
				n.Send(Event{Cause: "c"})
				n.Close(t.Context())
				if took := time.Since(begun); tried != tt.tried || took != tt.took || (len(*troubles) == 1) != tt.trouble {
					t.Errorf("%d attempts in %s, %v; want %d in %s", tried, took, *troubles, tt.tried, tt.took)
				}
			})
		})
	}
}

func TestOncePerCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		n, _ := fake(func(_ context.Context, e Event) error { told = append(told, e.Cause); return nil })
		for _, cause := range []string{"a", "b", "a", "a", "c", "b"} {
			n.Send(Event{Cause: cause})
		}
		n.Close(t.Context())
		n.Send(Event{Cause: "late"})
		n.Close(t.Context())
		if got := strings.Join(told, ""); got != "abc" {
			t.Errorf("told %q", got)
		}
	})
}

// A hook that hangs holds nobody up, and what it cannot take is not lost in silence.
func TestSendNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, troubles := fake(func(ctx context.Context, _ Event) error { <-ctx.Done(); return ctx.Err() })
		begun := time.Now()
		n.Send(Event{Cause: "first"})
		synctest.Wait() // it is being told
		for i := range queueLimit + 10 {
			n.Send(Event{Cause: fmt.Sprint(i)})
		}
		if took := time.Since(begun); took != 0 || len(*troubles) != 10 {
			t.Errorf("took %s, %d troubles", took, len(*troubles))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n.Close(ctx)
		if took := time.Since(begun); took != time.Second || len(*troubles) != queueLimit+11 {
			t.Errorf("closed after %s, %d troubles", took, len(*troubles))
		}
	})
}

func TestLevels(t *testing.T) {
	t.Parallel()
	l := &line{least: risk.High}
	for level, want := range map[string]bool{"low": false, "medium": false, "high": true, "critical": true, "": true} {
		if got := l.wants(Event{Level: level}); got != want {
			t.Errorf("%q: %v", level, got)
		}
	}
}

func TestCausesAreForgotten(t *testing.T) {
	t.Parallel()
	n := &Notifier{told: map[string]bool{}}
	for i := range causeLimit + 5 {
		n.remember(fmt.Sprint(i))
	}
	if len(n.told) != causeLimit || n.told["4"] || !n.told["5"] {
		t.Errorf("%d causes", len(n.told))
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	secret := []byte("a secret of thirty-two characters")
	status := []int{503, 429, 200}
	var ids []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, secret)
		fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
		if got, want := r.Header.Get("webhook-signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
			t.Errorf("signature %q, want %q", got, want)
		}
		var e Event
		if err := json.Unmarshal(body, &e); err != nil || e.Text != "look" {
			t.Errorf("%s, %v", body, err)
		}
		ids = append(ids, r.Header.Get("webhook-id"))
		w.WriteHeader(status[len(ids)-1])
	}))
	defer server.Close()
	opt := Options{Now: time.Now, Getenv: func(string) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }}
	deliver, err := webhook(manifest.Hook{URL: server.URL, SecretEnv: "S"}, opt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range status {
		if err := deliver(t.Context(), Event{Cause: "c", Text: "look"}); (err == nil) != (status[i] == 200) || errors.Is(err, errPermanent) {
			t.Errorf("%d: %v", status[i], err)
		}
	}
	if len(ids) != 3 || ids[0] != ids[2] {
		t.Errorf("ids %v", ids)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	hops := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hops++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	opt := Options{Now: time.Now, Getenv: func(string) string { return "" }}
	deliver, err := webhook(manifest.Hook{URL: server.URL}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := deliver(t.Context(), Event{}); !errors.Is(err, errPermanent) || hops != 1 {
		t.Errorf("a redirect: %v after %d hops", err, hops)
	}
	if _, err := New([]manifest.Hook{{Name: "x", URL: server.URL, SecretEnv: "S"}}, opt); err == nil || !strings.Contains(err.Error(), "hook x: the variable S") {
		t.Errorf("an empty secret: %v", err)
	}
	if _, err := New([]manifest.Hook{{Name: "x"}}, opt); err == nil {
		t.Error("a hook that is none")
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "said")
	env := map[string]string{"PATH": os.Getenv("PATH"), "OUT": file, "TOKEN": "secret"}
	opt := Options{Now: time.Now, Getenv: func(name string) string { return env[name] }}
	deliver := command(manifest.Hook{Command: []string{`cat > "$OUT"; echo "${TOKEN:-none}" >> "$OUT"`}, PassEnv: []string{"OUT"}}, opt)
	if err := deliver(t.Context(), Event{Cause: "c", Text: "look; rm -rf $HOME"}); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(said), `"text":"look; rm -rf $HOME"`) || !strings.HasSuffix(string(said), "none\n") {
		t.Errorf("%s, %v", said, err)
	}
	err = command(manifest.Hook{Command: []string{"echo it broke; exit 3"}}, opt)(t.Context(), Event{})
	if err == nil || !strings.Contains(err.Error(), "it broke") {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := command(manifest.Hook{Command: []string{"sleep 600 & sleep 600"}}, opt)(ctx, Event{}); err == nil || time.Since(begun) > 5*time.Minute {
		t.Errorf("a command that hangs: %v after %s", err, time.Since(begun))
	}
}
