package desk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

const eventLimit = 1 << 20 // bytes of one line of a stream

// Stream reads server-sent events of a path until they end, ctx ends or each gives an error. An answer that is none is an *Error.
func (c *Client) Stream(ctx context.Context, path, id string, each func(event string, data []byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://daemon"+strings.Replace(path, "{id}", url.PathEscape(id), 1), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	endless := *c.http
	endless.Timeout = 0
	resp, err := endless.Do(req)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s: %w; start it: adamant up", c.socket, ErrNoDaemon)
	}
	if err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &Error{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
	}
	return readEvents(resp.Body, each)
}

// readEvents takes a stream apart: fields of an event a line, an empty line between two (HTML, section 9.2).
func readEvents(from io.Reader, each func(event string, data []byte) error) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, eventLimit)
	event, data := "message", []byte(nil)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "" && data != nil:
			if err := each(event, data); err != nil {
				return err
			}
			event, data = "message", nil
		case field == "event":
			event = value
		case field == "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the daemon's events: %w", err)
	}
	return nil
}
