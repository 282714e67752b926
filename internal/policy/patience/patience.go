// Package patience bounds work by the time that the machine had for it. A machine that is busy with other things stops nothing
// that would have ended in time on its own. It never stops work earlier than asked, and waits ten times as long at most.
package patience

import (
	"context"
	"time"
)

// most is how many times its limit work may take on a machine that has no time for it.
const most = 10

// With returns a context that ends with cause after limit. Where this process had less than half of the limit in CPU time by
// then, it goes on until it had, and ends after ten times the limit in any case.
func With(ctx context.Context, limit time.Duration, cause error) (context.Context, context.CancelFunc) {
	return with(ctx, limit, cause, cpuTime)
}

func with(ctx context.Context, limit time.Duration, cause error, cpu func() (time.Duration, bool)) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	begun, known := cpu()
	go func() {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		for waited := 1; ; waited++ {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			if now, _ := cpu(); !known || waited >= most || now-begun >= limit/2 {
				cancel(cause)
				return
			}
			timer.Reset(limit)
		}
	}()
	return ctx, func() { cancel(nil) }
}
