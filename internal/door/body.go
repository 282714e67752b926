package door

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1" //nolint:gosec // the checksum of git's packs, not a matter of security
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"time"
)

var errTooLarge = errors.New("the request is larger than what is taken")

// openBody returns the decompressed body of a request, no longer than limit. Every read moves the connection's deadline on.
func openBody(w http.ResponseWriter, r *http.Request, limit int64, idle time.Duration) (*bufio.Reader, error) {
	var body io.Reader = &patient{r.Body, http.NewResponseController(w), idle}
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip", "x-gzip":
		packed := bufio.NewReader(&bounded{body, limit})
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return nil, fmt.Errorf("the body is not gzip: %w", err)
		}
		unpacked.Multistream(false)
		body = &single{unpacked, packed}
	default:
		return nil, fmt.Errorf("the encoding %q is not known", clip(encoding))
	}
	return bufio.NewReaderSize(&bounded{body, limit}, 64<<10), nil
}

// patient gives every read a deadline of its own. The server takes the last one back.
type patient struct {
	r          io.Reader
	controller *http.ResponseController
	idle       time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.controller.SetReadDeadline(time.Now().Add(p.idle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.r.Read(b)
}

// bounded fails after a number of bytes. It does not end there, as a limit reader would.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// single reads one gzip member and refuses what follows it.
type single struct {
	member *gzip.Reader
	packed *bufio.Reader
}

func (s *single) Read(p []byte) (int, error) {
	n, err := s.member.Read(p)
	if errors.Is(err, io.EOF) {
		if _, more := s.packed.ReadByte(); !errors.Is(more, io.EOF) {
			return n, errors.New("something follows the compressed body")
		}
	}
	return n, err
}

// packHead looks at the head of the pack that follows, without taking it.
func packHead(body *bufio.Reader, limit int) *Refusal {
	head, err := body.Peek(12)
	if err != nil || !bytes.HasPrefix(head, []byte("PACK")) {
		return &Refusal{Rule: RuleGrammar, Message: "no pack follows the commands"}
	}
	if version := binary.BigEndian.Uint32(head[4:]); version != 2 && version != 3 {
		return &Refusal{Rule: RuleGrammar, Message: fmt.Sprintf("the pack has version %d", version)}
	}
	if n := binary.BigEndian.Uint32(head[8:]); int64(n) > int64(limit) {
		return &Refusal{Rule: RuleLimit, Message: fmt.Sprintf("%d objects, at most %d are taken at once", n, limit), Fix: "push less at a time"}
	}
	return nil
}

// atEnd says that a body is over.
func atEnd(body *bufio.Reader) *Refusal {
	if _, err := body.ReadByte(); !errors.Is(err, io.EOF) {
		return &Refusal{Rule: RuleGrammar, Message: "something follows the end of the request"}
	}
	return nil
}

// pump carries a request to git: the commands as the door wrote them, then the client's pack, whose checksum it makes sure
// of: git ignores what follows a pack on a pipe.
type pump struct {
	pipe *os.File
	done chan struct{}
	err  error // valid when done is closed
}

// startPump begins to carry. failed hears of a request that cannot be carried to its end.
func startPump(pipe *os.File, head []byte, body io.Reader, hexLen int, failed func(error)) *pump {
	p := &pump{pipe: pipe, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		if p.err = errors.Join(carry(pipe, head, body, hexLen), pipe.Close()); p.err != nil {
			failed(p.err)
		}
	}()
	return p
}

func carry(pipe io.Writer, head []byte, body io.Reader, hexLen int) error {
	if _, err := pipe.Write(head); err != nil {
		return err
	}
	check := newTrailer(hexLen)
	if _, err := io.Copy(io.MultiWriter(check, pipe), struct{ io.Reader }{body}); err != nil {
		return err
	}
	return check.verify()
}

// finish waits for the end of the request once git has read the pack: whatever still comes is not part of it.
func (p *pump) finish(ctx context.Context, patience time.Duration) error {
	_ = p.pipe.SetWriteDeadline(time.Now()) // fails only when the pipe is closed, and then it is over
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.err
	case <-timer.C:
		return errors.New("the request does not end after its pack")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// trailer hashes all but the last bytes it is given.
type trailer struct {
	hash hash.Hash
	last []byte // the bytes that may be the checksum
}

func newTrailer(hexLen int) *trailer {
	if hexLen == 64 {
		return &trailer{hash: sha256.New()}
	}
	return &trailer{hash: sha1.New()}
}

func (t *trailer) Write(p []byte) (int, error) {
	size := t.hash.Size()
	if len(p) >= size {
		t.hash.Write(t.last)
		t.hash.Write(p[:len(p)-size])
		t.last = append(t.last[:0], p[len(p)-size:]...)
		return len(p), nil
	}
	t.last = append(t.last, p...)
	if more := len(t.last) - size; more > 0 {
		t.hash.Write(t.last[:more])
		t.last = append(t.last[:0], t.last[more:]...)
	}
	return len(p), nil
}

var errTrailer = errors.New("the pack does not end with its checksum: it is damaged, or something follows it")

// verify says whether what was written ends with its own checksum. Nothing at all does too.
func (t *trailer) verify() error {
	if len(t.last) == 0 {
		return nil
	}
	if len(t.last) != t.hash.Size() || !bytes.Equal(t.hash.Sum(nil), t.last) {
		return errTrailer
	}
	return nil
}
