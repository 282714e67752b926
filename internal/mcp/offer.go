package mcp

import (
	"context"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type headArgs struct {
	Head string `json:"head,omitempty" jsonschema:"commit or branch to look at; absent: what you work on, with uncommitted changes"`
}

type ruleArgs struct {
	Rule string `json:"rule" jsonschema:"rule id as a finding names it"`
}

type wayArgs struct {
	From string `json:"from" jsonschema:"file from the root of the repository, or component such as component:default/payments"`
	To   string `json:"to" jsonschema:"the same for what it may need"`
}

type queryArgs struct {
	Query string `json:"query,omitempty" jsonschema:"words to look for; absent lists all"`
}

type questionArgs struct {
	Question string `json:"question" jsonschema:"what you need to know, and why you cannot go on without it"`
}

// taken is the answer to what only wants to be heard.
type taken struct {
	Status string `json:"status" jsonschema:"taken: it is recorded"`
}

const instructions = "adamant decides which changes may land. Call check before you say that a change is done, and mend what it refuses; " +
	"explain_rule says what a rule wants. Do not suppress findings."

func server(version string, tools Tools) *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "adamant", Title: "adamant", Version: version}, &mcp.ServerOptions{
		Instructions: instructions, Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
	})
	offerJudgement(s, tools)
	offerKnowledge(s, tools)
	offerWords(s, tools)
	return s
}

func offerJudgement(s *mcp.Server, tools Tools) {
	if f := tools.Check; f != nil {
		offer(s, reads("check", "May this change land? Answers with the decision, the risk level and why, the gates, and each finding with file, line, rule and fix. Runs no tests."),
			func(ctx context.Context, a headArgs) (Answer[Verdict], error) { return f(ctx, a.Head) })
	}
	if f := tools.Plan; f != nil {
		offer(s, reads("plan", "What would this change have to pass, and which tests would run? Answers with the risk level and why, the gates and the declared checks. Runs nothing."),
			func(ctx context.Context, a headArgs) (Answer[Plan], error) { return f(ctx, a.Head) })
	}
	if f := tools.ExplainRule; f != nil {
		offer(s, reads("explain_rule", "What does a rule of the constitution want, and why? With a failing and a passing example."),
			func(ctx context.Context, a ruleArgs) (Answer[Rule], error) { return f(ctx, a.Rule) })
	}
	if f := tools.RequestWaiver; f != nil {
		offer(s, reads("request_waiver", "Writes the text of an exception to a rule for the operator to grant. Grants nothing: until the operator has, the rule holds."), f)
	}
}

func offerKnowledge(s *mcp.Server, tools Tools) {
	if f := tools.Affected; f != nil {
		offer(s, reads("affected", "Which files, components and tests need these files, or the files of this change? With the way by which they do."), f)
	}
	if f := tools.GraphWhy; f != nil {
		offer(s, reads("graph_why", "By which shortest way, import by import, does one file or component need another?"),
			func(ctx context.Context, a wayArgs) (Answer[Way], error) { return f(ctx, a.From, a.To) })
	}
	if f := tools.Catalog; f != nil {
		offer(s, reads("catalog", "Which components, APIs and systems are there, who owns them, where do they live, what do they depend on?"),
			func(ctx context.Context, a queryArgs) (Answer[Listing], error) { return f(ctx, a.Query) })
	}
	if f := tools.Search; f != nil {
		offer(s, reads("search", "Where in the repository is something said or done?"),
			func(ctx context.Context, a queryArgs) (Answer[Hits], error) { return f(ctx, a.Query) })
	}
}

func offerWords(s *mcp.Server, tools Tools) {
	if f := tools.AskOperator; f != nil {
		offer(s, tells("ask_operator", "Ends your work with a question to the operator. Ask only what neither the task nor the repository answers."),
			heard(func(ctx context.Context, a questionArgs) error { return f(ctx, a.Question) }))
	}
	if f := tools.Comment; f != nil {
		offer(s, tells("comment", "Records a finding of your review on a line of a file."), heard(f))
	}
	if f := tools.Finish; f != nil {
		offer(s, tells("finish", "Ends your work. Reviewers give their verdict: approve, or request-changes after comments that say what must change."), heard(f))
	}
}

func heard[In any](f func(context.Context, In) error) func(context.Context, In) (Answer[taken], error) {
	return func(ctx context.Context, in In) (Answer[taken], error) {
		return Answer[taken]{Text: "taken", Data: taken{"taken"}}, f(ctx, in)
	}
}

// reads is a tool that changes nothing.
func reads(name, description string) *mcp.Tool {
	return &mcp.Tool{Name: name, Description: description,
		Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: new(false)}}
}

// tells is a tool that puts the agent's word on record.
func tells(name, description string) *mcp.Tool {
	return &mcp.Tool{Name: name, Description: description,
		Annotations: &mcp.ToolAnnotations{DestructiveHint: new(false), OpenWorldHint: new(false)}}
}
