package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

// publishEvery is how often the transparency log follows what was written to the ledger and is published. What is signed is in the log at
// once; only those who read refs/adamant/log wait.
const publishEvery = 15 * time.Second

// logDuty brings the transparency log up to the ledger and publishes it. A log that leads the ledger or differs from it is trouble and
// nothing is signed any more.
func (d *Daemon) logDuty(ctx context.Context) (time.Time, error) {
	err := d.signing(ctx, func(_ *trust.Authority, log *projection.Projection) error { return follow(ctx, log) })
	if errors.Is(err, errNoKeys) {
		err = nil
	}
	return d.now().Add(publishEvery), err
}

func follow(ctx context.Context, log *projection.Projection) error {
	if err := log.CatchUp(ctx); err != nil {
		return err
	}
	return log.Publish(ctx)
}

// lastLog publishes what is not published yet, at the end, if the log was opened at all.
func (d *Daemon) lastLog(ctx context.Context) error {
	d.trusted.mu.RLock()
	defer d.trusted.mu.RUnlock()
	if d.trusted.log == nil {
		return nil
	}
	return follow(ctx, d.trusted.log)
}
