package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// track is one line of a cassette: an answer and the key of its request (docs/formats/cassette.md).
type track struct {
	Version int    `json:"v"`
	Key     string `json:"key"`
	Format  string `json:"format"`
	Model   string `json:"model"`
	Agent   string `json:"agent,omitempty"`
	Turns   int    `json:"turns"` // of the conversation, for people
	Type    string `json:"type"`  // of the content
	Body    string `json:"body"`
	// Unfit says why the answer could not be kept.
	Unfit string `json:"unfit,omitempty"`
}

// maxTrack is the most bytes that a line of a cassette may have.
const maxTrack = 64 << 20

// recorder keeps answers of another upstream.
type recorder struct {
	path   string
	from   upstream
	redact func(string) string
	mu     sync.Mutex // one line at a time
}

func newRecorder(path string, from upstream, redact func(string) string) (upstream, error) {
	if path == "" {
		return nil, errors.New("mode record needs a cassette")
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the cassette: %w", err)
	}
	return &recorder{path: path, from: from, redact: redact}, f.Close()
}

func (c *recorder) send(ctx context.Context, out *outgoing) (*http.Response, error) {
	response, err := c.from.send(ctx, out)
	if err != nil || response.StatusCode/100 != 2 {
		return response, err // what is tried again is not kept
	}
	key, err := canonical(out.request.Format, out.body)
	if err != nil {
		return nil, errors.Join(err, response.Body.Close())
	}
	t := track{Version: 1, Key: key, Format: string(out.request.Format), Model: out.model, Agent: out.session.attempt.Agent,
		Turns: out.request.Turns, Type: response.Header.Get("Content-Type")}
	response.Body = &tape{ReadCloser: response.Body, recorder: c, track: t}
	return response, nil
}

// tape copies an answer while it is read.
type tape struct {
	io.ReadCloser
	recorder *recorder
	track    track
	heard    bytes.Buffer
	whole    bool
}

// Read is io.Reader's.
func (t *tape) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if t.heard.Len()+n <= wire.MaxBody {
		t.heard.Write(p[:n])
	}
	t.whole = t.whole || errors.Is(err, io.EOF)
	return n, err
}

// Close keeps what was heard.
func (t *tape) Close() error {
	return errors.Join(t.ReadCloser.Close(), t.recorder.keep(t.track, t.heard.String()))
}

// keep writes a line. An answer that was cut, or whose secrets cannot be taken out, is not kept, and its line says so.
func (c *recorder) keep(t track, heard string) error {
	answer, err := hear(wire.Format(t.Format), t.Type, heard)
	t.Body = hide(heard, c.redact)
	switch {
	case err != nil:
		t.Unfit = err.Error()
	case !answer.Complete:
		t.Unfit = "the answer was cut"
	case t.leaks(c.redact):
		t.Unfit = "a secret is spread over several events of the answer"
	}
	if t.Unfit != "" {
		t.Body = ""
	}
	line, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("writing the cassette: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := os.OpenFile(c.path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing the cassette: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the cassette: %w", err)
	}
	return nil
}

// leaks says whether there is a secret left in what the answer says, put together.
func (t track) leaks(redact func(string) string) bool {
	a, err := hear(wire.Format(t.Format), t.Type, t.Body)
	if err != nil {
		return true
	}
	said := []string{a.Text}
	for _, r := range a.Reasoning {
		said = append(said, r.Text)
	}
	for _, c := range a.Calls {
		said = append(said, string(c.Args))
	}
	for _, s := range said {
		if hide(s, redact) != s {
			return true
		}
	}
	return false
}

// hear reads an answer as it was on the wire.
func hear(f wire.Format, kind, heard string) (wire.Answer, error) {
	r := wire.NewReader(f)
	if !strings.HasPrefix(kind, "text/event-stream") {
		err := r.Whole([]byte(heard))
		return r.Answer(), err
	}
	events := wire.NewStream(strings.NewReader(heard))
	for {
		e, err := events.Next()
		if errors.Is(err, io.EOF) {
			return r.Answer(), nil
		}
		if err != nil {
			return r.Answer(), err
		}
		if last, err := r.Event(e); err != nil || last {
			return r.Answer(), err
		}
	}
}

// keys are the forms of keys and tokens that never may be in a recording.
var keys = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(sk-[A-Za-z0-9_-]{16,}|adm_[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})`)
})

const hidden = "[redacted]"

// hide takes secrets out of a text.
func hide(s string, redact func(string) string) string {
	return redact(keys().ReplaceAllString(s, hidden))
}

// cassette answers from a recording.
type cassette struct {
	path string
	mu   sync.Mutex
	left map[string][]track // by key, in the order of the recording; the last one stays
}

// missError says that nothing was recorded, or written, for a request.
type missError struct{ why string }

func (e *missError) Error() string { return e.why }

func openCassette(path string) (upstream, error) {
	if path == "" {
		return nil, errors.New("mode replay needs a cassette")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the cassette: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	c := &cassette{path: path, left: map[string][]track{}}
	return c, c.load(f)
}

func (c *cassette) load(from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), maxTrack)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var t track
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return fmt.Errorf("%s:%d: %w", c.path, n, err)
		}
		if t.Version != 1 || t.Key == "" {
			return fmt.Errorf("%s:%d: this is no line of a cassette of version 1", c.path, n)
		}
		c.left[t.Key] = append(c.left[t.Key], t)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading %s: %w", c.path, err)
	}
	return nil
}

func (c *cassette) send(_ context.Context, out *outgoing) (*http.Response, error) {
	key, err := canonical(out.request.Format, out.body)
	if err != nil {
		return nil, err
	}
	t, ok := c.next(key)
	switch {
	case !ok:
		return nil, &missError{fmt.Sprintf("the cassette %s has no answer to turn %d of agent %s (key %s): record it again",
			c.path, out.request.Turns, out.session.attempt.Agent, key[:12])}
	case t.Unfit != "":
		return nil, &missError{fmt.Sprintf("the cassette %s could not keep this answer: %s", c.path, t.Unfit)}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {t.Type}}, Body: io.NopCloser(strings.NewReader(t.Body))}, nil
}

// next is the next answer of a key; the last one answers for ever.
func (c *cassette) next(key string) (track, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.left[key]
	if len(list) == 0 {
		return track{}, false
	}
	if len(list) > 1 {
		c.left[key] = list[1:]
	}
	return list[0], true
}
