package loop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// desk is the control plane's side of the endpoint: the gate that can be asked, and who takes a finish, a comment or a
// question. It is connected to when it is first needed.
type desk struct {
	endpoint, token string

	mu      sync.Mutex
	session *mcp.ClientSession
	offers  map[string]bool
}

// errNotOffered says that the control plane has no such tool.
var errNotOffered = errors.New("adamant does not offer this here")

// call asks for a tool of the control plane. A *refusedError is its own no; other errors are of the way there.
func (d *desk) call(ctx context.Context, name string, args map[string]any) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	session, err := d.connect(ctx)
	if err != nil {
		return "", err
	}
	if !d.offers[name] {
		return "", fmt.Errorf("%s: %w", name, errNotOffered)
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		return "", fmt.Errorf("ask adamant for %s: %w", name, err)
	}
	text := contentText(result)
	if result.IsError {
		return "", &refusedError{text}
	}
	return text, nil
}

// refusedError is an answer that says no.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

func contentText(r *mcp.CallToolResult) string {
	var parts []string
	for _, content := range r.Content {
		if text, ok := content.(*mcp.TextContent); ok {
			parts = append(parts, text.Text)
		}
	}
	return strings.TrimSpace(strings.Join(parts, "\n"))
}

func (d *desk) connect(ctx context.Context) (*mcp.ClientSession, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil {
		return d.session, nil
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "adamant-agent", Version: "1"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: d.endpoint, DisableStandaloneSSE: true, MaxRetries: -1,
		HTTPClient: &http.Client{Transport: bearer{d.token, &http.Transport{Proxy: nil}}}}
	session, err := client.Connect(context.WithoutCancel(ctx), transport, nil)
	if err != nil {
		return nil, fmt.Errorf("reach adamant: %w", err)
	}
	offers := map[string]bool{}
	for offered, err := range session.Tools(ctx, nil) {
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ask adamant what it offers: %w", err), session.Close())
		}
		offers[offered.Name] = true
	}
	d.session, d.offers = session, offers
	return session, nil
}

func (d *desk) close() {
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
