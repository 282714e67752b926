// Package thought keeps the reasoning of agents in the ledger: one entry (kind agent.action) for each action, which says what the
// agent saw, what its model thought and decided, what it then did, and what that cost (docs/formats/thought.md).
//
// It promises that an entry is made of what the model gateway and the tree show, never of what an agent reports about itself;
// that credentials and personal data are taken out before anything is written; that an entry is bounded, and says how much was
// cut and what its hash is; and that the entries of an attempt are numbered and chained, so that one that is missing shows. It
// never judges whether a thought is true: reasoning is data from an untrusted writer, and is shown as such.
package thought

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Kind is the ledger's kind of these entries.
const Kind = "agent.action"

// Version is the apiVersion of an entry.
const Version = "adamant.dev/thought/v1"

// Source says where reasoning is from.
type Source string

// The sources, from best to none.
const (
	Provider   Source = "provider"    // the model's reasoning, as the provider sent it
	Summary    Source = "summary"     // a summary of it, by the provider
	SelfReport Source = "self-report" // what the model said before it acted
	None       Source = "none"        // nothing
)

// rank orders sources; more is better.
func (s Source) rank() int {
	switch s {
	case Provider:
		return 3
	case Summary:
		return 2
	case SelfReport:
		return 1
	}
	return 0
}

// The kinds of actions.
const (
	ActTool    = "tool"    // a call of a tool
	ActMessage = "message" // an answer without a call
	ActFailure = "failure" // a request without an answer
	ActResult  = "result"  // the end of an attempt: the tree that was pulled
)

// Entry is the body of a ledger entry: one action of an agent. The ledger's own line around it has the writer's clock, number
// and hash; Seq and Prev are those of the attempt.
type Entry struct {
	APIVersion string    `json:"apiVersion"`
	Agent      string    `json:"agent_id"`
	Role       string    `json:"role,omitempty"`
	Task       string    `json:"task,omitempty"`
	Attempt    string    `json:"attempt,omitempty"`
	Change     string    `json:"change,omitempty"`
	Feature    string    `json:"feature,omitempty"`
	Seq        int       `json:"seq"`      // from 1 within the attempt
	Prev       string    `json:"prev"`     // Digest of the entry before; "" for the first
	Exchange   int       `json:"exchange"` // which request to the model, from 1; 0 for a result
	Time       time.Time `json:"timestamp"`
	Trigger    string    `json:"trigger"` // what made it act: task, observation, message, nudge, error, end

	Thoughts []Thought `json:"chain_of_thought"`
	Source   Source    `json:"source"`
	With     int       `json:"with,omitempty"` // Seq of the entry whose thoughts led to this action too

	Action    Action `json:"action"`
	Artifact  string `json:"artifact_hash"` // sha256:<hex> of the action as it stands here; git:<oid> of the tree of a result
	Tool      string `json:"tool,omitempty"`
	ToolValid *bool  `json:"tool_valid,omitempty"`
	Problem   string `json:"tool_problem,omitempty"`

	Model       string `json:"model,omitempty"`
	Provider    string `json:"provider,omitempty"`
	Family      string `json:"family,omitempty"`
	Temperature *int64 `json:"temperature_milli,omitempty"` // absent = the provider's default
	MaxTokens   int64  `json:"max_tokens,omitempty"`
	LatencyMS   int64  `json:"latency_ms,omitempty"`
	Stop        string `json:"stop_reason,omitempty"`
	Tokens      Tokens `json:"tokens,omitzero"`
	CostNano    int64  `json:"cost_nano_usd"`
	CostSource  string `json:"cost_source,omitempty"` // provider, prices, notional
	Retries     int    `json:"retries,omitempty"`

	Redacted []string `json:"redacted,omitempty"` // what was taken out, by sort, sorted
	Cut      []Cut    `json:"cut,omitempty"`
}

// Thought is one step: what it saw, what it made of that, and what it decided. Any of them may be empty.
type Thought struct {
	Observation string `json:"observation,omitempty"`
	Told        bool   `json:"told,omitempty"` // the observation is adamant's own: facts to go by, a nudge
	Reasoning   string `json:"reasoning,omitempty"`
	Decision    string `json:"decision,omitempty"`
}

// Action is what the agent did, as the gateway saw its model ask for it.
type Action struct {
	Kind   string          `json:"kind"`
	ID     string          `json:"id,omitempty"`    // of a call, on the wire
	Args   json.RawMessage `json:"args,omitempty"`  // of a call
	Text   string          `json:"text,omitempty"`  // of a message, or of a failure
	Paths  []string        `json:"paths,omitempty"` // that its arguments name; of a result, those that changed
	Writes bool            `json:"writes"`          // it may have changed a file
	Files  int             `json:"files,omitempty"` // of a result: how many changed
	Head   string          `json:"head,omitempty"`  // of a result: the commit that adamant made of the tree
	Count  int             `json:"actions,omitempty"`
}

// Tokens are counted as the gateway does.
type Tokens struct {
	Fresh      int64 `json:"fresh"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
	Output     int64 `json:"output"`
	Reasoning  int64 `json:"reasoning"`
}

// Cut is a part of a field that was too long. Its hash is of the part without its credentials.
type Cut struct {
	Field  string `json:"field"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Encode is the entry's canonical JSON.
func (e Entry) Encode() ([]byte, error) {
	data, err := manifest.CanonicalDocument(e)
	if err != nil {
		return nil, fmt.Errorf("encoding an action of %s: %w", e.Agent, err)
	}
	return data, nil
}

// Digest is the SHA-256 in hex of the entry's canonical JSON: the next entry's Prev.
func (e Entry) Digest() (string, error) {
	data, err := e.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Parse reads the body of a ledger entry of kind Kind.
func Parse(body []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("reading an action: %w", err)
	}
	if e.APIVersion != Version {
		return e, fmt.Errorf("reading an action: apiVersion is %q; this adamant reads %q", e.APIVersion, Version)
	}
	if e.Seq < 1 || e.Action.Kind == "" {
		return e, errors.New("reading an action: it has no number or no kind")
	}
	return e, nil
}
