package api

import (
	"time"

	"github.com/adamant-os/adamant/internal/task"
)

// The paths of tasks. {id} is a task's id, of 8 hex digits or more.
const (
	PathTasks      = "/v1/tasks"             // GET: Tasks, ?all=true lists closed ones too; POST NewTask: TaskAnswer
	PathTask       = "/v1/tasks/{id}"        // GET: TaskDetail
	PathTaskCancel = "/v1/tasks/{id}/cancel" // POST Reason: TaskAnswer
	PathTaskResume = "/v1/tasks/{id}/resume" // POST Reason, a remark for the agent: TaskAnswer
	PathTaskRetry  = "/v1/tasks/{id}/retry"  // POST Retry: TaskAnswer
	PathTaskNote   = "/v1/tasks/{id}/notes"  // POST Reason, a remark for the next attempt: TaskAnswer
	PathTaskLog    = "/v1/tasks/{id}/log"    // GET: server-sent events of LogLine; ?follow=true stays until the task is closed
	PathFleet      = "/v1/fleet"             // GET: Fleet
)

// Tasks lists tasks.
type Tasks struct {
	Tasks []TaskSummary `json:"tasks"` // newest first
}

// TaskSummary is a task in a line.
type TaskSummary struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	Status   string     `json:"status"`
	Agent    string     `json:"agent"`
	Feature  string     `json:"feature,omitempty"`
	Source   string     `json:"source,omitempty"`
	Priority int        `json:"priority,omitempty"`
	Attempts int        `json:"attempts"`
	Change   string     `json:"change,omitempty"`
	Commit   string     `json:"commit,omitempty"` // on the target branch
	Opened   time.Time  `json:"opened"`
	Updated  time.Time  `json:"updated"`
	Spent    task.Spent `json:"spent"`
	Why      string     `json:"why,omitempty"`  // what it waits for
	Next     string     `json:"next,omitempty"` // a command, when it waits for the operator
}

// TaskDetail is a task with all that is known of it.
type TaskDetail struct {
	TaskSummary
	Text     string        `json:"text,omitempty"`
	Foreign  string        `json:"foreign,omitempty"` // what somebody else wrote about it
	Grants   []string      `json:"grants,omitempty"`
	Cone     task.Cone     `json:"cone"`
	Rounds   []task.Record `json:"rounds"` // attempts, oldest first
	Return   *task.Sent    `json:"return,omitempty"`
	By       string        `json:"by"`
	Left     []string      `json:"left,omitempty"` // changes that a retry left behind
	Stop     *task.Ending  `json:"stop,omitempty"`
	Problems []string      `json:"problems,omitempty"` // operations without effect
}

// NewTask asks for a task.
type NewTask struct {
	Title    string   `json:"title" minLength:"1" maxLength:"1024"`
	Text     string   `json:"text,omitempty" maxLength:"65536"`
	Agent    string   `json:"agent,omitempty"` // default: the first coder
	Feature  string   `json:"feature,omitempty" maxLength:"1024"`
	Grants   []string `json:"grants,omitempty" maxItems:"1000"`
	Paths    []string `json:"paths,omitempty" maxItems:"1000"`
	Priority int      `json:"priority,omitempty" minimum:"-100" maximum:"100"`
	Source   string   `json:"source,omitempty" maxLength:"1024"`
	Foreign  string   `json:"foreign,omitempty" maxLength:"262144"`
}

// TaskAnswer is what became of a request about a task.
type TaskAnswer struct {
	Task    string `json:"task"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Retry asks for a task to be begun again.
type Retry struct {
	Note  string `json:"note,omitempty" maxLength:"4096"`
	Agent string `json:"agent,omitempty"`
}

// LogLine is one thing that happened to a task, or that its agent did.
type LogLine struct {
	Time    time.Time `json:"time"`
	Attempt int       `json:"attempt,omitempty"` // 0 = none of them
	Actor   string    `json:"actor"`
	Kind    string    `json:"kind"` // of an operation, or agent.<kind> of what an agent does
	Text    string    `json:"text"`
}

// Fleet is what the agents of a repository do now.
type Fleet struct {
	Time     time.Time     `json:"time"`
	Name     string        `json:"name"` // of the repository
	Held     string        `json:"held,omitempty"`
	Running  int           `json:"running"`
	Limit    int           `json:"limit"`
	DaySpent int64         `json:"daySpentNanoUSD"`
	DayLimit int64         `json:"dayLimitNanoUSD,omitempty"` // 0 = none
	Tasks    []FleetTask   `json:"tasks"`                     // what runs first, then what waits
	Recent   []TaskSummary `json:"recent,omitempty"`          // closed today, newest first
}

// FleetTask is a task that is not closed and who works on it.
type FleetTask struct {
	TaskSummary
	Works *task.RunningAttempt `json:"works,omitempty"`
}
