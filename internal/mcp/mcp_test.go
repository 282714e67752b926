package mcp

import (
	"context"
	"errors"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A real client of the protocol's SDK asks.
func TestServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	clientSide, serverSide := mcp.NewInMemoryTransports()
	s := server("v1", Tools{
		Check: func(_ context.Context, head string) (Answer[Verdict], error) {
			return Answer[Verdict]{Text: "DENY " + head, Data: Verdict{Decision: "deny", Findings: []Finding{}, Gates: []Gate{}, Reasons: []Reason{}}}, nil
		},
		ExplainRule: func(context.Context, string) (Answer[Rule], error) { return Answer[Rule]{}, errors.New("no such rule") },
	})
	session, err := s.Connect(ctx, serverSide, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "v1"}, nil).Connect(ctx, clientSide, nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := client.CallTool(ctx, &mcp.CallToolParams{Name: "check", Arguments: map[string]any{"head": "feature"}})
	if err != nil || result.IsError || result.Content[0].(*mcp.TextContent).Text != "DENY feature" {
		t.Errorf("check: %+v, %v", result, err)
	}
	result, err = client.CallTool(ctx, &mcp.CallToolParams{Name: "explain_rule", Arguments: map[string]any{"rule": "x"}})
	if err != nil || !result.IsError {
		t.Errorf("an unknown rule was explained: %+v, %v", result, err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := session.Wait(); err != nil {
		t.Error(err)
	}
}
