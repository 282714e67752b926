package mcp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// overRelay has a client speak to a Handler through a relay.
func overRelay(t *testing.T, tools Tools) *mcp.ClientSession {
	t.Helper()
	web := httptest.NewServer(Handler("v1", tools))
	t.Cleanup(web.Close)
	in, toRelay := io.Pipe()
	fromRelay, out := io.Pipe()
	relayed := make(chan error, 1)
	go func() { relayed <- Relay(context.WithoutCancel(t.Context()), in, out, web.Client(), web.URL) }()
	session := connect(t, &mcp.IOTransport{Reader: fromRelay, Writer: toRelay})
	t.Cleanup(func() {
		if err := errors.Join(toRelay.Close(), <-relayed); err != nil {
			t.Errorf("the relay ended with %v", err)
		}
	})
	return session
}

// What a client gives up is given up at the server, which hears of it by the connection only.
func TestRelayGivesUp(t *testing.T) {
	t.Parallel()
	tools := everything()
	began, ended := make(chan struct{}), make(chan struct{})
	tools.Check = func(ctx context.Context, _ string) (Answer[Verdict], error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return Answer[Verdict]{}, ctx.Err()
	}
	session := overRelay(t, tools)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-began
		leave()
	}()
	if _, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "check"}); !errors.Is(err, context.Canceled) {
		t.Errorf("the call was answered: %v", err)
	}
	<-ended
	if result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "plan"}); err != nil || result.IsError {
		t.Errorf("the next call: %+v, %v", result, err)
	}
}

// Whatever happens to the server, each request has an answer.
func TestRelayWithoutServer(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not for you", http.StatusForbidden) }))
	defer web.Close()
	for url, want := range map[string]string{web.URL: "403 Forbidden: not for you", "http://127.0.0.1:1/": "refused"} { // no test gets that port
		var out strings.Builder
		if err := Relay(t.Context(), strings.NewReader(hello+"garbage\n"+call), &out, http.DefaultClient, url); err != nil {
			t.Fatal(err)
		}
		if strings.Count(out.String(), want) != 2 || !strings.Contains(out.String(), "-32700") || !strings.Contains(out.String(), `"id":9`) {
			t.Errorf("%s", out.String())
		}
	}
}

func TestRelayKeepsTheVersion(t *testing.T) {
	t.Parallel()
	h := Handler("v1", everything())
	var mu sync.Mutex
	versions := map[string]int{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		versions[r.Header.Get("Mcp-Protocol-Version")]++
		mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	defer web.Close()
	var out strings.Builder
	if err := Relay(t.Context(), strings.NewReader(hello+call), &out, web.Client(), web.URL); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if versions[""] != 1 || versions["2025-11-25"] != 2 {
		t.Errorf("%v: want initialize without a version and the others with the one agreed on", versions)
	}
}
