package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// offer adds a tool whose arguments are checked before f sees them and whose answer is bounded.
func offer[In, Out any](s *mcp.Server, tool *mcp.Tool, f func(context.Context, In) (Answer[Out], error)) {
	in := inputSchema[In]()
	wanted, err := in.Resolve(nil)
	if err != nil {
		panic(fmt.Sprintf("the input schema of %s: %v", tool.Name, err)) // of a Go type of ours: a test sees it
	}
	tool.InputSchema, tool.OutputSchema = in, outputSchema[Out]()
	s.AddTool(tool, func(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		ctx, cancel := withRequest(ctx)
		defer cancel()
		args, err := arguments[In](r.Params.Arguments, wanted)
		if err != nil {
			return failed(fmt.Errorf("the arguments do not fit: %w. %s takes %s", err, tool.Name, takes(in))), nil
		}
		answer, err := guarded(ctx, args, f)
		if err != nil {
			return failed(err), nil
		}
		data, err := fit(answer.Data, maxData)
		if err != nil {
			return failed(err), nil
		}
		return &mcp.CallToolResult{Content: text(answer.Text), StructuredContent: data}, nil
	})
}

// arguments reads what a model wrote.
func arguments[In any](raw json.RawMessage, wanted *jsonschema.Resolved) (in In, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	var any map[string]any
	if err := json.Unmarshal(raw, &any); err != nil {
		return in, err
	}
	if err := wanted.Validate(any); err != nil {
		return in, err
	}
	return in, json.Unmarshal(raw, &in)
}

// guarded keeps a tool that panics from ending the daemon and the work of every other agent.
func guarded[In, Out any](ctx context.Context, in In, f func(context.Context, In) (Answer[Out], error)) (out Answer[Out], err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("adamant failed here, and not for what you did: %v. Go on without this tool and say so in your summary", p)
		}
	}()
	return f(ctx, in)
}

func failed(err error) *mcp.CallToolResult {
	return &mcp.CallToolResult{IsError: true, Content: text(err.Error())}
}

func text(t string) []mcp.Content {
	return []mcp.Content{&mcp.TextContent{Text: cut(printable(t), maxText)}}
}

// takes names the arguments of a tool.
func takes(s *jsonschema.Schema) string {
	var all []string
	for _, name := range s.PropertyOrder {
		p := s.Properties[name]
		kind := p.Type
		if len(p.Enum) > 0 {
			kind = "one of " + strings.Trim(fmt.Sprint(p.Enum), "[]")
		}
		for _, required := range s.Required {
			if required == name {
				kind += ", required"
			}
		}
		all = append(all, fmt.Sprintf("%s (%s)", name, kind))
	}
	return strings.Join(all, ", ")
}
