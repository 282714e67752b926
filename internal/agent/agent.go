// Package agent says how one attempt of one agent is started and how what it prints is read: a Runner turns an Attempt into
// a Launch, which the workforce starts inside the sandbox, and turns the standard output into Events.
//
// An agent sees one loopback endpoint, its model and the control plane's tools behind it, and one token. Nothing that an
// agent says decides anything: success is judged by the tree and the gate. Events are for people and for the task's log.
//
// This package starts no process, opens no socket and keeps no state. Each runner is a package of its own below this one;
// package runners lists them.
package agent

import (
	"context"
	"encoding/json"
	"io"
	"strings"
)

// Endpoint is the address of the gateway as every attempt sees it: /v1/messages, /v1/chat/completions, /v1/responses,
// /v1/models and /mcp are below it.
const Endpoint = "http://127.0.0.1:8787"

// The wire formats a model is spoken to in; a provider of the repository's configuration names one of them.
const (
	Anthropic       = "anthropic"        // Messages
	OpenAI          = "openai"           // Chat Completions and Responses: whichever the agent prefers
	OpenAIChat      = "openai-chat"      // Chat Completions
	OpenAIResponses = "openai-responses" // Responses
)

// APIOf guesses the wire format of a model by its name, for where nobody says it.
func APIOf(model string) string {
	if strings.Contains(strings.ToLower(model), "claude") {
		return Anthropic
	}
	return OpenAIChat
}

// Serves says whether a provider of one api takes requests in a wire format. Where nobody says the api, it may.
func Serves(api, format string) bool {
	return api == "" || api == format || api == OpenAI && (format == OpenAIChat || format == OpenAIResponses)
}

// Attempt is one run of one agent for one task.
type Attempt struct {
	Task string // id of the task
	ID   string // id of this attempt

	Name      string   // the persona's name
	Role      string   // coder, reviewer, ...
	Runner    string   // which runner starts it
	Command   []string // the command line of exec and acp; for others the path or name of the CLI, empty = found by name
	Model     string   // first model of the persona, as the gateway knows it; empty = the gateway chooses
	API       string   // wire format of that model's provider, one of the above; empty = guessed by APIOf
	Context   int      // tokens the model reads at most, 0 = not known
	MaxTokens int      // tokens of one answer at most, 0 = the provider's default
	Tools     []string // tools the persona may use, empty = all of its role
	MaxTurns  int      // requests to the model at most, 0 = the runner's own limit

	Prompt   string // what to do, in full
	Repo     string // the checkout inside the sandbox
	Home     string // the private home folder inside the sandbox
	Endpoint string // Endpoint, or another address in tests
	Token    string // the attempt's token: the API key of everything behind Endpoint
	Readonly bool   // reviewers: nothing is to be written
}

// Launch is what the sandbox is to run.
type Launch struct {
	Argv   []string
	Env    []string          // all of it, NAME=value: nothing is inherited
	Files  map[string][]byte // to be written before the start, paths below Attempt.Home with forward slashes
	Stdin  []byte            // a Dialogue speaks instead
	Mounts []Mount           // where the CLI is installed
}

// Mount shows a file or folder of the host inside the sandbox. It is always read-only.
type Mount struct{ Source, Target string }

// Runner knows one family of agents. Its methods may be called at the same time.
type Runner interface {
	// Name is how personas name the runner.
	Name() string
	// Prepare says what to run for an attempt. It reads nothing but the installation of the CLI.
	Prepare(Attempt) (Launch, error)
	// Parse reads the agent's standard output to its end and emits what it says, in order. What is not understood is
	// emitted as Unknown, never dropped; only r's own errors are returned.
	Parse(r io.Reader, emit func(Event)) error
	// Doctor says why the runner cannot be used on this machine, and what to do.
	Doctor(ctx context.Context) error
}

// Dialogue is a Runner whose agent expects to be spoken to while it runs. Converse takes the place of Parse and Launch.Stdin:
// it writes to the agent's standard input, reads its standard output and returns when the agent is done with the attempt.
// The caller ends the process.
type Dialogue interface {
	Runner
	Converse(ctx context.Context, attempt Attempt, stdin io.WriteCloser, stdout io.Reader, emit func(Event)) error
}

// Kind is what an event tells.
type Kind string

// The kinds of events.
const (
	Started   Kind = "started"   // the agent runs; Text names it and its model
	Message   Kind = "message"   // Text is what the model said
	Reasoning Kind = "reasoning" // Text is what the model thought, as far as it is shown
	Tool      Kind = "tool"      // the model called Tool with Args
	Result    Kind = "result"    // the call ID ended with Exit; Text is what the model was told
	Usage     Kind = "usage"     // Text counts tokens as the agent reports them; the gateway's count is the true one
	Error     Kind = "error"     // Text is what went wrong; the agent may go on
	Unknown   Kind = "unknown"   // Raw or Text is a line that the runner does not understand
	Finished  Kind = "finished"  // the agent ended by itself; Text is its summary or why, Exit 0 = it claims success
)

// Event is one thing an agent said or did. It is written by the agent: everything in it is untrusted.
type Event struct {
	Kind Kind            `json:"kind"`
	ID   string          `json:"id,omitempty"` // joins a result to its call
	Text string          `json:"text,omitempty"`
	Tool string          `json:"tool,omitempty"`
	Args json.RawMessage `json:"args,omitempty"`
	Exit int             `json:"exit,omitempty"` // of Result and Finished: 0 = well, else the exit status, or 1 where there is none
	Raw  json.RawMessage `json:"raw,omitempty"`  // the agent's own event, kept where the fields above do not tell all
}
