package model

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// StatusError is a refusal with an HTTP status: the request was wrong, the budget is spent, or the gateway gave up retrying.
type StatusError struct {
	Status     int
	Message    string
	RetryAfter string // as the server sent it
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the model answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.RetryAfter != "" {
		text += " (retry after " + e.RetryAfter + ")"
	}
	return text
}

// TooLong says whether the provider refuses because the conversation does not fit.
func (e *StatusError) TooLong() bool {
	if e.Status != http.StatusBadRequest && e.Status != http.StatusRequestEntityTooLarge {
		return false
	}
	text := strings.ToLower(e.Message)
	for _, sign := range []string{"too long", "context_length", "context length", "context window", "maximum context", "too many tokens", "exceed_context", "input length"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return e.Status == http.StatusRequestEntityTooLarge
}

// Reasoning says whether the provider refuses a question about reasoning, which not every model has.
func (e *StatusError) Reasoning() bool {
	text := strings.ToLower(e.Message)
	return e.Status == http.StatusBadRequest &&
		(strings.Contains(text, "reasoning") || strings.Contains(text, "encrypted") || strings.Contains(text, "thinking"))
}

// OtherFormat says whether the gateway has the model, but over another wire format: nobody said which, or the model was swapped.
func (e *StatusError) OtherFormat() bool {
	return e.Status == http.StatusBadRequest && strings.Contains(e.Message, "requests are not translated")
}

// CutError says that an answer began and did not end: its stream was cut, failed in the middle, or fell silent. Asking again may help.
type CutError struct{ Why string }

func (e *CutError) Error() string { return e.Why }

// refusal reads an answer that is not 200.
func refusal(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxError))
	if err != nil && len(body) == 0 {
		body = []byte("its body could not be read: " + err.Error())
	}
	return &StatusError{Status: res.StatusCode, Message: errorMessage(body), RetryAfter: res.Header.Get("Retry-After")}
}

// errorMessage finds the words in the forms that the providers use; what is none of them is shown as it is.
func errorMessage(body []byte) string {
	var known struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(body, &known) != nil {
		return shorten(string(body))
	}
	var inner struct {
		Type    string `json:"type"`
		Code    any    `json:"code"`
		Message string `json:"message"`
	}
	var text string
	switch {
	case json.Unmarshal(known.Error, &text) == nil && text != "":
		return shorten(text)
	case json.Unmarshal(known.Error, &inner) == nil && inner.Message != "":
		if code, ok := inner.Code.(string); ok && code != "" {
			return shorten(code + ": " + inner.Message)
		}
		if inner.Type != "" {
			return shorten(inner.Type + ": " + inner.Message)
		}
		return shorten(inner.Message)
	case known.Message != "":
		return shorten(known.Message)
	}
	return shorten(string(body))
}

func shorten(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	if runes := []rune(text); len(runes) > 1000 {
		return string(runes[:1000]) + "…"
	}
	return text
}
