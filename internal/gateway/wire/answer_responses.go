package wire

import (
	"encoding/json"
	"strings"
)

type responsesPart struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Refusal string `json:"refusal"`
}

type responsesItem struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Input     string          `json:"input"`
	Action    json.RawMessage `json:"action"`
	Content   []responsesPart `json:"content"`
	Summary   []responsesPart `json:"summary"`
}

type responsesBody struct {
	ID         string          `json:"id"`
	Model      string          `json:"model"`
	Status     string          `json:"status"`
	Tier       string          `json:"service_tier"`
	Output     []responsesItem `json:"output"`
	Usage      *openAIUsage    `json:"usage"`
	Error      *fault          `json:"error"`
	Incomplete *struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
}

// responsesAnswer reads Responses.
type responsesAnswer struct {
	items []responsesItem
	text  strings.Builder // of items that are not done yet
	done  bool
}

func (a *responsesAnswer) event(r *Reader, data []byte) (bool, error) {
	var e struct {
		Type     string          `json:"type"`
		Delta    json.RawMessage `json:"delta"`
		Item     *responsesItem  `json:"item"`
		Response *responsesBody  `json:"response"`
		Error    *fault          `json:"error"`
		fault
	}
	if string(data) == "[DONE]" {
		return true, nil
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return false, err
	}
	switch {
	case e.Type == "response.created" || e.Type == "response.in_progress":
		if e.Response != nil {
			r.answer.ID, r.answer.Model = e.Response.ID, e.Response.Model
		}
	case strings.HasSuffix(e.Type, ".delta"):
		part := asString(e.Delta)
		r.bytes += len(part)
		if e.Type == "response.output_text.delta" {
			a.text.WriteString(part)
		}
	case e.Type == "response.output_item.done":
		if e.Item != nil && len(a.items) < maxBlocks {
			a.items = append(a.items, *e.Item)
			if e.Item.Type == "message" {
				a.text.Reset()
			}
		}
	case e.Type == "response.completed", e.Type == "response.incomplete", e.Type == "response.failed":
		if e.Response != nil {
			a.take(r, e.Response)
		}
		r.answer.Complete = r.answer.Error == "" && e.Type != "response.failed"
		return true, nil
	case e.Type == "error":
		f := &fault{Type: "error", Message: e.Message}
		if e.Error != nil {
			f = e.Error
		}
		r.answer.Error = f.String()
		return true, nil
	}
	return false, nil
}

func (a *responsesAnswer) whole(r *Reader, body []byte) error {
	var b responsesBody
	if err := json.Unmarshal(body, &b); err != nil {
		return err
	}
	a.take(r, &b)
	return nil
}

func (a *responsesAnswer) take(r *Reader, b *responsesBody) {
	setIf(&r.answer.ID, b.ID)
	setIf(&r.answer.Model, b.Model)
	setIf(&r.answer.Tier, b.Tier)
	setIf(&r.answer.Stop, b.Status)
	if b.Incomplete != nil {
		setIf(&r.answer.Stop, b.Incomplete.Reason)
	}
	if b.Error != nil {
		r.answer.Error = b.Error.String()
	}
	r.take(b.Usage)
	if len(a.items) == 0 {
		a.items = b.Output
	}
}

func (a *responsesAnswer) finish(r *Reader) {
	if a.done {
		return
	}
	a.done = true
	var said []string
	for _, i := range a.items {
		switch {
		case i.Type == "message":
			said = append(said, join(i.Content))
		case i.Type == "reasoning":
			r.answer.Reasoning = append(r.answer.Reasoning, reasoningOf(i))
		case i.Type == "function_call":
			r.call(i.CallID, i.Name, arguments(i.Arguments))
		case i.Type == "custom_tool_call":
			r.textCall(i.CallID, i.Name, i.Input)
		case strings.HasSuffix(i.Type, "_call"):
			r.call(i.CallID, strings.TrimSuffix(i.Type, "_call"), string(i.Action))
		}
	}
	if a.text.Len() > 0 {
		said = append(said, a.text.String())
	}
	r.answer.Text = strings.Join(said, "\n")
}

func arguments(raw json.RawMessage) string {
	if s := asString(raw); s != "" || len(raw) > 0 && raw[0] == '"' {
		return s
	}
	return string(raw)
}

func join(parts []responsesPart) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text + p.Refusal)
	}
	return b.String()
}

// reasoningOf prefers the model's own thinking to its summary. Both may be missing: then it is encrypted.
func reasoningOf(i responsesItem) Text {
	if own := join(i.Content); own != "" {
		return Text{Source: SourceProvider, Text: own}
	}
	var parts []string
	for _, p := range i.Summary {
		parts = append(parts, p.Text)
	}
	if len(parts) > 0 {
		return Text{Source: SourceSummary, Text: strings.Join(parts, "\n\n")}
	}
	return Text{Source: SourceNone}
}
