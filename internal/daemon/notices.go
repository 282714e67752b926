package daemon

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notify"
)

// notices are the operator's hooks, as main's configuration has them.
type notices struct {
	mu    sync.Mutex
	hooks []manifest.Hook
	to    *notify.Notifier // nil = none was ever read
	old   sync.WaitGroup   // those before that still deliver
}

// openNotices has the operator told by these hooks from now on. What waits for the old ones is still delivered.
func (d *Daemon) openNotices(hooks []manifest.Hook) error {
	n := &d.notices
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.to != nil && reflect.DeepEqual(n.hooks, hooks) {
		return nil
	}
	to, err := notify.New(hooks, notify.Options{Now: d.now, Getenv: d.config.Getenv, Trouble: func(t notify.Trouble) {
		d.trouble("hook "+t.Hook, fmt.Errorf("%s: %w", t.Event.Text, t.Err))
	}})
	if err != nil {
		return fmt.Errorf("spec.notify: %w", err) // the old ones stay
	}
	for _, h := range n.hooks { // what was wrong with them is over
		d.trouble("hook "+h.Name, nil)
	}
	old := n.to
	n.hooks, n.to = hooks, to
	n.finish(old, closeNotices)
	return nil
}

// finish lets hooks that are replaced deliver what waits for them, beside everything else.
func (n *notices) finish(old *notify.Notifier, within time.Duration) {
	if old == nil {
		return
	}
	n.old.Go(func() {
		end, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		old.Close(end)
	})
}

// send tells the hooks.
func (n *notices) send(e notify.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.to != nil {
		n.to.Send(e)
	}
}

// close ends the telling.
func (n *notices) close(ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.to != nil {
		n.to.Close(ctx)
	}
	n.old.Wait()
}

// sendNotice tells the operator's hooks of something that is on record as told.
func (d *Daemon) sendNotice(cause, id, title, text, next string) {
	event := notify.Event{Cause: cause, Change: id, Title: title, Text: text, Next: next, Time: d.now().UTC()}
	if id != "" {
		event.URL = d.pageOf(id)
	}
	d.notices.send(event)
}

// notify tells the operator about a cause, once. That they were told is in the ledger before it is tried: a notification may
// be lost with the process and is never repeated; the inbox shows the cause either way.
func (d *Daemon) notify(ctx context.Context, c change.Change, e change.Effect) (bool, error) {
	d.mu.Lock()
	told := d.told[e.Cause]
	d.mu.Unlock()
	if told {
		return false, nil
	}
	text := fmt.Sprintf("%s: %s", c.State.Origin.Title, e.Why)
	_, err := d.kernel.Ledger().AppendSync(ctx, ledger.Record{Actor: change.Actor, Kind: kindNotified, Change: c.ID, Body: notified{Cause: e.Cause, Text: text}})
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	d.remember(c.ID, e.Cause)
	d.mu.Unlock()
	d.hub.publish(Event{Kind: "notice", Change: c.ID, Message: text})
	event := notify.Event{Cause: e.Cause, Change: c.ID, Title: c.State.Origin.Title, Text: e.Why, URL: d.pageOf(c.ID), Time: d.now().UTC()}
	if item, ok := d.item(ctx, c); ok {
		event.Level, event.Next = item.Level, item.Next
	}
	d.notices.send(event)
	return true, nil
}

const closeNotices = 5 * time.Second // how long hooks that are being told may take at the end
