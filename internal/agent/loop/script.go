package loop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/model"
	"github.com/adamant-os/adamant/internal/agent/tool"
)

// Step is one thing a scripted agent does; exactly one of its fields but MayFail is set, and Text goes with Write.
type Step struct {
	Say     string   `json:"say,omitempty"`     // an event of what was said
	Run     string   `json:"run,omitempty"`     // a shell command
	Write   string   `json:"write,omitempty"`   // a file, with Text
	Text    string   `json:"text,omitempty"`    // what is written
	Call    *Called  `json:"call,omitempty"`    // a tool of the builtin agent
	Ask     string   `json:"ask,omitempty"`     // one request to the model; its answer is said, its calls are not done
	Wait    duration `json:"wait,omitempty"`    // such as 2s; a signal to end does not wake it while it is ignored
	Ignore  string   `json:"ignore,omitempty"`  // SIGTERM: go on when told to stop
	Exit    *int     `json:"exit,omitempty"`    // end at once with this status
	MayFail bool     `json:"mayFail,omitempty"` // go on when the step fails
}

// Called is a call of a tool.
type Called struct {
	Tool string          `json:"tool"`
	Args json.RawMessage `json:"args"`
}

// duration is a time span as Go writes it.
type duration time.Duration

// UnmarshalJSON reads a string such as "1m30s".
func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	value, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	*d = duration(value)
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// check says what is wrong with a step.
func (s Step) check() error {
	set := 0
	for _, has := range []bool{s.Say != "", s.Run != "", s.Write != "", s.Call != nil, s.Ask != "", s.Wait != 0, s.Ignore != "", s.Exit != nil} {
		if has {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("a step does one thing: say, run, write, call, ask, wait, ignore or exit; this one does %d", set)
	case s.Text != "" && s.Write == "":
		return errors.New("text goes with write")
	case s.Ignore != "" && s.Ignore != "SIGTERM":
		return fmt.Errorf("only SIGTERM can be ignored, not %s", s.Ignore)
	}
	return nil
}

// ReadSteps reads steps: JSON objects one after the other.
func ReadSteps(r io.Reader) ([]Step, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var steps []Step
	for {
		var s Step
		err := dec.Decode(&s)
		switch {
		case errors.Is(err, io.EOF):
			return steps, nil
		case err == nil:
			err = s.check()
		}
		if err != nil {
			return nil, fmt.Errorf("step %d of the script: %w", len(steps)+1, err)
		}
		steps = append(steps, s)
	}
}

// Perform does a job by its script instead of asking a model. The status is what the process is to end with.
func Perform(ctx context.Context, job Job, token string, out io.Writer) (status int, err error) {
	folder, err := tool.Open(job.Repo)
	if err != nil {
		return 1, err
	}
	defer folder.Close()
	l := newLoop(job, token, folder, out)
	defer l.desk.Close()
	l.emit(agent.Event{Kind: agent.Started, Text: fmt.Sprintf("%s (%s) by a script of %d steps", l.job.Name, l.job.Role, len(job.Steps))})
	status, text := l.perform(ctx, job.Steps)
	l.emit(agent.Event{Kind: agent.Finished, Text: text, Exit: status})
	return status, l.out.err()
}

func (l *loop) perform(ctx context.Context, steps []Step) (int, string) {
	for i, s := range steps {
		if s.Ignore != "" {
			ctx = context.WithoutCancel(ctx)
			signal.Ignore(syscall.SIGTERM)
			continue
		}
		if s.Exit != nil {
			return *s.Exit, fmt.Sprintf("step %d ends with %d", i+1, *s.Exit)
		}
		end, err := l.step(ctx, i+1, s)
		switch {
		case ctx.Err() != nil:
			return 1, "it was told to stop"
		case end != nil:
			return exitOf(end.End), end.Text
		case err != nil && !s.MayFail:
			return 1, fmt.Sprintf("step %d: %s", i+1, err)
		}
	}
	return 0, "the script is at its end"
}

// step does one step; an error is its failure.
func (l *loop) step(ctx context.Context, n int, s Step) (*Outcome, error) {
	switch {
	case s.Say != "":
		l.emit(agent.Event{Kind: agent.Message, Text: s.Say})
		return nil, nil
	case s.Wait != 0:
		wait(ctx, time.Duration(s.Wait))
		return nil, nil
	case s.Ask != "":
		return nil, l.askOnce(ctx, s.Ask)
	}
	call, err := s.asCall(n)
	if err != nil {
		return nil, err
	}
	answered := l.work(ctx, []model.Call{call})[0]
	if answered.result.Failed {
		return nil, errors.New(answered.result.Text)
	}
	return answered.end, nil
}

// asCall is a step as a call of a tool.
func (s Step) asCall(n int) (model.Call, error) {
	name, args := "run", any(map[string]any{"command": s.Run})
	switch {
	case s.Write != "":
		name, args = "write", map[string]string{"path": s.Write, "text": s.Text}
	case s.Call != nil:
		name, args = s.Call.Tool, s.Call.Args
	}
	text, err := json.Marshal(args)
	if err != nil {
		return model.Call{}, fmt.Errorf("the arguments of %s: %w", name, err)
	}
	return model.Call{ID: fmt.Sprintf("step-%d", n), Tool: name, Args: string(text)}, nil
}

// askOnce sends one request and tells the answer.
func (l *loop) askOnce(ctx context.Context, text string) error {
	l.say(text)
	answer, err := l.client.Ask(ctx, model.Request{Turns: l.turns, Tools: toolsOf(l.tools), Plain: true})
	if err != nil {
		return err
	}
	l.report(answer)
	answer.Turn.Calls, answer.Turn.Native = nil, nil // they are not done
	l.turns = append(l.turns, answer.Turn)
	return nil
}

// Main is the hidden command behind the builtin and script runners: it reads a job, works, and says with which status to end.
// SIGTERM stops it; the token is taken out of the environment.
func Main(ctx context.Context, stdin io.Reader, stdout io.Writer) (status int, err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	token := os.Getenv(TokenVariable)
	if err := os.Unsetenv(TokenVariable); err != nil {
		return 1, err
	}
	job, err := ReadJob(stdin)
	if err != nil {
		return 2, err
	}
	if len(job.Steps) > 0 {
		return Perform(ctx, job, token, stdout)
	}
	end, err := Run(ctx, job, token, stdout)
	return exitOf(end.End), err
}

// TokenVariable carries the attempt's token into the sandbox.
const TokenVariable = "ADAMANT_TOKEN"
