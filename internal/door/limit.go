package door

import (
	"cmp"
	"sync"
	"time"
)

// Limits bound what the door takes. A zero field has the default.
type Limits struct {
	PushBytes   int64         // of one push's body, decompressed: 256 MiB
	ReadBytes   int64         // of one fetch's request, decompressed: 16 MiB
	ObjectBytes int64         // of one object: 50 MiB
	Objects     int           // of one push: 50,000
	Commits     int           // new ones of one push: 1,000
	Commands    int           // of one push: 16
	Options     int           // of one push: 16
	Time        time.Duration // of one request: 10 min
	Idle        time.Duration // without a byte from the client: 30 s
	CPU         time.Duration // of one git process: 2 min
	PerToken    int           // requests at a time: 8
	Total       int           // requests at a time: 64
	Rate        int           // requests of one token in a minute: 1,200
	Failures    int           // wrong tokens from one address in a minute: 60

	fileBytes int64 // of one file that git writes: twice PushBytes and 64 MiB, for what completes a thin pack
}

func (l Limits) withDefaults() Limits {
	l.PushBytes, l.ReadBytes = cmp.Or(l.PushBytes, 256<<20), cmp.Or(l.ReadBytes, 16<<20)
	l.ObjectBytes, l.Objects = cmp.Or(l.ObjectBytes, 50<<20), cmp.Or(l.Objects, 50_000)
	l.Commits, l.Commands, l.Options = cmp.Or(l.Commits, 1000), cmp.Or(l.Commands, 16), cmp.Or(l.Options, 16)
	l.Time, l.Idle, l.CPU = cmp.Or(l.Time, 10*time.Minute), cmp.Or(l.Idle, 30*time.Second), cmp.Or(l.CPU, 2*time.Minute)
	l.PerToken, l.Total = cmp.Or(l.PerToken, 8), cmp.Or(l.Total, 64)
	l.Rate, l.Failures = cmp.Or(l.Rate, 1200), cmp.Or(l.Failures, 60)
	l.fileBytes = cmp.Or(l.fileBytes, 2*l.PushBytes+64<<20)
	return l
}

// meter bounds how often and how many at a time something is done, by key: a bucket that holds a minute's worth and leaks
// steadily. Keys that were quiet for a minute are forgotten.
type meter struct {
	rate, atOnce int
	now          func() time.Time

	mu    sync.Mutex
	keys  map[string]*usage
	swept time.Time
}

type usage struct {
	active int
	level  time.Duration // how much of the minute is used
	seen   time.Time
}

func newMeter(rate, atOnce int, now func() time.Time) *meter {
	return &meter{rate: rate, atOnce: atOnce, now: now, keys: map[string]*usage{}}
}

// look returns the usage of a key, leaked to now. The caller holds the lock.
func (m *meter) look(key string) *usage {
	now := m.now()
	if now.Sub(m.swept) > time.Minute {
		for k, u := range m.keys {
			if u.active == 0 && now.Sub(u.seen) > time.Minute {
				delete(m.keys, k)
			}
		}
		m.swept = now
	}
	u := m.keys[key]
	if u == nil {
		u = &usage{seen: now}
		m.keys[key] = u
	}
	u.level, u.seen = max(0, u.level-max(0, now.Sub(u.seen))), now
	return u
}

func (m *meter) full(u *usage) bool { return u.level+time.Minute/time.Duration(m.rate) > time.Minute }

// spent says that a key has used up its rate, and uses nothing.
func (m *meter) spent(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.full(m.look(key))
}

// enter begins something under a key, or says that it is too much. leave must be called when it was not.
func (m *meter) enter(key string) (leave func(), ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.look(key)
	if m.full(u) || u.active >= m.atOnce {
		return nil, false
	}
	u.level += time.Minute / time.Duration(m.rate)
	u.active++
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		u.active--
	}), true
}
