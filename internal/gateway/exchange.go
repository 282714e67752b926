package gateway

import (
	"context"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// Usage is what the wire said was used, in tokens (see wire.Usage).
type Usage = wire.Usage

// Text is one piece of reasoning and where it comes from (see wire.Text).
type Text = wire.Text

// Message is one message of an agent's request (see wire.Message).
type Message = wire.Message

// Call is one tool call of an answer (see wire.Call).
type Call = wire.Call

// Where an exchange's cost comes from.
const (
	CostProvider = "provider" // the provider said it on the wire
	CostPrices   = "prices"   // usage on the wire times the price table
	CostNotional = "notional" // the same, but a subscription pays: nothing is billed for the call
	CostFree     = "free"     // a provider that is declared to cost nothing
	CostUnknown  = "unknown"  // no price is known; only possible where no budget in money is set
)

// Why a request was refused without asking a provider.
const (
	RefusedBudget      = "budget"      // a budget cannot cover the request
	RefusedRate        = "rate"        // more requests in a minute than allowed: the session is closed for good
	RefusedConcurrency = "concurrency" // too many requests at once
	RefusedModel       = "model"       // no provider serves the model over this wire format
	RefusedData        = "data"        // no provider that serves the model may see personal data
	RefusedRequest     = "request"     // malformed, too large, or something that is never passed on
	RefusedObserver    = "observer"    // an observer ended the session, before this request or with it
	RefusedClosed      = "closed"      // the session is closed
)

// Exchange is one model request and its answer, as the wire tells it.
type Exchange struct {
	Seq      int           `json:"seq"` // 1, 2, ... in the order of observation
	Start    time.Time     `json:"start"`
	Latency  time.Duration `json:"latency"`            // to the end of the answer
	First    time.Duration `json:"first,omitempty"`    // to its first byte
	Format   string        `json:"format"`             // anthropic, openai-chat or openai-responses
	Provider string        `json:"provider,omitempty"` //
	Asked    string        `json:"asked,omitempty"`    // the model that the agent asked for
	Model    string        `json:"model,omitempty"`    // the model that was asked of the provider
	Served   string        `json:"served,omitempty"`   // the model that the provider says has answered
	Family   string        `json:"family,omitempty"`   // of the model that answered (see Family)
	// Temperature is as on the wire; empty: the provider's default.
	Temperature string `json:"temperature,omitempty"`
	MaxTokens   int64  `json:"max_tokens,omitempty"`
	// Side is a call without tools (a title, a summary, a probe): not a turn of the agent.
	Side bool `json:"side,omitempty"`
	// Injected is what adamant appended to this request.
	Injected string `json:"injected,omitempty"`
	// Stripped names tools that the provider would have run and that were taken out of the request.
	Stripped []string `json:"stripped,omitempty"`

	Messages  []Message `json:"messages,omitempty"` // the request's tail: what follows the last assistant message
	Reasoning []Text    `json:"reasoning,omitempty"`
	Text      string    `json:"text,omitempty"`
	Calls     []Call    `json:"calls,omitempty"`
	Stop      string    `json:"stop,omitempty"` // the wire's word: end_turn, tool_use, stop, length, completed ...

	Usage      Usage  `json:"usage"`
	CostNano   int64  `json:"cost_nano_usd"`
	CostSource string `json:"cost_source,omitempty"`
	Retries    int    `json:"retries,omitempty"` // requests that failed before this answer began
	Status     int    `json:"status,omitempty"`  // what the agent got
	// Refused is set when no provider was asked.
	Refused string `json:"refused,omitempty"`
	// Error says what went wrong; empty for a whole answer.
	Error string `json:"error,omitempty"`
}

// Observer is told of each exchange of a session, one at a time, in order, before the answer's last bytes reach the agent and
// before the session's next request is admitted. An error refuses every further request of the session with its text, and cuts
// what is under way.
//
// As Config.Admit it is asked about a request that carries what came of earlier answers, and has no answer yet: after an error it is
// never sent, and observed as refused.
type Observer func(context.Context, *Session, Exchange) error
