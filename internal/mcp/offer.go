package mcp

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxMessage bounds what a client may send at once, in bytes.
const maxMessage = 4 << 20

type headArgs struct {
	Head string `json:"head,omitempty" jsonschema:"commit or branch to look at; empty is what you work on, with uncommitted changes"`
}

type ruleArgs struct {
	Rule string `json:"rule" jsonschema:"rule id as a finding names it"`
}

type wayArgs struct {
	From string `json:"from" jsonschema:"file, or component such as component:default/payments"`
	To   string `json:"to" jsonschema:"the same for what it may need"`
}

type queryArgs struct {
	Query string `json:"query,omitempty" jsonschema:"words to look for; empty lists all"`
}

type questionArgs struct {
	Question string `json:"question" jsonschema:"what you need to know, and why you cannot go on without it"`
}

// taken is the answer to what only wants to be heard.
type taken struct {
	Status string `json:"status" jsonschema:"taken: it is recorded"`
}

func server(version string, tools Tools) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "adamant", Title: "adamant", Version: version}, &mcp.ServerOptions{
		Instructions: "Call check before you say that a change is done, and mend what it refuses. Do not suppress findings.",
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
	})
	offerReaders(s, tools)
	offerWriters(s, tools)
	return s
}

func offerReaders(s *mcp.Server, tools Tools) {
	if f := tools.Check; f != nil {
		offer(s, reader("check", "May this change land? Answers with the decision, the risk level and why, the gates, and each finding with file, line, rule and fix. Runs no tests."),
			func(ctx context.Context, a headArgs) (Answer[Verdict], error) { return f(ctx, a.Head) })
	}
	if f := tools.Plan; f != nil {
		offer(s, reader("plan", "What would this change have to pass, and which tests would run? Answers with the risk level and why, the gates and the declared checks. Runs nothing."),
			func(ctx context.Context, a headArgs) (Answer[Plan], error) { return f(ctx, a.Head) })
	}
	if f := tools.ExplainRule; f != nil {
		offer(s, reader("explain_rule", "What does a rule of the constitution want, and why? With a failing and a passing example."),
			func(ctx context.Context, a ruleArgs) (Answer[Rule], error) { return f(ctx, a.Rule) })
	}
	if f := tools.Affected; f != nil {
		offer(s, reader("affected", "Which files, components and tests need these files, or the files of this change? With the way by which they do."), f)
	}
	if f := tools.GraphWhy; f != nil {
		offer(s, reader("graph_why", "By which shortest way, import by import, does one file or component need another?"),
			func(ctx context.Context, a wayArgs) (Answer[Way], error) { return f(ctx, a.From, a.To) })
	}
	if f := tools.Catalog; f != nil {
		offer(s, reader("catalog", "Which components, APIs and systems are there, who owns them, where do they live, what do they depend on?"),
			func(ctx context.Context, a queryArgs) (Answer[Listing], error) { return f(ctx, a.Query) })
	}
	if f := tools.Search; f != nil {
		offer(s, reader("search", "Where in the repository is something said or done?"),
			func(ctx context.Context, a queryArgs) (Answer[Hits], error) { return f(ctx, a.Query) })
	}
	if f := tools.RequestWaiver; f != nil {
		offer(s, reader("request_waiver", "Writes the text of an exception to a rule for the operator to grant. Grants nothing: until the operator has, the rule holds."), f)
	}
}

func offerWriters(s *mcp.Server, tools Tools) {
	if f := tools.AskOperator; f != nil {
		offer(s, writer("ask_operator", "Ends your work with a question to the operator. Ask only what neither the task nor the repository answers."),
			heard(func(ctx context.Context, a questionArgs) error { return f(ctx, a.Question) }))
	}
	if f := tools.Comment; f != nil {
		offer(s, writer("comment", "Records a finding of your review on a line of a file."), heard(f))
	}
	if f := tools.Finish; f != nil {
		offer(s, writer("finish", "Ends your work. Reviewers give their verdict: approve, or request-changes after comments that say what must change."), heard(f))
	}
}

func heard[In any](f func(context.Context, In) error) func(context.Context, In) (Answer[taken], error) {
	return func(ctx context.Context, in In) (Answer[taken], error) {
		return Answer[taken]{Text: "taken", Data: taken{"taken"}}, f(ctx, in)
	}
}

func reader(name, description string) *mcp.Tool {
	closed := false
	return &mcp.Tool{Name: name, Description: description,
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &closed}}
}

func writer(name, description string) *mcp.Tool {
	closed, destroys := false, false
	return &mcp.Tool{Name: name, Description: description,
		Annotations: &mcp.ToolAnnotations{DestructiveHint: &destroys, OpenWorldHint: &closed}}
}

func offer[In, Out any](s *mcp.Server, tool *mcp.Tool, f func(context.Context, In) (Answer[Out], error)) {
	mcp.AddTool(s, tool, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		answer, err := f(ctx, in)
		if err != nil {
			return nil, answer.Data, err
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: answer.Text}}}, answer.Data, nil
	})
}
