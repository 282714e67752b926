package workforce

import (
	"regexp"
	"strconv"
	"sync"

	"github.com/adamant-os/adamant/internal/breaker"
	"github.com/adamant-os/adamant/internal/gateway"
)

// open calls are forgotten beyond this many: an agent that never answers its own calls is stopped by other rules.
const openCalls = 256

// pairs joins each call with its result: a call is in one exchange, what came back in a later one. Pure but for what it remembers.
type pairs struct {
	turn int
	open []openCall
}

type openCall struct {
	call gateway.Call
	made breaker.Event // without what came back
}

// results returns what a request completes, in order.
func (p *pairs) results(carried []gateway.Message) []breaker.Event {
	var out []breaker.Event
	for _, m := range carried {
		if event, ok := p.answered(m); ok {
			out = append(out, event)
		}
	}
	return out
}

// next takes an exchange and returns what it completes, in order: the results it carries and that were not asked for before, then a
// turn without any call.
func (p *pairs) next(e gateway.Exchange) []breaker.Event {
	out := p.results(e.Messages)
	if e.Side || e.Error != "" || e.Refused != "" {
		return out
	}
	turn := breaker.Event{Turn: p.turn, Text: e.Text, Tokens: e.Usage.Total(), CostNano: e.CostNano, Time: e.Start.Add(e.Latency)}
	p.turn++
	if len(e.Calls) == 0 {
		return append(out, turn)
	}
	for i, call := range e.Calls {
		made := turn
		made.Action, made.Args, made.Invalid = call.Tool, call.Args, !call.Valid
		if i > 0 { // the turn is paid for once
			made.Text, made.Tokens, made.CostNano = "", 0, 0
		}
		p.open = append(p.open, openCall{call, made})
	}
	if over := len(p.open) - openCalls; over > 0 {
		p.open = p.open[over:]
	}
	return out
}

// answered completes the call that a message answers.
func (p *pairs) answered(m gateway.Message) (breaker.Event, bool) {
	for i, o := range p.open {
		if m.CallID == "" || o.call.ID != m.CallID {
			continue
		}
		p.open = append(p.open[:i:i], p.open[i+1:]...)
		o.made.Observation, o.made.Exit = m.Text, exitIn(m.Text)
		if m.IsError {
			o.made.Error = firstLine(m.Text)
		}
		return o.made, true
	}
	return breaker.Event{}, false
}

var exitPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^(?:command |process )?exit(?:ed)?(?: with)?[ _](?:code|status)[: ]{1,2}(\d{1,3})\.?$`)
})

const exitWithin = 400 // bytes of either end of an observation, where agents put the exit status

// exitIn finds the exit status that an agent's tool reports in its text; 0 when it says none.
func exitIn(text string) int {
	if len(text) > 2*exitWithin {
		text = text[:exitWithin] + "\n" + text[len(text)-exitWithin:]
	}
	m := exitPattern().FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}
