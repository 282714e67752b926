package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/notify"
)

// openNotices reads the operator's hooks from main, as it is at the start.
func (d *Daemon) openNotices(ctx context.Context) error {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return err
	}
	_, governance, err := judge.GovernanceAt(ctx, d.kernel.Repo(), main)
	if err != nil {
		return err
	}
	d.notices, err = notify.New(governance.Config.Spec.Notify, notify.Options{Now: d.now, Getenv: d.config.Getenv, Trouble: func(t notify.Trouble) {
		d.trouble("hook "+t.Hook, fmt.Errorf("%s: %w", t.Event.Text, t.Err))
	}})
	return err
}

// sendNotice tells the operator's hooks of something that is on record as told.
func (d *Daemon) sendNotice(cause, id, title, text, next string) {
	event := notify.Event{Cause: cause, Change: id, Title: title, Text: text, Next: next, Time: d.now().UTC()}
	if id != "" {
		event.URL = d.addresses().Web + "approve/" + id[:16]
	}
	d.notices.Send(event)
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
	event := notify.Event{Cause: e.Cause, Change: c.ID, Title: c.State.Origin.Title, Text: e.Why, URL: d.addresses().Web + "approve/" + c.ID[:16], Time: d.now().UTC()}
	if item, ok := d.item(ctx, c); ok {
		event.Level, event.Next = item.Level, item.Next
	}
	d.notices.Send(event)
	return true, nil
}

const closeNotices = 5 * time.Second // how long hooks that are being told may take at the end
