package workforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/breaker"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/grounding"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
	"github.com/adamant-os/adamant/internal/workspace"
)

// run is one attempt under way.
type run struct {
	force   *Workforce
	attempt task.Attempt
	slot    int
	since   time.Time

	cast    cast
	session *gateway.Session
	runner  agent.Runner
	launch  agent.Launch
	space   *workspace.Workspace
	release func() error // lets others remove the workspace

	observed sync.Mutex // held while an exchange is observed: one at a time
	thoughts *thought.Recorder
	pairs    pairs
	breaker  *breaker.Breaker
	settings *settings
	facts    grounding.Facts // what the agent is told next
	denied   bool            // the gate refused since it was told last
	grounded grounding.State

	mu      sync.Mutex
	end     *stopped // why it is to end, once it is
	turn    int
	doing   string
	alarm   string
	model   string
	models  []task.Model
	review  task.Review
	problem string  // of the newest request, when it had no answer
	said    *finish // what the agent said over MCP
	quit    chan struct{}
}

// stopped says why an attempt was ended from outside.
type stopped struct {
	finish string // task.FinishStopped, FinishCancelled
	rule   string
	why    string
}

// finish is what an agent says when it is done. It is its word: the tree and the gate decide.
type finish struct {
	finish string // task.FinishDone, FinishEscalated
	text   string
}

func newRun(w *Workforce, a task.Attempt, slot int) *run {
	return &run{force: w, attempt: a, slot: slot, since: w.now(), quit: make(chan struct{})}
}

// stop ends the attempt. The first reason counts.
func (r *run) stop(s stopped) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end != nil {
		return
	}
	r.end = &s
	close(r.quit)
	if r.session != nil {
		r.session.Refuse("this attempt is over: " + s.why)
	}
}

func (r *run) stopped() *stopped {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end
}

// line tells people what happens.
func (r *run) line(kind, text string) {
	if text == "" {
		return
	}
	r.force.tell(task.Line{Time: r.force.now(), Task: r.attempt.Task, Attempt: r.attempt.ID, Kind: kind, Text: text})
}

// shown is the run for people.
func (r *run) shown() task.RunningAttempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := task.RunningAttempt{ID: r.attempt.ID, Task: r.attempt.Task, Role: r.attempt.Role, Agent: r.attempt.Agent, Since: r.since,
		Model: r.model, Doing: r.doing, Turn: r.turn, Spent: r.spent(), Limit: r.cast.limit(), Alarm: r.alarm}
	return a
}

// spent is what the attempt cost so far, by the gateway's count.
func (r *run) spent() task.Spent {
	s := task.Spent{Seconds: int64(r.force.now().Sub(r.since).Seconds())}
	if r.session != nil {
		used := r.session.Spent()
		s.NanoUSD, s.Tokens, s.Requests = used.CostNano+used.NotionalNano, used.Total(), used.Requests
	}
	return s
}

// carryOut takes the attempt from nothing to its outcome. Whatever fails is the outcome's.
func (r *run) carryOut(ctx context.Context) task.Outcome {
	out := task.Outcome{Attempt: r.attempt.ID, Task: r.attempt.Task}
	err := r.prepare(ctx)
	if err == nil && r.stopped() == nil {
		err = r.work(ctx)
	}
	err = errors.Join(err, r.hangUp()) // what it cost is known from here on
	if err == nil {
		out.Head, err = r.result(ctx)
	}
	out.Finish, out.Rule, out.Why = r.verdict(out, err)
	r.mu.Lock()
	out.Spent, out.Models = r.spent(), slices.Clone(r.models)
	if r.attempt.Role == task.RoleReviewer && out.Finish == task.FinishDone {
		review := r.review
		out.Review = &review
	}
	r.mu.Unlock()
	r.clear(context.WithoutCancel(ctx))
	r.line("finished", cmp.Or(out.Why, out.Finish))
	return out
}

// hangUp ends the session, and returns when the last exchange is observed.
func (r *run) hangUp() error {
	if r.session == nil {
		return nil
	}
	return r.session.Close()
}

// verdict is how an attempt ended.
func (r *run) verdict(out task.Outcome, err error) (end, rule, why string) {
	if s := r.stopped(); s != nil {
		return s.finish, s.rule, s.why
	}
	if err != nil {
		return task.FinishFailed, "", err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.said != nil && r.said.finish == task.FinishEscalated:
		return task.FinishEscalated, "", r.said.text
	case r.attempt.Role == task.RoleReviewer && r.review.Outcome == "":
		return task.FinishFailed, "", "the reviewer ended without a verdict"
	case r.attempt.Role != task.RoleReviewer && out.Head == "" && r.said == nil:
		return task.FinishFailed, "", cmp.Or(r.problem, "the agent ended and had changed nothing")
	}
	return task.FinishDone, "", r.words()
}

func (r *run) words() string {
	if r.said == nil {
		return ""
	}
	return r.said.text
}

// prepare makes everything that an agent needs.
func (r *run) prepare(ctx context.Context) error {
	settings, err := r.force.settings(ctx, r.attempt.Main)
	if err != nil {
		return err
	}
	cast, err := castFor(settings.personas, r.attempt)
	if err != nil {
		return err
	}
	r.set(func() { r.settings, r.cast = settings, cast })
	identity, err := sandbox.Slot(r.slot)
	if err != nil {
		return err
	}
	session, err := r.open(ctx, settings)
	if err != nil {
		return err
	}
	r.set(func() { r.session = session })
	r.facts = settings.facts(r.attempt, r.cast, r.attempt.Cone)
	r.session.Inject(grounding.Text(r.facts)) // it goes with the first request
	r.grounded = grounding.Next(r.grounded, grounding.Event{}, true)
	r.breaker = breaker.New(r.cast.limits())
	r.thoughts = thought.NewRecorder(r.force.config.Kernel.Ledger(), thought.NewRedactor(r.session.Token()), r.who(), nil)
	if r.runner, err = r.force.config.Runners.Runner(r.cast.persona.Runner); err != nil {
		return err
	}
	if r.launch, err = r.runner.Prepare(r.plan()); err != nil {
		return fmt.Errorf("preparing %s: %w", r.runner.Name(), err)
	}
	base, head, err := r.ground(ctx)
	if err != nil {
		return err
	}
	r.space, err = r.force.config.Workspaces.Create(ctx, workspace.Request{
		Task: r.attempt.Task, Attempt: r.attempt.ID, Base: base, Head: head, Cone: r.attempt.Cone,
		Identity: identity, Readonly: !r.cast.role.Writes, Grant: r.attempt.Grants, Setup: r.furnish,
	})
	if err == nil {
		r.release, err = r.space.Use()
	}
	return err
}

// set changes what others look at meanwhile.
func (r *run) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// ground is the commit of main that the result is compared with, and what is checked out. An attempt that goes on with the work of
// the one before begins with that, and its result is one commit on the same main again.
func (r *run) ground(ctx context.Context) (base, head git.OID, err error) {
	begin := cmp.Or(r.attempt.Head, r.attempt.Base)
	bases, err := r.force.config.Kernel.Repo().MergeBases(ctx, r.attempt.Main, begin)
	if err != nil {
		return "", "", err
	}
	if len(bases) == 0 {
		return "", "", fmt.Errorf("%s has nothing in common with main", begin.Short())
	}
	return bases[0], begin, nil
}

// furnish puts dependencies into the checkout and home, and then the agent's own configuration. An agent can work without the first.
func (r *run) furnish(ctx context.Context, checkout, home string) (err error) {
	if f := r.force.config.Furnish; f != nil && slices.Contains(r.cast.persona.Tools, "run") {
		if err := f(ctx, r.attempt.Main, checkout, home); err != nil {
			r.line("error", err.Error())
		}
	}
	root, err := os.OpenRoot(home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for name, data := range r.launch.Files {
		if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return fmt.Errorf("writing %s of the agent's home: %w", name, err)
		}
		if err := root.WriteFile(name, data, 0o600); err != nil {
			return fmt.Errorf("writing %s of the agent's home: %w", name, err)
		}
	}
	return nil
}

// open opens the attempt's session at a gateway of main's settings.
func (r *run) open(ctx context.Context, s *settings) (*gateway.Session, error) {
	config := r.force.config.Gateway
	config.Settings, config.Prices, config.Admit, config.Observe = s.governance.Config.Spec.Gateway, s.prices, r.admit, r.observe
	g, err := gateway.New(config)
	if err != nil {
		return nil, err
	}
	return g.Open(ctx, r.cast.session(r.attempt, s.personal()))
}

// work runs the agent until it ends or is stopped.
func (r *run) work(ctx context.Context) error {
	mounts, err := r.space.Mounts()
	if err != nil {
		return err
	}
	for _, m := range r.launch.Mounts {
		mounts = append(mounts, sandbox.Mount{Source: m.Source, Target: m.Target})
	}
	endpoint, err := r.endpoint(ctx)
	if err != nil {
		return err
	}
	r.line("started", fmt.Sprintf("%s by %s in a workspace of %s", r.attempt.Title, r.cast.persona.Name, r.attempt.Base.Short()))
	return r.talk(ctx, sandbox.Spec{
		Argv: r.launch.Argv, Dir: workspace.Repo, Env: r.environment(r.launch.Env), Mounts: mounts, Identity: r.space.Request.Identity,
		Forward: []sandbox.Forward{{Listen: listen, Serve: endpoint.serve}}, Limits: sandbox.Limits{Wall: r.cast.persona.Budget.Wall},
	})
}

// plan is the attempt as a runner sees it.
func (r *run) plan() agent.Attempt {
	p := r.cast.persona
	plan := agent.Attempt{Task: r.attempt.Task, ID: r.attempt.ID, Name: p.Name, Role: p.Role, Runner: p.Runner, Command: p.Command,
		API: r.cast.api(r.settings.governance.Config.Spec.Gateway), MaxTokens: int(p.MaxTokens), Tools: p.Tools, MaxTurns: p.Budget.Turns, Prompt: r.attempt.Prompt, Repo: workspace.Repo, Home: workspace.Home,
		Endpoint: agent.Endpoint, Token: r.session.Token(), Readonly: !r.cast.role.Writes}
	if len(r.cast.models) > 0 {
		plan.Model = r.cast.models[0].Name
	}
	return plan
}

// environment is what every agent gets beside what its runner wants. Later ones win, so the runner's come first.
func (r *run) environment(own []string) []string {
	env := append(slices.Clone(own), r.space.Env()...)
	if len(r.cast.persona.Egress) == 0 {
		return env
	}
	proxy := "http://adamant:" + r.session.Token() + "@" + listen
	return append(env, "HTTPS_PROXY="+proxy, "https_proxy="+proxy, "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
}

// clear frees what the attempt held. A workspace that cannot be removed now is removed by the next start.
func (r *run) clear(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var err error
	if r.release != nil {
		err = errors.Join(err, r.release())
	}
	if r.space != nil {
		err = errors.Join(err, r.force.config.Workspaces.Remove(ctx, r.space.ID))
	}
	if err != nil {
		r.force.log.Error("clearing an attempt", "attempt", r.attempt.ID, "error", err)
	}
}
