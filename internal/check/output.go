package check

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

const (
	logHalf   = 1 << 20  // bytes kept of the beginning, and of the end, of a command's output
	maxReport = 64 << 20 // bytes of one report, or of stdout when that is one
)

// transcript keeps the first and the last part of what a command wrote, however much that was. It may be written to from
// several goroutines.
type transcript struct {
	half int

	mu      sync.Mutex
	head    []byte
	tail    []byte // a ring once it is full
	next    int    // where the ring is written next
	written int64
}

func newTranscript(half int) *transcript { return &transcript{half: half} }

// Write implements io.Writer; it never fails.
func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	t.written += int64(n)
	if room := t.half - len(t.head); room > 0 {
		take := min(room, len(p))
		t.head = append(t.head, p[:take]...)
		p = p[take:]
	}
	if len(p) > t.half {
		p = p[len(p)-t.half:]
	}
	if room := t.half - len(t.tail); room > 0 {
		take := min(room, len(p))
		t.tail = append(t.tail, p[:take]...)
		p = p[take:]
	}
	for len(p) > 0 {
		copied := copy(t.tail[t.next:], p)
		t.next = (t.next + copied) % t.half
		p = p[copied:]
	}
	return n, nil
}

// Bytes is the beginning, a line that says how much is left out, and the end.
func (t *transcript) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text bytes.Buffer
	text.Write(t.head)
	if left := t.written - int64(len(t.head)+len(t.tail)); left > 0 {
		fmt.Fprintf(&text, "\n[adamant: %d bytes left out]\n", left)
	}
	text.Write(t.tail[t.next:])
	text.Write(t.tail[:t.next])
	return text.Bytes()
}

// spool is a file that takes stdout as a report, up to a limit. What is over the limit is dropped and remembered.
type spool struct {
	file *os.File
	left int64
	over bool
	err  error
}

// Write implements io.Writer; a full disk is remembered, not reported to the command.
func (s *spool) Write(p []byte) (int, error) {
	n := len(p)
	if int64(len(p)) > s.left {
		p, s.over = p[:s.left], true
	}
	if s.err == nil && len(p) > 0 {
		_, s.err = s.file.Write(p)
		s.left -= int64(len(p))
	}
	return n, nil
}

// streams are where a session's output goes: all of it to the transcript, stdout to the spool too when it is a report.
func streams(log *transcript, stdout *spool) (io.Writer, io.Writer) {
	if stdout == nil {
		return log, log
	}
	return io.MultiWriter(log, stdout), log
}
