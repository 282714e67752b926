// Package mcp serves agents over the Model Context Protocol (specification 2025-11-25): those at the keyboard over standard
// input and output, those in the sandbox and at the daemon's socket over HTTP. It promises that every tool says what it takes and
// what it gives, that an answer is bounded and says what was left out, that an error reaches the model as a failed call in
// words, and that no message of a client ends the server.
//
// It offers what it is given and decides nothing: who may ask is decided in front of it, and what an agent learns here binds
// nobody.
package mcp

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Tools are what a server offers. One that is nil is not offered. An error reaches the model as a failed call, in its own words;
// they should name the next step.
type Tools struct {
	// Check judges a commit, or what the agent is working on when head is empty. Its text begins with the decision.
	Check func(ctx context.Context, head string) (Answer[Verdict], error)
	// Plan says what a commit would have to pass, before anything runs; head as for Check.
	Plan func(ctx context.Context, head string) (Answer[Plan], error)
	// ExplainRule says what a rule wants.
	ExplainRule func(ctx context.Context, rule string) (Answer[Rule], error)
	// Affected says what needs some files, or what a change touches.
	Affected func(context.Context, Scope) (Answer[Impact], error)
	// GraphWhy is the shortest way by which one file or component needs another.
	GraphWhy func(ctx context.Context, from, to string) (Answer[Way], error)
	// Catalog lists the entities of the catalog that match a query, all of them when it is empty.
	Catalog func(ctx context.Context, query string) (Answer[Listing], error)
	// Search finds places in the repository.
	Search func(ctx context.Context, query string) (Answer[Hits], error)
	// RequestWaiver writes the text of a waiver for the operator to grant. It grants nothing.
	RequestWaiver func(context.Context, WaiverAsk) (Answer[WaiverProposal], error)
	// AskOperator ends the attempt with a question to the operator.
	AskOperator func(ctx context.Context, question string) error
	// Comment records a reviewer's finding.
	Comment func(context.Context, Comment) error
	// Finish ends the attempt.
	Finish func(context.Context, Finish) error
}

// Serve answers requests on in and out, one JSON-RPC message a line, until in ends or ctx does. What was asked before in ended is
// still answered.
func Serve(ctx context.Context, in io.Reader, out io.Writer, version string, tools Tools) error {
	return server(version, tools).Run(ctx, &stdio{in: in, out: out})
}

// Handler answers over streamable HTTP, at whatever path it is mounted. Each request stands for itself: there are no sessions to
// keep or to lose. It is for clients that somebody in front of it has let in; pages of a browser are refused.
func Handler(version string, tools Tools) http.Handler { return handler(server(version, tools)) }

func handler(s *mcp.Server) http.Handler {
	h := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxMessage, Logger: slog.New(slog.DiscardHandler),
	})
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, r.Context())))
	}))
}

type requestKey struct{}

// withRequest ends with the HTTP request, which the protocol's library lets its tools outlive.
func withRequest(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	request, ok := ctx.Value(requestKey{}).(context.Context)
	if !ok {
		return ctx, cancel
	}
	stop := context.AfterFunc(request, cancel)
	return ctx, func() { stop(); cancel() }
}
