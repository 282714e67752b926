package desk

import "context"

// Call asks the daemon for what is not the desk's: a path of the daemon's API, with {id} filled in. in may be nil.
func (c *Client) Call(ctx context.Context, method, path, id string, in, out any) error {
	return c.call(ctx, method, path, id, in, out)
}
