package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/task"
)

// taskFlags are those of a new task.
type taskFlags struct {
	deskFlags
	agent, feature, issue string
	grants, paths         []string
	priority              int
	wait                  bool
}

func taskCommand(env *Env) *cobra.Command {
	f := &taskFlags{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "task TEXT",
		Short: "Give agents work, and see what becomes of it",
		Long: `Give an agent a task. Its result arrives as a change, which the gate judges like any other; what is refused goes back to the agent
with the findings, three times at most, then to you (docs/tasks.md).

adamant task TEXT is short for adamant task new TEXT. The first line is the title.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && f.issue == "" {
				return cmd.Help()
			}
			return f.open(cmd.Context(), args)
		},
	}
	f.registerNew(cmd)
	cmd.AddCommand(taskNewCommand(env), taskListCommand(env), taskShowCommand(env), taskLogCommand(env),
		taskAboutCommand(env, "cancel TASK", "Take a task back: its agent is ended, its change abandoned", "reason", "why, on record", api.PathTaskCancel),
		taskAboutCommand(env, "resume TASK", "Go on with a suspended task, from what was made so far", "say", "a remark for the agent", api.PathTaskResume),
		taskRetryCommand(env),
		taskAboutCommand(env, "note TASK", "Say something to the next attempt", "say", "the remark", api.PathTaskNote))
	return cmd
}

func taskNewCommand(env *Env) *cobra.Command {
	f := &taskFlags{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "new [TEXT]",
		Short: "Give an agent a task",
		Long: `Give an agent a task: in your words, or by an issue, or both. What an issue says was written by somebody else: the agent gets it as
data, fenced off and marked so.

--grant lets this task write a path beside those of its agent; --path says where it will work, so that no other task is at work there at
the same time. Without either, names in your text that are components, folders or files of the repository count as such a place.

Exit status with --wait: 0 it landed, 1 it came to nothing, 3 it is suspended or waits for you.`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.open(cmd.Context(), args) },
	}
	f.registerNew(cmd)
	return cmd
}

func (f *taskFlags) registerNew(cmd *cobra.Command) {
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.agent, "agent", "", "who is to do it (default: the first coder; adamant agent list)")
	flags.StringVar(&f.feature, "feature", "", "feature that its cost is booked to")
	flags.StringVar(&f.issue, "from-issue", "", "URL of a GitHub issue, or a file: what is wanted, in somebody else's words")
	flags.StringArrayVar(&f.grants, "grant", nil, "path that it may write beside those of its agent; may be repeated")
	flags.StringArrayVar(&f.paths, "path", nil, "where it will work: a folder, file or component; may be repeated")
	flags.IntVar(&f.priority, "priority", 0, "higher goes first; below 0: only while nothing else goes on")
	flags.BoolVar(&f.wait, "wait", false, "wait until it landed, came to nothing, or needs you")
}

// open makes a task of words and flags.
func (f *taskFlags) open(ctx context.Context, args []string) error {
	in, err := f.asked(ctx, strings.Join(args, " "))
	if err != nil {
		return err
	}
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	var a api.TaskAnswer
	if err := client.Call(ctx, "POST", api.PathTasks, "", in, &a); err != nil {
		return deskError(err)
	}
	if f.wait {
		if !f.json {
			fmt.Fprintln(f.env.Stderr, printable(a.Message))
		}
		return f.await(ctx, client, a.Task)
	}
	return f.told(a)
}

func (f *deskFlags) told(a api.TaskAnswer) error {
	if f.json {
		return writeJSON(f.env.Stdout, a)
	}
	fmt.Fprintln(f.env.Stdout, printable(a.Message))
	return nil
}

// asked is what the operator wants, as the daemon takes it.
func (f *taskFlags) asked(ctx context.Context, text string) (api.NewTask, error) {
	in := api.NewTask{Agent: f.agent, Feature: f.feature, Grants: f.grants, Paths: f.paths, Priority: f.priority}
	title, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	in.Title, in.Text = strings.TrimSpace(title), strings.TrimSpace(rest)
	for _, p := range f.grants {
		if err := task.CheckPath(p); err != nil {
			return in, usage(fmt.Errorf("--grant: %w", err))
		}
	}
	if f.issue != "" {
		is, err := readIssue(ctx, f.env, f.issue)
		if err != nil {
			return in, usage(fmt.Errorf("--from-issue: %w", err))
		}
		in.Source, in.Foreign = is.source, is.text
		if in.Title == "" { // the issue's own title stays within the fence
			in.Title = "Do what " + is.name + " asks for"
		}
	}
	if in.Title == "" {
		return in, usage(errors.New(`what is to be done? adamant task "Add rate limiting to billing", or --from-issue URL`))
	}
	return in, nil
}

// await waits until a task needs nobody but the operator any more.
func (f *deskFlags) await(ctx context.Context, client *desk.Client, id string) error {
	for {
		var d api.TaskDetail
		if err := client.Call(ctx, "GET", api.PathTask, id, nil, &d); err != nil {
			return deskError(err)
		}
		if s := task.Status(d.Status); s.Closed() || s == task.Suspended || d.Next != "" {
			return f.settled(d)
		}
		if err := pause(ctx, waitPause); err != nil {
			return fmt.Errorf("task %s is %s: %w", shortID(id), d.Status, err)
		}
	}
}

func (f *deskFlags) settled(d api.TaskDetail) error {
	if f.json {
		if err := writeJSON(f.env.Stdout, d); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(f.env.Stdout, "task %s is %s", shortID(d.ID), d.Status)
		if d.Commit != "" {
			fmt.Fprintf(f.env.Stdout, ", on main as %s", shortOID(d.Commit))
		}
		fmt.Fprintln(f.env.Stdout)
		if d.Commit == "" && d.Why != "" {
			fmt.Fprintf(f.env.Stdout, "  %s\n", clip(d.Why, textWidth-2))
		}
		if d.Next != "" {
			fmt.Fprintf(f.env.Stdout, "  next: %s\n", d.Next)
		}
	}
	switch task.Status(d.Status) {
	case task.Done:
		return nil
	case task.Failed, task.Cancelled:
		return exit(ExitDeny)
	}
	return exit(ExitHold)
}

// taskAboutCommand makes a verb that asks something of a task, with words.
func taskAboutCommand(env *Env, use, short, flag, help, path string) *cobra.Command {
	f := &deskFlags{env: env}
	var text string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.aboutTask(cmd.Context(), path, args[0], api.Reason{Reason: text})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&text, flag, "", help)
	return cmd
}

func (f *deskFlags) aboutTask(ctx context.Context, path, id string, in any) error {
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	var a api.TaskAnswer
	if err := client.Call(ctx, "POST", path, id, in, &a); err != nil {
		return deskError(err)
	}
	return f.told(a)
}

func taskRetryCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var in api.Retry
	cmd := &cobra.Command{
		Use: "retry TASK", Short: "Begin a task again from main; what was made so far is left behind", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.aboutTask(cmd.Context(), api.PathTaskRetry, args[0], in)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&in.Note, "say", "", "a remark for the agent")
	cmd.Flags().StringVar(&in.Agent, "agent", "", "another agent")
	return cmd
}

// stamp is a time of day for lines of a log, with the date where it is another day's.
func stamp(now, at time.Time) string {
	at = at.In(now.Location())
	if now.YearDay() != at.YearDay() || now.Year() != at.Year() {
		return at.Format("01-02 15:04:05")
	}
	return at.Format("15:04:05")
}
