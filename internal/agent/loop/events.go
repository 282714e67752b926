package loop

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/agent"
)

// maxEventText bounds the text of one event; the whole of it is in the conversation, which the gateway records.
const maxEventText = 8 << 10

// events writes events as lines of JSON. It keeps the first error: the loop goes on, its work counts and not its words.
type events struct {
	mu     sync.Mutex
	to     io.Writer
	failed error
}

func (e *events) emit(event agent.Event) {
	event.Text = bounded(event.Text)
	var line strings.Builder
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	e.mu.Lock()
	defer e.mu.Unlock()
	err := enc.Encode(event)
	if err == nil {
		_, err = io.WriteString(e.to, line.String())
	}
	if err != nil && e.failed == nil {
		e.failed = fmt.Errorf("write an event: %w", err)
	}
}

func (e *events) err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed
}

// bounded keeps the beginning and the end.
func bounded(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxEventText {
		return text
	}
	head, tail := text[:maxEventText/2], text[len(text)-maxEventText/2:]
	return strings.ToValidUTF8(head, "") + fmt.Sprintf("\n… %d bytes left out …\n", len(text)-maxEventText) + strings.ToValidUTF8(tail, "")
}

// argsForEvent is a call's arguments as JSON: what is none becomes a string.
func argsForEvent(args string) json.RawMessage {
	if strings.TrimSpace(args) == "" {
		return nil
	}
	if json.Valid([]byte(args)) && len(args) <= maxEventText {
		return json.RawMessage(args)
	}
	out, err := json.Marshal(bounded(args))
	if err != nil {
		return nil
	}
	return out
}
