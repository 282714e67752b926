// Package api holds the paths, requests and answers of the daemon's HTTP API on its unix socket, besides those of the
// operator's desk (internal/operator/desk). docs/formats/api.md describes it; GET /openapi.json is its machine-readable form.
package api

import (
	"time"

	"github.com/adamant-os/adamant/internal/door"
)

// The paths. {id} is a change's id, of 8 hex digits or more.
const (
	PathStatus   = "/v1/status"               // GET: Status
	PathChanges  = "/v1/changes"              // GET: Changes; ?all=true lists closed ones too
	PathAbandon  = "/v1/changes/{id}/abandon" // POST Reason: desk.Answer
	PathContinue = "/v1/changes/{id}/resume"  // POST Reason: desk.Answer, of a suspended change
	PathRevert   = "/v1/changes/{id}/revert"  // POST Reason: desk.Answer, about the new change
	PathQueue    = "/v1/queue"                // GET: Queue
	PathPause    = "/v1/pause"                // POST Reason: Pause
	PathResume   = "/v1/resume"               // POST Reason: Pause
	PathTokens   = "/v1/tokens"               // GET: Tokens; POST door.Grant: NewToken
	PathToken    = "/v1/tokens/{id}"          // DELETE Reason
	PathEvents   = "/v1/events"               // GET: server-sent events; Last-Event-ID resumes
	PathMirror   = "/v1/mirror"               // POST MirrorTo: kernel.Mirror
	PathImport   = "/v1/import"               // POST Import: Imported
	PathDown     = "/v1/down"                 // POST: the daemon ends
)

// Status is how a daemon is.
type Status struct {
	Name     string         `json:"name"`
	Version  string         `json:"version"`
	PID      int            `json:"pid"`
	Epoch    uint64         `json:"epoch"`
	Since    time.Time      `json:"since"`
	Kernel   string         `json:"kernel"`
	Door     string         `json:"door"` // URL for git
	Web      string         `json:"web"`
	Main     string         `json:"main"`
	Changes  map[string]int `json:"changes"` // by status, open ones
	Inbox    int            `json:"inbox"`   // how many wait for the operator
	Queue    int            `json:"queue"`
	Jobs     uint64         `json:"jobs"`
	Memory   uint64         `json:"memoryBytes"` // resident set
	Paused   *Pause         `json:"paused,omitempty"`
	Frozen   *Freeze        `json:"frozen,omitempty"`
	Problems []Problem      `json:"problems"`
}

// Pause says who holds landing and why.
type Pause struct {
	On     bool      `json:"on"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Freeze is a window in which nothing but hotfixes lands.
type Freeze struct {
	Name  string    `json:"name"`
	Until time.Time `json:"until"`
}

// Problem is something that is wrong now.
type Problem struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// Changes lists changes.
type Changes struct {
	Changes []Summary `json:"changes"` // newest first
}

// Summary is a change in a line.
type Summary struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	Status   string     `json:"status"`
	By       string     `json:"by"`
	Level    string     `json:"level,omitempty"`
	PatchSet int        `json:"patchSet"`
	Opened   time.Time  `json:"opened"`
	Updated  time.Time  `json:"updated"`
	Until    *time.Time `json:"until,omitempty"`  // a soak ends
	Commit   string     `json:"commit,omitempty"` // on the target branch
	Why      string     `json:"why,omitempty"`    // what it waits for
}

// Queue is the merge queue.
type Queue struct {
	Main    string  `json:"main"`
	Entries []Entry `json:"entries"` // in the order of arrival
	Runs    []Run   `json:"runs"`
	Paused  *Pause  `json:"paused,omitempty"`
	Frozen  *Freeze `json:"frozen,omitempty"`
}

// Entry is a change in the queue.
type Entry struct {
	Summary
	Lane  string    `json:"lane"`
	Since time.Time `json:"since"`
	State string    `json:"state"` // arriving, waiting, proving, landing
}

// Run is one run of the queue.
type Run struct {
	ID    string   `json:"id"`
	Base  string   `json:"base"`
	Chain []string `json:"chain"`
	Batch []string `json:"batch"`
	Rerun bool     `json:"rerun,omitempty"`
}

// Reason is why somebody does something.
type Reason struct {
	Reason string `json:"reason,omitempty" maxLength:"4096"`
}

// Tokens lists what was ever granted.
type Tokens struct {
	Tokens []door.Listed `json:"tokens"`
}

// NewToken is a token. It is shown this once.
type NewToken struct {
	Token string     `json:"token"`
	Grant door.Grant `json:"grant"`
	URL   string     `json:"url"` // of the repository
}

// MirrorTo asks for a push of the kernel to a remote: a URL, an absolute path, or a name in the clone; empty = the configured one.
type MirrorTo struct {
	Remote string `json:"remote,omitempty" maxLength:"4096"`
}

// Import asks for branches of a repository as changes.
type Import struct {
	Source   string    `json:"source" minLength:"1" maxLength:"4096"` // absolute path of a clone, or a URL
	Prefix   string    `json:"prefix,omitempty"`                      // of the references; default refs/heads/
	Branches []string  `json:"branches,omitempty" maxItems:"10000"`   // names without the prefix; none = all
	Target   string    `json:"target,omitempty"`                      // default main
	Since    time.Time `json:"since,omitzero"`                        // branches without a commit since are left alone
	Do       bool      `json:"do,omitempty"`                          // false: only say what would be done
}

// Imported says what became of each branch, or would.
type Imported struct {
	Done     bool             `json:"done"`
	Branches []ImportedBranch `json:"branches"`
}

// ImportedBranch is one branch.
type ImportedBranch struct {
	Branch string `json:"branch"`
	Does   string `json:"does" enum:"open,patch-set,skip"`
	Change string `json:"change,omitempty"`
	Title  string `json:"title,omitempty"`
	Ahead  int    `json:"ahead"`
	Why    string `json:"why,omitempty"` // it is skipped
}
