package loop

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/model"
)

// bytesPerToken is a low guess: what is not measured counts as more than it is.
const bytesPerToken = 3

// weigh is the size of turns in bytes.
func weigh(turns []model.Turn) int {
	n := 0
	for _, t := range turns {
		n += len(t.Text)
		for _, native := range t.Native {
			n += len(native)
		}
		for _, call := range t.Calls {
			if len(t.Native) == 0 {
				n += len(call.Args) + len(call.Tool)
			}
		}
		for _, result := range t.Results {
			n += len(result.Text)
		}
	}
	return n
}

// tokens is how long the conversation is: what the provider counted, and a guess for what came since. Without a count
// everything is guessed.
func (l *loop) tokens() int {
	if l.used == 0 {
		return (weigh(l.turns) + len(l.system)) / bytesPerToken
	}
	return l.used + max(weigh(l.turns)-l.weighed, 0)/bytesPerToken
}

// full says whether the next answer might not fit: a quarter of the context is kept free.
func (l *loop) full() bool { return l.tokens() > l.job.Context*3/4 }

// outgrown learns from a provider's refusal that the context is smaller than it was said to be, and shortens the conversation.
func (l *loop) outgrown(ctx context.Context) {
	l.job.Context = min(l.job.Context, l.tokens()*9/10)
	l.compact(ctx, false)
}

// compact shortens the conversation to the task, notes on what was done, the gate's last refusal, and the last turns. The
// model writes the notes when it can be asked.
func (l *loop) compact(ctx context.Context, canAsk bool) {
	cut := l.tailStart()
	if cut <= 1 {
		l.shrink()
		return
	}
	notes := ""
	if canAsk {
		notes = l.notes(ctx)
	}
	if notes == "" {
		notes = l.kept
	}
	l.kept = notes
	before := l.tokens()
	head := model.Turn{Text: l.turns[0].Text + l.memory(notes)}
	if at := strings.Index(l.turns[0].Text, memoryMark); at >= 0 { // of the time before
		head.Text = l.turns[0].Text[:at] + l.memory(notes)
	}
	l.turns = append([]model.Turn{head}, l.turns[cut:]...)
	l.used = 0
	l.emit(agent.Event{Kind: agent.Message, Text: fmt.Sprintf("(the conversation was shortened from about %d to about %d tokens)", before, l.tokens())})
	if l.full() {
		l.shrink()
	}
}

// tailStart is where the turns begin that are kept: as many whole exchanges as fit into a fifth of the context, at least one.
func (l *loop) tailStart() int {
	start := len(l.turns)
	for i := len(l.turns) - 1; i > 0; i-- {
		if !l.turns[i].Model {
			continue
		}
		if start < len(l.turns) && weigh(l.turns[i:])/bytesPerToken > l.job.Context/5 {
			break
		}
		start = i
	}
	if start == len(l.turns) {
		return 0
	}
	return start
}

const memoryMark = "\n\n<what-was-done-so-far>\n"

// memory is what is kept of the turns that go.
func (l *loop) memory(notes string) string {
	var b strings.Builder
	b.WriteString(memoryMark)
	b.WriteString("The conversation became too long; its beginning was replaced by this. The files are as you left them.\n")
	if files := slices.Sorted(maps.Keys(l.changed)); len(files) > 0 {
		b.WriteString("Files you changed: " + strings.Join(files, ", ") + "\n")
	}
	if notes != "" {
		b.WriteString("Your notes:\n" + notes + "\n")
	}
	b.WriteString("</what-was-done-so-far>\n")
	if l.denial != "" {
		b.WriteString("\n<the-gate-said-last>\n" + l.denial + "\n</the-gate-said-last>\n")
	}
	return b.String()
}

// notes asks the model for a summary. Without one the task goes on from the files alone.
func (l *loop) notes(ctx context.Context) string {
	turns := slices.Clone(l.turns)
	ask := "Stop here for a moment and call no tool. The conversation has become too long and will be cut. Write notes for yourself to go on from: what you learnt about the code (files, names, line numbers), what you decided and why, what is done, what was tried and failed, what comes next. Be concrete and brief."
	if last := len(turns) - 1; !turns[last].Model {
		turns[last].Text = strings.TrimSpace(turns[last].Text + "\n\n" + ask)
	} else {
		turns = append(turns, model.Turn{Text: ask})
	}
	answer, err := l.client.Ask(ctx, model.Request{System: l.system, Turns: turns, Tools: toolsOf(l.tools), Plain: l.plain})
	if err != nil {
		l.emit(agent.Event{Kind: agent.Error, Text: "no notes could be made of the conversation: " + err.Error()})
		return ""
	}
	return answer.Text
}

// shrink cuts the longest results of a conversation that cannot lose turns.
func (l *loop) shrink() {
	const keep = 2000
	for i := range l.turns {
		for k, result := range l.turns[i].Results {
			if len(result.Text) > keep {
				l.turns[i].Results[k].Text = strings.ToValidUTF8(result.Text[:keep], "") + fmt.Sprintf("\n… %d bytes left out to save room; call the tool again for less …", len(result.Text)-keep)
			}
		}
	}
	l.used = 0
}
