package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/task"
)

func taskListCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List tasks and what each waits for", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			path := api.PathTasks
			if all {
				path += "?all=true"
			}
			var out api.Tasks
			if err := client.Call(cmd.Context(), "GET", path, "", nil, &out); err != nil {
				return deskError(err)
			}
			if f.json {
				return writeJSON(env.Stdout, out)
			}
			if len(out.Tasks) == 0 {
				fmt.Fprintln(env.Stdout, `No task is open. Give one: adamant task "Add rate limiting to billing"`)
			}
			for _, t := range out.Tasks {
				printTask(env.Stdout, t, env.Now(), styleFor(env, env.Stdout))
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "closed ones, too")
	return cmd
}

// printTask prints a task in two lines: what it is, what it waits for.
func printTask(w io.Writer, t api.TaskSummary, now time.Time, s style) {
	fmt.Fprintf(w, "%.16s  %s  %-10s  %s\n", t.ID, taskStatus(s, t.Status, 9), clip(t.Agent, 10), s.bold(clip(t.Title, 56)))
	fmt.Fprintf(w, "                  %s\n", s.dim(clip(taskLine(t, now), taskLineWidth)))
	if t.Next != "" {
		fmt.Fprintf(w, "                  next: %s\n", t.Next)
	}
}

const taskLineWidth = 82

// taskLine says how far a task is and what it waits for.
func taskLine(t api.TaskSummary, now time.Time) string {
	line := fmt.Sprintf("%s, %s, opened %s ago", plural(t.Attempts, "attempt"), task.USD(t.Spent.NanoUSD), ago(now, t.Opened))
	switch {
	case t.Commit != "":
		line += fmt.Sprintf(", on main as %.12s", t.Commit)
	case t.Why != "":
		line += ": " + t.Why
	}
	return line
}

// taskStatus is a status, padded, and coloured where it says that somebody is needed or that all is done.
func taskStatus(s style, status string, width int) string {
	text := pad(status, width)
	switch task.Status(status) {
	case task.Suspended, task.Failed:
		return s.red(text)
	case task.Waiting:
		return s.yellow(text)
	case task.Done:
		return s.green(text)
	}
	return text
}

func taskShowCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use: "show TASK", Short: "Show a task, its attempts, their cost, and what came back", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			var d api.TaskDetail
			if err := client.Call(cmd.Context(), "GET", api.PathTask, args[0], nil, &d); err != nil {
				return deskError(err)
			}
			if f.json {
				return writeJSON(env.Stdout, d)
			}
			printTaskDetail(env.Stdout, d, env.Now(), styleFor(env, env.Stdout))
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func printTaskDetail(w io.Writer, d api.TaskDetail, now time.Time, s style) {
	printTask(w, d.TaskSummary, now, s)
	row := func(name, text string) {
		if text != "" {
			writeColumn(w, name, text)
		}
	}
	if line := taskLine(d.TaskSummary, now); clip(line, taskLineWidth) != line {
		row("state", d.Why)
	}
	row("change", d.Change)
	row("feature", d.Feature)
	row("from", d.Source)
	row("may also write", strings.Join(d.Grants, ", "))
	row("works in", strings.Join(d.Cone.Writes, ", "))
	if n := len(d.Cone.Reach); n > 0 {
		row("can break", plural(n, "file"))
	}
	row("text", d.Text)
	for _, r := range d.Rounds {
		row(fmt.Sprintf("%d %s", r.N, r.Role), roundLine(r, now))
	}
	if d.Return != nil {
		row("sent back", d.Return.From())
		for _, f := range d.Return.Findings {
			row("", place(f.Path, f.Line)+f.Rule+": "+f.Message)
		}
	}
	for _, p := range d.Problems {
		row("no effect", p)
	}
}

// roundLine is an attempt in a line.
func roundLine(r task.Record, now time.Time) string {
	if r.Ended == nil {
		return fmt.Sprintf("%s, for %s: %s", r.Agent, ago(now, r.At), r.Why)
	}
	e := r.Ended
	text := fmt.Sprintf("%s, %s, %s", r.Agent, e.Finish, task.USD(e.Spent.NanoUSD))
	if len(e.Models) > 0 {
		text += ", " + e.Models[0].Name
	}
	if e.Head != "" {
		text += ", made " + e.Head.Short()
	}
	if e.Review != nil {
		distance := "does not count: the coder's own model"
		if e.Independent != "" {
			distance = "by another " + e.Independent
		}
		text += fmt.Sprintf(", %s (%s)", e.Review.Outcome, distance)
	}
	if e.Rule != "" {
		text += ", by " + e.Rule
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

func taskLogCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var follow bool
	cmd := &cobra.Command{
		Use: "log TASK", Short: "Tell what happened to a task and what its agents did; -f follows", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			path := api.PathTaskLog
			if follow {
				path += "?follow=true"
			}
			p := logPrinter{env: env, json: f.json, style: styleFor(env, env.Stdout)}
			return deskError(client.Stream(cmd.Context(), path, args[0], p.event))
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "stay, and tell what happens, until the task is closed or suspended")
	return cmd
}

// logPrinter prints the events of a task's log.
type logPrinter struct {
	env   *Env
	json  bool
	style style
}

func (p *logPrinter) event(kind string, data []byte) error {
	switch kind {
	case "line", "message":
		var l api.LogLine
		if err := json.Unmarshal(data, &l); err != nil {
			return fmt.Errorf("reading the daemon's log: %w", err)
		}
		if p.json {
			_, err := fmt.Fprintf(p.env.Stdout, "%s\n", data)
			return err
		}
		p.print(l)
	case "end":
		var a api.TaskAnswer
		if err := json.Unmarshal(data, &a); err != nil {
			return fmt.Errorf("reading the daemon's log: %w", err)
		}
		if a.Status == "error" {
			return usage(errors.New(a.Message))
		}
		if !p.json {
			fmt.Fprintln(p.env.Stdout, p.style.bold(printable(a.Message)))
		}
	}
	return nil
}

func (p *logPrinter) print(l api.LogLine) {
	who := l.Actor
	if l.Attempt > 0 {
		who = fmt.Sprintf("%s #%d", who, l.Attempt)
	}
	head := fmt.Sprintf("%s  %-18s %-14s ", stamp(p.env.Now(), l.Time), clip(who, 18), clip(strings.TrimPrefix(l.Kind, "agent."), 14))
	fmt.Fprintf(p.env.Stdout, "%s%s\n", p.style.dim(head), clip(strings.ReplaceAll(l.Text, "\n", " "), textWidth-len(head)))
}
