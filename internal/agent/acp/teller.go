package acp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/agent"
)

// maxSaid is how much of one message is gathered before it is told, in bytes.
const maxSaid = 1 << 20

// teller turns updates of a session into events: it joins the pieces of messages, and tells each call once. It may be used by
// several goroutines.
type teller struct {
	mu    sync.Mutex
	out   func(agent.Event)
	kind  agent.Kind // of what is being said
	said  strings.Builder
	last  string // the last whole message
	used  int64  // tokens in the context, as told last
	calls map[string]*toolCall
}

func newTeller(emit func(agent.Event)) *teller {
	return &teller{out: emit, calls: map[string]*toolCall{}}
}

// toolCall is what is known of a call that has not ended.
type toolCall struct {
	told      bool
	Title     string          `json:"title"`
	Kind      string          `json:"kind"`
	Status    string          `json:"status"`
	RawInput  json.RawMessage `json:"rawInput"`
	RawOutput json.RawMessage `json:"rawOutput"`
	Content   []content       `json:"content"`
}

type content struct {
	Type    string `json:"type"`
	Path    string `json:"path"`
	Content struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
}

type update struct {
	Kind    string          `json:"sessionUpdate"`
	ID      string          `json:"toolCallId"`
	Content json.RawMessage `json:"content"`
	Used    int64           `json:"used"` // tokens in the model's context
	Size    int64           `json:"size"`
}

// close keeps what an agent says after its attempt to itself.
func (t *teller) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out = func(agent.Event) {}
}

func (t *teller) emit(e agent.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush()
	t.out(e)
}

// flush tells what has been gathered.
func (t *teller) flush() {
	if t.said.Len() == 0 {
		return
	}
	text := t.said.String()
	t.said.Reset()
	if t.kind == agent.Message {
		t.last = text
	}
	t.out(agent.Event{Kind: t.kind, Text: text})
}

// notified takes a notification and reports whether it was understood.
func (t *teller) notified(f frame) bool {
	if f.Method != "session/update" {
		return false
	}
	var p struct {
		Update json.RawMessage `json:"update"`
	}
	var u update
	if json.Unmarshal(f.Params, &p) != nil || json.Unmarshal(p.Update, &u) != nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch u.Kind {
	case "agent_message_chunk":
		return t.chunk(agent.Message, u.Content)
	case "agent_thought_chunk":
		return t.chunk(agent.Reasoning, u.Content)
	case "tool_call", "tool_call_update":
		return u.ID != "" && t.call(u.ID, p.Update)
	case "usage_update":
		t.context(u)
		return true
	}
	return false
}

// context tells how full the model's context is, where that changed.
func (t *teller) context(u update) {
	if u.Used == t.used {
		return
	}
	t.used = u.Used
	t.flush()
	t.out(agent.Event{Kind: agent.Usage, Text: fmt.Sprintf("%d of %d tokens in the context", u.Used, u.Size)})
}

func (t *teller) chunk(kind agent.Kind, raw json.RawMessage) bool {
	var c struct{ Type, Text string }
	if json.Unmarshal(raw, &c) != nil || c.Type != "text" {
		return false
	}
	if t.kind != kind || t.said.Len()+len(c.Text) > maxSaid {
		t.flush()
		t.kind = kind
	}
	t.said.WriteString(c.Text)
	return true
}

// call takes what an update says about a call: fields that it names replace those known, and an unknown call begins with it.
func (t *teller) call(id string, raw json.RawMessage) bool {
	c := t.calls[id]
	known := c != nil
	if !known {
		c = &toolCall{}
	}
	if json.Unmarshal(raw, c) != nil {
		return false
	}
	t.flush()
	t.calls[id] = c
	ended := c.Status == "completed" || c.Status == "failed"
	begun := known || c.Status != "" && c.Status != "pending" // the first word on a call may have half of its arguments
	if !c.told && (ended || begun && hasFields(c.RawInput)) {
		t.begin(id, c)
	}
	if ended {
		delete(t.calls, id)
		t.out(c.outcome(id))
	}
	return true
}

func hasFields(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null" && string(raw) != "{}"
}

func (t *teller) begin(id string, c *toolCall) {
	c.told = true
	name := c.Kind
	if name == "" || name == "other" {
		name = c.Title
	}
	e := agent.Event{Kind: agent.Tool, ID: id, Tool: name, Text: c.Title}
	if hasFields(c.RawInput) {
		e.Args = c.RawInput
	}
	t.out(e)
}

func (c *toolCall) outcome(id string) agent.Event {
	e := agent.Event{Kind: agent.Result, ID: id}
	e.Exit = c.exit()
	var texts []string
	for _, part := range c.Content {
		switch {
		case part.Type == "content" && part.Content.Type == "text":
			texts = append(texts, part.Content.Text)
		case part.Type == "diff":
			texts = append(texts, "changed "+part.Path)
		}
	}
	e.Text = strings.Join(texts, "\n")
	if e.Text == "" && hasFields(c.RawOutput) {
		var text string
		if json.Unmarshal(c.RawOutput, &text) != nil {
			text = string(c.RawOutput)
		}
		e.Text = text
	}
	return e
}

// exit is the status of a command where an agent tells it, which the protocol has no place for; else 1 for a call that failed.
func (c *toolCall) exit() int {
	var out struct {
		Code     int                `json:"exitCode"`
		Metadata struct{ Exit int } `json:"metadata"`
	}
	if hasFields(c.RawOutput) && json.Unmarshal(c.RawOutput, &out) == nil && (out.Code != 0 || out.Metadata.Exit != 0) {
		return max(out.Code, out.Metadata.Exit, 1)
	}
	if c.Status == "failed" {
		return 1
	}
	return 0
}

// stopped takes the answer to the prompt.
func (t *teller) stopped(result json.RawMessage) {
	var r struct {
		Stop  string `json:"stopReason"`
		Usage *struct {
			Input      int64 `json:"inputTokens"`
			Output     int64 `json:"outputTokens"`
			CacheRead  int64 `json:"cachedReadTokens"`
			CacheWrite int64 `json:"cachedWriteTokens"`
		} `json:"usage"`
	}
	if json.Unmarshal(result, &r) != nil || r.Stop == "" {
		t.finish("the agent's answer names no reason to stop", 1)
		return
	}
	if u := r.Usage; u != nil {
		t.emit(agent.Event{Kind: agent.Usage, Raw: result, Text: fmt.Sprintf("%d input, %d cache read, %d cache write, %d output, as the agent counts",
			u.Input, u.CacheRead, u.CacheWrite, u.Output)})
	}
	if r.Stop != "end_turn" {
		t.finish(r.Stop, 1)
		return
	}
	t.finish("", 0)
}

// finish tells calls that never ended, then the end. Without words of its own the end has those that the agent said last.
func (t *teller) finish(text string, exit int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush()
	var open []string
	for id, c := range t.calls {
		if !c.told {
			open = append(open, id)
		}
	}
	slices.Sort(open)
	for _, id := range open {
		t.begin(id, t.calls[id])
	}
	clear(t.calls)
	if text == "" {
		text = t.last
	}
	t.out(agent.Event{Kind: agent.Finished, Text: text, Exit: exit})
}

// replay takes a line of a recorded agent, without answering it, and reports whether it was understood.
func (t *teller) replay(raw []byte) bool {
	var f frame
	if json.Unmarshal(raw, &f) != nil || f.Version == "" {
		return false
	}
	if f.Method != "" {
		return t.notified(f)
	}
	var r struct {
		Stop    string `json:"stopReason"`
		Version int    `json:"protocolVersion"`
		Session string `json:"sessionId"`
	}
	if f.Error != nil {
		t.finish(f.Error.Error(), 1)
		return true
	}
	if json.Unmarshal(f.Result, &r) != nil {
		return false
	}
	switch {
	case r.Stop != "":
		t.stopped(f.Result)
	case r.Version != 0 || r.Session != "": // answers to initialize and session/new
	default:
		return false
	}
	return true
}
