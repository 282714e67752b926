package fetch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"sync"
	"time"
)

// mirrorAddress is where the package manager finds its registry, on its own loopback.
const (
	mirrorAddress = "127.0.0.1:8790"
	mirrorURL     = "http://" + mirrorAddress
)

const (
	slots       = 8                // files that are downloaded at a time
	sandboxGone = 10 * time.Second // until connections of a dead package manager have ended
)

// mirror is the registry that a package manager sees: it answers the routes of a plan and nothing else. Every item is checked before
// its first byte is passed on.
type mirror struct {
	fetcher *Fetcher
	plan    *plan
	routes  map[string]route
	free    chan struct{}
	ctx     context.Context //nolint:containedctx // of downloads: others than who asked first may want them
	stop    context.CancelFunc

	mu      sync.Mutex
	items   map[*item]*arrival
	refused []Refusal
}

// arrival is one item, downloaded once.
type arrival struct {
	once sync.Once
	have stored
	err  error
}

func newMirror(ctx context.Context, f *Fetcher, p *plan, routes map[string]route) *mirror {
	m := &mirror{fetcher: f, plan: p, routes: routes, free: make(chan struct{}, slots), items: map[*item]*arrival{}}
	m.ctx, m.stop = context.WithCancel(ctx)
	return m
}

// serve answers on a listener until it is closed, and returns when nothing is answered or downloaded any more.
func (m *mirror) serve(listener net.Listener) {
	server := &http.Server{Handler: m, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	_ = server.Serve(listener) // ends with the sandbox
	m.stop()
	patience, cancel := context.WithTimeout(context.Background(), sandboxGone)
	defer cancel()
	_ = server.Shutdown(patience) // who asked is dead
	_ = server.Close()
}

// ServeHTTP answers one request.
func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, ok := m.routes[r.URL.Path]
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		m.refuse(w, r, r.Method+" is not answered")
	case !ok:
		m.refuse(w, r, m.plan.lock+" does not pin it")
	case to.item == nil:
		w.Header().Set("Content-Type", to.kind)
		_, _ = w.Write(to.page) // who asked may have gone
	default:
		m.send(w, r, to.item)
	}
}

// maxRefused bounds what is remembered of requests that were not answered.
const maxRefused = 100

func (m *mirror) refuse(w http.ResponseWriter, r *http.Request, reason string) {
	m.mu.Lock()
	if len(m.refused) < maxRefused {
		m.refused = append(m.refused, Refusal{Request: r.URL.Path[:min(len(r.URL.Path), 500)], Reason: reason})
	}
	m.mu.Unlock()
	http.Error(w, "adamant: "+reason, http.StatusNotFound)
}

// send passes an item on.
func (m *mirror) send(w http.ResponseWriter, r *http.Request, it *item) {
	have, err := m.arrive(it)
	if err != nil {
		http.Error(w, "adamant: "+err.Error(), http.StatusForbidden)
		return
	}
	file, err := os.Open(have.path)
	if err != nil {
		http.Error(w, "adamant: "+err.Error(), http.StatusInternalServerError)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, file)
}

// arrive downloads an item when it is first asked for.
func (m *mirror) arrive(it *item) (stored, error) {
	m.mu.Lock()
	a := m.items[it]
	if a == nil {
		a = &arrival{}
		m.items[it] = a
	}
	m.mu.Unlock()
	a.once.Do(func() {
		select {
		case m.free <- struct{}{}:
			defer func() { <-m.free }()
			a.have, a.err = m.fetcher.download(m.ctx, m.plan.ecosystem, it)
		case <-m.ctx.Done():
			a.err = m.ctx.Err()
		}
	})
	return a.have, a.err
}

// failure is the first item, by its line, that could not be had.
func (m *mirror) failure() *Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var first *Error
	for it, a := range m.items {
		if a.err == nil || errors.Is(a.err, context.Canceled) || first != nil && first.Line <= it.line {
			continue // cancelled: the package manager ended before
		}
		first = &Error{Path: m.plan.lock, Line: it.line, Reason: it.name + " " + it.version + ": " + a.err.Error(), Do: "look whether the registry can be reached, and run again"}
		var refused *refusedError
		var other *pinError
		switch {
		case errors.As(a.err, &other):
			first.Do = "nothing of it was used: find out whether the registry or the lock file was changed"
		case errors.As(a.err, &refused):
			first.Do = "if packages may come from there, add the host to those that are allowed"
		}
	}
	return first
}

// dependencies are the items that came, sorted.
func (m *mirror) dependencies() []Dependency {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Dependency
	for it, a := range m.items {
		if a.err == nil {
			all = append(all, Dependency{Ecosystem: m.plan.ecosystem, Name: it.name, Version: it.version, File: it.file, URL: it.url,
				Digests: a.have.digests, Size: a.have.size})
		}
	}
	slices.SortFunc(all, func(a, b Dependency) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version), cmp.Compare(a.File, b.File), cmp.Compare(a.URL, b.URL))
	})
	return all
}
