package codex

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// line is one line of `codex exec --json`, as far as it is read.
type line struct {
	Type    string          `json:"type"`
	Item    json.RawMessage `json:"item"`
	Message string          `json:"message"`
	Error   struct {
		Message string `json:"message"`
	} `json:"error"`
	Usage struct {
		Input      int64 `json:"input_tokens"`
		CacheRead  int64 `json:"cached_input_tokens"`
		CacheWrite int64 `json:"cache_write_input_tokens"`
		Output     int64 `json:"output_tokens"`
		Reasoning  int64 `json:"reasoning_output_tokens"`
	} `json:"usage"`
}

type item struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	Message  string          `json:"message"`
	Status   string          `json:"status"`
	Command  string          `json:"command"`
	Output   string          `json:"aggregated_output"`
	ExitCode *int            `json:"exit_code"`
	Changes  json.RawMessage `json:"changes"`
	Server   string          `json:"server"`
	Tool     string          `json:"tool"`
	Args     json.RawMessage `json:"arguments"`
	Result   json.RawMessage `json:"result"`
	Query    string          `json:"query"`
	Error    *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// parser remembers which calls were told when they began, and what was said last.
type parser struct {
	emit  func(agent.Event)
	begun map[string]bool
	last  string
}

// Parse reads the stream. An item of type error may be a warning only; the turn's end says whether the CLI claims success.
func (runner) Parse(r io.Reader, emit func(agent.Event)) error {
	p := &parser{emit: emit, begun: map[string]bool{}}
	return agent.EachLine(r, func(raw []byte, cut bool) {
		if cut || !p.line(raw) {
			emit(agent.UnknownLine(raw, cut))
		}
	})
}

func (p *parser) line(raw []byte) bool {
	var l line
	if json.Unmarshal(raw, &l) != nil {
		return false
	}
	switch l.Type {
	case "thread.started":
		p.emit(agent.Event{Kind: agent.Started, Text: "Codex"})
	case "turn.started":
	case "turn.completed":
		u := l.Usage
		p.emit(agent.Event{Kind: agent.Usage, Raw: append(json.RawMessage(nil), raw...), Text: fmt.Sprintf("%d fresh, %d cache read, %d cache write, %d output, %d of it reasoning",
			u.Input-u.CacheRead-u.CacheWrite, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning)})
		p.emit(agent.Event{Kind: agent.Finished, Text: p.last})
	case "turn.failed":
		p.emit(agent.Event{Kind: agent.Finished, Text: l.Error.Message, Exit: 1})
	case "error":
		p.emit(agent.Event{Kind: agent.Error, Text: l.Message})
	case "item.started", "item.completed":
		return p.item(l.Item, l.Type == "item.completed")
	default:
		return false
	}
	return true
}

func (p *parser) item(raw json.RawMessage, done bool) bool {
	var i item
	if json.Unmarshal(raw, &i) != nil {
		return false
	}
	switch i.Type {
	case "agent_message":
		p.last = i.Text
		return p.said(agent.Event{Kind: agent.Message, Text: i.Text}, done)
	case "reasoning":
		return p.said(agent.Event{Kind: agent.Reasoning, Text: i.Text}, done)
	case "error":
		return p.said(agent.Event{Kind: agent.Error, Text: i.Message}, done)
	}
	call, known := i.call()
	if !known {
		return false
	}
	if !p.begun[i.ID] {
		p.begun[i.ID] = true
		p.emit(call)
	}
	if done {
		delete(p.begun, i.ID)
		p.emit(i.outcome())
	}
	return true
}

// said emits what was said once it is whole.
func (p *parser) said(e agent.Event, done bool) bool {
	if done {
		p.emit(e)
	}
	return true
}

func (i item) call() (agent.Event, bool) {
	e := agent.Event{Kind: agent.Tool, ID: i.ID, Args: i.Args}
	switch i.Type {
	case "command_execution":
		e.Tool, e.Args = "exec_command", object("command", i.Command)
	case "file_change":
		e.Tool, e.Args = "apply_patch", i.Changes
	case "mcp_tool_call":
		e.Tool = i.Server + "." + i.Tool
	case "web_search":
		e.Tool, e.Args = "web_search", object("query", i.Query)
	default:
		return agent.Event{}, false
	}
	return e, true
}

func object(name, value string) json.RawMessage {
	data, err := json.Marshal(map[string]string{name: value})
	if err != nil {
		return nil // strings always marshal
	}
	return data
}

func (i item) outcome() agent.Event {
	e := agent.Event{Kind: agent.Result, ID: i.ID, Text: i.Output}
	if i.Type == "mcp_tool_call" {
		e.Text = resultText(i.Result)
	}
	if i.Error != nil {
		e.Text = i.Error.Message
	}
	switch {
	case i.ExitCode != nil:
		e.Exit = *i.ExitCode
	case i.Status == "failed" || i.Status == "declined" || i.Error != nil:
		e.Exit = 1
	}
	return e
}

// resultText is the text of what an MCP tool answered; what is no text stays JSON.
func resultText(raw json.RawMessage) string {
	var result struct {
		Content []struct{ Type, Text string } `json:"content"`
	}
	if json.Unmarshal(raw, &result) != nil || len(result.Content) == 0 {
		return string(raw)
	}
	var texts []string
	for _, c := range result.Content {
		if c.Type != "text" {
			return string(raw)
		}
		texts = append(texts, c.Text)
	}
	return strings.Join(texts, "\n")
}
