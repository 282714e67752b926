package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	stderrLimit = 64 << 10  // bytes of stderr kept for errors
	chattyLimit = 8 << 20   // bytes of it where it lists references
	outputLimit = 256 << 20 // bytes of stdout of one command that is read whole
	readBuffer  = 64 << 10
	waitDelay   = 20 * time.Second // how long pipes may stay open after a child ended: somebody who was just forked has them, too
	gracePeriod = 5 * time.Second  // how long a child may take to remove its locks when it is asked to end
)

// errStop ends a stream early without an error.
var errStop = errors.New("stop")

// call is one run of git: no shell, a given environment, a given folder.
type call struct {
	env    []string
	dir    string
	stdin  io.Reader
	stdout *os.File // where output goes instead of being read
	args   []string
	files  []*os.File // inherited by the child, from descriptor 3 on
	strict bool       // anything on stderr is an error
	chatty bool       // stderr lists references: keep much of it
	gentle bool       // asked to end before it is killed, so that it removes its locks
}

// commandError is a git that failed.
type commandError struct {
	args   []string
	err    error
	stderr string
}

func (e *commandError) Error() string {
	msg := "git " + e.args[0] + ": " + e.err.Error()
	if e.stderr != "" {
		msg += ": " + e.stderr
	}
	return msg
}

func (e *commandError) Unwrap() error { return e.err }

// saidNo says that git ended with exit code 1, which many commands use for "no", and did not complain: with a missing
// object git 2.39 prints an error, goes on as if it were empty and ends with 0 or 1 (measured for merge-base and merge-tree).
func saidNo(err error) bool {
	var failed *commandError
	var exit *exec.ExitError
	return errors.As(err, &failed) && errors.As(err, &exit) && exit.ExitCode() == 1 && !complained(failed.stderr)
}

var errComplained = errors.New("ended well but reported an error")

// complained says that a line of stderr reports an error.
func complained(stderr string) bool {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "fatal: ") {
			return true
		}
	}
	return false
}

// head keeps the first bytes written to it and drops the rest.
type head struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	limit int // at least stderrLimit
}

func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if room := max(h.limit, stderrLimit) - h.buf.Len(); room > 0 {
		h.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.TrimSpace(h.buf.String())
}

// command prepares the child: its own process group, killed as a whole when ctx ends.
func (c call) command(ctx context.Context, stderr *head) (*exec.Cmd, error) {
	path, err := binary()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, c.args...)
	cmd.Env = c.env
	cmd.Dir = c.dir
	cmd.Stdin = c.stdin
	cmd.Stderr = stderr
	if c.chatty {
		stderr.limit = chattyLimit
	}
	cmd.ExtraFiles = c.files
	cmd.WaitDelay = waitDelay
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	if c.gentle {
		cmd.WaitDelay = gracePeriod
		cmd.Cancel = func() error { return endGroup(cmd) }
	}
	return cmd, nil
}

// fail turns what a child ended with into an error; a cancelled context wins.
func (c call) fail(ctx context.Context, err error, stderr *head) error {
	if ctx.Err() != nil {
		return fmt.Errorf("git %s: %w", c.args[0], context.Cause(ctx))
	}
	return &commandError{args: c.args, err: err, stderr: stderr.String()}
}

// output runs git and returns its stdout, also when it fails.
func (c call) output(ctx context.Context) ([]byte, error) {
	if c.stdout != nil {
		return nil, c.toFile(ctx)
	}
	var out []byte
	err := c.stream(ctx, func(r *bufio.Reader) error {
		var err error
		out, err = io.ReadAll(io.LimitReader(r, outputLimit+1))
		if err == nil && len(out) > outputLimit {
			err = fmt.Errorf("git %s wrote more than %d bytes", c.args[0], outputLimit)
		}
		return err
	})
	return out, err
}

// toFile runs git with its stdout in a file.
func (c call) toFile(ctx context.Context) error {
	var stderr head
	cmd, err := c.command(ctx, &stderr)
	if err != nil {
		return err
	}
	cmd.Stdout = c.stdout
	if err := cmd.Run(); err != nil {
		return c.fail(ctx, err, &stderr)
	}
	if complained(stderr.String()) {
		return c.fail(ctx, errComplained, &stderr)
	}
	return nil
}

// stream runs git and hands its stdout to read. An error from read kills the child and is returned, errStop as nil. When
// the child fails as well, its own error is the cause and is returned instead.
func (c call) stream(ctx context.Context, read func(*bufio.Reader) error) error {
	var stderr head
	cmd, err := c.command(ctx, &stderr)
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("git %s: %w", c.args[0], err)
	}
	if err := cmd.Start(); err != nil {
		return c.fail(ctx, err, &stderr)
	}
	readErr := read(bufio.NewReaderSize(stdout, readBuffer))
	if readErr != nil && !isTruncated(readErr) {
		_ = killGroup(cmd) // the child is not needed any more
		_ = cmd.Wait()     // ended by that kill
		return c.readFailed(ctx, readErr)
	}
	if err := cmd.Wait(); err != nil {
		return c.fail(ctx, err, &stderr)
	}
	if complained(stderr.String()) || c.strict && stderr.String() != "" {
		return c.fail(ctx, errComplained, &stderr)
	}
	return readErr
}

func (c call) readFailed(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errStop):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", c.args[0], context.Cause(ctx))
	}
	return fmt.Errorf("reading git %s: %w", c.args[0], err)
}

// isTruncated says that the output ended early: the child's own error tells more.
func isTruncated(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
