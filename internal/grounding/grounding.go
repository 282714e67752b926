// Package grounding writes the page that tells an agent again where it is: the component it works in, what binds it there, its
// task, and why it was refused last.
//
// It promises a text of at most MaxTokens tokens by a count that errs upwards, cut between runes and lines, the same for the same
// facts. It never reads a repository and never decides anything: When says that it is time, the gateway puts the text at the tail
// of the next request.
package grounding

// MaxTokens bounds Text.
const MaxTokens = 1500

// Facts are what an agent is told.
type Facts struct {
	Component   Component
	Constraints []Constraint // most binding first
	Task        Task
	Denial      Denial
}

// Component is the catalog entry of the paths at hand; zero = they belong to none.
type Component struct {
	Ref, Owner, Lifecycle, Description string
	Paths, DependsOn                   []string
}

// Constraint is one rule that binds the paths at hand.
type Constraint struct{ Rule, Text string }

// Task is what the operator wants.
type Task struct {
	ID, Title, Text string
	Grants          []string // paths that may be written beside the agent's own
}

// Denial is why the gate refused the last attempt; zero = it has not.
type Denial struct {
	Summary  string
	Findings []string // file:line, rule, message, fix: one line each
}

// Text is the page.
func Text(f Facts) string { return f.Task.Title }

// State is what has happened since the last page. The zero State is an attempt that has not begun.
type State struct{}

// Event is one thing that happened to the attempt.
type Event struct {
	Compacted   bool   // the conversation was shortened: the agent has forgotten
	FreshTokens int64  // tokens of this request that no cache held
	Writes      string // component that the call at hand writes to, "" = it writes nothing
	Denied      bool   // the gate refused
}

// When says whether the page is due with event e.
func When(s State, e Event) bool { return false }

// Next is the state after e; grounded = the page was given with it.
func Next(s State, e Event, grounded bool) State { return s }
