package loop

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/adamant-os/adamant/internal/agent/model"
)

// definition is a tool as the loop knows it.
type definition struct {
	model.Tool
	pure  bool // changes nothing: may run beside others
	ends  bool // ends the run when it succeeds
	write bool // never for those who only read
	act   bool // for those who only read when their persona names it
	do    func(ctx context.Context, l *loop, args json.RawMessage) (said, error)
}

// said is what a tool answers.
type said struct {
	text   string
	status int // of a command; 0 = well
	end    *Outcome
}

// definitionsFor are the tools of a job, in a fixed order, so that providers can cache them.
func definitionsFor(j Job) []definition {
	finish := finishWork()
	if j.wantsVerdict() {
		finish = finishReview()
	}
	all := []definition{readTool(), listTool(), searchTool(), editTool(), writeTool(), runTool(), checkTool(), commentTool(), finish, escalateTool()}
	return slices.DeleteFunc(all, func(d definition) bool {
		switch {
		case d.Name == "finish":
			return false // there is always a way to end
		case d.write && j.Readonly:
			return true
		case len(j.Tools) > 0:
			return !slices.Contains(j.Tools, d.Name)
		case d.Name == "comment":
			return !j.Readonly
		}
		return d.act && j.Readonly
	})
}

func toolsOf(all []definition) []model.Tool {
	out := make([]model.Tool, len(all))
	for i, d := range all {
		out[i] = d.Tool
	}
	return out
}

// schema writes the JSON Schema of an object: names of required properties first, then all of them as name, type, meaning.
func schema(required []string, properties ...[3]string) json.RawMessage {
	type property struct {
		Type        string   `json:"type"`
		Description string   `json:"description"`
		Enum        []string `json:"enum,omitempty"`
	}
	props := map[string]property{}
	for _, p := range properties {
		props[p[0]] = property{Type: p[1], Description: p[2], Enum: enums()[p[0]]}
	}
	object := map[string]any{"type": "object", "properties": props, "additionalProperties": false}
	if len(required) > 0 {
		object["required"] = required
	}
	out, err := json.Marshal(object)
	if err != nil {
		return json.RawMessage(`{"type":"object"}`)
	}
	return out
}

func enums() map[string][]string {
	return map[string][]string{"severity": severities(), "verdict": {approve, requestChanges}}
}

func readTool() definition {
	return definition{pure: true, do: doRead, Tool: model.Tool{Name: "read",
		Description: "Show lines of a text file. Each line begins with its number and a tab, which are not part of the file. At most 2000 lines or 48 KiB come back; the end says where to read on. Read the whole of a file you are going to change, unless it is very long.",
		Schema: schema([]string{"path"}, [3]string{"path", "string", "the file, relative to the repository"},
			[3]string{"from", "integer", "first line, from 1"}, [3]string{"count", "integer", "how many lines"})}}
}

func listTool() definition {
	return definition{pure: true, do: doList, Tool: model.Tool{Name: "list",
		Description: "Show what a folder holds: files, and folders with the number of files below. With glob it lists every file below that matches, such as *.go or internal/**/*_test.go. Files that git ignores are left out.",
		Schema:      schema(nil, [3]string{"path", "string", "the folder; empty is the repository"}, [3]string{"glob", "string", "only files that match; without a slash it matches names"})}}
}

func searchTool() definition {
	return definition{pure: true, do: doSearch, Tool: model.Tool{Name: "search",
		Description: "Find the lines that a regular expression matches (Go's RE2 syntax; begin with (?i) to ignore case), as path:line: text. At most 200 lines come back. Files that git ignores, binary and very large files are left out. Use this rather than grep.",
		Schema: schema([]string{"pattern"}, [3]string{"pattern", "string", "the expression; it is matched against single lines"},
			[3]string{"path", "string", "a folder or file to search in"}, [3]string{"glob", "string", "only files that match, such as *.ts"})}}
}

func editTool() definition {
	return definition{write: true, do: doEdit, Tool: model.Tool{Name: "edit",
		Description: "Replace a passage of a file. old must be in the file exactly as given, with its indentation, and only once; take in as many lines around it as make it the only one. Set all to replace every place. Several edits in one answer are made in their order.",
		Schema: schema([]string{"path", "old", "new"}, [3]string{"path", "string", "the file"}, [3]string{"old", "string", "the passage as it is now, without line numbers"},
			[3]string{"new", "string", "what takes its place; empty deletes it"}, [3]string{"all", "boolean", "replace every place"})}}
}

func writeTool() definition {
	return definition{write: true, do: doWrite, Tool: model.Tool{Name: "write",
		Description: "Make a new file, with the folders it needs, or replace the whole of one. To change a part of a file use edit.",
		Schema:      schema([]string{"path", "text"}, [3]string{"path", "string", "the file"}, [3]string{"text", "string", "all of its content"})}}
}

func runTool() definition {
	return definition{act: true, do: doRun, Tool: model.Tool{Name: "run",
		Description: "Run a shell command in the repository's folder, such as a build or tests. Output and errors come back together with the exit status; of long output the middle is left out. Each command begins anew: variables, folders and background processes do not outlive it. There is no input and no network. Do not read, search or edit files with it where a tool does that.",
		Schema: schema([]string{"command"}, [3]string{"command", "string", "for bash -c"},
			[3]string{"timeout", "integer", "seconds after which it is killed; 120 when left out, at most 600"})}}
}

func checkTool() definition {
	return definition{act: true, do: doCheck, Tool: model.Tool{Name: "check",
		Description: "Ask the gate whether the change as it lies in the folder may land. It answers with the decision, the risk level, and each finding with file, line, rule and how to mend it. Call it when you think you are done, and again after mending.",
		Schema:      schema(nil)}}
}

func commentTool() definition {
	return definition{do: doComment, Tool: model.Tool{Name: "comment",
		Description: "Put one finding on a line of the change. error: it must not land so. warning: it should be mended. note: worth knowing.",
		Schema: schema([]string{"path", "line", "severity", "text"}, [3]string{"path", "string", "the file"}, [3]string{"line", "integer", "the line, from 1; 0 for the whole file"},
			[3]string{"severity", "string", "how bad it is"}, [3]string{"text", "string", "what goes wrong, when, and how to mend it"})}}
}

func finishWork() definition {
	return definition{ends: true, do: doFinish, Tool: model.Tool{Name: "finish",
		Description: "End your work. Call it alone, when everything is in the folder.",
		Schema:      schema([]string{"summary"}, [3]string{"summary", "string", "what changed and why, how you checked it, what is left open"})}}
}

func finishReview() definition {
	return definition{ends: true, do: doFinish, Tool: model.Tool{Name: "finish",
		Description: "End the review with a verdict. Call it alone, after all comments.",
		Schema: schema([]string{"verdict", "summary"}, [3]string{"verdict", "string", "approve, or request-changes when a comment says what must change"},
			[3]string{"summary", "string", "the review in a few sentences"})}}
}

func escalateTool() definition {
	return definition{ends: true, do: doEscalate, Tool: model.Tool{Name: "escalate",
		Description: "Ask the operator and end your work until they have answered. For what you cannot decide or have no right to; not for what you can find out.",
		Schema:      schema([]string{"question"}, [3]string{"question", "string", "one precise question, with what you know and the choices you see"})}}
}
