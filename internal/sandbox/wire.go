package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// maxFrame bounds one frame: a command's environment is the largest thing in it.
const maxFrame = 16 << 20

// frame is what the two sides of the control socket say to each other: four bytes of length, then JSON. Descriptors travel with
// the length.
type frame struct {
	Kind     kind     `json:"kind"`
	ID       int      `json:"id,omitempty"`
	Setup    *setup   `json:"setup,omitempty"`
	Command  *command `json:"command,omitempty"`
	Error    string   `json:"error,omitempty"`
	NotFound bool     `json:"notFound,omitempty"`
	Code     int      `json:"code,omitempty"`
	Signal   string   `json:"signal,omitempty"`
}

type kind string

const (
	// From outside: set yourself up (with detached mounts); start a command (with its three streams); end in order.
	kindSetup kind = "setup"
	kindStart kind = "start"
	kindClose kind = "close"
	// From inside: ready (with listeners) or why not; a command was started or why not; it ended; there is too much memory in use.
	kindReady   kind = "ready"
	kindStarted kind = "started"
	kindEnded   kind = "ended"
	kindMemory  kind = "memory"
)

// command is a Command without its streams.
type command struct {
	Argv []string `json:"argv"`
	Dir  string   `json:"dir"`
	Env  []string `json:"env"`
}

// encode returns a frame's head and body.
func (f frame) encode() (head, body []byte, err error) {
	body, err = json.Marshal(f)
	if err == nil && len(body) > maxFrame {
		err = fmt.Errorf("a frame of %d bytes, at most %d", len(body), maxFrame)
	}
	return binary.BigEndian.AppendUint32(nil, uint32(len(body))), body, err
}

// decodeFrame reads the body that a head announces.
func decodeFrame(head [4]byte, r io.Reader) (frame, error) {
	var f frame
	size := binary.BigEndian.Uint32(head[:])
	if size > maxFrame {
		return f, fmt.Errorf("a frame of %d bytes, at most %d", size, maxFrame)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return f, fmt.Errorf("read a frame: %w", err)
	}
	if err := json.Unmarshal(body, &f); err != nil {
		return f, fmt.Errorf("read a frame: %w", err)
	}
	return f, nil
}
