package loop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/desk"
)

// number takes 12 and "12": small models write both.
type number int

func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		return nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value != float64(int(value)) {
		return fmt.Errorf("%s is no whole number", data)
	}
	*n = number(value)
	return nil
}

// truth takes true and "true".
type truth bool

func (f *truth) UnmarshalJSON(data []byte) error {
	switch strings.Trim(string(data), `"`) {
	case "true":
		*f = true
	case "false", "null", "":
	default:
		return fmt.Errorf("%s is neither true nor false", data)
	}
	return nil
}

// read decodes arguments; fields that the tool does not know do no harm.
func read(args json.RawMessage, into any) error {
	if err := json.Unmarshal(args, into); err != nil {
		return fmt.Errorf("the arguments do not fit: %w", err)
	}
	return nil
}

func namesOf(given map[string]json.RawMessage) string {
	if len(given) == 0 {
		return "nothing"
	}
	return strings.Join(slices.Sorted(maps.Keys(given)), ", ")
}

func doRead(_ context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct {
		Path        string
		From, Count number
	}
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	text, err := l.folder.Read(a.Path, int(a.From), int(a.Count))
	return said{text: text}, err
}

func doList(ctx context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct{ Path, Glob string }
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	text, err := l.folder.List(ctx, a.Path, a.Glob)
	return said{text: text}, err
}

func doSearch(ctx context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct{ Pattern, Path, Glob string }
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	text, err := l.folder.Search(ctx, a.Pattern, a.Path, a.Glob)
	return said{text: text}, err
}

func doEdit(_ context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct {
		Path, Old, New string
		All            truth
	}
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	text, err := l.folder.Edit(a.Path, a.Old, a.New, bool(a.All))
	l.wrote(a.Path, err)
	return said{text: text}, err
}

func doWrite(_ context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct{ Path, Text string }
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	text, err := l.folder.Write(a.Path, a.Text)
	l.wrote(a.Path, err)
	return said{text: text}, err
}

// wrote remembers a file for the notes. Only calls that run alone come here.
func (l *loop) wrote(name string, err error) {
	if err == nil {
		l.changed[path.Clean(strings.TrimPrefix(name, l.folder.Dir()+"/"))] = true
	}
}

func doRun(ctx context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct {
		Command string
		Timeout number
	}
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	text, status, err := l.folder.Run(ctx, a.Command, time.Duration(a.Timeout)*time.Second)
	return said{text: text, status: status}, err
}

func doCheck(ctx context.Context, l *loop, _ json.RawMessage) (said, error) {
	text, err := l.desk.Call(ctx, "check", map[string]any{})
	if err != nil {
		return said{}, err
	}
	l.denial = ""
	if denies(text) {
		l.denial = bounded(text)
	}
	return said{text: text}, nil
}

// denies says whether the gate refuses it: its answers begin with the decision. What it holds only waits for something.
func denies(text string) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "deny")
}

const (
	approve        = "approve"
	requestChanges = "request-changes"
)

func severities() []string { return []string{"error", "warning", "note"} }

func doComment(ctx context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct {
		Path, Severity, Text string
		Line                 number
	}
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	switch {
	case !slices.Contains(severities(), a.Severity):
		return said{}, fmt.Errorf("severity is one of %s", strings.Join(severities(), ", "))
	case strings.TrimSpace(a.Text) == "":
		return said{}, errors.New("the comment says nothing")
	}
	if err := l.folder.Has(a.Path, int(a.Line)); err != nil {
		return said{}, err
	}
	if err := l.tell(ctx, "comment", map[string]any{"path": a.Path, "line": int(a.Line), "severity": a.Severity, "text": a.Text}); err != nil {
		return said{}, err
	}
	if a.Severity != "note" {
		l.comments++
	}
	return said{text: "noted"}, nil
}

func doFinish(ctx context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct{ Summary, Verdict string }
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	say := map[string]any{"summary": a.Summary}
	if l.job.wantsVerdict() {
		switch {
		case a.Verdict != approve && a.Verdict != requestChanges:
			return said{}, fmt.Errorf("verdict is %s or %s", approve, requestChanges)
		case a.Verdict == requestChanges && l.comments == 0:
			return said{}, errors.New("nothing says what must change: put it into a comment of severity error or warning first")
		}
		say["verdict"] = a.Verdict
	}
	if err := l.tell(ctx, "finish", say); err != nil {
		return said{}, err
	}
	return said{text: "done", end: &Outcome{Done, a.Summary}}, nil
}

func doEscalate(ctx context.Context, l *loop, args json.RawMessage) (said, error) {
	var a struct{ Question string }
	if err := read(args, &a); err != nil {
		return said{}, err
	}
	if strings.TrimSpace(a.Question) == "" {
		return said{}, errors.New("the question is empty")
	}
	if err := l.tell(ctx, "ask_operator", map[string]any{"question": a.Question}); err != nil {
		return said{}, err
	}
	return said{text: "asked", end: &Outcome{Escalated, a.Question}}, nil
}

// tell passes the agent's word on to the control plane, with some patience. A no comes back to the model. Where the control plane
// cannot be reached or does not take it, the event has to do.
func (l *loop) tell(ctx context.Context, name string, args map[string]any) error {
	for try := 1; ; try++ {
		_, err := l.desk.Call(ctx, name, args)
		var refused *desk.Refused
		switch {
		case err == nil, errors.Is(err, desk.ErrNotOffered):
			return nil
		case errors.As(err, &refused):
			return err
		case try == maxTells || !wait(ctx, l.pause):
			l.emit(agent.Event{Kind: agent.Error, Text: err.Error()})
			return nil
		}
	}
}
