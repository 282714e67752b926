package mcp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// everything offers all tools. Commit "boom" is one that cannot be judged.
func everything() Tools {
	return Tools{
		Check: func(_ context.Context, head string) (Answer[Verdict], error) {
			if head == "boom" {
				return Answer[Verdict]{}, errors.New("no such commit: leave head out")
			}
			return Answer[Verdict]{Text: "DENY  high risk", Data: Verdict{Decision: "deny", Level: "high", Head: head, Findings: []Finding{}, Gates: []Gate{}, Reasons: []Reason{}}}, nil
		},
		Plan: func(context.Context, string) (Answer[Plan], error) {
			return Answer[Plan]{Text: "high", Data: Plan{Level: "high", Why: []string{}, Gates: []Gate{}, Checks: []Check{}, Merge: "manual"}}, nil
		},
		ExplainRule: func(_ context.Context, id string) (Answer[Rule], error) {
			return Answer[Rule]{Text: id, Data: Rule{ID: id, Title: "t", Does: "deny", Description: "d"}}, nil
		},
		Affected: func(_ context.Context, s Scope) (Answer[Impact], error) {
			return Answer[Impact]{Text: strings.Join(s.Paths, " "), Data: Impact{Changed: s.Paths, Files: []Affected{}, Components: []string{}, Tests: []string{}, Open: []string{}}}, nil
		},
		GraphWhy: func(_ context.Context, from, to string) (Answer[Way], error) {
			return Answer[Way]{Text: from + to, Data: Way{Needs: true, Steps: []Step{{From: from, To: to, Kind: "static"}}}}, nil
		},
		Catalog: func(context.Context, string) (Answer[Listing], error) {
			return Answer[Listing]{Text: "x", Data: Listing{Entities: []Entity{{Ref: "component:default/x", File: "catalog-info.yaml"}}}}, nil
		},
		Search: func(context.Context, string) (Answer[Hits], error) {
			return Answer[Hits]{Text: "a.go:1", Data: Hits{Hits: []Hit{{Path: "a.go", Line: 1, Text: "x"}}}}, nil
		},
		RequestWaiver: func(_ context.Context, a WaiverAsk) (Answer[WaiverProposal], error) {
			return Answer[WaiverProposal]{Text: a.Rule, Data: WaiverProposal{Path: "w", Content: "c", Command: "adamant"}}, nil
		},
		AskOperator: func(context.Context, string) error { return nil },
		Comment:     func(context.Context, Comment) error { return nil },
		Finish:      func(context.Context, Finish) error { return nil },
	}
}

// calls is one good call of each tool.
var calls = map[string]map[string]any{
	"check": {}, "plan": {"head": "x"}, "explain_rule": {"rule": "r"}, "affected": {"paths": []string{"a.go"}}, "graph_why": {"from": "a", "to": "b"},
	"catalog": {}, "search": {"query": "x"}, "request_waiver": {"rule": "r", "path": "a.go", "reason": "the vendor mends it in June", "days": 3},
	"ask_operator": {"question": "why?"}, "comment": {"path": "a.go", "line": 3, "severity": "note", "text": "odd"}, "finish": {"summary": "done", "verdict": "approve"},
}

func overHTTP(t *testing.T, tools Tools) *mcp.ClientSession {
	t.Helper()
	web := httptest.NewServer(Handler("v1", tools))
	t.Cleanup(web.Close)
	return connect(t, &mcp.StreamableClientTransport{Endpoint: web.URL, DisableStandaloneSSE: true, MaxRetries: -1})
}

// overStdio has a client speak to Serve as a process would.
func overStdio(t *testing.T, tools Tools) *mcp.ClientSession {
	t.Helper()
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(context.WithoutCancel(t.Context()), in, out, "v1", tools) }()
	session := connect(t, &mcp.IOTransport{Reader: fromServer, Writer: toServer})
	t.Cleanup(func() {
		if err := errors.Join(toServer.Close(), <-served); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return session
}

func connect(t *testing.T, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "v1"}, nil).Connect(context.WithoutCancel(t.Context()), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() }) // the pipes are gone first
	return session
}

var ways = map[string]func(*testing.T, Tools) *mcp.ClientSession{"http": overHTTP, "stdio": overStdio, "relay": overRelay}

// A real client of the protocol's SDK calls every tool. It holds structured answers against the schemas.
func TestEveryTool(t *testing.T) {
	t.Parallel()
	for name, over := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session := over(t, everything())
			offered, err := session.ListTools(t.Context(), nil)
			if err != nil || len(offered.Tools) != len(calls) {
				t.Fatalf("%d tools are offered, want %d; %v", len(offered.Tools), len(calls), err)
			}
			for _, tool := range offered.Tools {
				if tool.InputSchema == nil || tool.OutputSchema == nil || tool.Annotations == nil || tool.Description == "" {
					t.Errorf("%s is not described: %+v", tool.Name, tool)
				}
				result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool.Name, Arguments: calls[tool.Name]})
				if err != nil || result.IsError || result.StructuredContent == nil || said(result) == "" {
					t.Errorf("%s: %+v, %v", tool.Name, result, err)
					continue
				}
				valid(t, tool, result.StructuredContent)
			}
		})
	}
}

func said(r *mcp.CallToolResult) string {
	if len(r.Content) != 1 {
		return ""
	}
	return r.Content[0].(*mcp.TextContent).Text
}

func TestAbsentToolsAreHidden(t *testing.T) {
	t.Parallel()
	session := overHTTP(t, Tools{Finish: everything().Finish})
	offered, err := session.ListTools(t.Context(), nil)
	if err != nil || len(offered.Tools) != 1 || offered.Tools[0].Name != "finish" {
		t.Errorf("%+v, %v", offered, err)
	}
	if offered.Tools[0].Annotations.ReadOnlyHint {
		t.Error("finish says that it changes nothing")
	}
	if overHTTP(t, Tools{}).InitializeResult().Capabilities.Tools == nil {
		t.Error("a server without tools does not say that it has none")
	}
}

// Whatever is wrong with a call is told to the model in words, as a failed call.
func TestFailedCalls(t *testing.T) {
	t.Parallel()
	tools := everything()
	tools.Plan = func(context.Context, string) (Answer[Plan], error) { panic("at the disco") }
	for _, c := range []struct {
		tool string
		args any
		want string
	}{
		{"check", map[string]any{"head": "boom"}, "no such commit: leave head out"},
		{"check", map[string]any{"hedd": "x"}, `check takes head (string)`},
		{"check", map[string]any{"head": strings.Repeat("x", longestString+1)}, "maxLength"},
		{"explain_rule", map[string]any{}, `explain_rule takes rule (string, required)`},
		{"explain_rule", map[string]any{"rule": ""}, "minLength"},
		{"explain_rule", []string{"x"}, "the arguments do not fit"},
		{"comment", map[string]any{"path": "a.go", "line": 0, "severity": "note", "text": "x"}, "minimum"},
		{"comment", map[string]any{"path": "a.go", "line": 1, "severity": "dire", "text": "x"}, "severity (one of error warning note, required)"},
		{"finish", map[string]any{"summary": "x", "verdict": "maybe"}, "verdict (one of approve request-changes"},
		{"affected", map[string]any{"paths": make([]string, mostItems+1)}, "maxItems"},
		{"plan", map[string]any{}, "adamant failed here, and not for what you did: at the disco"},
	} {
		result, err := overHTTP(t, tools).CallTool(t.Context(), &mcp.CallToolParams{Name: c.tool, Arguments: c.args})
		if err != nil || !result.IsError || !strings.Contains(said(result), c.want) {
			t.Errorf("%s %.40v: %+v %v; want %q", c.tool, c.args, result, err, c.want)
		}
	}
}

// A client may leave the arguments out.
func TestNoArguments(t *testing.T) {
	t.Parallel()
	result, err := overStdio(t, everything()).CallTool(t.Context(), &mcp.CallToolParams{Name: "check"})
	if err != nil || result.IsError {
		t.Errorf("%+v, %v", result, err)
	}
}

// What is too long is cut, and the answer says so in both forms.
func TestBoundedAnswers(t *testing.T) {
	t.Parallel()
	tools := everything()
	var many []Entity
	for range 5000 {
		many = append(many, Entity{Ref: "component:default/x", File: "catalog-info.yaml"})
	}
	tools.Catalog = func(context.Context, string) (Answer[Listing], error) {
		return Answer[Listing]{Text: strings.Repeat("component:default/ü\n", 5000), Data: Listing{Entities: many}}, nil
	}
	session := overHTTP(t, tools)
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "catalog"})
	if err != nil || result.IsError {
		t.Fatalf("%+v, %v", result, err)
	}
	if got := said(result); len(got) > maxText+200 || !strings.Contains(got, "bytes are left out here: ask about less") || !strings.Contains(got, "ü\n...") {
		t.Errorf("%d bytes of text, ending in %q", len(got), got[len(got)-80:])
	}
	data := result.StructuredContent.(map[string]any)
	left := int(data[omitted].(map[string]any)["entities"].(float64))
	if n := len(data["entities"].([]any)); n == 0 || n+left != len(many) {
		t.Errorf("%d entities and %d left out of %d", n, left, len(many))
	}
	tools = everything()
	tools.ExplainRule = func(context.Context, string) (Answer[Rule], error) {
		return Answer[Rule]{Text: "\x1b[2Jred\u202e", Data: Rule{ID: "r", Description: strings.Repeat("ü", 1<<20)}}, nil
	}
	result, err = overHTTP(t, tools).CallTool(t.Context(), &mcp.CallToolParams{Name: "explain_rule", Arguments: calls["explain_rule"]})
	if err != nil || said(result) != "\ufffd[2Jred\ufffd" {
		t.Errorf("text that steers: %q, %v", said(result), err)
	}
	if d := result.StructuredContent.(map[string]any); len(d["description"].(string)) > maxData || d[omitted] == nil {
		t.Errorf("a description of %d bytes", len(d["description"].(string)))
	}
}

// A client that goes away ends what it asked for, and a page of a browser asks for nothing.
func TestHTTP(t *testing.T) {
	t.Parallel()
	tools := everything()
	began, ended := make(chan struct{}), make(chan struct{})
	tools.Check = func(ctx context.Context, _ string) (Answer[Verdict], error) {
		close(began)
		<-ctx.Done()
		close(ended)
		return Answer[Verdict]{}, ctx.Err()
	}
	web := httptest.NewServer(Handler("v1", tools))
	defer web.Close()
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-began
		leave()
	}()
	call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"check"}}`
	if _, err := http.DefaultClient.Do(request(t, ctx, web.URL, call)); err == nil {
		t.Error("the call was answered")
	}
	<-ended

	foreign := request(t, t.Context(), web.URL, call)
	foreign.Header.Set("Origin", "https://attacker.example")
	stream := request(t, t.Context(), web.URL, "")
	stream.Method = http.MethodGet
	for what, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"a stream":       {stream, http.StatusMethodNotAllowed},
		"a foreign page": {foreign, http.StatusForbidden},
		"no JSON":        {request(t, t.Context(), web.URL, "garbage"), http.StatusBadRequest},
		"a huge body":    {request(t, t.Context(), web.URL, `"`+strings.Repeat("x", maxMessage)), http.StatusRequestEntityTooLarge},
	} {
		answer, err := http.DefaultClient.Do(c.r)
		if err != nil {
			t.Fatal(what, err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != c.want {
			t.Errorf("%s: %s, want %d; %v", what, answer.Status, c.want, err)
		}
	}
}

func request(t *testing.T, ctx context.Context, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	return r
}
