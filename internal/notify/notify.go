// Package notify tells the operator that something needs them, by commands and webhooks of their own.
//
// It promises that a hook is told once of each cause while the process lives, that attempts are bounded, and that Send never
// waits: nothing of the gate, the queue or a landing depends on a hook. It never decides what is worth telling, and a lost
// notification loses nothing: the inbox is read from the changes.
package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

// Event is what a hook is told.
type Event struct {
	Cause  string    `json:"cause"` // the same cause is told once
	Change string    `json:"change,omitempty"`
	Title  string    `json:"title,omitempty"`
	Level  string    `json:"level,omitempty"`
	Text   string    `json:"text"` // one line
	Next   string    `json:"next,omitempty"`
	URL    string    `json:"url,omitempty"`
	Time   time.Time `json:"time"`
}

// Trouble is a notification that did not arrive.
type Trouble struct {
	Hook  string
	Event Event
	Err   error
}

// Options of a Notifier.
type Options struct {
	Now     func() time.Time
	Getenv  func(string) string
	Trouble func(Trouble) // called from the hook's own goroutine; must not call the Notifier
}

const (
	queueLimit   = 256  // events that wait for one hook
	causeLimit   = 4096 // causes that are remembered
	firstPause   = time.Second
	longestPause = 5 * time.Minute
	bodyLimit    = 64 << 10
)

// Notifier tells the hooks of one configuration.
type Notifier struct {
	opt   Options
	lines []*line
	done  sync.WaitGroup
	stop  context.CancelFunc

	mu     sync.Mutex
	closed bool
	told   map[string]bool
	order  []string // of told, oldest first
}

// line is one hook, its queue and how it is reached.
type line struct {
	hook     manifest.Hook
	least    risk.Level
	timeout  time.Duration
	attempts int
	queue    chan Event
	deliver  func(ctx context.Context, e Event) error
}

// errPermanent is wrapped by what another attempt does not mend.
var errPermanent = errors.New("not tried again")

// New starts telling hooks. The caller closes the Notifier.
func New(hooks []manifest.Hook, opt Options) (*Notifier, error) {
	n := &Notifier{opt: opt, told: map[string]bool{}}
	for _, h := range hooks {
		l, err := newLine(h, opt)
		if err != nil {
			return nil, fmt.Errorf("hook %s: %w", h.Name, err)
		}
		n.lines = append(n.lines, l)
	}
	n.start()
	return n, nil
}

func (n *Notifier) start() {
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	for _, l := range n.lines {
		n.done.Go(func() { n.run(ctx, l) })
	}
}

func newLine(h manifest.Hook, opt Options) (*line, error) {
	l := &line{hook: h, timeout: 10 * time.Second, attempts: 5, queue: make(chan Event, queueLimit)}
	if h.Attempts > 0 {
		l.attempts = h.Attempts
	}
	var err error
	if h.Timeout != "" {
		if l.timeout, err = time.ParseDuration(h.Timeout); err != nil {
			return nil, err
		}
	}
	if h.Level != "" {
		if l.least, err = risk.ParseLevel(h.Level); err != nil {
			return nil, err
		}
	}
	switch {
	case h.URL != "":
		l.deliver, err = webhook(h, opt)
	case len(h.Command) > 0:
		l.deliver = command(h, opt)
	default:
		err = errors.New("it has neither a command nor a url")
	}
	return l, err
}

// Send tells every hook that wants it, soon. It returns at once; an event whose cause was told before, or that comes after
// Close, goes nowhere.
func (n *Notifier) Send(e Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.told[e.Cause] {
		return
	}
	n.remember(e.Cause)
	for _, l := range n.lines {
		if !l.wants(e) {
			continue
		}
		select {
		case l.queue <- e:
		default:
			n.trouble(l, e, errors.New("too many events wait for this hook"))
		}
	}
}

func (n *Notifier) remember(cause string) {
	n.told[cause] = true
	n.order = append(n.order, cause)
	if len(n.order) > causeLimit {
		delete(n.told, n.order[0])
		n.order = n.order[1:]
	}
}

// wants says that an event is dangerous enough for the hook. What has no level is about the kernel itself: everybody is told.
func (l *line) wants(e Event) bool {
	level, err := risk.ParseLevel(e.Level)
	return err != nil || level >= l.least
}

// Close tells what waits, until ctx ends, and stops. What could not be told is Trouble.
func (n *Notifier) Close(ctx context.Context) {
	n.mu.Lock()
	if !n.closed {
		n.closed = true
		for _, l := range n.lines {
			close(l.queue)
		}
	}
	n.mu.Unlock()
	stop := context.AfterFunc(ctx, n.stop)
	defer stop()
	n.done.Wait()
	n.stop()
}

func (n *Notifier) run(ctx context.Context, l *line) {
	for e := range l.queue {
		if err := l.tell(ctx, e); err != nil {
			n.trouble(l, e, err)
		}
	}
}

func (n *Notifier) trouble(l *line, e Event, err error) {
	if n.opt.Trouble != nil {
		n.opt.Trouble(Trouble{Hook: l.hook.Name, Event: e, Err: err})
	}
}

// tell tries until it works, until it cannot work, or until the attempts are used up.
func (l *line) tell(ctx context.Context, e Event) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := l.once(ctx, e)
		if err == nil || errors.Is(err, errPermanent) || attempt == l.attempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

func (l *line) once(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	return l.deliver(ctx, e)
}
