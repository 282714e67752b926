package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	stepsAtOnce = 32               // of one change, before others get their turn
	retryPause  = 10 * time.Second // after a step that failed
)

// reconcile takes one change as far as it goes now. Errors are kept for status and tried again: nothing is lost by waiting.
func (d *Daemon) reconcile(ctx context.Context, id string) {
	err := d.advance(ctx, id)
	if ctx.Err() != nil {
		return
	}
	if fenced := (*kernel.FencedError)(nil); errors.As(err, &fenced) {
		d.trouble("kernel", err) // watch ends the daemon
		return
	}
	d.trouble("change "+id, err)
	if err != nil {
		d.loop.wakeAt(id, d.now().Add(retryPause))
	}
}

// advance steps until the change waits for something.
func (d *Daemon) advance(ctx context.Context, id string) error {
	for range stepsAtOnce {
		c, err := d.changes.Load(ctx, id)
		if err != nil {
			return err
		}
		if l := c.State.Landing; l != nil { // a crash may have come between its landing and what follows it
			if err := d.afterLanding(ctx, c, l.Commit); err != nil {
				return err
			}
		}
		if c, err = d.consents(ctx, c); err != nil {
			return err
		}
		w, err := d.world(ctx, c)
		if err != nil {
			return err
		}
		next := change.Step(d.counted(c.State), w)
		now, err := d.take(ctx, c, w, next)
		if stale := (*change.StaleError)(nil); errors.As(err, &stale) {
			continue // somebody else added an operation: look again
		}
		if err != nil {
			return err
		}
		acted, err := d.act(ctx, now, next.Do) // of the change as it is recorded now: the queue reads its lane there
		if err != nil {
			return err
		}
		if next.Operation == nil && !acted {
			if !next.Wake.IsZero() {
				d.loop.wakeAt(id, next.Wake)
			}
			return nil
		}
	}
	d.loop.wake(id)
	return nil
}

// take records the operation of a step, if there is one, and gives the change with it.
func (d *Daemon) take(ctx context.Context, c change.Change, w change.World, next change.Next) (change.Change, error) {
	if next.Operation == nil {
		return c, nil
	}
	var docs [][]byte
	if body, ok := next.Operation.Body.(change.Assessed); ok {
		data, err := manifest.CanonicalJSON(w.Result.Assessment)
		if err != nil {
			return c, err
		}
		if change.BlobName(data) != body.Blob {
			return c, fmt.Errorf("the assessment of %s does not have the bytes it was named by", c.ID)
		}
		docs = append(docs, data)
	}
	after, err := d.changes.Append(ctx, c, []change.Operation{*next.Operation}, docs...)
	if err != nil {
		return c, err
	}
	d.answered(c.ID, next.Operation.Body)
	return after, d.announce(ctx, after, *next.Operation, next.Why)
}

// answered forgets an answer of the gate once it is in git, and a suspicion once it is acted upon.
func (d *Daemon) answered(id string, body change.Body) {
	switch body.(type) {
	case change.Stopped:
		d.suspects.forget(id)
	case change.Assessed, change.CheckError, change.NewPatchSet:
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.results, id)
		delete(d.judging, id)
	}
}

// announce tells ledger and watchers what happened to a change.
func (d *Daemon) announce(ctx context.Context, c change.Change, op change.Operation, why string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace) // the operation is written: its line follows, at the end too
	defer cancel()
	body, err := json.Marshal(struct {
		Status   change.Status `json:"status"`
		PatchSet int           `json:"patchSet"`
		Why      string        `json:"why,omitempty"`
		Tip      string        `json:"tip"`
	}{c.State.Status, len(c.State.PatchSets), why, string(c.Tip)})
	if err != nil {
		return err
	}
	record := ledger.Record{Actor: op.Actor, Kind: "change." + string(op.Body.Kind()), Change: c.ID, Task: c.State.Origin.Task, Body: json.RawMessage(body)}
	if _, err := d.kernel.Ledger().Append(ctx, record); err != nil {
		return fmt.Errorf("writing to the ledger: %w", err)
	}
	if why == "" {
		why = string(op.Body.Kind()) + " by " + op.Actor
	}
	d.hub.publish(Event{Kind: "change", Change: c.ID, Task: c.State.Origin.Task, Message: why, Body: body})
	d.wakeTask(c)
	return nil
}

// act has the effects of a step. It says whether the world is another now.
func (d *Daemon) act(ctx context.Context, c change.Change, effects []change.Effect) (bool, error) {
	acted := false
	for _, e := range effects {
		var err error
		did := true
		switch e.Kind {
		case change.DoJudge:
			did, err = d.submitJudge(ctx, c, e.Job)
		case change.DoNotify:
			did, err = d.notify(ctx, c, e)
		case change.DoEnqueue:
			d.merge.arrive(ctx, c)
		case change.DoDequeue:
			d.merge.leave(ctx, c.ID, e.Why)
		case change.DoLand:
			did, err = d.land(ctx, c, e)
		default: // a reviewer is the task's to send: it sees that the change waits for one
			did = false
		}
		if err != nil {
			return acted, err
		}
		acted = acted || did
	}
	return acted, nil
}
