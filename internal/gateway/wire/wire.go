// Package wire reads and writes the three formats in which agents and models talk: Anthropic Messages, OpenAI Chat Completions
// and OpenAI Responses, whole or as a stream of server-sent events. It promises bounded work on any input, usage in one normal
// form, and that what it does not need is left as it is. It never opens a connection and never judges what it reads.
package wire

import "encoding/json"

// Format is one of the wire formats.
type Format string

// The formats.
const (
	Anthropic Format = "anthropic"
	Chat      Format = "openai-chat"
	Responses Format = "openai-responses"
)

// Usage is what an answer used, in tokens. The parts of the input do not overlap: the whole input is Fresh + CacheRead +
// CacheWrite. Output is all that was written, Reasoning the part of it that was thinking, where the provider says so.
type Usage struct {
	Fresh        int64 `json:"fresh"`
	CacheRead    int64 `json:"cache_read,omitempty"`
	CacheWrite   int64 `json:"cache_write,omitempty"`    // all of it
	CacheWrite1h int64 `json:"cache_write_1h,omitempty"` // the part of CacheWrite that is kept for an hour or more; the rest for minutes
	Output       int64 `json:"output"`
	Reasoning    int64 `json:"reasoning,omitempty"`
	// Partial says that the stream ended before the provider said what it used: Output is an estimate by length.
	Partial bool `json:"partial,omitempty"`
}

// Input is the whole input.
func (u Usage) Input() int64 { return u.Fresh + u.CacheRead + u.CacheWrite }

// Total is all tokens, in and out.
func (u Usage) Total() int64 { return u.Input() + u.Output }

// Plus adds two usages up.
func (u Usage) Plus(v Usage) Usage {
	return Usage{Fresh: u.Fresh + v.Fresh, CacheRead: u.CacheRead + v.CacheRead, CacheWrite: u.CacheWrite + v.CacheWrite,
		CacheWrite1h: u.CacheWrite1h + v.CacheWrite1h, Output: u.Output + v.Output, Reasoning: u.Reasoning + v.Reasoning,
		Partial: u.Partial || v.Partial}
}

// Where reasoning comes from.
const (
	SourceProvider = "provider" // the model's own thinking
	SourceSummary  = "summary"  // the provider's summary of it
	SourceNone     = "none"     // there was some, but it is encrypted or left out
)

// Text is one piece of reasoning.
type Text struct {
	Source string `json:"source"`
	Text   string `json:"text,omitempty"`
}

// Message is one message, or one tool result, of a request.
type Message struct {
	Role    string `json:"role"`              // user, system, developer, tool
	CallID  string `json:"call_id,omitempty"` // of the tool call that a result answers
	Text    string `json:"text,omitempty"`
	IsError bool   `json:"is_error,omitempty"`
}

// Call is one tool call of an answer.
type Call struct {
	ID   string `json:"id,omitempty"`
	Tool string `json:"tool"`
	// Namespace is the group that the tool was declared in (Responses); only written answers have it.
	Namespace string `json:"-"`
	// Args are the arguments as JSON: a JSON string when the tool takes text, or when the model wrote something that is no JSON.
	Args json.RawMessage `json:"args,omitempty"`
	// Valid says that the tool was declared and the arguments match its schema; Problem says why not, or what could not be checked.
	Valid   bool   `json:"valid"`
	Problem string `json:"problem,omitempty"`
}
