package pi

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
)

// line is one line of `pi --mode json`, as far as it is read.
type line struct {
	Type    string `json:"type"`
	Version int    `json:"version"`
	Message struct {
		Role    string            `json:"role"`
		Model   string            `json:"model"`
		Content []json.RawMessage `json:"content"`
		Stop    string            `json:"stopReason"`
		Error   string            `json:"errorMessage"`
		Usage   usage             `json:"usage"`
	} `json:"message"`

	// tool_execution_end
	ID      string          `json:"toolCallId"`
	Result  json.RawMessage `json:"result"`
	IsError bool            `json:"isError"`

	// auto_retry_start
	Attempt     int    `json:"attempt"`
	MaxAttempts int    `json:"maxAttempts"`
	Error       string `json:"errorMessage"`
}

type usage struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cacheRead"`
	CacheWrite int64 `json:"cacheWrite"`
}

type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// parser adds up tokens and knows how the run ended: pi says agent_end before it tries again, so the last one counts.
type parser struct {
	emit  func(agent.Event)
	total usage
	last  string // what the model said last
	wrong string // what the last message failed with
	ended bool
}

// Parse reads the stream. Parts of messages are left out: the whole message follows each time.
func (runner) Parse(r io.Reader, emit func(agent.Event)) error {
	p := &parser{emit: emit}
	err := agent.EachLine(r, func(raw []byte, cut bool) {
		if cut || !p.line(raw) {
			emit(agent.UnknownLine(raw, cut))
		}
	})
	if p.ended {
		p.finish()
	}
	return err
}

func (p *parser) line(raw []byte) bool {
	var l line
	if json.Unmarshal(raw, &l) != nil {
		return false
	}
	switch l.Type {
	case "message_start", "message_update", "turn_start", "turn_end", "tool_execution_start", "tool_execution_update":
		// message_end and tool_execution_end say the same in full.
	case "session":
		p.emit(agent.Event{Kind: agent.Started, Text: fmt.Sprintf("pi, session format %d", l.Version)})
	case "agent_start":
		p.ended = false
	case "agent_end":
		p.ended = true
	case "message_end":
		if l.Message.Role == "assistant" {
			p.message(l)
		}
	case "tool_execution_end":
		e := agent.Event{Kind: agent.Result, ID: l.ID, Text: resultText(l.Result)}
		if l.IsError {
			e.Exit = 1
		}
		p.emit(e)
	case "auto_retry_start":
		p.emit(agent.Event{Kind: agent.Error, Text: fmt.Sprintf("%s; try %d of %d", l.Error, l.Attempt, l.MaxAttempts)})
	default:
		return false
	}
	return true
}

func (p *parser) message(l line) {
	m := l.Message
	p.total.Input += m.Usage.Input
	p.total.Output += m.Usage.Output
	p.total.CacheRead += m.Usage.CacheRead
	p.total.CacheWrite += m.Usage.CacheWrite
	for _, raw := range m.Content {
		var b block
		if json.Unmarshal(raw, &b) != nil {
			b = block{}
		}
		p.block(b, raw)
	}
	p.wrong = ""
	if m.Stop == "error" || m.Stop == "aborted" {
		p.wrong = strings.TrimSpace(m.Stop + " " + m.Error)
		p.emit(agent.Event{Kind: agent.Error, Text: p.wrong})
	}
}

func (p *parser) block(b block, raw json.RawMessage) {
	switch b.Type {
	case "text":
		p.last = b.Text
		p.emit(agent.Event{Kind: agent.Message, Text: b.Text})
	case "thinking":
		p.emit(agent.Event{Kind: agent.Reasoning, Text: b.Thinking})
	case "toolCall":
		p.emit(agent.Event{Kind: agent.Tool, ID: b.ID, Tool: b.Name, Args: append(json.RawMessage(nil), b.Arguments...)})
	default:
		p.emit(agent.Event{Kind: agent.Unknown, Raw: append(json.RawMessage(nil), raw...)})
	}
}

func (p *parser) finish() {
	t := p.total
	p.emit(agent.Event{Kind: agent.Usage, Text: fmt.Sprintf("%d fresh, %d cache read, %d cache write, %d output", t.Input, t.CacheRead, t.CacheWrite, t.Output)})
	if p.wrong != "" {
		p.emit(agent.Event{Kind: agent.Finished, Text: p.wrong, Exit: 1})
		return
	}
	p.emit(agent.Event{Kind: agent.Finished, Text: p.last})
}

// resultText is the text of what a tool answered; what is no text stays JSON.
func resultText(raw json.RawMessage) string {
	var result struct {
		Content []block `json:"content"`
	}
	if json.Unmarshal(raw, &result) != nil {
		return string(raw)
	}
	var texts []string
	for _, b := range result.Content {
		if b.Type != "text" {
			return string(raw)
		}
		texts = append(texts, b.Text)
	}
	return strings.Join(texts, "\n")
}
