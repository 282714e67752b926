// Package mcp serves agents at the keyboard over the Model Context Protocol (specification 2025-11-25): they ask the gate
// before they push. It offers what it is given and decides nothing; what an agent learns here binds nobody.
package mcp

import (
	"context"
	"io"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Tools are what the server offers. Each answers in text for a model to read; an error reaches the model as a failed call.
type Tools struct {
	// Check judges the working tree, or a commit when head is not empty.
	Check func(ctx context.Context, head string) (string, error)
	// ExplainRule says what a rule of the constitution wants, with examples.
	ExplainRule func(ctx context.Context, rule string) (string, error)
}

type checkArgs struct {
	Head string `json:"head,omitempty" jsonschema:"commit or branch to judge; empty judges the working tree with uncommitted changes"`
}

type ruleArgs struct {
	Rule string `json:"rule" jsonschema:"rule id as a finding names it"`
}

// Serve answers requests on in and out until in ends or ctx does.
func Serve(ctx context.Context, in io.ReadCloser, out io.WriteCloser, version string, tools Tools) error {
	return server(version, tools).Run(ctx, &mcp.IOTransport{Reader: in, Writer: out})
}

func server(version string, tools Tools) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "adamant", Title: "adamant", Version: version}, &mcp.ServerOptions{
		Instructions: "Call check before you say that a change is done, and mend what it refuses. Do not suppress findings.",
	})
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true}
	mcp.AddTool(s, &mcp.Tool{Name: "check", Annotations: readOnly,
		Description: "May this change land? Answers with the decision, the risk level and why, the gates, and each finding with file, line, rule and fix. Runs no tests."},
		func(ctx context.Context, _ *mcp.CallToolRequest, args checkArgs) (*mcp.CallToolResult, any, error) {
			return answer(tools.Check(ctx, args.Head))
		})
	mcp.AddTool(s, &mcp.Tool{Name: "explain_rule", Annotations: readOnly,
		Description: "What does a rule of the constitution want, and why? With a failing and a passing example."},
		func(ctx context.Context, _ *mcp.CallToolRequest, args ruleArgs) (*mcp.CallToolResult, any, error) {
			return answer(tools.ExplainRule(ctx, args.Rule))
		})
	return s
}

func answer(text string, err error) (*mcp.CallToolResult, any, error) {
	if err != nil {
		return nil, nil, err
	}
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil, nil
}
