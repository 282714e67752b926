package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
)

// Answer is what a model said, in any of the formats.
type Answer struct {
	ID        string
	Model     string
	Text      string
	Reasoning []Text
	Calls     []Call
	Stop      string // the wire's word
	Tier      string // of service, as the provider says
	Usage     Usage
	// HasInput says that the provider told the input's size, HasOutput that it told the output's final size.
	HasInput, HasOutput bool
	// CostNano is what the provider says that it cost, in nano-USD; nil when it does not say.
	CostNano *int64
	// Complete says that the answer ended as the format demands. Error is what the provider said went wrong.
	Complete bool
	Error    string
}

// Reader collects an answer from its events, or from a whole body.
type Reader struct {
	answer Answer
	format format
	bytes  int // of text, reasoning and arguments
}

// format is one wire format's way to tell an answer.
type format interface {
	// event takes the data of one event over and says whether it is the last one.
	event(r *Reader, data []byte) (last bool, err error)
	// whole takes an answer over that is no stream.
	whole(r *Reader, body []byte) error
	// finish completes what events left open.
	finish(r *Reader)
}

// NewReader reads an answer in a format.
func NewReader(f Format) *Reader {
	r := &Reader{}
	switch f {
	case Anthropic:
		r.format = &anthropicAnswer{}
	case Chat:
		r.format = &chatAnswer{}
	default:
		r.format = &responsesAnswer{}
	}
	return r
}

// Event takes one event over and says whether it ends the answer.
func (r *Reader) Event(e Event) (last bool, err error) {
	if len(e.Data) == 0 {
		return false, nil
	}
	return r.format.event(r, e.Data)
}

// Whole takes over a body that is no stream.
func (r *Reader) Whole(body []byte) error {
	if err := r.format.whole(r, body); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	r.answer.Complete = r.answer.Error == ""
	return nil
}

// bytesPerToken is how the output of a cut answer is estimated; text has about four bytes to a token.
const bytesPerToken = 3

// Answer is what was read so far. An output whose size the provider did not tell is estimated, and marked as partial.
func (r *Reader) Answer() Answer {
	r.format.finish(r)
	a := r.answer
	if a.Complete && a.HasOutput {
		return a
	}
	if estimate := int64(r.bytes+bytesPerToken-1) / bytesPerToken; !a.HasOutput && estimate > a.Usage.Output {
		a.Usage.Output = estimate
	}
	a.Usage.Partial = !a.HasInput || !a.HasOutput
	return a
}

// call adds a tool call whose arguments are JSON, if they are.
func (r *Reader) call(id, tool, args string) {
	c := Call{ID: id, Tool: tool}
	switch trimmed := bytes.TrimSpace([]byte(args)); {
	case len(trimmed) == 0:
		c.Args = json.RawMessage("{}")
	case json.Valid(trimmed):
		c.Args = trimmed
	default:
		c.Args, c.Problem = quote(args), "the arguments are no JSON"
	}
	r.answer.Calls = append(r.answer.Calls, c)
}

// textCall adds a call whose argument is text.
func (r *Reader) textCall(id, tool, input string) {
	r.answer.Calls = append(r.answer.Calls, Call{ID: id, Tool: tool, Args: quote(input)})
}

// fault is an error as providers tell it.
type fault struct {
	Type    string          `json:"type"`
	Message string          `json:"message"`
	Code    json.RawMessage `json:"code"`
}

func (f *fault) String() string {
	switch {
	case f.Type == "" && f.Message == "":
		return "the provider reports an error"
	case f.Type == "":
		return f.Message
	case f.Message == "":
		return f.Type
	}
	return f.Type + ": " + f.Message
}

// count is a number of tokens: a whole number that is not negative and not absurd. Anything else is as if it were not there.
type count struct {
	n  int64
	ok bool
}

// maxTokens bounds what a provider may say was used.
const maxTokens = 1 << 40

// UnmarshalJSON reads a count; it never fails.
func (c *count) UnmarshalJSON(raw []byte) error {
	var n int64
	if json.Unmarshal(raw, &n) == nil && n >= 0 && n < maxTokens && string(raw) != "null" {
		c.n, c.ok = n, true
	}
	return nil
}

// nano is an amount of US dollars, as a JSON number, in nano-USD, rounded half up; nil when it is none.
func nano(raw json.RawMessage) *int64 {
	if len(raw) == 0 || len(raw) > 40 {
		return nil
	}
	usd, ok := new(big.Rat).SetString(string(raw))
	if !ok || usd.Sign() < 0 || usd.Cmp(big.NewRat(1_000_000, 1)) > 0 {
		return nil
	}
	twice := usd.Mul(usd, big.NewRat(2_000_000_000, 1))
	whole := new(big.Int).Quo(twice.Num(), twice.Denom())
	n := (whole.Int64() + 1) / 2
	return &n
}
