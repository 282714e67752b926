package thought

import (
	"slices"
	"strings"
	"time"
)

// Who is the attempt that acts. Names and ids are the daemon's, not the agent's.
type Who struct {
	Agent, Role, Task, Attempt, Change, Feature string
}

// Exchange is one request to a model and its answer, as the gateway saw them. It has the gateway's fields; nothing in it is
// trusted to be small, valid or free of credentials.
type Exchange struct {
	Seq          int // from 1 within the attempt
	Start        time.Time
	Latency      time.Duration
	Provider     string
	Model        string
	Family       string
	Temperature  int64 // in thousandths; negative = the provider's default
	MaxTokens    int64
	Observations []Observation // results of tools that the request brought
	Injected     string        // what the gateway added to the request: a nudge, facts to go by
	Reasoning    []Text
	Text         string // what the model said besides its calls
	Calls        []Call
	Stop         string
	Tokens       Tokens
	CostNano     int64
	CostSource   string // provider, prices, notional
	Retries      int
	Error        string // why there was no answer
}

// Observation is the result of a tool.
type Observation struct {
	ID, Text string
	Failed   bool
}

// Text is a piece of reasoning. Pieces of one source follow each other as they came over the wire: a word may be torn.
type Text struct {
	Source Source
	Text   string
}

// Call is a tool call that the model made.
type Call struct {
	ID, Tool string
	Args     []byte // JSON, or what the model sent instead
	Valid    bool
	Problem  string
}

// reasoning joins the pieces of the best source there is.
func (x *Exchange) reasoning() (string, Source) {
	best := None
	for _, t := range x.Reasoning {
		if t.Source.rank() > best.rank() && strings.TrimSpace(t.Text) != "" {
			best = t.Source
		}
	}
	var out strings.Builder
	for _, t := range x.Reasoning {
		if t.Source == best {
			out.WriteString(t.Text)
		}
	}
	if best == None && strings.TrimSpace(x.Text) != "" {
		return "", SelfReport // what it said is its decision
	}
	return out.String(), best
}

// trigger is what made the agent act.
func (x *Exchange) trigger() string {
	switch {
	case x.Error != "":
		return "error"
	case x.Injected != "":
		return "nudge"
	case len(x.Observations) > 0:
		return "observation"
	case x.Seq <= 1:
		return "task"
	}
	return "message"
}

// readers are tools that are known to change no file, by their names in lower case. Whatever is not known may.
var readers = []string{
	"read", "read_file", "readfile", "view", "view_image", "open_file", "cat", "list", "list_files", "list_directory", "list_dir", "ls", "search", "grep", "glob", "find",
	"file_search", "grep_search", "codebase_search", "search_file_content", "read_many_files", "webfetch", "websearch", "web_fetch", "web_search", "google_web_search",
	"todowrite", "todoread", "todo_write", "update_plan", "think", "finish", "escalate", "comment", "plan", "affected", "graph_why", "catalog", "explain_rule",
	"ask_operator", "attempt_completion", "exitplanmode", "taskoutput", "bashoutput", "listmcpresourcestool", "readmcpresourcetool",
}

// mayWrite says that a call of a tool may have changed a file.
func mayWrite(tool string) bool {
	name := strings.ToLower(tool)
	if rest, ok := strings.CutPrefix(name, "mcp__adamant__"); ok { // adamant's own tools write nothing
		name = rest
		if name == "check" || name == "request_waiver" {
			return false
		}
	}
	return !slices.Contains(readers, name)
}
