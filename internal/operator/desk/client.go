package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Client is a Desk and a Registry behind a daemon's unix socket.
type Client struct {
	socket string
	http   *http.Client
}

// The limits of an exchange.
const (
	timeout   = 30 * time.Second
	bodyLimit = 32 << 20 // bytes of an answer
)

// NewClient returns a client of the daemon that listens on socket. Nothing is connected yet.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Client{socket: socket, http: &http.Client{Timeout: timeout, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Error is the daemon's refusal (RFC 9457).
type Error struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string {
	if e.Detail != "" {
		return e.Detail
	}
	return fmt.Sprintf("the daemon answered %d %s", e.Status, e.Title)
}

// ErrNoDaemon says that nobody listens on the socket.
var ErrNoDaemon = errors.New("no daemon listens there")

// Inbox is GET PathInbox.
func (c *Client) Inbox(ctx context.Context) (out Inbox, err error) {
	return out, c.call(ctx, http.MethodGet, PathInbox, "", nil, &out)
}

// Change is GET PathChange.
func (c *Client) Change(ctx context.Context, id string) (out Change, err error) {
	return out, c.call(ctx, http.MethodGet, PathChange, id, nil, &out)
}

// Approve is POST PathApprovals.
func (c *Client) Approve(ctx context.Context, id string, p Proof) (out Answer, err error) {
	return out, c.call(ctx, http.MethodPost, PathApprovals, id, p, &out)
}

// Accept is POST PathAccept.
func (c *Client) Accept(ctx context.Context, id string, p Proof) (out Answer, err error) {
	return out, c.call(ctx, http.MethodPost, PathAccept, id, p, &out)
}

// Reject is POST PathReject.
func (c *Client) Reject(ctx context.Context, id string, r Rejection) (out Answer, err error) {
	return out, c.call(ctx, http.MethodPost, PathReject, id, r, &out)
}

// Comment is POST PathComments.
func (c *Client) Comment(ctx context.Context, id string, r Remark) (out Answer, err error) {
	return out, c.call(ctx, http.MethodPost, PathComments, id, r, &out)
}

// Operators is GET PathOperators.
func (c *Client) Operators(ctx context.Context) (out Operators, err error) {
	return out, c.call(ctx, http.MethodGet, PathOperators, "", nil, &out)
}

// Enrol is POST PathOperators.
func (c *Client) Enrol(ctx context.Context, e Enrolment) (out Enrolled, err error) {
	return out, c.call(ctx, http.MethodPost, PathOperators, "", e, &out)
}

func (c *Client) call(ctx context.Context, method, path, id string, in, out any) error {
	var body io.Reader
	if in != nil {
		var data bytes.Buffer
		e := json.NewEncoder(&data)
		e.SetEscapeHTML(false) // a document within a request, which is signed or hashed, arrives byte for byte
		if err := e.Encode(in); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
		body = &data
	}
	path = strings.Replace(path, "{id}", url.PathEscape(id), 1)
	req, err := http.NewRequestWithContext(ctx, method, "http://daemon"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: %w; start it: adamant up", c.socket, ErrNoDaemon)
	}
	if err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	defer resp.Body.Close()
	return read(resp, out)
}

func read(resp *http.Response, out any) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	if err != nil {
		return fmt.Errorf("reading the daemon's answer: %w", err)
	}
	if len(data) > bodyLimit {
		return fmt.Errorf("reading the daemon's answer: it is longer than %d bytes", bodyLimit)
	}
	if resp.StatusCode/100 != 2 {
		refusal := &Error{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
		if json.Unmarshal(data, refusal) != nil || refusal.Status == 0 {
			refusal.Status = resp.StatusCode
		}
		return refusal
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("reading the daemon's answer: %w", err)
	}
	return nil
}
