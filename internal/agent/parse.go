package agent

import (
	"bytes"
	"encoding/json"
	"io"
)

// ParseEvents reads events as this package writes them: one JSON object a line. It is Parse for agents of our own.
func ParseEvents(r io.Reader, emit func(Event)) error {
	return EachLine(r, func(line []byte, cut bool) {
		emit(ParseEvent(line, cut))
	})
}

// ParseEvent reads one event of this package's form; any other line is Unknown.
func ParseEvent(line []byte, cut bool) Event {
	var e Event
	if !cut && json.Unmarshal(line, &e) == nil && known(e.Kind) {
		return e
	}
	return UnknownLine(line, cut)
}

// UnknownLine keeps a line that a runner does not understand: as Raw when it is whole JSON, as Text otherwise.
func UnknownLine(line []byte, cut bool) Event {
	if !cut && json.Valid(line) {
		return Event{Kind: Unknown, Raw: bytes.Clone(bytes.TrimSpace(line))}
	}
	return Event{Kind: Unknown, Text: string(bytes.ToValidUTF8(line, []byte("\uFFFD")))}
}

func known(k Kind) bool {
	switch k {
	case Started, Message, Reasoning, Tool, Result, Usage, Error, Unknown, Finished:
		return true
	}
	return false
}
