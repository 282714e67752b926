package wire

import (
	"encoding/json"
	"strings"
)

// anthropicUsage is usage in Anthropic's form: the parts of the input do not overlap, and counts only grow along a stream.
type anthropicUsage struct {
	Input      count `json:"input_tokens"`
	CacheWrite count `json:"cache_creation_input_tokens"`
	CacheRead  count `json:"cache_read_input_tokens"`
	Output     count `json:"output_tokens"`
	Kept       struct {
		Hour count `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
	Details struct {
		Thinking count `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
	Iterations []anthropicIteration `json:"iterations"`
	Tier       string               `json:"service_tier"`
	Cost       json.RawMessage      `json:"cost"`
}

// anthropicIteration is a part of the work. The totals leave out compaction, and what an advisor was asked.
type anthropicIteration struct {
	Type       string `json:"type"`
	Input      count  `json:"input_tokens"`
	CacheWrite count  `json:"cache_creation_input_tokens"`
	CacheRead  count  `json:"cache_read_input_tokens"`
	Output     count  `json:"output_tokens"`
	Kept       struct {
		Hour count `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
}

type anthropicBlock struct {
	Type     string          `json:"type"`
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Text     string          `json:"text"`
	Thinking string          `json:"thinking"`
	Input    json.RawMessage `json:"input"`

	builder strings.Builder
}

type anthropicMessage struct {
	ID      string            `json:"id"`
	Model   string            `json:"model"`
	Content []*anthropicBlock `json:"content"`
	Stop    string            `json:"stop_reason"`
	Usage   *anthropicUsage   `json:"usage"`
	Error   *fault            `json:"error"`
}

// anthropicAnswer reads Messages.
type anthropicAnswer struct {
	blocks []*anthropicBlock
	usage  anthropicUsage
	extra  Usage // of iterations that the totals leave out
	done   bool
}

// maxBlocks bounds the blocks of one answer.
const maxBlocks = 4096

func (a *anthropicAnswer) event(r *Reader, data []byte) (bool, error) {
	var e struct {
		Type    string            `json:"type"`
		Index   int               `json:"index"`
		Message *anthropicMessage `json:"message"`
		Block   *anthropicBlock   `json:"content_block"`
		Delta   struct {
			Type     string `json:"type"`
			Text     string `json:"text"`
			Thinking string `json:"thinking"`
			JSON     string `json:"partial_json"`
			Stop     string `json:"stop_reason"`
		} `json:"delta"`
		Usage *anthropicUsage `json:"usage"`
		Error *fault          `json:"error"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return false, err
	}
	switch e.Type {
	case "message_start":
		if e.Message != nil {
			r.answer.ID, r.answer.Model = e.Message.ID, e.Message.Model
			a.take(r, e.Message.Usage)
		}
	case "content_block_start":
		if e.Block != nil && e.Index == len(a.blocks) && e.Index < maxBlocks {
			a.blocks = append(a.blocks, e.Block)
		}
	case "content_block_delta":
		if e.Index >= 0 && e.Index < len(a.blocks) {
			part := e.Delta.Text + e.Delta.Thinking + e.Delta.JSON
			a.blocks[e.Index].builder.WriteString(part)
			r.bytes += len(part)
		}
	case "message_delta":
		if e.Delta.Stop != "" {
			r.answer.Stop = e.Delta.Stop
		}
		a.take(r, e.Usage)
		r.answer.HasOutput = r.answer.HasOutput || e.Usage != nil && e.Usage.Output.ok
	case "message_stop":
		r.answer.Complete = true
		return true, nil
	case "error":
		if e.Error == nil {
			e.Error = &fault{}
		}
		r.answer.Error = e.Error.String()
		return true, nil
	}
	return false, nil
}

func (a *anthropicAnswer) whole(r *Reader, body []byte) error {
	var m anthropicMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	if m.Error != nil {
		r.answer.Error = m.Error.String()
		return nil
	}
	r.answer.ID, r.answer.Model, r.answer.Stop = m.ID, m.Model, m.Stop
	a.blocks = m.Content
	a.take(r, m.Usage)
	r.answer.HasOutput = m.Usage != nil && m.Usage.Output.ok
	return nil
}

// take merges usage: what is told again is told with a larger or equal number.
func (a *anthropicAnswer) take(r *Reader, u *anthropicUsage) {
	if u == nil {
		return
	}
	grow(&a.usage.Input, u.Input)
	grow(&a.usage.CacheRead, u.CacheRead)
	grow(&a.usage.CacheWrite, u.CacheWrite)
	grow(&a.usage.Output, u.Output)
	grow(&a.usage.Kept.Hour, u.Kept.Hour)
	grow(&a.usage.Details.Thinking, u.Details.Thinking)
	if len(u.Iterations) > 0 {
		a.extra = besides(u.Iterations)
	}
	if u.Tier != "" {
		r.answer.Tier = u.Tier
	}
	if cost := nano(u.Cost); cost != nil {
		r.answer.CostNano = cost
	}
	r.answer.HasInput = r.answer.HasInput || u.Input.ok
	own := Usage{Fresh: a.usage.Input.n, CacheRead: a.usage.CacheRead.n, CacheWrite: a.usage.CacheWrite.n,
		CacheWrite1h: min(a.usage.Kept.Hour.n, a.usage.CacheWrite.n), Output: a.usage.Output.n, Reasoning: min(a.usage.Details.Thinking.n, a.usage.Output.n)}
	r.answer.Usage = own.Plus(a.extra)
}

// besides is the usage of iterations that the totals leave out.
func besides(list []anthropicIteration) Usage {
	var sum Usage
	for _, i := range list {
		if i.Type == "compaction" || i.Type == "advisor_message" {
			sum = sum.Plus(Usage{Fresh: i.Input.n, CacheRead: i.CacheRead.n, CacheWrite: i.CacheWrite.n,
				CacheWrite1h: min(i.Kept.Hour.n, i.CacheWrite.n), Output: i.Output.n})
		}
	}
	return sum
}

func grow(have *count, more count) {
	if more.ok {
		have.n, have.ok = max(have.n, more.n), true
	}
}

func (a *anthropicAnswer) finish(r *Reader) {
	if a.done {
		return
	}
	a.done = true
	var said []string
	for _, b := range a.blocks {
		if b == nil {
			continue
		}
		switch b.Type {
		case "text":
			said = append(said, b.Text+b.builder.String())
		case "thinking":
			r.answer.Reasoning = append(r.answer.Reasoning, thought(b.Thinking+b.builder.String()))
		case "redacted_thinking":
			r.answer.Reasoning = append(r.answer.Reasoning, Text{Source: SourceNone})
		case "tool_use", "server_tool_use", "mcp_tool_use":
			args := b.builder.String()
			if args == "" {
				args = string(b.Input)
			}
			r.call(b.ID, b.Name, args)
		}
	}
	r.answer.Text = strings.Join(said, "")
}

// thought is what the model thought; a model that hides it sends an empty text.
func thought(text string) Text {
	if text == "" {
		return Text{Source: SourceNone}
	}
	return Text{Source: SourceProvider, Text: text}
}
