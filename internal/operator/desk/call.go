package desk

import (
	"context"
	"time"
)

// Call asks the daemon for what is not the desk's: a path of the daemon's API, with {id} filled in. in may be nil.
func (c *Client) Call(ctx context.Context, method, path, id string, in, out any) error {
	return c.call(ctx, method, path, id, in, out)
}

// Within is the client with another limit on the time of an exchange.
func (c *Client) Within(limit time.Duration) *Client {
	patient := *c.http
	patient.Timeout = limit
	return &Client{socket: c.socket, http: &patient}
}
