package door

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// session is one push while git works on it: the door's end of the line to git's hooks. The stages come in order and once:
// begin and content from pre-receive, record from proc-receive.
type session struct {
	door  *Door
	ctx   context.Context
	grant Grant
	req   *Request
	in    Input
	view  shown
	dir   string
	text  string   // the sealed decision
	child *os.File // the hooks' end
	conn  net.Conn
	done  chan struct{}

	mu      sync.Mutex
	stage   string // the one that went well last
	pump    *pump
	release func() // gives the references free
	why     []Refusal
}

// sealedFor is how long a decision is good for beyond the deadline of the request.
const sealedFor = time.Minute

// begin prepares everything that git needs for one push.
func (v *visit) begin(ctx context.Context, req *Request, in Input) (*session, error) {
	view, err := v.see(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{door: v.door, ctx: ctx, grant: v.grant, req: req, in: in, view: view, done: make(chan struct{}), release: func() {}}
	if s.text, err = s.seal(); err != nil {
		return nil, err
	}
	if s.dir, err = v.door.makePush(view); err != nil {
		return nil, fmt.Errorf("making a quarantine: %w", err)
	}
	if s.conn, s.child, err = linePair(); err != nil {
		return nil, errors.Join(fmt.Errorf("making a line to the hooks: %w", err), os.RemoveAll(s.dir))
	}
	go s.serve()
	return s, nil
}

func (s *session) seal() (string, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	return seal(s.door.key[:], sealed{Session: hex.EncodeToString(id[:]), Token: s.grant.ID,
		Commands: wireCommands(s.req.Commands, s.door.hexLen()), Expires: s.door.config.Now().Add(s.door.limits.Time + sealedFor)})
}

// The environment of the hooks.
const (
	envSealed = "ADAMANT_DOOR_DECISION"
	envLine   = "ADAMANT_DOOR_LINE" // descriptor of the line to the door
	lineFD    = 3
)

func (s *session) env() []string {
	return []string{envSealed + "=" + s.text, fmt.Sprintf("%s=%d", envLine, lineFD)}
}

func (s *session) files() []*os.File { return []*os.File{s.child} }

// started closes the hooks' end here, so that the line ends with the last of them.
func (s *session) started() error { return s.child.Close() }

func (s *session) feed(p *pump) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pump = p
}

func (s *session) feeding() *pump {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pump
}

// over waits until nobody is left on the line; hooks of a git that was killed are not waited for.
func (s *session) over() {
	_ = s.child.Close() // closed already unless git did not start
	_ = s.conn.SetReadDeadline(time.Now().Add(time.Second))
	<-s.done
}

// end removes everything that was for this push only.
func (s *session) end() {
	s.mu.Lock()
	release := s.release
	s.mu.Unlock()
	release()
	_, _ = s.conn.Close(), s.child.Close() // the hooks are gone
	if err := os.RemoveAll(s.dir); err != nil {
		s.door.config.Log.Error("door: removing a quarantine", "dir", s.dir, "error", err.Error())
	}
}

func (s *session) accepted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stage == stageRecord
}

func (s *session) refused() []Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// The stages of a session.
const (
	stageBegin   = "begin"
	stageContent = "content"
	stageRecord  = "record"
)

// hookCall is what a hook says.
type hookCall struct {
	Stage    string         `json:"stage"`
	Sealed   string         `json:"sealed"`
	Commands []wireCommand  `json:"commands"`
	Facts    []CommandFacts `json:"facts,omitempty"` // stage content: what is known now of each command
	Content  *Content       `json:"content,omitempty"`
	Problem  string         `json:"problem,omitempty"` // the hook could not find out
}

// hookAnswer is what the door says to that.
type hookAnswer struct {
	Work     *work          `json:"work,omitempty"` // stage begin
	Refusals []Refusal      `json:"refusals,omitempty"`
	Results  []recordResult `json:"results,omitempty"` // stage record
}

// work is what pre-receive shall find out.
type work struct {
	Dir      string         `json:"dir"`
	Main     git.OID        `json:"main"`
	Seen     []git.OID      `json:"seen"`    // tips that the token sees
	Targets  []git.OID      `json:"targets"` // for each command the tip that it is compared with
	Commands []CommandFacts `json:"commands"`
	Commits  int            `json:"commits"` // looked at, at most
	Bytes    int64          `json:"bytes"`   // of one object
}

// recordResult is what became of one command.
type recordResult struct {
	Ref    string   `json:"ref"`
	Reason string   `json:"reason,omitempty"` // why not
	Text   []string `json:"text,omitempty"`   // for the pusher
}

const lineBytes = 32 << 20 // what hooks may say in all

func (s *session) serve() {
	defer close(s.done)
	decoder := json.NewDecoder(io.LimitReader(s.conn, lineBytes))
	encoder := json.NewEncoder(s.conn)
	for {
		var call hookCall
		if err := decoder.Decode(&call); err != nil {
			return // the hooks are gone, or say nothing that can be understood: without an answer they refuse
		}
		answer := s.handle(call)
		s.mu.Lock()
		s.why = append(s.why, answer.Refusals...)
		s.mu.Unlock()
		if err := encoder.Encode(answer); err != nil {
			return
		}
	}
}

var errOrder = errors.New("a hook came out of turn")

// handle answers one stage. Any error is a refusal.
func (s *session) handle(call hookCall) hookAnswer {
	var answer hookAnswer
	err := s.authorise(call)
	if err == nil {
		switch call.Stage {
		case stageBegin:
			answer.Work, err = s.work()
		case stageContent:
			answer.Refusals, err = s.content(call)
		case stageRecord:
			answer.Results, err = s.record()
		}
	}
	if err != nil {
		answer.Work = nil
		answer.Refusals = append(answer.Refusals, asRefusal(err))
	}
	if len(answer.Refusals) == 0 {
		s.mu.Lock()
		s.stage = call.Stage
		s.mu.Unlock()
	}
	return answer
}

func asRefusal(err error) Refusal {
	var auth *AuthError
	switch {
	case errors.As(err, &auth):
		return Refusal{Rule: RuleRight, Message: err.Error(), Fix: "ask the operator for a new one: adamant token new"}
	case errors.Is(err, errTrailer), errors.Is(err, os.ErrDeadlineExceeded):
		return Refusal{Rule: RuleGrammar, Message: errTrailer.Error()}
	}
	return Refusal{Rule: ruleInternal, Message: "nothing was decided: " + err.Error()}
}

// authorise makes sure, again at each stage, that this hook belongs to this push and that the token is still good.
func (s *session) authorise(call hookCall) error {
	before := map[string]string{stageBegin: "", stageContent: stageBegin, stageRecord: stageContent}
	s.mu.Lock()
	want, known := before[call.Stage]
	inTurn := known && want == s.stage
	s.mu.Unlock()
	if !inTurn {
		return errOrder
	}
	decision, err := unseal(s.door.key[:], call.Sealed, s.door.config.Now())
	if err != nil {
		return err
	}
	if call.Sealed != s.text || decision.Token != s.grant.ID || !decision.matches(call.Commands) {
		return errSeal
	}
	if err := s.door.config.Tokens.valid(s.grant.ID); err != nil {
		return err
	}
	return context.Cause(s.ctx)
}

// finishTime is how long the end of a request may be behind its pack.
const finishTime = 10 * time.Second

// work begins pre-receive: git has read the pack, so the request must be over.
func (s *session) work() (*work, error) {
	p := s.feeding()
	if p == nil {
		return nil, errOrder
	}
	if err := p.finish(s.ctx, finishTime); err != nil {
		return nil, err
	}
	repo := s.door.config.Kernel.Repo()
	w := &work{Dir: s.dir, Commits: s.door.limits.Commits, Bytes: s.door.limits.ObjectBytes, Commands: s.in.Commands, Seen: []git.OID{}}
	for _, r := range s.view.refs {
		if r.Name == kernel.RefMain {
			w.Main = r.OID
		}
		w.Seen = append(w.Seen, r.OID)
	}
	for _, c := range s.in.Commands {
		tip := w.Main
		if name := targetOf(c); name != kernel.RefMain {
			var err error
			if tip, err = repo.Ref(s.ctx, name); err != nil {
				return nil, err
			}
			if !slices.Contains(w.Seen, tip) {
				return nil, fmt.Errorf("this token does not see %s, so nothing can be proposed for it", name)
			}
		}
		w.Targets = append(w.Targets, tip)
	}
	return w, nil
}

// content decides about what the push brings, with its references held, so that what is true now stays true.
func (s *session) content(call hookCall) ([]Refusal, error) {
	if call.Problem != "" || call.Content == nil || len(call.Facts) != len(s.in.Commands) {
		return nil, errors.New("looking at the objects: " + call.Problem)
	}
	if err := s.hold(); err != nil {
		return nil, err
	}
	refusals, err := s.stale()
	if err != nil {
		return nil, err
	}
	now := s.door.config.Now()
	in := newInput(StageContent, s.grant, now, s.door.limits)
	in.Options, in.Content = s.in.Options, call.Content
	for i, f := range s.in.Commands { // what a hook says of objects is taken from it; what was decided before is not
		found := call.Facts[i]
		f.Commits, f.Merges, f.FastForward, f.Unrelated, f.Rewritten = found.Commits, found.Merges, found.FastForward, found.Unrelated, found.Rewritten
		in.Commands = append(in.Commands, f)
	}
	answer, err := s.door.judge.decide(s.ctx, in, now)
	return append(refusals, answer.Refuse...), err
}

// hold keeps other pushes away from the branches that this one moves, until it ends.
func (s *session) hold() error {
	var names []string
	for _, c := range s.in.Commands {
		if c.Class == ClassBranch {
			names = append(names, c.Ref)
		}
	}
	release, err := s.door.take(s.ctx, names)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.release = release
	s.mu.Unlock()
	return nil
}

// take waits until nobody holds any of the names, and holds them.
func (d *Door) take(ctx context.Context, names []string) (release func(), err error) {
	slices.Sort(names)
	own := make(chan struct{})
	for {
		d.mu.Lock()
		i := slices.IndexFunc(names, func(n string) bool { return d.taken[n] != nil })
		if i < 0 {
			for _, n := range names {
				d.taken[n] = own
			}
			d.mu.Unlock()
			return sync.OnceFunc(func() { d.free(names, own) }), nil
		}
		other := d.taken[names[i]]
		d.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (d *Door) free(names []string, own chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range names {
		delete(d.taken, n)
	}
	close(own)
}

// stale refuses branches that are not where the pusher thinks they are, or that cannot lie beside others.
func (s *session) stale() ([]Refusal, error) {
	refs, err := s.door.config.Kernel.Repo().Refs(s.ctx, kernel.PrefixAgents)
	if err != nil {
		return nil, err
	}
	at, names := map[string]git.OID{}, make([]string, len(refs))
	for i, r := range refs {
		at[r.Name], names[i] = r.OID, r.Name
	}
	var out []Refusal
	for _, c := range s.in.Commands {
		if c.Class != ClassBranch {
			continue
		}
		if at[c.Ref] != c.Old {
			out = append(out, Refusal{Rule: RuleStale, Ref: c.Ref, Message: "the branch has moved since you looked", Fix: "git fetch and try again"})
		}
		if other, found := clash(names, c.Ref); found && c.New != "" {
			out = append(out, Refusal{Rule: RuleRef, Ref: c.Ref, Message: "cannot lie beside " + other, Fix: "use another name"})
		}
	}
	return out, nil
}
