package patience

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestWith: what ends the work is time that the process had, and ten times the limit whatever it had.
func TestWith(t *testing.T) {
	t.Parallel()
	errLate := errors.New("late")
	for name, tt := range map[string]struct {
		share   float64 // of one processor that the process gets
		unknown bool
		want    time.Duration
	}{
		"a machine of its own": {share: 1, want: 10 * time.Second},
		"two processors":       {share: 2, want: 10 * time.Second},
		"half":                 {share: 0.5, want: 10 * time.Second},
		"a fifth":              {share: 0.2, want: 30 * time.Second},
		"nothing":              {share: 0, want: 100 * time.Second},
		"not known":            {unknown: true, want: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				cpu := func() (time.Duration, bool) {
					return time.Hour + time.Duration(float64(time.Since(begun))*tt.share), !tt.unknown
				}
				ctx, cancel := with(t.Context(), 10*time.Second, errLate, cpu)
				defer cancel()
				<-ctx.Done()
				if took := time.Since(begun); took != tt.want || context.Cause(ctx) != errLate {
					t.Errorf("ended after %s with %v, want %s", took, context.Cause(ctx), tt.want)
				}
			})
		})
	}
}

// TestEndsWithItsWork: nothing is left behind by work that ends or is called off before.
func TestEndsWithItsWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // it fails when a goroutine stays
		outer, stop := context.WithCancel(t.Context())
		ctx, cancel := With(outer, time.Hour, errors.New("late"))
		defer cancel()
		stop()
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("called off: %v", err)
		}
		_, cancel = With(t.Context(), time.Hour, errors.New("late"))
		cancel()
	})
}

// TestProcessTime: work takes CPU time, where it is known.
func TestProcessTime(t *testing.T) {
	t.Parallel()
	before, known := cpuTime()
	if !known {
		t.Log("not known on this system")
		return
	}
	for {
		if now, _ := cpuTime(); now > before {
			return
		}
	}
}
