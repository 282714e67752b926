package loop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/model"
)

// maxBeside is how many calls run at the same time.
const maxBeside = 8

// done is a call that was answered.
type done struct {
	call   model.Call
	result model.Result
	status int
	end    *Outcome
}

// work answers every call, in order. Neighbours that change nothing run beside each other. What ends the run comes last and
// only when everything else went well: a model that finishes in the same answer has not seen what failed.
func (l *loop) work(ctx context.Context, calls []model.Call) []done {
	out := make([]done, len(calls))
	failed := false
	for from := 0; from < len(calls); {
		to := from + 1
		for to < len(calls) && l.beside(calls[from]) && l.beside(calls[to]) && to-from < maxBeside {
			to++
		}
		for i := from; i < to; i++ {
			l.emit(agent.Event{Kind: agent.Tool, ID: calls[i].ID, Tool: calls[i].Tool, Args: argsForEvent(calls[i].Args)})
		}
		l.batch(ctx, calls[from:to], out[from:to], failed)
		for i := from; i < to; i++ {
			failed = failed || out[i].result.Failed
			l.emit(agent.Event{Kind: agent.Result, ID: calls[i].ID, Tool: calls[i].Tool, Text: out[i].result.Text, Exit: out[i].status})
		}
		from = to
	}
	return out
}

func (l *loop) batch(ctx context.Context, calls []model.Call, out []done, failed bool) {
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { out[i] = l.answer(ctx, call, failed) })
	}
	all.Wait()
}

// beside says whether a call may run at the same time as others.
func (l *loop) beside(c model.Call) bool {
	d := l.tool(c.Tool)
	return d != nil && d.pure
}

func (l *loop) tool(name string) *definition {
	for i := range l.tools {
		if l.tools[i].Name == name {
			return &l.tools[i]
		}
	}
	return nil
}

// answer does one call. Every error is told to the model.
func (l *loop) answer(ctx context.Context, c model.Call, failed bool) done {
	d := l.tool(c.Tool)
	if d == nil {
		return l.refuse(c, fmt.Errorf("there is no tool %q; there are %s", c.Tool, strings.Join(l.names(), ", ")))
	}
	args := json.RawMessage(c.Args)
	if strings.TrimSpace(c.Args) == "" {
		args = json.RawMessage("{}")
	}
	if err := l.fits(d, args); err != nil {
		return l.refuse(c, err)
	}
	if d.ends && failed {
		return l.refuse(c, errors.New("another call of the same answer failed; look at its result first"))
	}
	s, err := d.do(ctx, l, args)
	if err != nil {
		return l.refuse(c, err)
	}
	return done{call: c, status: s.status, end: s.end, result: model.Result{ID: c.ID, Text: s.text, Failed: s.status != 0}}
}

func (l *loop) refuse(c model.Call, err error) done {
	return done{call: c, status: 1, result: model.Result{ID: c.ID, Text: err.Error(), Failed: true}}
}

func (l *loop) names() []string {
	names := make([]string, len(l.tools))
	for i, d := range l.tools {
		names[i] = d.Name
	}
	return names
}

// fits says what is wrong with arguments before they are used: broken JSON, unknown names, missing ones.
func (l *loop) fits(d *definition, args json.RawMessage) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(args, &given); err != nil || given == nil {
		return fmt.Errorf("the arguments of %s are no valid JSON object (%s); nothing was done. Call it again with complete arguments, and in smaller pieces if they are long", d.Name, jsonProblem(args, err))
	}
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Required   []string                   `json:"required"`
	}
	if err := json.Unmarshal(d.Schema, &s); err != nil {
		return fmt.Errorf("the schema of %s: %w", d.Name, err)
	}
	for _, name := range s.Required {
		if raw, ok := given[name]; !ok || string(raw) == "null" {
			return fmt.Errorf("%s needs %s; given was %s", d.Name, strings.Join(s.Required, ", "), namesOf(given))
		}
	}
	return nil
}

func jsonProblem(args json.RawMessage, err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("%s, after %d of %d bytes", syntax, syntax.Offset, len(args))
	case err != nil:
		return err.Error()
	}
	return "null"
}
