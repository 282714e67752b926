package door

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// commandBytes bounds the part of a push before the pack.
const commandBytes = 64 << 10

func (d *Door) hexLen() int {
	if d.config.Kernel.Repo().ObjectFormat() == "sha256" {
		return 64
	}
	return 40
}

// push serves a push: grammar, decision, git, hooks.
func (v *visit) push() {
	body, err := openBody(v.w, v.r, v.door.limits.PushBytes, v.door.limits.Idle)
	if err != nil {
		v.fail(http.StatusBadRequest, err.Error())
		return
	}
	req, err := ParseRequest(body, Grammar{HexLen: v.door.hexLen(), MaxCommands: v.door.limits.Commands,
		MaxOptions: v.door.limits.Options, MaxBytes: commandBytes})
	var grammar *GrammarError
	switch {
	case errors.As(err, &grammar):
		v.reject(body, req, []Refusal{{Rule: RuleGrammar, Message: grammar.Error(), Fix: grammar.Fix}})
	case err != nil:
		v.fail(http.StatusBadRequest, err.Error())
	case req.Probe:
		v.probe(body)
	default:
		v.pushCommands(body, req)
	}
}

// probe answers the empty request that git sends before a large one.
func (v *visit) probe(body *bufio.Reader) {
	if refusal := atEnd(body); refusal != nil {
		v.fail(http.StatusBadRequest, refusal.String())
		return
	}
	v.answers(servicePush + "-result")
	v.w.WriteHeader(http.StatusOK)
}

func (v *visit) pushCommands(body *bufio.Reader, req *Request) {
	in, refusals, err := v.request(v.r.Context(), req)
	if err == nil && len(refusals) == 0 {
		refusals = shape(body, req, v.door.limits)
	}
	switch {
	case err != nil:
		v.undecided(body, req, err)
	case len(refusals) > 0:
		v.reject(body, req, refusals)
	default:
		v.run(body, req, in)
	}
}

// undecided refuses because something failed, or because the policy shows the token nothing.
func (v *visit) undecided(body io.Reader, req *Request, err error) {
	var refused *refusedError
	if errors.As(err, &refused) {
		v.reject(body, req, refused.refusals)
		return
	}
	v.door.config.Log.Error("door: failed", "token", v.grant.ID, "error", err.Error())
	v.reject(body, req, []Refusal{{Rule: ruleInternal, Message: "nothing was decided: " + err.Error()}})
}

// shape looks at what follows the commands.
func shape(body *bufio.Reader, req *Request, limits Limits) []Refusal {
	refusal := atEnd
	if req.sendsPack() {
		refusal = func(body *bufio.Reader) *Refusal { return packHead(body, limits.Objects) }
	}
	if r := refusal(body); r != nil {
		return []Refusal{*r}
	}
	return nil
}

// request asks the policy about the commands, before anything is known of the objects.
func (v *visit) request(ctx context.Context, req *Request) (Input, []Refusal, error) {
	now := v.door.config.Now()
	in := newInput(StageRequest, v.grant, now, v.door.limits)
	options, refusal := parseOptions(req.Options)
	if refusal != nil {
		return in, []Refusal{*refusal}, nil
	}
	in.Options = options
	for _, c := range req.Commands {
		f := factsOf(c)
		if f.Class == ClassReview {
			tip, err := v.door.config.Kernel.Repo().Ref(ctx, headPrefix+f.Target)
			if err != nil {
				return in, nil, err
			}
			f.TargetExists = tip != ""
		}
		in.Commands = append(in.Commands, f)
	}
	answer, err := v.door.judge.decide(ctx, in, now)
	return in, answer.Refuse, err
}

// run lets git read the pack into a repository that exists for this push only.
func (v *visit) run(body *bufio.Reader, req *Request, in Input) {
	ctx, cancel := context.WithCancelCause(v.r.Context())
	defer cancel(nil)
	s, err := v.begin(ctx, req, in)
	if err != nil {
		v.undecided(body, req, err)
		return
	}
	defer s.end()
	read, write, err := os.Pipe()
	if err != nil {
		v.broken(err)
		return
	}
	defer read.Close()
	v.duplex(servicePush + "-result")
	out := v.out()
	err = git.Serve(ctx, s.dir, git.ServeOptions{Service: "receive-pack", Config: v.door.pushConfig(), Env: s.env(), Files: s.files(),
		Started: func(pid int) error {
			if err := errors.Join(read.Close(), s.started(), v.bound(pid)); err != nil {
				return err
			}
			s.feed(startPump(write, req.Encode(v.door.hexLen()), body, v.door.hexLen(), cancel))
			return nil
		}}, read, out)
	s.over()
	if p := s.feeding(); p != nil {
		v.await(p.done)
	} else {
		_ = write.Close() // git did not start, and said why
	}
	v.close(ctx, s, req, out, err)
}

// close tells the client what git could not.
func (v *visit) close(ctx context.Context, s *session, req *Request, out *flusher, err error) {
	if s.accepted() {
		v.log("push", "commands", len(req.Commands))
		return
	}
	cause := context.Cause(ctx)
	v.log("push refused", "git", fmt.Sprint(err), "cause", fmt.Sprint(cause), "why", fmt.Sprint(s.refused()))
	if out.wrote {
		return
	}
	refusal := Refusal{Rule: RuleGrammar, Message: "git could not read the push"}
	switch {
	case errors.Is(cause, errTooLarge):
		refusal = Refusal{Rule: RuleLimit, Message: fmt.Sprintf("the push is larger than %d bytes", v.door.limits.PushBytes), Fix: "push less at a time"}
	case cause != nil:
		refusal.Message += ": " + cause.Error()
	}
	_, _ = out.Write(report(req, []Refusal{refusal})) // a client that is gone needs no answer
}

// pushConfig is the whole configuration of receive-pack for one push.
func (d *Door) pushConfig() [][2]string {
	return [][2]string{
		{"core.hooksPath", d.hooks},
		{"core.fsync", "none"}, // what is accepted is written again, to the kernel
		{"core.bigFileThreshold", "16m"},
		{"receive.procReceiveRefs", "refs"}, // all: git moves no reference
		{"receive.advertisePushOptions", "true"},
		{"receive.advertiseAtomic", "true"},
		{"receive.fsckObjects", "true"},
		{"receive.unpackLimit", "1"},
		{"receive.maxInputSize", fmt.Sprint(d.limits.PushBytes)},
		{"receive.shallowUpdate", "false"},
		{"receive.autogc", "false"},
		{"receive.keepAlive", "5"},
		{"repack.writeBitmaps", "false"},
		{"pack.threads", "1"},
		{"pack.windowMemory", "64m"},
	}
}

// reject answers a request that git never sees. What the client still sends is read and dropped, since it listens only then.
func (v *visit) reject(body io.Reader, req *Request, refusals []Refusal) {
	texts := make([]string, len(refusals))
	for i, r := range refusals {
		texts[i] = r.String()
	}
	v.log("push refused", "why", strings.Join(texts, "; "))
	if len(req.Commands) == 0 || !req.has("side-band-64k") {
		refuse(v.w, http.StatusBadRequest, strings.Join(texts, "\n"))
		return
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		refuse(v.w, http.StatusBadRequest, "the request cannot be read: "+err.Error())
		return
	}
	v.answers(servicePush + "-result")
	_, _ = v.out().Write(report(req, refusals)) // a client that is gone needs no answer
}

// report is the answer to a push that is refused as a whole: the reasons as text, and a status for each command.
func report(req *Request, refusals []Refusal) []byte {
	var status []byte
	status = appendPkt(status, "unpack ok\n")
	for _, c := range req.Commands {
		status = appendPkt(status, "ng "+c.Ref+" "+reason(c.Ref, refusals)+"\n")
	}
	status = append(status, flushPkt...)
	out := appendBand(nil, bandText, []byte(explain(refusals)))
	return append(appendBand(out, bandData, status), flushPkt...)
}

// reason is a few words about one command.
func reason(ref string, refusals []Refusal) string {
	i := slices.IndexFunc(refusals, func(r Refusal) bool { return r.Ref == ref || r.Ref == "" })
	if i < 0 {
		return "refused with the others"
	}
	return printable(refusals[i].Message, 120)
}

// explain is the refusals as the pusher reads them.
func explain(refusals []Refusal) string {
	var b strings.Builder
	b.WriteString("adamant refuses this push; nothing of it was kept\n")
	for i, r := range refusals {
		if i == 20 {
			fmt.Fprintf(&b, "  and %d more\n", len(refusals)-i)
			break
		}
		text := r.Message
		if r.Ref != "" {
			text = r.Ref + ": " + text
		}
		fmt.Fprintf(&b, "  %s [%s]\n", printable(text, 500), printable(r.Rule, 60))
		if r.Fix != "" {
			fmt.Fprintf(&b, "    do: %s\n", printable(r.Fix, 300))
		}
	}
	return b.String()
}

// printable makes text of others safe for a terminal and for one line.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if hidden(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}

// targetOf is the branch that a command's commits are compared with.
func targetOf(f CommandFacts) string {
	if f.Class == ClassReview {
		return headPrefix + f.Target
	}
	return kernel.RefMain
}

// makePush writes the repository of one push: what the token sees, by reference, and an object directory of its own.
func (d *Door) makePush(view shown) (string, error) {
	dir, err := os.MkdirTemp(d.pushes(), "push-")
	if err != nil {
		return "", err
	}
	err = git.MakeBorrower(dir, d.config.Kernel.Repo().ObjectFormat(), filepath.Join(view.dir, "objects"), filepath.Join(d.config.Kernel.Main().GitDir(), "objects"))
	if err == nil {
		err = git.WriteRefs(dir, view.refs)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}
