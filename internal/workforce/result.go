package workforce

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
	"github.com/adamant-os/adamant/internal/workspace"
)

// result pulls what lies in the checkout, makes a commit of it, and puts on record that this is what came of the attempt; "" =
// nothing was changed.
func (r *run) result(ctx context.Context) (git.OID, error) {
	if !r.cast.role.Writes {
		return "", nil
	}
	head, pulled, err := r.commit(ctx)
	if err != nil {
		return "", err
	}
	if same, err := r.untouched(ctx, pulled.Tree); err != nil || same {
		return "", err
	}
	files, err := r.changed(ctx, pulled.Tree)
	if err != nil {
		return "", err
	}
	return head, r.thoughts.End(ctx, thought.Result{Time: r.force.now().UTC(), Tree: pulled.Tree, Head: head, Files: files, Why: r.words()})
}

// untouched says that the checkout is as the agent got it.
func (r *run) untouched(ctx context.Context, tree git.OID) (bool, error) {
	begin, err := r.force.config.Kernel.Repo().Commit(ctx, r.space.Head)
	return err == nil && begin.Tree == tree, err
}

// changed lists the paths that differ from the base.
func (r *run) changed(ctx context.Context, tree git.OID) ([]string, error) {
	repo := r.force.config.Kernel.Repo()
	base, err := repo.Commit(ctx, r.space.Base)
	if err != nil {
		return nil, err
	}
	var files []string
	err = repo.EachChange(ctx, base.Tree, tree, func(c git.FileChange) error {
		files = append(files, c.Path)
		return nil
	})
	slices.Sort(files)
	return files, err
}

// commit makes a commit of what lies in the checkout now.
func (r *run) commit(ctx context.Context) (git.OID, workspace.Result, error) {
	pulled, err := r.space.Pull(ctx, workspace.In(r.force.config.Sandbox))
	if err != nil || pulled.Files == 0 {
		return "", pulled, err
	}
	head, err := r.space.Commit(ctx, pulled, r.message(), workspace.Author{
		Name: r.cast.persona.Name, Email: r.cast.persona.Name + "@agents.adamant.invalid", When: r.force.now().UTC()})
	return head, pulled, err
}

// message is the commit's: the task's title and what the agent says it did.
func (r *run) message() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%s\n\n%s", r.attempt.Title, strings.TrimSpace(r.words()))
}

// who is the attempt in the ledger of reasoning.
func (r *run) who() thought.Who {
	return thought.Who{Agent: r.cast.persona.Name, Role: r.attempt.Role, Task: r.attempt.Task, Attempt: r.attempt.ID, Change: r.attempt.Change, Feature: r.attempt.Feature}
}

// record puts on record what an exchange shows.
func (r *run) record(ctx context.Context, e gateway.Exchange) error {
	x := thought.Exchange{Seq: e.Seq, Start: e.Start, Latency: e.Latency, Provider: e.Provider, Model: answering(e), Family: e.Family,
		Temperature: thousandths(e.Temperature), MaxTokens: e.MaxTokens, Injected: e.Injected, Text: e.Text, Stop: e.Stop, CostNano: e.CostNano,
		CostSource: e.CostSource, Retries: e.Retries, Error: e.Error,
		Tokens: thought.Tokens{Fresh: e.Usage.Fresh, CacheRead: e.Usage.CacheRead, CacheWrite: e.Usage.CacheWrite, Output: e.Usage.Output, Reasoning: e.Usage.Reasoning}}
	for _, m := range e.Messages {
		if m.CallID != "" {
			x.Observations = append(x.Observations, thought.Observation{ID: m.CallID, Text: m.Text, Failed: m.IsError})
		}
	}
	for _, t := range e.Reasoning {
		x.Reasoning = append(x.Reasoning, thought.Text{Source: thought.Source(t.Source), Text: t.Text})
	}
	for _, c := range e.Calls {
		x.Calls = append(x.Calls, thought.Call{ID: c.ID, Tool: c.Tool, Args: c.Args, Valid: c.Valid, Problem: c.Problem})
	}
	return r.thoughts.Exchange(ctx, x)
}

// answering is the model that answered, as far as the provider says.
func answering(e gateway.Exchange) string {
	if e.Served != "" {
		return e.Served
	}
	return e.Model
}

// model is the same for package task.
func model(e gateway.Exchange) task.Model {
	return task.Model{Family: e.Family, Name: answering(e), Temperature: thousandths(e.Temperature)}
}
