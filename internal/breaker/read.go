package breaker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// maxLine bounds one event of a file.
const maxLine = 16 << 20

// line is an event as a file has it (docs/breaker.md). Values are read leniently, since every agent's log was converted by another
// hand: args and observation may be any JSON, error a text or a bool, cost a number or a decimal text.
type line struct {
	Turn        *int            `json:"turn"`
	Caller      string          `json:"caller"`
	Action      *string         `json:"action"`
	Args        json.RawMessage `json:"args"`
	Observation json.RawMessage `json:"observation"`
	Text        string          `json:"text"`
	Exit        json.RawMessage `json:"exit"`
	Error       json.RawMessage `json:"error"`
	Unknown     bool            `json:"unknown"`
	Invalid     bool            `json:"invalid"`
	Tokens      json.RawMessage `json:"tokens"`
	Cost        json.RawMessage `json:"cost_usd"`
	Time        json.RawMessage `json:"time"`
}

// Read yields the events of a file of JSON lines. An event without a turn has the number of its line, from 0. The first error ends
// it and names the line, from 1.
func Read(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(make([]byte, 0, 64<<10), maxLine)
		events, number := 0, 0
		for scanner.Scan() {
			number++
			text := bytes.TrimSpace(scanner.Bytes())
			if len(text) == 0 {
				continue
			}
			e, err := parse(text, events)
			if err != nil {
				yield(Event{}, fmt.Errorf("line %d: %w", number, err))
				return
			}
			events++
			if !yield(e, nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(Event{}, fmt.Errorf("line %d: %w", number+1, err))
		}
	}
}

func parse(text []byte, index int) (Event, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Event{}, err
	}
	e := Event{Turn: index, Caller: l.Caller, Args: l.Args, Observation: plain(l.Observation), Text: l.Text,
		Unknown: l.Unknown, Invalid: l.Invalid, Tokens: tokens(l.Tokens)}
	if isNull(e.Args) {
		e.Args = nil
	}
	if l.Turn != nil {
		e.Turn = *l.Turn
	}
	if l.Action != nil && !saying(*l.Action) {
		e.Action = *l.Action
	}
	if e.Action == "" && e.Text == "" {
		e.Text = plain(e.Args)
	}
	e.Error = failure(l.Error)
	var err error
	if e.Exit, err = exit(l.Exit); err != nil {
		return Event{}, err
	}
	if e.CostNano, err = cost(l.Cost); err != nil {
		return Event{}, err
	}
	e.Time, err = instant(l.Time)
	return e, err
}

// saying says that an action is the log's word for an answer without a tool call.
func saying(action string) bool {
	switch strings.ToLower(action) {
	case "", "none", "message", "say", "text", "answer", "respond", "assistant":
		return true
	}
	return false
}

// plain is a text, or any other JSON value as it stands.
func plain(raw json.RawMessage) string {
	var text string
	switch {
	case isNull(raw):
		return ""
	case json.Unmarshal(raw, &text) == nil:
		return text
	}
	return string(raw)
}

func failure(raw json.RawMessage) string {
	switch text := plain(raw); text {
	case "false", "0":
		return ""
	case "true":
		return "error"
	default:
		return text
	}
}

func exit(raw json.RawMessage) (int, error) {
	text := plain(raw)
	switch text {
	case "", "false":
		return 0, nil
	case "true":
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("exit %q is no whole number", text)
	}
	return n, nil
}

// tokens are a number, or an object whose numbers are added.
func tokens(raw json.RawMessage) int64 {
	var n int64
	var kinds map[string]json.RawMessage
	switch {
	case json.Unmarshal(raw, &n) == nil:
		return max(n, 0)
	case json.Unmarshal(raw, &kinds) == nil:
		for _, kind := range kinds {
			n = add(n, tokens(kind))
		}
	}
	return n
}

// cost is a decimal number of dollars, as nano-dollars.
func cost(raw json.RawMessage) (int64, error) {
	text := plain(raw)
	if text == "" {
		return 0, nil
	}
	nano, err := scaled(text)
	if err != nil {
		return 0, fmt.Errorf("cost_usd %q is no decimal number of dollars", clip(text, shownRunes))
	}
	return nano, nil
}

// scaled is a decimal number times a thousand million, cut off.
func scaled(text string) (int64, error) {
	const longest, farthest = 64, 30
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if n, err := strconv.Atoi(exponent); err != nil || n > farthest || n < -farthest {
			return 0, fmt.Errorf("exponent %q", clip(exponent, shownRunes))
		}
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > longest || strings.Contains(text, "/") {
		return 0, fmt.Errorf("not a decimal number")
	}
	value.Mul(value, big.NewRat(nanoPerDollar, 1))
	whole := new(big.Int).Quo(value.Num(), value.Denom())
	if !whole.IsInt64() {
		return 0, fmt.Errorf("out of range")
	}
	return whole.Int64(), nil
}

// instant is a time by RFC 3339, with or without a zone, or seconds or milliseconds since 1970.
func instant(raw json.RawMessage) (time.Time, error) {
	text := plain(raw)
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	nano, err := scaled(text)
	if err == nil {
		return time.Unix(0, nano).UTC(), nil
	}
	const milli = 1_000_000
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms < 1<<62/milli {
		return time.Unix(0, ms*milli).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("time %q is neither RFC 3339 nor seconds since 1970", clip(text, shownRunes))
}

// ParseUSD reads a decimal number of dollars as nano-dollars.
func ParseUSD(text string) (int64, error) { return scaled(text) }
