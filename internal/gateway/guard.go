package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// hangError says that a provider was silent for too long.
type hangError struct {
	what string
	span time.Duration
}

func (e *hangError) Error() string {
	return fmt.Sprintf("the provider was silent: %s within %s", e.what, e.span)
}

// guard ends a request whose provider hangs.
type guard struct {
	limits limits
	cancel context.CancelCauseFunc
	total  *time.Timer

	mu   sync.Mutex
	next *time.Timer
}

func newGuard(l limits, cancel context.CancelCauseFunc) *guard {
	g := &guard{limits: l, cancel: cancel}
	g.total = time.AfterFunc(l.total, func() { cancel(&hangError{"no end of the answer", l.total}) })
	return g
}

// first waits for the beginning of an answer from now.
func (g *guard) first() { g.wait("no beginning of an answer", g.limits.first) }

// alive waits for the next part of an answer from now.
func (g *guard) alive() { g.wait("no part of the answer", g.limits.idle) }

// soon ends what comes after the end of an answer.
func (g *guard) soon() { g.wait("no end of the connection", 50*time.Millisecond) }

// rest waits for nothing but the end of it all.
func (g *guard) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next != nil {
		g.next.Stop()
	}
}

func (g *guard) wait(what string, span time.Duration) {
	g.rest()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next = time.AfterFunc(span, func() { g.cancel(&hangError{what, span}) })
}

func (g *guard) stop() {
	g.total.Stop()
	g.rest()
}
