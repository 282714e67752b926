package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// readerArgs starts a resident object reader. Requests end in NUL, so that paths may hold newlines; answers come at a flush.
var readerArgs = []string{"cat-file", "--batch-command", "--buffer", "-z"}

var errClosed = errors.New("the repository was closed")

// pool holds a few resident readers. They start when first needed and are reused, the last used first.
type pool struct {
	call  call
	slots chan struct{}

	mu     sync.Mutex
	idle   []*reader
	closed bool
}

func newPool(c call) *pool {
	return &pool{call: c, slots: make(chan struct{}, min(4, runtime.GOMAXPROCS(0)))}
}

// reader is one resident cat-file.
type reader struct {
	cmd    *exec.Cmd
	in     *bufio.Writer
	pipe   io.Closer
	out    *bufio.Reader
	stderr *head
}

// ask sends requests in one round and hands the answers to read, which must consume exactly one for each. A reader whose
// round did not end well is killed, so that the next round cannot see its leftovers. A round that fails on a reader that
// died while idle is repeated once with a fresh one; read must therefore forget what it saw when it is called with i == 0.
func (p *pool) ask(ctx context.Context, requests []string, read func(i int, out *bufio.Reader) error) error {
	if len(requests) == 0 {
		return nil
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		rd, reused, err := p.take()
		if err != nil {
			return err
		}
		err = rd.round(ctx, requests, read)
		if err == nil {
			p.put(rd)
			return nil
		}
		said := rd.kill()
		if ctx.Err() != nil {
			return fmt.Errorf("git cat-file: %w", context.Cause(ctx))
		}
		if !reused {
			return &commandError{args: p.call.args, err: err, stderr: said}
		}
	}
}

func (p *pool) take() (rd *reader, reused bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, errClosed
	}
	if n := len(p.idle); n > 0 {
		rd, p.idle = p.idle[n-1], p.idle[:n-1]
		return rd, true, nil
	}
	rd, err = p.call.resident()
	return rd, false, err
}

// warm starts a reader before it is asked for. One that cannot be started is missed when it is needed.
func (p *pool) warm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) > 0 {
		return
	}
	if rd, err := p.call.resident(); err == nil {
		p.idle = append(p.idle, rd)
	}
}

func (p *pool) put(rd *reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		rd.kill()
		return
	}
	p.idle = append(p.idle, rd)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, rd := range p.idle {
		rd.kill()
	}
	p.idle = nil
}

// resident starts a reader. It outlives the caller's context: it ends with the pool.
func (c call) resident() (*reader, error) {
	rd := &reader{stderr: &head{}}
	cmd, err := c.command(context.Background(), rd.stderr)
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	rd.cmd, rd.pipe = cmd, in
	rd.in, rd.out = bufio.NewWriterSize(in, readBuffer), bufio.NewReaderSize(out, readBuffer)
	return rd, nil
}

// round is one exchange. Git queues requests until the flush, so writing them all first cannot block on unread answers.
func (rd *reader) round(ctx context.Context, requests []string, read func(int, *bufio.Reader) error) error {
	stop := context.AfterFunc(ctx, func() { _ = killGroup(rd.cmd) }) // the failing read reports it
	err := rd.exchange(requests, read)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	return err
}

func (rd *reader) exchange(requests []string, read func(int, *bufio.Reader) error) error {
	for _, request := range requests {
		if _, err := rd.in.WriteString(request + "\x00"); err != nil {
			return err
		}
	}
	if _, err := rd.in.WriteString("flush\x00"); err != nil {
		return err
	}
	if err := rd.in.Flush(); err != nil {
		return err
	}
	for i := range requests {
		if err := read(i, rd.out); err != nil {
			return err
		}
	}
	return nil
}

// kill ends the child and returns what it said on stderr.
func (rd *reader) kill() string {
	_ = rd.pipe.Close()   // the child ends by itself when it can
	_ = killGroup(rd.cmd) // and otherwise by this
	_ = rd.cmd.Wait()     // "signal: killed" says nothing new
	return rd.stderr.String()
}

// answer is the first line of cat-file's answer to one request.
type answer struct {
	info      ObjectInfo
	ambiguous bool
}

// readAnswer reads the line that answers a request for name. An unknown name is echoed, newlines and all.
func readAnswer(out *bufio.Reader, name string) (answer, error) {
	line, err := out.ReadSlice('\n')
	if err != nil {
		return answer{}, err
	}
	text := string(line)
	for range strings.Count(name, "\n") {
		if !strings.HasPrefix(name, text) {
			break
		}
		if line, err = out.ReadSlice('\n'); err != nil {
			return answer{}, err
		}
		text += string(line)
	}
	return parseAnswer(strings.TrimSuffix(text, "\n"), name)
}

func parseAnswer(text, name string) (answer, error) {
	switch text {
	case name + " missing":
		return answer{info: ObjectInfo{Missing: true}}, nil
	case name + " ambiguous":
		return answer{ambiguous: true}, nil
	}
	fields := strings.Split(text, " ")
	if len(fields) != 3 || !isHex(fields[0]) || fields[0] == "" {
		return answer{}, fmt.Errorf("cat-file answered %q to %q", text, name)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return answer{}, fmt.Errorf("cat-file answered %q to %q", text, name)
	}
	return answer{info: ObjectInfo{OID: OID(fields[0]), Type: fields[1], Size: size}}, nil
}

// readBody reads an object's bytes and the newline behind them.
func readBody(out *bufio.Reader, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(out, data); err != nil {
		return nil, err
	}
	end, err := out.ReadByte()
	if err == nil && end != '\n' {
		err = fmt.Errorf("cat-file ended an object of %d bytes with %q", size, end)
	}
	return data, err
}

// readToken reads up to a NUL. Tokens of git are paths and short records.
func readToken(r *bufio.Reader, limit int) (string, error) {
	var token []byte
	for {
		part, err := r.ReadSlice(0)
		token = append(token, part...)
		if len(token) > limit {
			return "", fmt.Errorf("a path or record is longer than %d bytes", limit)
		}
		if err == nil {
			return string(token[:len(token)-1]), nil
		}
		if errors.Is(err, io.EOF) && len(token) > 0 {
			return "", io.ErrUnexpectedEOF
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
	}
}

// skipLine reads one line of any length and returns its start, at most as much as the buffer holds.
func skipLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	start := bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	return start, err
}
