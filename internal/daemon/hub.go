package daemon

import (
	"encoding/json"
	"sync"
	"time"
)

// Event is one thing that happened, for those who watch. It repeats what git says; a reader that missed some asks again.
type Event struct {
	ID      int             `json:"id"` // a reader resumes after it; it grows, also over restarts
	Time    time.Time       `json:"time"`
	Kind    string          `json:"kind"` // change, task, queue, main, notice, resync
	Change  string          `json:"change,omitempty"`
	Task    string          `json:"task,omitempty"`
	Message string          `json:"message"`
	Body    json.RawMessage `json:"body,omitempty"`
}

const (
	hubKeeps  = 1024 // events that a reader can resume from
	hubBuffer = 256  // events that a slow reader may be behind
)

// hub hands events to any number of readers. One that is too slow is told to read everything again.
type hub struct {
	now func() time.Time

	mu      sync.Mutex
	next    int
	recent  []Event
	readers map[chan Event]bool
	closed  bool
}

// newHub makes a hub whose ids are above those of every epoch before.
func newHub(now func() time.Time, epoch uint64) *hub {
	return &hub{now: now, next: int(epoch)<<32 + 1, readers: map[chan Event]bool{}}
}

func (h *hub) publish(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	e.Time = h.now().UTC()
	e.ID = h.next
	h.next++
	if h.recent = append(h.recent, e); len(h.recent) > hubKeeps {
		h.recent = h.recent[1:]
	}
	for r := range h.readers {
		h.give(r, e)
	}
}

// give hands an event over without waiting. A reader whose buffer is full loses it: its channel is closed, it comes back
// with the last id it saw.
func (h *hub) give(r chan Event, e Event) {
	select {
	case r <- e:
	default:
		delete(h.readers, r)
		close(r)
	}
}

// subscribe starts a reader behind the event with the given id; 0 = from now on. An id that is gone gives a resync
// event first. The returned function ends it.
func (h *hub) subscribe(after int) (<-chan Event, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := make(chan Event, hubKeeps+hubBuffer)
	if h.closed {
		close(r)
		return r, func() {}
	}
	if after != 0 {
		h.replay(r, after)
	}
	h.readers[r] = true
	return r, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.readers[r] {
			delete(h.readers, r)
			close(r)
		}
	}
}

func (h *hub) replay(r chan Event, after int) {
	missed := h.next - 1 - after
	if missed < 0 || missed > len(h.recent) {
		r <- Event{ID: h.next - 1, Time: h.now().UTC(), Kind: "resync", Message: "events were missed: read everything again"}
		return
	}
	for _, e := range h.recent[len(h.recent)-missed:] {
		r <- e
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for r := range h.readers {
		delete(h.readers, r)
		close(r)
	}
}
