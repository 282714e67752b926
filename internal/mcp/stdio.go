package mcp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// maxMessage bounds what a client may send at once, in bytes.
const maxMessage = 4 << 20

// stdio is a transport of lines. Unlike the library's it goes on after a line that is no message, as JSON-RPC wants it.
type stdio struct {
	in  io.Reader
	out io.Writer
}

// Connect is the library's side of a transport.
func (s *stdio) Connect(context.Context) (mcp.Connection, error) { return s.connect(), nil }

// connect starts reading. A read that nobody waits for any more ends with the process.
func (s *stdio) connect() *lines {
	l := &lines{out: s.out, arrived: make(chan arrival), closed: make(chan struct{}), open: map[any]bool{}, idle: make(chan struct{}, 1)}
	go l.pump(bufio.NewReaderSize(s.in, 64<<10))
	return l
}

// arrival is one line, or why there is none.
type arrival struct {
	line []byte
	long bool // line is only how it begins
	err  error
}

// lines is one connection.
type lines struct {
	arrived chan arrival
	closed  chan struct{}
	close   sync.Once
	idle    chan struct{} // told when the last open request was answered

	mu   sync.Mutex // guards out and open
	out  io.Writer
	open map[any]bool // requests that wait for their answer
}

// pump hands line after line over.
func (l *lines) pump(r *bufio.Reader) {
	for {
		next := readLine(r)
		select {
		case l.arrived <- next:
		case <-l.closed:
			return
		}
		if next.err != nil {
			return
		}
	}
}

// readLine reads one line and drops what is beyond maxMessage. A last line need not end.
func readLine(r *bufio.Reader) arrival {
	var line []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if room := maxMessage - len(line); len(part) > room {
			part, long = part[:room], true
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)):
			return arrival{err: err}
		default:
			return arrival{line: line, long: long}
		}
	}
}

// Read returns the next message. Lines that are none are answered here.
func (l *lines) Read(ctx context.Context) (jsonrpc.Message, error) {
	for {
		var next arrival
		select {
		case next = <-l.arrived:
		case <-l.closed:
			return nil, io.EOF
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if next.err != nil {
			return nil, l.drained(ctx, next.err)
		}
		if len(bytes.TrimSpace(next.line)) == 0 {
			continue
		}
		message, refusal := decode(next)
		if refusal == nil {
			l.note(message)
			return message, nil
		}
		if err := l.refuse(next.line, refusal); err != nil {
			return nil, err
		}
	}
}

// decode reads a message; the error says which of JSON-RPC's own errors it is.
func decode(a arrival) (jsonrpc.Message, *jsonrpc.Error) {
	if a.long {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: fmt.Sprintf("a message has at most %d bytes", maxMessage)}
	}
	if !json.Valid(a.line) {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeParseError, Message: "the line is no JSON: one message a line, without line breaks in it"}
	}
	message, err := jsonrpc.DecodeMessage(bytes.TrimSpace(a.line))
	if err != nil {
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: fmt.Sprintf("no message of JSON-RPC 2.0 (batches are not taken): %v", err)}
	}
	return message, nil
}

// refuse answers a line that is no message, by its id where it has one.
func (l *lines) refuse(line []byte, e *jsonrpc.Error) error {
	data, err := json.Marshal(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *jsonrpc.Error  `json:"error"`
	}{"2.0", idOf(line), e})
	if err != nil {
		return err
	}
	return l.write(data)
}

// idOf finds the id of a message that cannot be read, as far as it can; nil, which is null, otherwise.
func idOf(line []byte) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(line))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil
		}
		if key == "id" && (value[0] == '"' || value[0] == '-' || value[0] >= '0' && value[0] <= '9') {
			return value
		}
	}
	return nil
}

// note remembers a request until it is answered.
func (l *lines) note(m jsonrpc.Message) {
	r, ok := m.(*jsonrpc.Request)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.IsCall() {
		l.open[r.ID.Raw()] = true
	}
}

// drained waits until nothing is open: the end of a file of requests is not the end of their answers.
func (l *lines) drained(ctx context.Context, ended error) error {
	for {
		l.mu.Lock()
		left := len(l.open)
		l.mu.Unlock()
		if left == 0 {
			return ended
		}
		select {
		case <-l.idle:
		case <-l.closed:
			return io.EOF
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Write sends one message.
func (l *lines) Write(_ context.Context, m jsonrpc.Message) error {
	data, err := jsonrpc.EncodeMessage(m)
	if err != nil {
		return err
	}
	if r, ok := m.(*jsonrpc.Response); ok {
		defer l.answered(r.ID)
	}
	return l.write(data)
}

func (l *lines) answered(id jsonrpc.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, id.Raw())
	if len(l.open) == 0 {
		select {
		case l.idle <- struct{}{}:
		default: // it is told already
		}
	}
}

func (l *lines) write(data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.out.Write(append(data, '\n'))
	return err
}

// Close ends reading.
func (l *lines) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

// SessionID is empty: there is one session.
func (l *lines) SessionID() string { return "" }
