package workforce

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/breaker"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/grounding"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
)

// admit is asked before a request is sent: what it carries may be all that the breaker has to see, and then it is not paid for.
func (r *run) admit(_ context.Context, _ *gateway.Session, e gateway.Exchange) error {
	r.observed.Lock()
	defer r.observed.Unlock()
	return r.step(r.pairs.results(e.Messages))
}

// observe is told of each exchange before its answer reaches the agent: what was thought goes to the ledger first, then the
// breaker has its say. An error ends the session.
func (r *run) observe(ctx context.Context, _ *gateway.Session, e gateway.Exchange) error {
	r.observed.Lock()
	defer r.observed.Unlock()
	r.seen(e)
	if err := r.record(ctx, e); err != nil {
		r.stop(stopped{finish: task.FinishStopped, rule: "ledger", why: "its actions cannot be recorded: " + err.Error()})
		return err
	}
	if e.Refused == gateway.RefusedBudget || e.Refused == gateway.RefusedRate {
		r.stop(stopped{finish: task.FinishStopped, rule: e.Refused, why: e.Error})
		return errors.New(e.Error)
	}
	if err := r.step(r.pairs.next(e)); err != nil {
		return err
	}
	r.remind(e)
	return nil
}

// step lets the breaker have its say.
func (r *run) step(events []breaker.Event) error {
	for _, event := range events {
		if err := r.judge(r.breaker.Step(event)); err != nil {
			return err
		}
	}
	return nil
}

// judge does what the breaker says.
func (r *run) judge(d breaker.Decision) error {
	switch d.Kind {
	case breaker.Nudge:
		r.mu.Lock()
		r.alarm = "nudge: " + d.Rule
		r.mu.Unlock()
		r.line("breaker", "nudge, "+d.Rule+": "+d.Reason)
		r.session.Inject(d.Reason)
	case breaker.Stop:
		r.line("breaker", "stop, "+d.Rule+": "+d.Reason)
		r.stop(stopped{finish: task.FinishStopped, rule: d.Rule, why: d.Reason})
		return errors.New(d.Reason)
	}
	return nil
}

// seen keeps what people are shown, and the models that answered.
func (r *run) seen(e gateway.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problem = e.Error
	if e.Refused != "" {
		return
	}
	if m := model(e); m.Name != "" && e.Error == "" {
		r.model = m.Name
		r.meet(m)
	}
	if e.Side {
		return
	}
	r.turn++
	if len(e.Calls) > 0 {
		r.doing = describe(e.Calls[0])
	} else if e.Text != "" {
		r.doing = firstLine(e.Text)
	}
}

// meet keeps models sorted, each once.
func (r *run) meet(m task.Model) {
	at, known := slices.BinarySearchFunc(r.models, m, func(a, b task.Model) int {
		return strings.Compare(key(a), key(b))
	})
	if !known {
		r.models = slices.Insert(r.models, at, m)
	}
}

func key(m task.Model) string {
	return m.Family + "\x00" + m.Name + "\x00" + strconv.FormatInt(m.Temperature, 10)
}

// thousandths reads a temperature as the wire has it.
func thousandths(decimal string) int64 {
	f, err := strconv.ParseFloat(decimal, 64)
	if err != nil {
		return persona.Unset
	}
	return int64(f*1000 + 0.5)
}

// remind tells the agent again where it is, when that is due.
func (r *run) remind(e gateway.Exchange) {
	if e.Side || e.Error != "" || e.Refused != "" {
		return
	}
	event := grounding.Event{FreshTokens: e.Usage.Fresh, Denied: r.denied}
	if paths := written(e.Calls); len(paths) > 0 {
		denial := r.facts.Denial
		r.facts = r.settings.facts(r.attempt, r.cast, paths)
		r.facts.Denial, event.Writes = denial, r.facts.Component.Ref
	}
	r.denied = false
	due := grounding.When(r.grounded, event)
	if due {
		r.session.Inject(grounding.Text(r.facts))
	}
	r.grounded = grounding.Next(r.grounded, event, due)
}
