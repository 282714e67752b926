// Package loop is the builtin agent: it asks a model, does what the model calls for, and goes on until the model says that it
// is done. It runs inside the sandbox, has one endpoint and one token, and tells what happens as events on its output.
//
// It promises that every call is answered (an unknown tool, broken arguments and failures are told to the model), that the
// conversation never outgrows the model's context, and that it ends: by finish, by escalate, at its limit of requests, or with
// an error that says why. It never retries what the gateway refuses, never commits, and decides nothing about the result.
package loop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/desk"
	"github.com/adamant-os/adamant/internal/agent/model"
	"github.com/adamant-os/adamant/internal/agent/tool"
)

// Limits of the loop itself.
const (
	defaultTurns   = 150     // requests to the model
	defaultContext = 128_000 // tokens
	maxCuts        = 3       // answers in a row that end in the middle
	maxSilent      = 2       // answers in a row without a call that are asked to go on, less one where there is work to judge
	maxTells       = 3       // tries to pass a word on to the control plane
	cutPause       = time.Second
)

// End is how a run ended.
type End string

// The ends.
const (
	Done      End = "done"      // the model called finish, or has nothing more to say
	Escalated End = "escalated" // the model asks the operator
	GaveUp    End = "gave up"   // limits or errors ended it
)

// Outcome is the end and its words: a summary, a question, or a reason. They are the agent's.
type Outcome struct {
	End  End
	Text string
}

// Run works on a job until it ends, writing events to out. An error is one of the machine: the folder or out.
func Run(ctx context.Context, job Job, token string, out io.Writer) (Outcome, error) {
	folder, err := tool.Open(job.Repo)
	if err != nil {
		return Outcome{}, err
	}
	defer folder.Close()
	l := newLoop(job, token, folder, out)
	defer l.desk.Close()
	end := l.run(ctx)
	l.emit(agent.Event{Kind: agent.Finished, Text: end.Text, Tool: l.endedBy, Args: l.endArgs, Exit: exitOf(end.End)})
	return end, l.out.err()
}

func exitOf(e End) int {
	if e == GaveUp {
		return 1
	}
	return 0
}

// loop is one run.
type loop struct {
	job    Job
	client *model.Client
	folder *tool.Folder
	desk   *desk.Desk
	tools  []definition
	out    *events
	pause  time.Duration // before something is tried again

	turns    []model.Turn
	system   string
	plain    bool            // the model refuses to be asked about its reasoning
	used     int             // tokens of the conversation at the last answer, as the provider counts
	weighed  int             // bytes of the conversation at the last answer
	silent   int             // answers in a row without a call
	denial   string          // the gate's last refusal
	kept     string          // notes of the turns that were cut
	changed  map[string]bool // files that were edited or written
	comments int

	endedBy string // tool that ended the run
	endArgs []byte
}

func newLoop(job Job, token string, folder *tool.Folder, out io.Writer) *loop {
	job = job.complete()
	client := &http.Client{Transport: &http.Transport{Proxy: nil}} // the endpoint is on the loopback
	return &loop{
		job:     job,
		client:  &model.Client{Endpoint: job.Endpoint, Token: token, API: job.API, Model: job.Model, MaxTokens: job.MaxTokens, Idle: time.Duration(job.IdleSeconds) * time.Second, HTTP: client},
		folder:  folder,
		desk:    desk.New(job.Endpoint, token),
		tools:   definitionsFor(job),
		out:     &events{to: out},
		pause:   cutPause,
		changed: map[string]bool{},
	}
}

func (l *loop) emit(e agent.Event) { l.out.emit(e) }

// run is the loop.
func (l *loop) run(ctx context.Context) Outcome {
	l.emit(agent.Event{Kind: agent.Started, Text: fmt.Sprintf("%s (%s) with %s", l.job.Name, l.job.Role, l.job.Model)})
	l.system = systemPrompt(l.job)
	l.turns = []model.Turn{{Text: firstPrompt(ctx, l.job, l.folder)}}
	for turn := 1; turn <= l.job.MaxTurns; turn++ {
		answer, err := l.ask(ctx)
		if err != nil {
			return l.broken(ctx, err)
		}
		end, over := l.take(ctx, answer)
		if over {
			return end
		}
		l.warn(turn)
	}
	return Outcome{GaveUp, fmt.Sprintf("it asked the model %d times, which is its limit, and did not finish", l.job.MaxTurns)}
}

// broken is the end by an error.
func (l *loop) broken(ctx context.Context, err error) Outcome {
	if ctx.Err() != nil {
		return Outcome{GaveUp, "it was told to stop"}
	}
	l.emit(agent.Event{Kind: agent.Error, Text: err.Error()})
	return Outcome{GaveUp, err.Error()}
}

// warn tells the model in time that its requests run out.
func (l *loop) warn(turn int) {
	if left := l.job.MaxTurns - turn; left == 3 {
		l.say(fmt.Sprintf("You have %d requests left. Bring the work to a state worth keeping and call finish.", left))
	}
}

// say adds text to the user's turn at the end.
func (l *loop) say(text string) {
	last := len(l.turns) - 1
	if last < 0 || l.turns[last].Model {
		l.turns = append(l.turns, model.Turn{Text: text})
		return
	}
	if l.turns[last].Text != "" {
		text = l.turns[last].Text + "\n\n" + text
	}
	l.turns[last].Text = text
}

// ask gets the next answer. What only the gateway can mend is not tried again.
func (l *loop) ask(ctx context.Context) (model.Answer, error) {
	if l.full() {
		l.compact(ctx, true)
	}
	cuts, shortened := 0, false
	others := otherFormats(l.client.API)
	for {
		answer, err := l.client.Ask(ctx, model.Request{System: l.system, Turns: l.turns, Tools: toolsOf(l.tools), Plain: l.plain})
		var cut *model.CutError
		var refused *model.StatusError
		switch {
		case err == nil:
			l.used, l.weighed = answer.Usage.Input()+answer.Usage.Output, weigh(l.turns)+weigh([]model.Turn{answer.Turn})
			return answer, nil
		case ctx.Err() != nil:
			return model.Answer{}, ctx.Err()
		case errors.As(err, &cut) && cuts < maxCuts:
			cuts++
			l.emit(agent.Event{Kind: agent.Error, Text: err.Error() + "; asking again"})
			if !wait(ctx, l.pause) {
				return model.Answer{}, ctx.Err()
			}
		case errors.As(err, &refused) && refused.OtherFormat() && len(others) > 0:
			l.speak(others[0])
			others = others[1:]
		case errors.As(err, &refused) && refused.TooLong() && !shortened:
			shortened = true
			l.outgrown(ctx)
		case errors.As(err, &refused) && refused.Reasoning() && !l.plain:
			l.plain = true
		default:
			return model.Answer{}, err
		}
	}
}

// otherFormats are the formats to try when a model is not served over one.
func otherFormats(api string) []string {
	all := []string{agent.Anthropic, agent.OpenAIChat, agent.OpenAIResponses}
	return slices.DeleteFunc(all, func(f string) bool { return f == api })
}

// speak goes on in another format. What was said in the former one is told again in plain form.
func (l *loop) speak(api string) {
	l.client.API, l.plain = api, false
	for i := range l.turns {
		l.turns[i].Native = nil
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// take does what an answer calls for, and says whether that was the end.
func (l *loop) take(ctx context.Context, a model.Answer) (Outcome, bool) {
	l.report(a)
	l.turns = append(l.turns, a.Turn)
	if a.Stop == model.StopRefused {
		return Outcome{GaveUp, "the provider's safety system ended the answer: " + a.Text}, true
	}
	if len(a.Calls) == 0 {
		return l.silence(a)
	}
	l.silent = 0
	done := l.work(ctx, a.Calls)
	if ctx.Err() != nil {
		return Outcome{GaveUp, "it was told to stop"}, true
	}
	results := make([]model.Result, len(done))
	for i, d := range done {
		results[i] = d.result
		if d.end != nil {
			l.endedBy, l.endArgs = d.call.Tool, argsForEvent(d.call.Args)
			return *d.end, true
		}
	}
	l.turns = append(l.turns, model.Turn{Results: results})
	if a.Stop == model.StopLength {
		l.say("Your answer was cut off at its length limit. Do the work in smaller pieces.")
	}
	return Outcome{}, false
}

// silence answers a model that called nothing.
func (l *loop) silence(a model.Answer) (Outcome, bool) {
	l.silent++
	if l.silent > maxSilent-min(len(l.changed), 1) { // the breaker stops the third: work that is done must not end so
		if l.job.wantsVerdict() {
			return Outcome{GaveUp, "it ended without a verdict: " + a.Text}, true
		}
		return Outcome{Done, a.Text}, true
	}
	text := "You called no tool. When the work is done, call finish. If you cannot go on without the operator, call escalate. Otherwise go on with the next step."
	if a.Stop == model.StopLength {
		text = "Your answer was cut off at its length limit. Go on, in smaller pieces."
	}
	l.say(text)
	return Outcome{}, false
}

// report tells an answer as events.
func (l *loop) report(a model.Answer) {
	if a.Reasoning != "" {
		l.emit(agent.Event{Kind: agent.Reasoning, Text: a.Reasoning})
	}
	if a.Text != "" {
		l.emit(agent.Event{Kind: agent.Message, Text: a.Text})
	}
	u := a.Usage
	l.emit(agent.Event{Kind: agent.Usage, Text: fmt.Sprintf("%d in, %d from cache, %d out", u.Fresh+u.CacheWrite, u.CacheRead, u.Output)})
}
