// Package model asks a language model over HTTP: Anthropic Messages, OpenAI Chat Completions and OpenAI Responses, always as a
// stream of server-sent events. It is the builtin agent's only way to a model and speaks to adamant's gateway.
//
// It promises that an answer is whole or an error: a stream that is cut or falls silent is a *CutError, a refusal a
// *StatusError. Everything read is bounded. It never retries (the gateway does), never keeps state between requests, never
// runs a tool, and takes nothing from the environment.
package model

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
)

// Client asks one model. Its methods may be called at the same time.
type Client struct {
	Endpoint  string // without the format's path
	Token     string
	API       string // one of the wire formats of package agent
	Model     string
	MaxTokens int           // of one answer; 0 = the format's default
	Idle      time.Duration // longest silence within an answer; 0 = DefaultIdle
	HTTP      *http.Client  // nil = one without a limit of its own
}

// DefaultIdle is how long a model may say nothing. It is longer than the gateway's own patience, which tries again meanwhile.
const DefaultIdle = 35 * time.Minute

// Bounds on what is read from the wire.
const (
	maxAnswer = 64 << 20 // bytes of one stream
	maxEvent  = 16 << 20 // bytes of one event
	maxError  = 64 << 10 // bytes of a refusal
)

// Request is what a model is asked: the conversation so far.
type Request struct {
	System string
	Turns  []Turn
	Tools  []Tool
	Plain  bool // ask for no reasoning to be shown or returned: for models that refuse the question
}

// Tool is one tool that the model may call.
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // JSON Schema of the arguments, an object
}

// Turn is what one side said: the user's text and results, or the model's text and calls.
type Turn struct {
	Model   bool // said by the model
	Text    string
	Calls   []Call            // of the model
	Results []Result          // of the user: one for each call of the turn before
	Native  []json.RawMessage // of the model: its words as the provider sent them, given back as they came
}

// Call is a tool call. Args is what the model wrote, which need not be JSON.
type Call struct {
	ID   string `json:"id"`
	Tool string `json:"tool"`
	Args string `json:"args"`
}

// Result answers a call.
type Result struct {
	ID     string
	Text   string
	Failed bool
}

// Stop is why a model ended its answer.
type Stop string

// The reasons to stop, of all providers.
const (
	StopEnd     Stop = "end"     // it has said what it wanted
	StopCalls   Stop = "calls"   // it waits for results
	StopLength  Stop = "length"  // the answer reached its limit: a call may be cut in the middle
	StopRefused Stop = "refused" // the provider's safety system ended it
)

// Usage counts tokens as the provider reports them.
type Usage struct{ Fresh, CacheRead, CacheWrite, Output, Reasoning int }

// Input is all that was read.
func (u Usage) Input() int { return u.Fresh + u.CacheRead + u.CacheWrite }

// Answer is what a model said.
type Answer struct {
	Turn
	Reasoning string // what the provider shows of it
	Stop      Stop
	Usage     Usage
}

// wire is one of the formats.
type wire interface {
	path() string
	body(c *Client, r Request) any
	reader() reader
}

// reader puts an answer together from the events of its stream.
type reader interface {
	// event takes one event and says whether it was the last.
	event(data []byte) (done bool, err error)
	answer() Answer
}

func wireOf(api string) (wire, error) {
	switch api {
	case agent.Anthropic:
		return anthropic{}, nil
	case agent.OpenAIChat:
		return chat{}, nil
	case agent.OpenAIResponses, agent.OpenAI:
		return responses{}, nil
	}
	return nil, fmt.Errorf("wire format %q: known are %s, %s, %s and %s", api, agent.Anthropic, agent.OpenAI, agent.OpenAIChat, agent.OpenAIResponses)
}

// Ask sends a request and reads the answer to its end.
func (c *Client) Ask(ctx context.Context, r Request) (Answer, error) {
	w, err := wireOf(c.API)
	if err != nil {
		return Answer{}, err
	}
	body, err := encode(w.body(c, r))
	if err != nil {
		return Answer{}, fmt.Errorf("encode a request to %s: %w", c.Model, err)
	}
	ctx, silence := watch(ctx, c.idle())
	defer silence.stop()
	res, err := c.post(ctx, w.path(), body)
	if err != nil {
		return Answer{}, c.failed(silence, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return Answer{}, refusal(res)
	}
	answer, err := collect(&watched{res.Body, silence}, w.reader())
	if err != nil {
		return Answer{}, c.failed(silence, err)
	}
	return answer, nil
}

// failed tells silence from other failures.
func (c *Client) failed(silence *silence, err error) error {
	if silence.fired.Load() {
		return &CutError{Why: fmt.Sprintf("%s said nothing for %s", c.Model, c.idle())}
	}
	return fmt.Errorf("ask %s: %w", c.Model, err)
}

func (c *Client) idle() time.Duration {
	if c.Idle > 0 {
		return c.Idle
	}
	return DefaultIdle
}

// encode is JSON without the escapes that browsers need: they only cost tokens and cached bytes.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (c *Client) post(ctx context.Context, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.Endpoint, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if c.API == agent.Anthropic {
		req.Header.Set("X-Api-Key", c.Token)
		req.Header.Set("Anthropic-Version", "2023-06-01")
	} else {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(req)
}

// collect reads a stream to its last event. A stream that ends before is cut.
func collect(body io.Reader, to reader) (Answer, error) {
	done := false
	err := eachEvent(body, func(data []byte) (bool, error) {
		var err error
		done, err = to.event(data)
		return done, err
	})
	switch {
	case err != nil:
		return Answer{}, err
	case !done:
		return Answer{}, &CutError{Why: "the answer's stream ended in the middle"}
	}
	return to.answer(), nil
}
