package thought

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
)

// From makes the entries of one exchange: one for each call, or one for an answer without calls. After is the last entry of the
// attempt before it, nil for none. The entries are redacted, bounded, numbered and chained. An error means that nothing of the
// exchange may be written.
func From(r *Redactor, who Who, after *Entry, x Exchange) ([]Entry, error) {
	w := &writer{redactor: r}
	first := w.entry(who, x)
	first.Thoughts, first.Source = w.thoughts(x)
	var out []Entry
	if len(x.Calls) == 0 {
		w.say(&first, x)
		out = append(out, w.done(first))
	}
	for i, c := range x.Calls {
		e := first
		if i > 0 {
			e = w.entry(who, x)
			e.Tokens, e.CostNano, e.Retries, e.LatencyMS = Tokens{}, 0, 0, 0 // counted once
			e.Thoughts, e.Source = []Thought{}, first.Source
		}
		w.call(&e, c)
		out = append(out, w.done(e))
	}
	if w.err != nil {
		return nil, fmt.Errorf("recording what %s did: %w", who.Agent, w.err)
	}
	return chain(after, out)
}

// entry is what all entries of an exchange have.
func (w *writer) entry(who Who, x Exchange) Entry {
	e := Entry{APIVersion: Version, Agent: who.Agent, Role: who.Role, Task: who.Task, Attempt: who.Attempt, Change: who.Change, Feature: who.Feature,
		Exchange: x.Seq, Time: x.Start.UTC().Truncate(time.Millisecond), Trigger: x.trigger(), Thoughts: []Thought{}, Source: None,
		Model: w.word("model", x.Model), Provider: w.word("provider", x.Provider), Family: w.word("family", x.Family), MaxTokens: x.MaxTokens,
		LatencyMS: x.Latency.Milliseconds(), Stop: w.word("stop_reason", x.Stop), Tokens: x.Tokens, CostNano: x.CostNano,
		CostSource: w.word("cost_source", x.CostSource), Retries: x.Retries}
	if x.Temperature >= 0 {
		e.Temperature = &x.Temperature
	}
	return e
}

// thoughts are one step for each thing that was seen; what was made of all of them stands with the last.
func (w *writer) thoughts(x Exchange) ([]Thought, Source) {
	reasoning, source := x.reasoning()
	steps := []Thought{}
	room := limitObservations
	see := func(text string, told bool) {
		if text = w.text("observation", text, min(limitObservation, room)); text != "" {
			steps, room = append(steps, Thought{Observation: text, Told: told}), max(room-len(text), 256)
		}
	}
	for i, o := range x.Observations {
		if i == limitSteps {
			see(fmt.Sprintf("[%d results more]", len(x.Observations)-i), false)
			break
		}
		if o.Failed {
			o.Text = "failed:\n" + o.Text
		}
		see(o.Text, false)
	}
	see(x.Injected, true)
	made := Thought{Reasoning: w.text("reasoning", reasoning, limitReasoning), Decision: w.text("decision", x.Text, limitDecision)}
	switch {
	case made.Reasoning == "" && made.Decision == "":
	case len(steps) == 0:
		steps = append(steps, made)
	default:
		steps[len(steps)-1].Reasoning, steps[len(steps)-1].Decision = made.Reasoning, made.Decision
	}
	return steps, source
}

// say is an answer without a call, or none at all.
func (w *writer) say(e *Entry, x Exchange) {
	e.Action = Action{Kind: ActMessage, Text: w.text("message", x.Text, limitDecision)}
	if x.Error != "" {
		e.Action = Action{Kind: ActFailure, Text: w.text("error", x.Error, limitDecision)}
	}
	e.Artifact = hash([]byte(e.Action.Text))
}

func (w *writer) call(e *Entry, c Call) {
	kept, full, paths := w.args(c.Args)
	e.Tool, e.ToolValid, e.Problem = w.word("tool", c.Tool), &c.Valid, w.word("tool_problem", c.Problem)
	e.Action = Action{Kind: ActTool, ID: w.word("id", c.ID), Args: kept, Paths: paths, Writes: mayWrite(c.Tool)}
	e.Artifact = hash(full)
}

// done takes along what making the entry took.
func (w *writer) done(e Entry) Entry {
	slices.Sort(w.sorts)
	e.Redacted, e.Cut = slices.Compact(w.sorts), w.cuts
	w.sorts, w.cuts = nil, nil
	return e
}

// chain numbers entries behind after.
func chain(after *Entry, entries []Entry) ([]Entry, error) {
	for i := range entries {
		e := &entries[i]
		e.Seq = 1
		if after != nil {
			prev, err := after.Digest()
			if err != nil {
				return nil, err
			}
			e.Seq, e.Prev = after.Seq+1, prev
		}
		if i > 0 {
			e.With = entries[0].Seq
		}
		after = e
	}
	return entries, nil
}

// Result is what came of an attempt: the tree that adamant pulled, and the commit that it made of it.
type Result struct {
	Time  time.Time
	Tree  git.OID
	Head  git.OID  // "" when nothing was changed
	Files []string // that changed, sorted
	Why   string   // how it ended, in a few words
}

// End makes the last entry of an attempt. After is the entry before it, nil when the agent never asked its model for anything.
func End(r *Redactor, who Who, after *Entry, result Result) (Entry, error) {
	w := &writer{redactor: r}
	e := Entry{APIVersion: Version, Agent: who.Agent, Role: who.Role, Task: who.Task, Attempt: who.Attempt, Change: who.Change, Feature: who.Feature,
		Time: result.Time.UTC().Truncate(time.Millisecond), Trigger: "end", Thoughts: []Thought{}, Source: None, Artifact: "git:" + string(result.Tree)}
	e.Action = Action{Kind: ActResult, Text: w.text("message", result.Why, limitDecision), Head: string(result.Head), Files: len(result.Files), Writes: result.Head != ""}
	for _, name := range result.Files[:min(len(result.Files), limitPaths)] {
		e.Action.Paths = append(e.Action.Paths, w.text("path", facts.SpellPath(name), limitPath))
	}
	if after != nil {
		e.Action.Count = after.Seq
	}
	e = w.done(e)
	if w.err != nil {
		return e, fmt.Errorf("recording what came of %s: %w", who.Attempt, w.err)
	}
	list, err := chain(after, []Entry{e})
	if err != nil {
		return e, err
	}
	return list[0], nil
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
