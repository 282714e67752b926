package manifest

import (
	"fmt"
	"strings"
)

// Script is a file of answers that stand in for a model's: deterministic turns for demonstrations and tests.
type Script struct {
	APIVersion string     `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string     `json:"kind" enum:"Script"`
	Metadata   Metadata   `json:"metadata"`
	Spec       ScriptSpec `json:"spec"`
}

// ScriptSpec is the body of a script.
type ScriptSpec struct {
	// Parts are tried in order: the first one that fits a request answers it.
	Parts []ScriptPart `json:"parts" min:"1"`
	// Side answers calls without tools, such as for a title; default: Done.
	Side string `json:"side,omitempty"`
	// Root is the folder that relative paths are in, for agents that want absolute ones and do not say where they work; default
	// /work/repo.
	Root string `json:"root,omitempty" min:"1"`
	// Model is the name under which the script answers; default: the model that it was asked for.
	Model string `json:"model,omitempty" min:"1"`
}

// ScriptPart is what one agent is told for one task.
type ScriptPart struct {
	Name string `json:"name" format:"name"`
	// Agent is a glob of agents' names; default: any.
	Agent string `json:"agent,omitempty" min:"1"`
	// When is text that the task has; default: any. Case does not matter.
	When  string       `json:"when,omitempty" min:"1"`
	Turns []ScriptTurn `json:"turns" min:"1"`
	// Then is what comes after the last turn: say (default: it says that nothing is left), last (that turn again, for ever) or again
	// (from the first).
	Then string `json:"then,omitempty" enum:"say,last,again"`
}

// ScriptTurn is one answer.
type ScriptTurn struct {
	Think string       `json:"think,omitempty"` // reasoning
	Say   string       `json:"say,omitempty"`
	Calls []ScriptCall `json:"calls,omitempty"`
	// Length ends the answer as one that was cut at the most tokens it may have.
	Length bool         `json:"length,omitempty"`
	Usage  ScriptUsage  `json:"usage,omitzero"`
	Fault  *ScriptFault `json:"fault,omitempty"`
}

// ScriptUsage is what the answer says was used, in tokens. What is left out is estimated from the lengths of request and answer.
type ScriptUsage struct {
	Fresh        int64 `json:"fresh,omitempty" min:"0"`
	CacheRead    int64 `json:"cacheRead,omitempty" min:"0"`
	CacheWrite   int64 `json:"cacheWrite,omitempty" min:"0"`
	CacheWrite1h int64 `json:"cacheWrite1h,omitempty" min:"0"`
	Output       int64 `json:"output,omitempty" min:"0"`
	Reasoning    int64 `json:"reasoning,omitempty" min:"0"`
}

// ScriptCall is one tool call. Exactly one of its fields is set. All but tool and raw are put in the words of whatever tools the
// agent declares.
type ScriptCall struct {
	Run   string       `json:"run,omitempty" min:"1"`  // a shell command
	Read  string       `json:"read,omitempty" min:"1"` // a file
	Write *ScriptWrite `json:"write,omitempty"`
	Edit  *ScriptEdit  `json:"edit,omitempty"`
	Tool  *ScriptTool  `json:"tool,omitempty"`
	Raw   *ScriptRaw   `json:"raw,omitempty"`
}

// ScriptWrite writes a whole file.
type ScriptWrite struct {
	Path string `json:"path" min:"1"`
	Text string `json:"text"`
}

// ScriptEdit replaces a passage of a file.
type ScriptEdit struct {
	Path string `json:"path" min:"1"`
	Old  string `json:"old" min:"1"`
	New  string `json:"new"`
}

// ScriptTool calls a tool by its name, or by the end of it: finish finds mcp__adamant__finish.
type ScriptTool struct {
	Name string         `json:"name" min:"1"`
	Args map[string]any `json:"args,omitempty"`
}

// ScriptRaw calls a tool with arguments as they are written, JSON or not.
type ScriptRaw struct {
	Name string `json:"name" min:"1"`
	Text string `json:"text"`
}

// ScriptFault is what goes wrong with a turn before it is answered.
type ScriptFault struct {
	// Kind is status (an error instead of an answer), cut (the stream ends in the middle), hang (silence), slow (a pause before each
	// part), bad-arguments (the calls' arguments are no JSON) or unknown-tool (the calls name a tool that was not declared).
	Kind string `json:"kind" enum:"status,cut,hang,slow,bad-arguments,unknown-tool"`
	// Times is how many requests it befalls; default 1. 0 is 1.
	Times int `json:"times,omitempty" min:"0" max:"10000"`
	// Status is that of kind status: 429, 529, 500 ...; default 529.
	Status int `json:"status,omitempty" min:"400" max:"599"`
	// RetryAfter is what kind status sends along: seconds.
	RetryAfter string `json:"retryAfter,omitempty"`
	// For is how long kinds hang and slow take; default for ever, and 100ms.
	For string `json:"for,omitempty" format:"duration"`
}

// LoadScript reads a script as it is written (JSON when path ends in .json). With any Diagnostic the result must not be used.
func LoadScript(path string, data []byte) (*Script, []Diagnostic) {
	doc, problem := single(path, data)
	if problem != nil {
		return nil, []Diagnostic{*problem}
	}
	s := &Script{}
	problems := Decode(doc, s)
	v := validator{doc: doc}
	for i, part := range s.Spec.Parts {
		for j, turn := range part.Turns {
			for k, call := range turn.Calls {
				if n := call.fields(); n != 1 {
					v.report(fmt.Sprintf("/spec/parts/%d/turns/%d/calls/%d", i, j, k), "a call is one of run, read, write, edit, tool and raw, not %d of them", n)
				}
			}
		}
	}
	if r := s.Spec.Root; r != "" && !strings.HasPrefix(r, "/") {
		v.report("/spec/root", "want an absolute path")
	}
	return s, append(problems, v.problems...)
}

func (c ScriptCall) fields() int {
	n := 0
	for _, set := range []bool{c.Run != "", c.Read != "", c.Write != nil, c.Edit != nil, c.Tool != nil, c.Raw != nil} {
		if set {
			n++
		}
	}
	return n
}
