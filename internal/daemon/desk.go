package daemon

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/page"
)

// approve takes the operator's proof. It counts once it is in the ledger; the change takes it over from there (consents).
func (d *Daemon) approve(ctx context.Context, id string, proof desk.Proof, accepts bool) (desk.Answer, error) {
	c, err := d.find(ctx, id)
	if err != nil {
		return desk.Answer{}, err
	}
	v, err := d.verdict(ctx, c)
	if err != nil {
		return desk.Answer{}, err
	}
	if statement, err := gate.ParseStatement([]byte(proof.Statement)); err == nil && accepts && len(statement.Accepts) == 0 {
		return desk.Answer{}, errors.New("the statement accepts no missing gate; approve it instead")
	}
	given, err := d.who.Approve(ctx, c.ID, v, proof)
	if err != nil {
		return desk.Answer{}, err
	}
	if c, err = d.consents(ctx, c); err != nil {
		return desk.Answer{}, err
	}
	d.loop.wake(c.ID)
	if v, err = d.verdict(ctx, c); err != nil {
		return desk.Answer{}, err
	}
	return desk.Answer{Change: c.ID, Status: string(c.State.Status), Decision: v.Decision, Message: "approved by " + given.By + " (" + given.Method + "); the gate says " + v.Decision}, nil
}

// consents gives a change the approvals that the ledger holds for its patch set and it has not taken over yet, as after a
// crash between the two.
func (d *Daemon) consents(ctx context.Context, c change.Change) (change.Change, error) {
	for _, a := range d.who.Approvals(c.ID) {
		if taken(c.State, a) {
			continue
		}
		a.Void = ""
		op := change.Operation{Time: d.now().UTC(), Actor: change.RoleOperator + ":" + a.By, Body: change.Approved{Head: c.State.Head(), Approval: a}}
		if len(a.Statement.Accepts) > 0 {
			op.Body = change.Accepted{Head: c.State.Head(), Approval: a}
		}
		after, err := d.changes.Add(ctx, c.ID, []change.Operation{op})
		if err != nil {
			return c, err
		}
		if err := d.announce(ctx, after, op, ""); err != nil {
			return after, err
		}
		c = after
	}
	return c, nil
}

// counted is a state without the approvals of keys that were revoked since (the change keeps a copy of each), and each of the others
// once: the reconciler and whoever answered the operator may have written down the same one.
func (d *Daemon) counted(s change.State) change.State {
	revoked, seen := d.who.Revoked(), map[string]bool{}
	s.Approvals = slices.DeleteFunc(slices.Clone(s.Approvals), func(a gate.Approval) bool {
		again := seen[a.Statement.Nonce]
		seen[a.Statement.Nonce] = true
		return again || slices.Contains(revoked, a.Key)
	})
	return s
}

// pages puts the operator's pages on the listener.
func (d *Daemon) pages(mux *http.ServeMux) error {
	handler, err := page.New(browsers{d}, d.now, []string{site})
	if err != nil {
		return err
	}
	mux.Handle("/operator/static/", handler)
	mux.Handle(pagesAt+"{key}/", d.withKey(handler))
	return nil
}

// pagesAt is where the operator's pages lie, behind the key.
const pagesAt = "/desk/"

// withKey lets those in who know the address: any user of this machine reaches the port, and only the operator's own process and hooks are
// told the key, over the socket. It is another one at each start.
func (d *Daemon) withKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.PathValue("key")
		if subtle.ConstantTimeCompare([]byte(key), []byte(d.pageKey)) != 1 {
			http.Error(w, "the address of this page is secret and changes with each start of the daemon: adamant approve CHANGE --web prints it", http.StatusNotFound)
			return
		}
		http.StripPrefix(pagesAt+key, next).ServeHTTP(w, r)
	})
}

// pageOf is the address of the page of a change.
func (d *Daemon) pageOf(id string) string { return d.addresses().Web + "approve/" + id[:16] }

// site is the relying party of browsers' keys: they are bound to a name, and loopback has this one.
const site = "localhost"

// browsers is the daemon as the operator's pages need it.
type browsers struct{ d *Daemon }

func (b browsers) Show(ctx context.Context, id string) (desk.Change, *gate.Verdict, error) {
	shown, err := b.d.show(ctx, id)
	if unknown := (*change.NotFoundError)(nil); errors.As(err, &unknown) {
		return shown, nil, &desk.Error{Status: http.StatusNotFound, Title: "no such change", Detail: err.Error()}
	}
	if err != nil || len(shown.Verdict) == 0 {
		return shown, nil, err
	}
	v, err := shown.Judged()
	return shown, v, err
}

func (b browsers) Approve(ctx context.Context, id string, p desk.Proof) (desk.Answer, error) {
	return b.d.approve(ctx, id, p, false)
}
func (b browsers) Credentials() []operator.Key                     { return b.d.who.Credentials() }
func (b browsers) Invitation(ticket string) (operator.Order, bool) { return b.d.who.Invitation(ticket) }
func (b browsers) Accept(ctx context.Context, ticket string, credential json.RawMessage) (desk.Enrolled, error) {
	return b.d.who.Accept(ctx, ticket, credential)
}
