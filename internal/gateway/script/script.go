// Package script answers for a model: deterministic turns, written in a file (docs/formats/script.md), over any of the wire
// formats and in the words of whatever tools the agent declares. It promises that the same conversation always gets the same
// answer, and that faults befall exactly the requests they are written for. It never opens a connection.
package script

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/gateway/wire"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Script is a script as it was read. It is not changed after that.
type Script struct{ spec manifest.ScriptSpec }

// New makes a script of a manifest.
func New(s *manifest.Script) *Script { return &Script{spec: s.Spec} }

// Load reads a script. The error names every problem with its place.
func Load(path string, data []byte) (*Script, error) {
	s, problems := manifest.LoadScript(path, data)
	if err := manifest.Join(problems); err != nil {
		return nil, err
	}
	return New(s), nil
}

// Ask is one request and who makes it.
type Ask struct {
	Agent, Attempt string
	Model          string // that is to answer
	Request        *wire.Request
}

// Player answers by a script. It remembers which faults have befallen whom and nothing else. It is safe for concurrent use.
type Player struct {
	spec manifest.ScriptSpec

	mu     sync.Mutex
	faults map[string]int // how often a fault has happened, by attempt, part and turn
}

// NewPlayer makes a player.
func NewPlayer(s *Script) *Player { return &Player{spec: s.spec, faults: map[string]int{}} }

// nothing is what is said when the turns are over.
const nothing = "Nothing is left to do."

// Answer is the script's answer. Its body must be closed.
func (p *Player) Answer(ctx context.Context, ask Ask) (*http.Response, error) {
	model := cmp.Or(p.spec.Model, ask.Model, ask.Request.Model)
	if !ask.Request.Main() && !p.toolless(ask) {
		return p.reply(ctx, ask, wire.Answer{ID: "script_side", Model: model, Text: cmp.Or(p.spec.Side, "Done")}, nil)
	}
	part := p.part(ask)
	if part == nil {
		return nil, fmt.Errorf("the script has no part for agent %q and this task", ask.Agent)
	}
	turn, n := turnOf(part, answers(ask.Request))
	id := fmt.Sprintf("script_%s_%d", part.Name, n)
	if turn == nil {
		return p.reply(ctx, ask, wire.Answer{ID: id, Model: model, Text: nothing}, nil)
	}
	fault := p.befalls(ask, part, n, turn.Fault)
	return p.reply(ctx, ask, p.compose(ask, turn, fault, id, model), fault)
}

// toolless says that the agent declares no tools at all and speaks to the script all the same: its conversation goes on.
func (p *Player) toolless(ask Ask) bool { return ask.Request.Turns > 0 }

// part finds the part for a request.
func (p *Player) part(ask Ask) *manifest.ScriptPart {
	task := strings.ToLower(ask.Request.FirstUser())
	for i := range p.spec.Parts {
		part := &p.spec.Parts[i]
		if (part.Agent == "" || price.Match(part.Agent, ask.Agent)) && strings.Contains(task, strings.ToLower(part.When)) {
			return part
		}
	}
	return nil
}

// answers is how many answers the agent has had. What a conversation ends with was cut, and some agents keep such a part: it is
// given again.
func answers(r *wire.Request) int {
	if r.Prefill {
		return r.Turns - 1
	}
	return r.Turns
}

// turnOf is the turn after n answers, nil when none is left, and its number.
func turnOf(part *manifest.ScriptPart, n int) (*manifest.ScriptTurn, int) {
	at := n
	if at >= len(part.Turns) {
		switch part.Then {
		case "last":
			at = len(part.Turns) - 1
		case "again":
			at = n % len(part.Turns)
		default:
			return nil, n
		}
	}
	return &part.Turns[at], n
}

// befalls says whether a fault happens to this request, and counts it.
func (p *Player) befalls(ask Ask, part *manifest.ScriptPart, turn int, fault *manifest.ScriptFault) *manifest.ScriptFault {
	if fault == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := fmt.Sprintf("%s %s %d", ask.Attempt, part.Name, turn)
	if p.faults[key] >= max(1, fault.Times) {
		return nil
	}
	p.faults[key]++
	return fault
}

// compose makes the answer of a turn.
func (p *Player) compose(ask Ask, turn *manifest.ScriptTurn, fault *manifest.ScriptFault, id, model string) wire.Answer {
	a := wire.Answer{ID: id, Model: model, Text: turn.Say}
	if turn.Think != "" {
		a.Reasoning = []wire.Text{{Source: wire.SourceProvider, Text: turn.Think}}
	}
	tools := declared{request: ask.Request, root: p.root(ask)}
	for i, c := range turn.Calls {
		call := tools.call(c)
		call.Namespace = tools.namespace(call.Tool)
		call.ID = fmt.Sprintf("call_%s_%d", strings.TrimPrefix(id, "script_"), i)
		a.Calls = append(a.Calls, spoil(call, fault))
	}
	if turn.Length {
		a.Stop = wire.Length
	}
	u := turn.Usage
	a.Usage = wire.Usage{Fresh: u.Fresh, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite + u.CacheWrite1h, CacheWrite1h: u.CacheWrite1h,
		Output: u.Output, Reasoning: min(u.Reasoning, u.Output)}
	return a
}

// spoil is what a fault makes of a call.
func spoil(c wire.Call, fault *manifest.ScriptFault) wire.Call {
	switch {
	case fault == nil:
	case fault.Kind == "unknown-tool":
		c.Tool = "no_such_tool"
	case fault.Kind == "bad-arguments":
		c.Args = text(strings.TrimSuffix(string(c.Args), "}"))
	}
	return c
}

// reply puts an answer on the wire, with what goes wrong.
func (p *Player) reply(ctx context.Context, ask Ask, a wire.Answer, fault *manifest.ScriptFault) (*http.Response, error) {
	estimate(&a, ask.Request)
	kind := ""
	if fault != nil {
		kind = fault.Kind
	}
	switch kind {
	case "status":
		return refusal(ask.Request.Format, fault), nil
	case "hang":
		if err := wait(ctx, span(fault.For, 24*time.Hour)); err != nil {
			return nil, err
		}
	}
	tools := declared{request: ask.Request}
	events := wire.Write(ask.Request.Format, a, ask.Request.Stream, tools.isText)
	b := &body{ctx: ctx, events: events}
	switch kind {
	case "cut":
		b.cut = true
		b.events = events[:max(1, len(events)/2)]
		if !ask.Request.Stream {
			b.events = []wire.Event{{Raw: events[0].Raw[:len(events[0].Raw)/2]}}
		}
	case "slow":
		b.pause = span(fault.For, 100*time.Millisecond)
	}
	return response(http.StatusOK, ask.Request.Stream, b), nil
}

// estimate fills in usage that the script does not name: four bytes a token.
func estimate(a *wire.Answer, r *wire.Request) {
	if a.Usage.Input() == 0 {
		a.Usage.Fresh = int64(len(r.Body)/4) + 1
	}
	if a.Usage.Output == 0 {
		size := len(a.Text)
		for _, t := range a.Reasoning {
			size += len(t.Text)
		}
		for _, c := range a.Calls {
			size += len(c.Args)
		}
		a.Usage.Output = int64(size/4) + 1
	}
}

func span(text string, fallback time.Duration) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	return fallback
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func response(status int, stream bool, from io.ReadCloser) *http.Response {
	kind := "application/json"
	if stream {
		kind = "text/event-stream"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: from, ProtoMajor: 1, ProtoMinor: 1}
}

// refusal is an error instead of an answer.
func refusal(f wire.Format, fault *manifest.ScriptFault) *http.Response {
	status := cmp.Or(fault.Status, 529)
	kind := map[int]string{429: "rate_limit_error", 529: "overloaded_error"}[status]
	text := fmt.Sprintf(`{"error":{"type":%q,"message":"scripted fault %d"}}`, cmp.Or(kind, "api_error"), status)
	if f == wire.Anthropic {
		text = `{"type":"error",` + text[1:]
	}
	r := response(status, false, io.NopCloser(strings.NewReader(text)))
	if fault.RetryAfter != "" {
		r.Header.Set("Retry-After", fault.RetryAfter)
	}
	return r
}

// body is an answer on its way.
type body struct {
	ctx    context.Context
	events []wire.Event
	pause  time.Duration
	cut    bool
	left   []byte
}

// Read gives one event at most.
func (b *body) Read(p []byte) (int, error) {
	if len(b.left) == 0 {
		if len(b.events) == 0 {
			if b.cut {
				return 0, io.ErrUnexpectedEOF
			}
			return 0, io.EOF
		}
		if b.pause > 0 {
			if err := wait(b.ctx, b.pause); err != nil {
				return 0, err
			}
		}
		b.left, b.events = b.events[0].Raw, b.events[1:]
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}

// Close is io.Closer's.
func (b *body) Close() error { return nil }
