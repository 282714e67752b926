package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/notify"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// duties are what is done for the repository and not for one change, each by a controller of its own, so that a slow one
// holds up no other. Like changes, they act on what git says and may be killed anywhere.
type duties struct {
	list []*controller

	mu    sync.Mutex
	swept swept
	moves []move // of main by hand, oldest first

	mirror mirrored
	kept   time.Time // of the last housekeeping; its controller's alone
}

// controller does one duty. work says when it wants to be asked again; it is asked before that when it is kicked.
type controller struct {
	name string
	work func(ctx context.Context) (next time.Time, err error)
	kick chan struct{}
}

const dutyRetry = time.Minute // after a duty that failed

// openDuties makes the controllers. Nothing of them runs before Run.
func (d *Daemon) openDuties() {
	for name, work := range map[string]func(context.Context) (time.Time, error){
		"main by hand": d.lookAtMoves, "sweep": d.sweep, "configuration": d.configure,
		"housekeeping": d.keep, "mirroring": d.mirrorDuty, "squeezing": d.squeeze, "transparency log": d.logDuty,
		"attesting": d.attestDuty,
	} {
		d.duties.list = append(d.duties.list, &controller{name: name, work: work, kick: make(chan struct{}, 1)})
	}
}

// controllers does the duties until ctx ends. A failure is trouble of its own and is tried again.
func (d *Daemon) controllers(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range d.duties.list {
		group.Go(func() error { return d.drive(ctx, c) })
	}
	return group.Wait()
}

func (d *Daemon) drive(ctx context.Context, c *controller) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var last, next time.Time
	for {
		if now := d.now(); !now.Before(next) || now.Before(last) { // or a clock that was put back
			var err error
			if next, err = c.work(ctx); err != nil {
				next = now.Add(dutyRetry)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d.trouble(c.name, err)
			last = now
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.kick:
			next = time.Time{}
		case <-ticker.C:
		}
	}
}

// mainMoved has every duty looked after: main is another commit now.
func (d *Daemon) mainMoved() {
	for _, c := range d.duties.list {
		select {
		case c.kick <- struct{}{}:
		default:
		}
	}
}

// concerns are the operator's items that are about no change.
func (d *Daemon) concerns() []desk.Item {
	d.duties.mu.Lock()
	defer d.duties.mu.Unlock()
	items := append(d.duties.swept.items(), d.duties.mirror.items()...)
	for _, m := range d.duties.moves {
		if item, ok := m.item(); ok {
			items = append(items, item)
		}
	}
	return items
}

// tell tells the operator of a concern, once for each cause (see notify).
func (d *Daemon) tell(ctx context.Context, cause string, item desk.Item) error {
	d.mu.Lock()
	told := d.told[cause]
	d.mu.Unlock()
	if told {
		return nil
	}
	text := item.Title + ": " + item.What
	if err := d.write(ctx, change.Actor, kindNotified, notified{Cause: cause, Text: text}); err != nil {
		return err
	}
	d.mu.Lock()
	d.told[cause] = true
	d.mu.Unlock()
	d.hub.publish(Event{Kind: "notice", Message: text})
	d.notices.send(notify.Event{Cause: cause, Title: item.Title, Level: item.Level, Text: item.What, Next: item.Next, Time: d.now().UTC()})
	return nil
}

// write adds an entry to the ledger and waits until it is durable.
func (d *Daemon) write(ctx context.Context, actor, kind string, body any) error {
	if _, err := d.kernel.Ledger().AppendSync(ctx, ledger.Record{Actor: actor, Kind: kind, Body: body}); err != nil {
		return fmt.Errorf("writing %s to the ledger: %w", kind, err)
	}
	return nil
}

// body reads what this package wrote to the ledger.
func body[T any](e ledger.Entry) (T, error) {
	var out T
	if err := json.Unmarshal(e.Body, &out); err != nil {
		return out, fmt.Errorf("reading %s: %w", e.Place, err)
	}
	return out, nil
}
