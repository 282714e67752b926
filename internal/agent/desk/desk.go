// Package desk is the control plane as an agent inside the sandbox sees it: tools behind the endpoint's /mcp, spoken to by the
// Model Context Protocol. It promises bounded waiting and tells a no of the control plane from a way that is broken. It
// never retries and never decides anything.
package desk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// patience is how long one answer may take: the gate runs tests.
const patience = 15 * time.Minute

// Desk takes checks, comments, questions and the end of the work. It connects when it is first needed. Its methods may be called
// at the same time.
type Desk struct {
	endpoint, token string

	mu      sync.Mutex
	session *mcp.ClientSession
	offers  map[string]bool
}

// New is the desk behind an endpoint, for one token.
func New(endpoint, token string) *Desk {
	return &Desk{endpoint: strings.TrimSuffix(endpoint, "/") + "/mcp", token: token}
}

// ErrNotOffered says that the control plane has no such tool.
var ErrNotOffered = errors.New("adamant does not offer this here")

// Refused is an answer that says no; its words are for the agent.
type Refused struct{ Text string }

func (e *Refused) Error() string { return e.Text }

// Call asks for a tool of the control plane. A *Refused is its own no; other errors are of the way there.
func (d *Desk) Call(ctx context.Context, name string, args map[string]any) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	session, offers, err := d.connect(ctx)
	if err != nil {
		return "", err
	}
	if !offers[name] {
		return "", fmt.Errorf("%s: %w", name, ErrNotOffered)
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		d.forget(session)
		return "", fmt.Errorf("ask adamant for %s: %w", name, err)
	}
	text := contentText(result)
	if result.IsError {
		return "", &Refused{text}
	}
	return text, nil
}

func contentText(r *mcp.CallToolResult) string {
	var parts []string
	for _, content := range r.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			parts = append(parts, text.Text)
		}
	}
	return strings.TrimSpace(strings.Join(parts, "\n"))
}

func (d *Desk) connect(ctx context.Context) (*mcp.ClientSession, map[string]bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil {
		return d.session, d.offers, nil
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "adamant-agent", Version: "1"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: d.endpoint, DisableStandaloneSSE: true, MaxRetries: -1,
		HTTPClient: &http.Client{Transport: bearer{d.token, &http.Transport{Proxy: nil}}}}
	session, err := client.Connect(context.WithoutCancel(ctx), transport, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("reach adamant: %w", err)
	}
	offers := map[string]bool{}
	for offered, err := range session.Tools(ctx, nil) {
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("ask adamant what it offers: %w", err), session.Close())
		}
		offers[offered.Name] = true
	}
	d.session, d.offers = session, offers
	return session, offers, nil
}

// forget has the next call connect anew.
func (d *Desk) forget(broken *mcp.ClientSession) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session == broken {
		_ = broken.Close() // it is broken already
		d.session = nil
	}
}

// Close ends the connection, if there is one.
func (d *Desk) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil {
		_ = d.session.Close() // the run is over; nobody waits for the farewell
	}
}

// bearer adds the attempt's token.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}
