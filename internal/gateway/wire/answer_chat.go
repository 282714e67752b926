package wire

import (
	"bytes"
	"encoding/json"
	"strings"
)

// openAIUsage is usage in OpenAI's two forms: the input includes what was cached, the output what was thought.
type openAIUsage struct {
	Prompt        count           `json:"prompt_tokens"`
	Completion    count           `json:"completion_tokens"`
	Input         count           `json:"input_tokens"`
	Output        count           `json:"output_tokens"`
	PromptDetails inputDetails    `json:"prompt_tokens_details"`
	InputDetails  inputDetails    `json:"input_tokens_details"`
	DoneDetails   outputDetails   `json:"completion_tokens_details"`
	OutputDetails outputDetails   `json:"output_tokens_details"`
	CacheHit      count           `json:"prompt_cache_hit_tokens"` // DeepSeek
	Cost          json.RawMessage `json:"cost"`                    // OpenRouter, in USD
}

type inputDetails struct {
	Cached count `json:"cached_tokens"`
	Write  count `json:"cache_write_tokens"`
}

type outputDetails struct {
	Reasoning count `json:"reasoning_tokens"`
}

// take brings usage into the normal form.
func (r *Reader) take(u *openAIUsage) {
	if u == nil {
		return
	}
	input, output := most(u.Prompt, u.Input), most(u.Completion, u.Output)
	cached := most(u.PromptDetails.Cached, u.InputDetails.Cached, u.CacheHit)
	read := min(cached.n, input.n)
	write := min(most(u.PromptDetails.Write, u.InputDetails.Write).n, input.n-read)
	thinking := most(u.DoneDetails.Reasoning, u.OutputDetails.Reasoning)
	r.answer.Usage = Usage{Fresh: input.n - read - write, CacheRead: read, CacheWrite: write, Output: output.n, Reasoning: min(thinking.n, output.n)}
	r.answer.HasInput, r.answer.HasOutput = input.ok, output.ok
	if cost := nano(u.Cost); cost != nil {
		r.answer.CostNano = cost
	}
}

func most(counts ...count) count {
	var out count
	for _, c := range counts {
		grow(&out, c)
	}
	return out
}

type chatCall struct {
	Index    int    `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
	Custom *struct {
		Name  string `json:"name"`
		Input string `json:"input"`
	} `json:"custom"`
}

// chatMessage is a message, or a part of one.
type chatMessage struct {
	Content          json.RawMessage `json:"content"`
	Refusal          string          `json:"refusal"`
	ReasoningContent string          `json:"reasoning_content"` // DeepSeek and those who follow it
	Reasoning        json.RawMessage `json:"reasoning"`         // OpenRouter, some local servers
	Calls            []chatCall      `json:"tool_calls"`
}

type chatChunk struct {
	ID      string `json:"id"`
	Model   string `json:"model"`
	Tier    string `json:"service_tier"`
	Choices []struct {
		Index   int         `json:"index"`
		Delta   chatMessage `json:"delta"`
		Message chatMessage `json:"message"`
		Finish  string      `json:"finish_reason"`
	} `json:"choices"`
	Usage *openAIUsage `json:"usage"`
	Error *fault       `json:"error"`
}

// chatAnswer reads Chat Completions.
type chatAnswer struct {
	text, reasoning strings.Builder
	calls           []chatCall
	args            []*strings.Builder
	done            bool
}

func (a *chatAnswer) event(r *Reader, data []byte) (bool, error) {
	if string(bytes.TrimSpace(data)) == "[DONE]" {
		r.answer.Complete = r.answer.Error == ""
		return true, nil
	}
	var c chatChunk
	if err := json.Unmarshal(data, &c); err != nil {
		return false, err
	}
	a.take(r, &c)
	return c.Error != nil, nil
}

func (a *chatAnswer) whole(r *Reader, body []byte) error {
	var c chatChunk
	if err := json.Unmarshal(body, &c); err != nil {
		return err
	}
	a.take(r, &c)
	return nil
}

func (a *chatAnswer) take(r *Reader, c *chatChunk) {
	if c.Error != nil {
		r.answer.Error = c.Error.String()
	}
	setIf(&r.answer.ID, c.ID)
	setIf(&r.answer.Model, c.Model)
	setIf(&r.answer.Tier, c.Tier)
	r.take(c.Usage)
	for _, choice := range c.Choices {
		if choice.Index != 0 {
			continue
		}
		setIf(&r.answer.Stop, choice.Finish)
		a.message(r, &choice.Delta)
		a.message(r, &choice.Message)
	}
}

func setIf(to *string, value string) {
	if value != "" {
		*to = value
	}
}

func (a *chatAnswer) message(r *Reader, m *chatMessage) {
	said := asString(m.Content) + m.Refusal
	thought := m.ReasoningContent
	if thought == "" {
		thought = asString(m.Reasoning)
	}
	a.text.WriteString(said)
	a.reasoning.WriteString(thought)
	r.bytes += len(said) + len(thought)
	for i, c := range m.Calls {
		a.call(r, c, i)
	}
}

// call takes a tool call, or a part of one, over. Parts of a stream have an index; calls of a whole answer stand in order.
func (a *chatAnswer) call(r *Reader, c chatCall, position int) {
	at := c.Index
	if at == 0 && position > 0 && c.ID != "" {
		at = position
	}
	// Some servers give every call the index 0: another id is another call.
	if at < len(a.calls) && c.ID != "" && a.calls[at].ID != "" && a.calls[at].ID != c.ID {
		at = len(a.calls)
	}
	if at < 0 || at > len(a.calls) || at >= maxBlocks {
		return
	}
	if at == len(a.calls) {
		a.calls, a.args = append(a.calls, c), append(a.args, &strings.Builder{})
	}
	have := &a.calls[at]
	setIf(&have.ID, c.ID)
	setIf(&have.Function.Name, c.Function.Name)
	part := c.Function.Arguments
	if c.Custom != nil {
		have.Custom = c.Custom
		setIf(&have.Function.Name, c.Custom.Name)
		part = c.Custom.Input
	}
	a.args[at].WriteString(part)
	r.bytes += len(part)
}

func (a *chatAnswer) finish(r *Reader) {
	if a.done {
		return
	}
	a.done = true
	r.answer.Text = a.text.String()
	if a.reasoning.Len() > 0 {
		r.answer.Reasoning = []Text{{Source: SourceProvider, Text: a.reasoning.String()}}
	} else if r.answer.Usage.Reasoning > 0 {
		r.answer.Reasoning = []Text{{Source: SourceNone}}
	}
	for i, c := range a.calls {
		if c.Custom != nil {
			r.textCall(c.ID, c.Function.Name, a.args[i].String())
			continue
		}
		r.call(c.ID, c.Function.Name, a.args[i].String())
	}
	// Some servers end the stream without [DONE].
	r.answer.Complete = r.answer.Complete || r.answer.Stop != "" && r.answer.Error == ""
}
