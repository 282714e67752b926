package gateway

import (
	"io"
	"net/http"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Mode says who answers.
type Mode string

// The modes.
const (
	Live   Mode = "live"   // the configured providers
	Record Mode = "record" // the same, and Cassette keeps the answers
	Replay Mode = "replay" // Cassette; no key is needed and no connection is made
	Script Mode = "script" // Script; likewise
)

// Config is all that a gateway needs.
type Config struct {
	// Settings are spec.gateway of adamant.yaml, at main.
	Settings manifest.Gateway
	// Prices price usage. Nil: the table that is built in.
	Prices *price.Table
	// Mode is Live when empty.
	Mode Mode
	// Cassette is the file that is recorded to or replayed from.
	Cassette string
	// Script answers in mode Script.
	Script *script.Script

	// Book keeps the budgets. Nil: in memory.
	Book Book
	// Admit is asked before a request is sent, Observe is told of each exchange. Nil: nobody is.
	Admit, Observe Observer
	// Redact takes secrets out of what is recorded, besides the forms of keys that are known here.
	Redact func(string) string

	// Repository is the folder that no key file may be in. Home is what ~ stands for, Getenv reads variables.
	Repository, Home string
	Getenv           func(string) string
	// Now is the clock, Random makes tokens, Transport reaches providers. Nil: the system's.
	Now       func() time.Time
	Random    io.Reader
	Transport http.RoundTripper
}

// Budget limits what may be spent. 0 means no limit of that kind.
type Budget struct {
	NanoUSD  int64 `json:"nano_usd,omitempty"`
	Tokens   int64 `json:"tokens,omitempty"`
	Requests int64 `json:"requests,omitempty"`
}

// None says that nothing is limited.
func (b Budget) None() bool { return b == Budget{} }

// Attempt is who asks and what they may.
type Attempt struct {
	Task, Attempt, Agent, Role, Change, Feature string
	// Models are those the attempt may use; the first one answers whoever asks for another.
	// None: any that a provider serves.
	Models []string
	// Providers names the provider of a model, where it may not be any that serves it.
	Providers map[string]string
	// Temperature is imposed where the model takes one, as a decimal such as 0.2. Empty: the agent's own.
	Temperature string
	// MaxTokens is the most that one answer may have. 0: 32,000.
	MaxTokens int64
	// Budget is the attempt's own and must limit something; TaskBudget is that of all the task's attempts, AgentBudget the agent's
	// for a day (UTC).
	Budget, TaskBudget, AgentBudget Budget
	// PII says that the attempt may see components that hold data about people.
	PII bool
	// RequestsPerMinute ends the session when exceeded. 0: that of the settings, else 60.
	RequestsPerMinute int
	// Concurrency is how many requests may be under way. 0: that of the settings, else 4.
	Concurrency int
}
