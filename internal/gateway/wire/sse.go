package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxEvent is the most bytes that one event of a stream may have.
const MaxEvent = 8 << 20

// ErrEventTooLarge ends a stream with an event that is longer than MaxEvent.
var ErrEventTooLarge = fmt.Errorf("an event of the stream is longer than %d bytes", MaxEvent)

// Event is one server-sent event (WHATWG HTML, section 9.2), or a comment.
type Event struct {
	Raw  []byte // as it came, with the blank line
	Name string
	Data []byte // the data lines, joined
}

// Stream reads server-sent events. Lines end in LF or CRLF.
type Stream struct{ r *bufio.Reader }

// NewStream reads events from r.
func NewStream(r io.Reader) *Stream { return &Stream{r: bufio.NewReaderSize(r, 16<<10)} }

// Next is the next event, io.EOF after the last one. What stands behind the last blank line is an event too: some servers leave the
// blank line out. The event's bytes belong to the caller.
func (s *Stream) Next() (Event, error) {
	var e Event
	first := true
	for {
		line, err := s.line(MaxEvent - len(e.Raw))
		e.Raw = append(e.Raw, line...)
		if errors.Is(err, ErrEventTooLarge) {
			return Event{}, err
		}
		body := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if len(body) > 0 {
			first = e.field(body, first)
		}
		switch {
		case err != nil && len(e.Raw) == 0:
			return Event{}, err
		case errors.Is(err, io.EOF), err == nil && len(body) == 0:
			return e, nil
		case err != nil:
			return e, err
		}
	}
}

// field takes one line over; first says that no data line was before.
func (e *Event) field(line []byte, first bool) bool {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "event":
		e.Name = string(value)
	case "data":
		if !first {
			e.Data = append(e.Data, '\n')
		}
		e.Data = append(e.Data, value...)
		return false
	}
	return first
}

func (s *Stream) line(room int) ([]byte, error) {
	var out []byte
	for {
		part, err := s.r.ReadSlice('\n')
		if len(out)+len(part) > room {
			return nil, ErrEventTooLarge
		}
		out = append(out, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return out, err
		}
	}
}
