package loop

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/modeltest"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/manifest"
)

// turns is a task that begins with trouble of each kind that a gateway passes on.
const turns = `apiVersion: adamant.dev/v1
kind: Script
metadata: { name: sum }
spec:
  parts:
    - name: coder
      turns:
        - { say: I read it., think: "Where is the sum?", calls: [{ read: sum.go }], fault: { kind: status, status: 529, times: 2, retryAfter: "0" } }
        - { say: I mend it., calls: [{ edit: { path: sum.go, old: a + b, new: a - b } }], fault: { kind: bad-arguments } }
        - { say: Again., calls: [{ edit: { path: sum.go, old: a + b, new: a - b } }], fault: { kind: unknown-tool } }
        - { say: And again., calls: [{ edit: { path: sum.go, old: a + b, new: a - b } }], fault: { kind: cut } }
        - { say: I try it., calls: [{ run: grep -c 'a - b' sum.go }, { write: { path: NOTES.md, text: "mended\n" } }] }
        - { calls: [{ tool: { name: finish, args: { summary: Sum subtracts. } } }] }
`

// The loop against the real gateway: the same work over each wire format, with faults, and every exchange seen there.
func TestThroughGateway(t *testing.T) {
	t.Parallel()
	for _, api := range []string{agent.Anthropic, agent.OpenAIChat, agent.OpenAIResponses, agent.OpenAI} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			played, err := script.Load("script.yaml", []byte(turns))
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var seen []gateway.Exchange
			g, err := gateway.New(gateway.Config{Mode: gateway.Script, Script: played, Observe: func(_ context.Context, _ *gateway.Session, e gateway.Exchange) error {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, e)
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			session, err := g.Open(t.Context(), gateway.Attempt{Task: "t", Attempt: "t.1", Agent: "coder", Role: "coder", Models: []string{"m"}, Budget: gateway.Budget{Requests: 100}})
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			server := httptest.NewServer(session.Handler())
			defer server.Close()
			job := coder(checkout(t))
			job.API, job.Endpoint = api, server.URL
			session.Inject("Remember: keep it small.")
			var out bytes.Buffer
			end, err := Run(t.Context(), job, session.Token(), &out)
			if err != nil || end != (Outcome{Done, "Sum subtracts."}) {
				t.Fatalf("%+v, %v\n%.3000s", end, err, out.String())
			}
			data, err := os.ReadFile(filepath.Join(job.Repo, "sum.go"))
			if err != nil || !strings.Contains(string(data), "a - b") {
				t.Errorf("%s, %v", data, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if last := seen[len(seen)-1]; len(last.Calls) != 1 || last.Calls[0].Tool != "finish" || !last.Calls[0].Valid {
				t.Errorf("the last exchange: %+v", last)
			}
		})
	}
}

// A model that is served over another format than was guessed, and then swapped for one of another provider: the loop follows.
func TestFormatFollowsModel(t *testing.T) {
	t.Parallel()
	first := modeltest.Serve(t, modeltest.Turn{Text: "I look.", Reasoning: "where?", Calls: []modeltest.Call{call("toolu_1", "read", `{"path":"sum.go"}`)}})
	second := modeltest.Serve(t, modeltest.Turn{Text: "Enough.", Calls: []modeltest.Call{call("call_2", "finish", `{"summary":"seen"}`)}})
	retries := 0
	g, err := gateway.New(gateway.Config{
		Settings: manifest.Gateway{Retries: &retries, Providers: []manifest.Provider{
			{Name: "one", API: agent.Anthropic, BaseURL: first.URL, Models: []string{"claude-*"}},
			{Name: "two", API: agent.OpenAIChat, BaseURL: second.URL + "/v1", Models: []string{"gpt-*"}}}},
		Observe: func(_ context.Context, s *gateway.Session, e gateway.Exchange) error {
			if e.Refused != "" {
				return nil
			}
			return s.SwapModel("gpt-b")
		}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := g.Open(t.Context(), gateway.Attempt{Task: "t", Attempt: "t.1", Agent: "coder", Role: "coder", Models: []string{"claude-a", "gpt-b"}, Budget: gateway.Budget{Requests: 100}})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	server := httptest.NewServer(session.Handler())
	defer server.Close()
	job := coder(checkout(t))
	job.Model, job.Endpoint = "claude-a", server.URL
	var out bytes.Buffer
	end, err := Run(t.Context(), job, session.Token(), &out)
	if err != nil || end != (Outcome{Done, "seen"}) {
		t.Fatalf("%+v, %v\n%s", end, err, out.String())
	}
	if body := string(second.Requests()[0].Body); !strings.Contains(body, "toolu_1") || !strings.Contains(body, "I look.") || strings.Contains(body, "signature") {
		t.Errorf("the second model was told: %s", body)
	}
}
