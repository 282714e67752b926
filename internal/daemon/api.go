package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/adamant-os/adamant/internal/builder"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/peercred"
	"github.com/adamant-os/adamant/internal/task"
)

// local is who acts over the socket: the user who owns the kernel. Reading, commenting, rejecting and pausing are theirs;
// approving takes a proof.
const local = change.RoleOperator + ":local"

// inside is the API of the unix socket.
func (d *Daemon) inside() http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("adamant", d.config.Version)
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil // no page that loads scripts from elsewhere
	a := humago.New(mux, config)
	d.routes(a)
	d.agents(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if uid, ok := peercred.User(r.Context()); !ok || uid != os.Geteuid() {
			http.Error(w, "this socket is for the user who runs the daemon", http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
		mux.ServeHTTP(w, r)
	})
}

// answer wraps what huma sends.
type answer[T any] struct{ Body T }

// route registers one operation. In carries the parameters, out is the answer.
func route[In, Out any](a huma.API, method, path, summary string, handle func(context.Context, *In) (Out, error)) {
	huma.Register(a, huma.Operation{OperationID: operationID(method, path), Method: method, Path: path, Summary: summary},
		func(ctx context.Context, in *In) (*answer[Out], error) {
			out, err := handle(ctx, in)
			if err != nil {
				return nil, refusal(err)
			}
			return &answer[Out]{out}, nil
		})
}

// refusal is an error as the API tells it (RFC 9457).
func refusal(err error) error {
	unknown, refused := (*change.NotFoundError)(nil), (*change.RefusedError)(nil)
	noTask, noStep, unsigned := (*task.NotFoundError)(nil), (*task.RefusedError)(nil), (*notary.RefusedError)(nil)
	uncertified := (*builder.RefusedError)(nil)
	switch {
	case errors.As(err, &unknown), errors.As(err, &noTask), errors.Is(err, door.ErrUnknownToken):
		return huma.Error404NotFound(err.Error())
	case errors.As(err, &refused), errors.As(err, &noStep), errors.As(err, &unsigned), errors.As(err, &uncertified), errors.Is(err, errNoKeys):
		return huma.Error409Conflict(err.Error())
	}
	return huma.Error422UnprocessableEntity(err.Error())
}

// The parameters of requests.
type (
	nothing struct{}
	ByID    struct {
		ID string `path:"id" minLength:"1" maxLength:"64"`
	}
	about[T any] struct {
		ByID
		Body T
	}
	with[T any] struct{ Body T }
	listing     struct {
		All bool `query:"all"`
	}
)

func (d *Daemon) routes(a huma.API) {
	route(a, "GET", api.PathStatus, "How the daemon is", func(ctx context.Context, _ *nothing) (api.Status, error) { return d.status(ctx) })
	route(a, "GET", api.PathChanges, "Changes, newest first", func(ctx context.Context, in *listing) (api.Changes, error) { return d.summaries(ctx, in.All) })
	route(a, "GET", desk.PathChange, "One change and its verdict", func(ctx context.Context, in *ByID) (desk.Change, error) { return d.show(ctx, in.ID) })
	route(a, "GET", desk.PathInbox, "What needs the operator", func(ctx context.Context, _ *nothing) (desk.Inbox, error) { return d.inbox(ctx) })
	route(a, "POST", desk.PathSeen, "Take an item about main off the inbox", func(ctx context.Context, in *about[desk.Seen]) (desk.Answer, error) {
		return d.acknowledge(ctx, in.ID, in.Body.Reason)
	})
	route(a, "GET", api.PathQueue, "The merge queue", func(ctx context.Context, _ *nothing) (api.Queue, error) { return d.queueView(ctx) })
	route(a, "POST", desk.PathApprovals, "Approve a change, by a proof", func(ctx context.Context, in *about[desk.Proof]) (desk.Answer, error) {
		return d.approve(ctx, in.ID, in.Body, false)
	})
	route(a, "POST", desk.PathAccept, "Accept that a gate cannot answer, by a proof", func(ctx context.Context, in *about[desk.Proof]) (desk.Answer, error) {
		return d.approve(ctx, in.ID, in.Body, true)
	})
	route(a, "POST", desk.PathReject, "Refuse a patch set", func(ctx context.Context, in *about[desk.Rejection]) (desk.Answer, error) {
		return d.operate(ctx, in.ID, func(c change.Change) change.Body { return change.Refused{Head: c.State.Head(), Reason: in.Body.Reason} })
	})
	route(a, "POST", desk.PathComments, "Comment on a change", func(ctx context.Context, in *about[desk.Remark]) (desk.Answer, error) {
		r := in.Body
		return d.operate(ctx, in.ID, func(c change.Change) change.Body {
			return change.Comment{Head: c.State.Head(), Path: r.Path, Line: r.Line, Text: r.Text}
		})
	})
	route(a, "POST", api.PathAbandon, "Give a change up", func(ctx context.Context, in *about[api.Reason]) (desk.Answer, error) {
		return d.operate(ctx, in.ID, func(change.Change) change.Body { return change.GivenUp(in.Body) })
	})
	route(a, "POST", api.PathContinue, "Resume a suspended change", func(ctx context.Context, in *about[api.Reason]) (desk.Answer, error) {
		return d.operate(ctx, in.ID, func(change.Change) change.Body { return change.Continued(in.Body) })
	})
	route(a, "POST", api.PathRevert, "Open a change that takes one back", func(ctx context.Context, in *about[api.Reason]) (desk.Answer, error) {
		return d.revert(ctx, in.ID, in.Body.Reason)
	})
	d.moreRoutes(a)
	d.taskRoutes(a)
	d.notaryRoutes(a)
	d.admitRoutes(a)
	d.builderRoutes(a)
}

func (d *Daemon) moreRoutes(a huma.API) {
	route(a, "GET", desk.PathOperators, "Operators and their keys", func(ctx context.Context, _ *nothing) (desk.Operators, error) { return d.who.Operators(ctx) })
	route(a, "POST", desk.PathOperators, "Change who has authority, by a proof", func(ctx context.Context, in *with[desk.Enrolment]) (desk.Enrolled, error) {
		return d.who.Order(ctx, in.Body, true)
	})
	route(a, "POST", api.PathPause, "Hold landing", func(ctx context.Context, in *with[api.Reason]) (api.Pause, error) {
		err := d.setPause(ctx, local, in.Body.Reason, true)
		return d.pauseView(), err
	})
	route(a, "POST", api.PathResume, "Go on landing", func(ctx context.Context, in *with[api.Reason]) (api.Pause, error) {
		err := d.setPause(ctx, local, in.Body.Reason, false)
		return d.pauseView(), err
	})
	route(a, "GET", api.PathTokens, "Tokens that were granted", func(context.Context, *nothing) (api.Tokens, error) { return api.Tokens{Tokens: d.tokens.List()}, nil })
	route(a, "POST", api.PathTokens, "Grant a token", func(ctx context.Context, in *with[door.Grant]) (api.NewToken, error) {
		secret, grant, err := d.tokens.Issue(ctx, local, in.Body)
		return api.NewToken{Token: secret.Reveal(), Grant: grant, URL: d.addresses().Door}, err
	})
	route(a, "DELETE", api.PathToken, "Revoke a token", func(ctx context.Context, in *struct {
		ID string `path:"id"`
	}) (api.Reason, error) {
		return api.Reason{}, d.tokens.Revoke(ctx, local, in.ID, "")
	})
	route(a, "POST", api.PathMirror, "Push the kernel to a remote", func(ctx context.Context, in *with[api.MirrorTo]) (kernel.Mirror, error) {
		return d.mirrorNow(ctx, in.Body.Remote)
	})
	route(a, "POST", api.PathImport, "Take branches of a clone over as changes", func(ctx context.Context, in *with[api.Import]) (api.Imported, error) {
		return d.importBranches(ctx, in.Body)
	})
	route(a, "POST", api.PathDown, "End the daemon", func(ctx context.Context, _ *nothing) (api.Status, error) {
		s, err := d.status(ctx)
		d.end()
		return s, err
	})
	sse.Register(a, huma.Operation{OperationID: "events", Method: "GET", Path: api.PathEvents, Summary: "What happens, as it happens"},
		map[string]any{"event": Event{}, "beat": beat{}}, d.events)
}

// beat keeps a connection alive.
type beat struct {
	Time time.Time `json:"time"`
}

type eventsInput struct {
	After int `header:"Last-Event-ID"`
}

const beatEvery = 15 * time.Second

func (d *Daemon) events(ctx context.Context, in *eventsInput, send sse.Sender) {
	events, end := d.hub.subscribe(in.After)
	defer end()
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events:
			if !ok {
				return
			}
			err = send(sse.Message{ID: e.ID, Data: e})
		case <-ticker.C:
			err = send.Data(beat{d.now().UTC()})
		}
		if err != nil {
			return
		}
	}
}

// operate records an operation of the local user.
func (d *Daemon) operate(ctx context.Context, id string, body func(change.Change) change.Body) (desk.Answer, error) {
	c, err := d.find(ctx, id)
	if err != nil {
		return desk.Answer{}, err
	}
	return d.perform(ctx, c, local, body(c))
}

func (d *Daemon) perform(ctx context.Context, c change.Change, by string, body change.Body) (desk.Answer, error) {
	op := change.Operation{Time: d.now().UTC(), Actor: by, Body: body}
	c, err := d.changes.Add(ctx, c.ID, []change.Operation{op})
	if err != nil {
		return desk.Answer{}, err
	}
	if err := d.announce(ctx, c, op, ""); err != nil {
		return desk.Answer{}, err
	}
	d.loop.wake(c.ID)
	return desk.Answer{Change: c.ID, Status: string(c.State.Status), Message: fmt.Sprintf("%s: change %s is %s", body.Kind(), c.ID[:16], c.State.Status)}, nil
}

func operationID(method, path string) string {
	id := []byte(method)
	for i := range len(path) {
		if c := path[i]; c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			id = append(id, c)
		} else if id[len(id)-1] != '-' {
			id = append(id, '-')
		}
	}
	return string(id)
}
