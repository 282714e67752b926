package claude

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// line is one line of the CLI's stream, as far as it is read.
type line struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`

	// system
	Version    string          `json:"claude_code_version"`
	Model      string          `json:"model"`
	Attempt    int             `json:"attempt"`
	MaxRetries int             `json:"max_retries"`
	Status     json.RawMessage `json:"error_status"`
	Why        json.RawMessage `json:"error"`

	// assistant, user
	Message struct {
		Content json.RawMessage `json:"content"`
	} `json:"message"`

	// result
	IsError bool     `json:"is_error"`
	Result  string   `json:"result"`
	Errors  []string `json:"errors"`
	Usage   struct {
		Fresh      int64 `json:"input_tokens"`
		CacheWrite int64 `json:"cache_creation_input_tokens"`
		CacheRead  int64 `json:"cache_read_input_tokens"`
		Output     int64 `json:"output_tokens"`
	} `json:"usage"`
}

// block is one part of a message.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	Content   json.RawMessage `json:"content"`
	IsError   bool            `json:"is_error"`
}

// Parse reads the stream. The tokens of assistant lines are those at the start of an answer; only the result's are shown.
func (runner) Parse(r io.Reader, emit func(agent.Event)) error {
	return agent.EachLine(r, func(raw []byte, cut bool) {
		if cut || !parse(raw, emit) {
			emit(agent.UnknownLine(raw, cut))
		}
	})
}

// parse emits what a line says and reports whether it was understood.
func parse(raw []byte, emit func(agent.Event)) bool {
	var l line
	if json.Unmarshal(raw, &l) != nil {
		return false
	}
	switch {
	case l.Type == "system" && l.Subtype == "init":
		emit(agent.Event{Kind: agent.Started, Text: fmt.Sprintf("Claude Code %s, model %s", l.Version, l.Model)})
	case l.Type == "system" && l.Subtype == "api_retry":
		emit(agent.Event{Kind: agent.Error, Text: fmt.Sprintf("the model answered %s %s; try %d of %d", l.Status, l.Why, l.Attempt, l.MaxRetries), Raw: clone(raw)})
	case l.Type == "assistant" || l.Type == "user":
		return parseMessage(l.Message.Content, l.Type, emit)
	case l.Type == "result":
		finish(l, raw, emit)
	default:
		return false
	}
	return true
}

func clone(raw []byte) json.RawMessage { return append(json.RawMessage(nil), raw...) }

// parseMessage emits the parts of a message. It says no before the first event if there is nothing it can read.
func parseMessage(content json.RawMessage, from string, emit func(agent.Event)) bool {
	var parts []json.RawMessage
	if json.Unmarshal(content, &parts) != nil || len(parts) == 0 {
		return false
	}
	for _, part := range parts {
		var b block
		if json.Unmarshal(part, &b) != nil {
			b = block{}
		}
		emit(b.event(from, part))
	}
	return true
}

func (b block) event(from string, raw json.RawMessage) agent.Event {
	switch from + " " + b.Type {
	case "assistant text":
		return agent.Event{Kind: agent.Message, Text: b.Text}
	case "assistant thinking":
		return agent.Event{Kind: agent.Reasoning, Text: b.Thinking}
	case "assistant tool_use":
		return agent.Event{Kind: agent.Tool, ID: b.ID, Tool: b.Name, Args: clone(b.Input)}
	case "user tool_result":
		text := textOf(b.Content)
		return agent.Event{Kind: agent.Result, ID: b.ToolUseID, Text: text, Exit: exitOf(text, b.IsError)}
	}
	return agent.Event{Kind: agent.Unknown, Raw: clone(raw)}
}

// textOf reads content that is a string or a list of parts; what is no text stays JSON.
func textOf(content json.RawMessage) string {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	var parts []block
	if json.Unmarshal(content, &parts) != nil {
		return string(content)
	}
	var out []string
	for _, p := range parts {
		if p.Type != "text" {
			return string(content)
		}
		out = append(out, p.Text)
	}
	return strings.Join(out, "\n")
}

// exitOf is the status of a failed command, which its text begins with; 1 for other failures.
func exitOf(text string, failed bool) int {
	if !failed {
		return 0
	}
	if rest, ok := strings.CutPrefix(text, "Exit code "); ok {
		number, _, _ := strings.Cut(rest, "\n")
		if n, err := strconv.Atoi(strings.TrimSpace(number)); err == nil && n > 0 {
			return n
		}
	}
	return 1
}

func finish(l line, raw []byte, emit func(agent.Event)) {
	emit(agent.Event{Kind: agent.Usage, Raw: clone(raw), Text: fmt.Sprintf("%d fresh, %d cache read, %d cache write, %d output",
		l.Usage.Fresh, l.Usage.CacheRead, l.Usage.CacheWrite, l.Usage.Output)})
	e := agent.Event{Kind: agent.Finished, Text: l.Result}
	if l.IsError || l.Subtype != "success" {
		e.Exit = 1
	}
	if e.Text == "" {
		e.Text = strings.Join(append([]string{l.Subtype}, l.Errors...), ": ")
	}
	emit(e)
}
