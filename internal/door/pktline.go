package door

import (
	"errors"
	"fmt"
	"io"
)

// pktLimit is the longest pkt-line, its four digits included (gitprotocol-common).
const pktLimit = 65520

// lines reads pkt-lines and counts what it read. It reads no byte beyond the line it returns.
type lines struct {
	r     io.Reader
	read  int // bytes so far
	limit int // bytes in all
}

var errNoLine = errors.New("no further line")

// next reads one line. flush says that it was a flush packet; other control packets are refused. At the end of the input,
// and only between two lines, it returns errNoLine.
func (l *lines) next() (payload []byte, flush bool, err error) {
	var digits [4]byte
	switch _, err := io.ReadFull(l.r, digits[:]); {
	case errors.Is(err, io.EOF):
		return nil, false, errNoLine
	case err != nil:
		return nil, false, fmt.Errorf("reading the length of a line: %w", err)
	}
	size, ok := pktSize(digits)
	if l.read += 4; !ok {
		return nil, false, fmt.Errorf("%q is not the length of a line", digits[:])
	}
	if size == 0 {
		return nil, true, nil
	}
	if size <= 4 || size > pktLimit {
		return nil, false, fmt.Errorf("a line of length %d is not allowed here", size)
	}
	if l.read+size-4 > l.limit {
		return nil, false, fmt.Errorf("the commands are longer than %d bytes", l.limit)
	}
	payload = make([]byte, size-4)
	if _, err := io.ReadFull(l.r, payload); err != nil {
		return nil, false, fmt.Errorf("reading a line of %d bytes: %w", size, err)
	}
	l.read += size - 4
	return payload, false, nil
}

// pktSize reads four lower-case hex digits.
func pktSize(digits [4]byte) (int, bool) {
	size := 0
	for _, c := range digits {
		switch {
		case '0' <= c && c <= '9':
			size = size<<4 | int(c-'0')
		case 'a' <= c && c <= 'f':
			size = size<<4 | int(c-'a'+10)
		default:
			return 0, false
		}
	}
	return size, true
}

const flushPkt = "0000"

// appendPkt adds one line. The payload must fit.
func appendPkt(out []byte, payload string) []byte {
	return append(fmt.Appendf(out, "%04x", len(payload)+4), payload...)
}

// The bands of git's side-band-64k.
const (
	bandData byte = 1
	bandText byte = 2
)

// appendBand adds data on a band, in as many lines as it takes.
func appendBand(out []byte, band byte, data []byte) []byte {
	for len(data) > 0 {
		part := data[:min(len(data), pktLimit-5)]
		out = appendPkt(out, string(band)+string(part))
		data = data[len(part):]
	}
	return out
}
