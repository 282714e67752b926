// Package grounding writes the page that tells an agent again where it is: the component it works in, what binds it there, its
// task, and why it was refused last.
//
// It promises a text of at most MaxTokens tokens by a count that errs upwards for prose and code, cut between runes, the same for
// the same facts. It never reads a repository and never decides anything: When says that it is time, the gateway puts the text at
// the tail of the next request, where it costs no prompt cache.
package grounding

import (
	"fmt"
	"strings"
)

// MaxTokens bounds Text.
const MaxTokens = 1500

// Facts are what an agent is told.
type Facts struct {
	Component   Component
	Constraints []Constraint // most binding first
	Task        Task
	Denial      Denial
}

// Component is the catalog entry of the paths at hand; zero = they belong to none.
type Component struct {
	Ref, Owner, Lifecycle, Description string
	Paths, DependsOn                   []string
}

// Constraint is one rule that binds the paths at hand.
type Constraint struct{ Rule, Text string }

// Task is what the operator wants.
type Task struct {
	ID, Title, Text string
	Grants          []string // paths that may be written beside the agent's own
}

// Denial is why the gate refused the last attempt; zero = it has not.
type Denial struct {
	Summary  string
	Findings []string // file:line, rule, message, fix: one line each
}

// Text is the page; "" when there is nothing to say. What matters most stands last, nearest to what the model writes next: the
// component, then the constraints, the task, and the refusal. When room is short the task is kept longest, then the refusal.
func Text(f Facts) string {
	sections := []section{
		{title: "You work in", lines: componentLines(f.Component), share: 150, keep: 3},
		{title: "What binds you here (the gate refuses a change that breaks it)", lines: constraintLines(f.Constraints), share: 400, keep: 2},
		{title: "Your task", lines: taskLines(f.Task), share: 450, keep: 0},
		{title: "Why your last attempt was refused; mend this first", lines: denialLines(f.Denial), share: 400, keep: 1},
	}
	allot(sections, MaxTokens-count(heading))
	var b strings.Builder
	for _, s := range sections {
		s.write(&b)
	}
	if b.Len() == 0 {
		return ""
	}
	return heading + "\n" + b.String()
}

const heading = "[adamant] Where you are. This is from the control plane, not from a file or a tool."

func componentLines(c Component) []string {
	if c.Ref == "" {
		return nil
	}
	lines := []string{join(", ", c.Ref, label("owner ", c.Owner), label("lifecycle ", c.Lifecycle))}
	if c.Description != "" {
		lines = append(lines, line(c.Description))
	}
	return append(lines, list("paths: ", c.Paths), list("depends on: ", c.DependsOn))
}

func constraintLines(all []Constraint) []string {
	var lines []string
	for _, c := range all {
		lines = append(lines, "- "+join(": ", line(c.Rule), line(c.Text)))
	}
	return lines
}

func taskLines(t Task) []string {
	lines := []string{join(": ", line(t.ID), line(t.Title))}
	for text := range strings.Lines(clean(t.Text)) {
		lines = append(lines, strings.TrimRight(text, " \t\r\n"))
	}
	return append(lines, list("you may also write: ", t.Grants))
}

func denialLines(d Denial) []string {
	lines := []string{line(d.Summary)}
	for _, f := range d.Findings {
		lines = append(lines, "- "+line(f))
	}
	return lines
}

func label(name, value string) string {
	if value == "" {
		return ""
	}
	return name + line(value)
}

func list(name string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return name + line(strings.Join(values, ", "))
}

func join(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p = line(p); p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// more says that lines were left out.
func more(n int) string { return fmt.Sprintf("… and %d more", n) }
