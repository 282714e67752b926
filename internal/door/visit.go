package door

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// visit is one request of somebody who was let in.
type visit struct {
	door  *Door
	w     http.ResponseWriter
	r     *http.Request // with the deadline of the whole request
	grant Grant
}

func (v *visit) log(message string, args ...any) {
	v.door.config.Log.Info("door: "+message, append([]any{"token", v.grant.ID, "holder", v.grant.Holder()}, args...)...)
}

// fail answers outside of git's protocol.
func (v *visit) fail(status int, text string) {
	v.log("refused", "status", status, "why", text)
	refuse(v.w, status, text)
}

// broken answers when adamant failed. What exactly is for the log, but for the operator's own mistakes in the policy.
func (v *visit) broken(err error) {
	v.door.config.Log.Error("door: failed", "token", v.grant.ID, "error", err.Error())
	refuse(v.w, http.StatusInternalServerError, "nothing was decided: "+err.Error())
}

// speaks says that a request has the type that git sends to a service.
func (v *visit) speaks(service string) bool {
	return v.r.Header.Get("Content-Type") == "application/x-"+service+"-request"
}

// answers sets the headers of an answer in git's protocol.
func (v *visit) answers(kind string) {
	v.w.Header().Set("Content-Type", "application/x-"+kind)
	v.w.Header().Set("Cache-Control", "no-cache, max-age=0, must-revalidate")
}

// duplex begins an answer that git may write while the request is still being read. The connection is not used again: net/http
// panics when the end of a body arrives after such an answer (measured, Go 1.26).
func (v *visit) duplex(kind string) {
	v.answers(kind)
	v.w.Header().Set("Connection", "close")
	_ = http.NewResponseController(v.w).EnableFullDuplex() // HTTP/1 only; others are anyway
}

// see brings up what the token may see.
func (v *visit) see(ctx context.Context) (shown, error) {
	now := v.door.config.Now()
	answer, err := v.door.judge.decide(ctx, newInput(StageRead, v.grant, now, v.door.limits), now)
	if err != nil {
		return shown{}, err
	}
	if len(answer.Refuse) > 0 {
		return shown{}, &refusedError{answer.Refuse}
	}
	return v.door.views.of(ctx, answer.Read)
}

// refusedError carries refusals to where they are answered.
type refusedError struct{ refusals []Refusal }

func (e *refusedError) Error() string {
	texts := make([]string, len(e.refusals))
	for i, r := range e.refusals {
		texts[i] = r.String()
	}
	return strings.Join(texts, "; ")
}

// explainFailure answers an error that came before any answer.
func (v *visit) explainFailure(err error) {
	var refused *refusedError
	if errors.As(err, &refused) {
		v.fail(http.StatusForbidden, err.Error())
		return
	}
	v.broken(err)
}

// advertise lists the references for a fetch or a push.
func (v *visit) advertise(service string) {
	if service == servicePush {
		if refusals := floor(newInput(StageRequest, v.grant, v.door.config.Now(), v.door.limits)); len(refusals) > 0 {
			v.fail(http.StatusForbidden, (&refusedError{refusals}).Error())
			return
		}
	}
	view, err := v.see(v.r.Context())
	if err != nil {
		v.explainFailure(err)
		return
	}
	opt := git.ServeOptions{Advertise: true, Service: strings.TrimPrefix(service, "git-"), Config: pullConfig(), Started: v.bound}
	head := ""
	if service == servicePush {
		opt.Config = v.door.pushConfig()
	} else {
		opt.Protocol = protocol(v.r)
	}
	if !strings.HasPrefix(opt.Protocol, "version=2") {
		head = string(appendPkt(nil, "# service="+service+"\n")) + flushPkt
	}
	v.answers(service + "-advertisement")
	out := v.out()
	if _, err := io.WriteString(out, head); err != nil {
		return // the client is gone
	}
	if err := git.Serve(v.r.Context(), view.dir, opt, nil, out); err != nil {
		v.door.config.Log.Error("door: listing references", "token", v.grant.ID, "error", err.Error())
	}
}

// pull serves a fetch.
func (v *visit) pull() {
	body, err := openBody(v.w, v.r, v.door.limits.ReadBytes, v.door.limits.Idle)
	if err != nil {
		v.fail(http.StatusBadRequest, err.Error())
		return
	}
	view, err := v.see(v.r.Context())
	if err != nil {
		v.explainFailure(err)
		return
	}
	read, write, err := os.Pipe()
	if err != nil {
		v.broken(err)
		return
	}
	defer read.Close()
	ctx, cancel := context.WithCancelCause(v.r.Context())
	defer cancel(nil)
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		if _, err := io.Copy(write, body); err != nil {
			cancel(err)
		}
		_ = write.Close() // git has gone, or reads the end
	}()
	opt := git.ServeOptions{Service: "upload-pack", Protocol: protocol(v.r), Config: pullConfig(), Started: func(pid int) error {
		return errors.Join(read.Close(), v.bound(pid))
	}}
	v.duplex(servicePull + "-result")
	err = git.Serve(ctx, view.dir, opt, read, v.out())
	_ = write.SetWriteDeadline(time.Now()) // nobody reads any more
	v.await(fed)
	if err != nil {
		v.log("fetch failed", "error", err.Error())
		return
	}
	v.log("fetch")
}

// await waits for the reader of the body, and ends it when it still reads: git is gone. The connection is of no use then.
func (v *visit) await(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(awaitTime):
		_ = http.NewResponseController(v.w).SetReadDeadline(time.Now()) // where it is not supported the server ends it
		<-done
	}
}

// awaitTime lets the end of a request arrive that git has understood before.
const awaitTime = 100 * time.Millisecond

// bound limits what a git process may use.
func (v *visit) bound(pid int) error { return limitProcess(pid, v.door.limits) }

func pullConfig() [][2]string {
	return [][2]string{
		{"uploadpack.allowFilter", "true"}, {"uploadpack.allowTipSHA1InWant", "false"}, {"uploadpack.allowReachableSHA1InWant", "false"},
		{"uploadpack.allowAnySHA1InWant", "false"}, {"pack.threads", "1"}, {"pack.windowMemory", "64m"}, {"core.bigFileThreshold", "16m"},
	}
}

var protocols = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^version=[012]$`) })

// protocol is the version a client asks for; what is not exactly that is as if it had not asked.
func protocol(r *http.Request) string {
	if asked := r.Header.Get("Git-Protocol"); protocols().MatchString(asked) {
		return asked
	}
	return ""
}

// out writes the answer, each part under a deadline of its own and at once.
func (v *visit) out() *flusher {
	return &flusher{w: v.w, controller: http.NewResponseController(v.w), idle: v.door.limits.Idle}
}

type flusher struct {
	w          io.Writer
	controller *http.ResponseController
	idle       time.Duration
	wrote      bool
}

func (f *flusher) Write(p []byte) (int, error) {
	if err := f.controller.SetWriteDeadline(time.Now().Add(f.idle)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	f.wrote = true
	n, err := f.w.Write(p)
	if err != nil {
		return n, fmt.Errorf("answering the client: %w", err)
	}
	if err := f.controller.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return n, err
	}
	return n, nil
}
