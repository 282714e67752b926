package task

import (
	"context"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// Workforce runs attempts. The daemon tells it what to start and reads what came of it; it decides nothing about tasks.
type Workforce interface {
	// Start begins an attempt and returns. An attempt that runs already, by its ID, is left alone and is no error.
	Start(ctx context.Context, a Attempt) error
	// Running are the attempts under way in this process, sorted by ID. Outcomes that were not taken from Done count as running.
	Running() []RunningAttempt
	// Cancel ends an attempt at once; its Outcome follows on Done. An unknown one is passed over.
	Cancel(ctx context.Context, attempt, why string)
	// Done gives each attempt's outcome once. One that is not taken is offered until the process ends.
	Done() <-chan Outcome
	// Lines tell people what agents do, as they do it. Losing some is no harm; nil = there are none.
	Lines() <-chan Line
}

// Attempt is one run of one agent for a task: everything that whoever carries it out needs to know.
type Attempt struct {
	ID      string  `json:"id"`   // AttemptID(Task, N)
	Task    string  `json:"task"` // full id
	N       int     `json:"n"`    // from 1, over all roles
	Role    string  `json:"role"` // coder, reviewer
	Agent   string  `json:"agent"`
	Title   string  `json:"title"`             // of the task: one line
	Prompt  string  `json:"prompt"`            // all of what the agent is told
	Main    git.OID `json:"main"`              // main's tip when it was planned: where personas and configuration are read
	Base    git.OID `json:"base"`              // what the workspace begins with; a coder's commit is made on it
	Head    git.OID `json:"head,omitempty"`    // the patch set that a reviewer reads; its workspace begins with it
	Change  string  `json:"change,omitempty"`  // of the task, once there is one
	Feature string  `json:"feature,omitempty"` // to which cost is booked

	Cone   []string `json:"cone,omitempty"`   // folders to check out, slash-separated; empty = all
	Grants []string `json:"grants,omitempty"` // paths that this task may write beside those of its agent
	Avoid  []string `json:"avoid,omitempty"`  // model families that a reviewer must not be of: the coder's
	Swap   bool     `json:"swap,omitempty"`   // begin with the agent's next model: the breaker stopped the one before
	Epoch  uint64   `json:"epoch"`            // of the lease it was started under: another epoch's attempt is dead
}

// How an attempt ended.
const (
	FinishDone      = "done"      // the agent says it has finished; the gate decides whether that is so
	FinishEscalated = "escalated" // the agent asks the operator; Why is the question
	FinishStopped   = "stopped"   // breaker or budget stopped it; Rule and Why say which and why
	FinishFailed    = "failed"    // it could not be run, or ended in an error
	FinishLost      = "lost"      // the daemon that ran it is gone (written by Step, never by a Workforce)
	FinishCancelled = "cancelled" // the operator stopped it
)

// Outcome is what came of an attempt. Nothing in it is the agent's word but Why of an escalation and the text of a review.
type Outcome struct {
	Attempt string  `json:"attempt"` // Attempt.ID
	Task    string  `json:"task"`
	Head    git.OID `json:"head,omitempty"` // adamant's own commit with the pulled tree; "" = nothing was changed
	Finish  string  `json:"finish"`
	Why     string  `json:"why,omitempty"`
	Rule    string  `json:"rule,omitempty"` // of the breaker, or budget
	Spent   Spent   `json:"spent"`
	Models  []Model `json:"models,omitempty"` // that answered, as the gateway saw them; sorted, each once
	Review  *Review `json:"review,omitempty"` // of a reviewer
}

// Spent is what an attempt cost, by the gateway's count.
type Spent struct {
	NanoUSD  int64 `json:"nanoUSD"`
	Tokens   int64 `json:"tokens"`   // all kinds together
	Requests int64 `json:"requests"` // to models
	Seconds  int64 `json:"seconds"`  // of wall time
}

// Add is the sum of two.
func (s Spent) Add(o Spent) Spent {
	return Spent{s.NanoUSD + o.NanoUSD, s.Tokens + o.Tokens, s.Requests + o.Requests, s.Seconds + o.Seconds}
}

// Model is a model that answered, as the gateway saw it.
type Model struct {
	Family      string `json:"family"` // such as claude or gpt
	Name        string `json:"name"`
	Temperature int64  `json:"temperature"` // in thousandths; -1 = the provider's default
}

// Review is what a reviewer says.
type Review struct {
	Outcome  string           `json:"outcome"` // change.ReviewOK, ReviewChanges, ReviewComments
	Message  string           `json:"message,omitempty"`
	Comments []change.Comment `json:"comments,omitempty"`
}

// RunningAttempt is an attempt under way.
type RunningAttempt struct {
	ID    string    `json:"id"`
	Task  string    `json:"task"`
	Role  string    `json:"role"`
	Agent string    `json:"agent"`
	Since time.Time `json:"since"`
	Model string    `json:"model,omitempty"`
	Doing string    `json:"doing,omitempty"` // one line, such as "edit internal/bill/rate.go"
	Turn  int       `json:"turn"`            // model requests so far
	Spent Spent     `json:"spent"`
	Limit Spent     `json:"limit"`             // zero fields = no limit
	Alarm string    `json:"breaker,omitempty"` // what the breaker warned of last, such as "nudge: cycle 3"
}

// Line is one thing that an agent did, for people who watch.
type Line struct {
	Time    time.Time `json:"time"`
	Task    string    `json:"task"`
	Attempt string    `json:"attempt"`
	Kind    string    `json:"kind"` // started, message, reasoning, tool, result, usage, error, breaker, finished
	Text    string    `json:"text"`
}
