package admit

import (
	"context"
	"slices"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
)

const cacheSize = 4096 // decisions

// cache remembers admissions. Refusals are made anew each time: what was missing may have come.
type cache struct {
	entries map[string]known
	order   []string // oldest first
}

// known is an admission, and what it depended on besides its key.
type known struct {
	decision Decision
	commit   git.OID // that has to be on main
	store    []git.Ref
	read     []dependency
}

// recall returns an admission that still holds.
func (a *Admitter) recall(ctx context.Context, key string, v view) (Decision, bool) {
	a.mu.Lock()
	k, ok := a.cache.entries[key]
	a.mu.Unlock()
	switch {
	case !ok || !v.line.commits[k.commit]:
		return Decision{}, false
	case !k.decision.Until.IsZero() && !v.now.Before(k.decision.Until):
		return Decision{}, false
	case !slices.Equal(k.store, v.heads.store):
		return a.revalidate(ctx, key, k, v)
	}
	return k.decision, true
}

// revalidate looks whether attestations that were added since are about something else.
func (a *Admitter) revalidate(ctx context.Context, key string, k known, v view) (Decision, bool) {
	for _, d := range k.read {
		var entries []attest.Entry
		for _, ref := range v.heads.store {
			found, err := attest.Of(ctx, a.options.Repo, string(ref.OID), d.subject)
			if err != nil {
				return Decision{}, false // deciding anew meets the error
			}
			entries = append(entries, found...)
		}
		if stateOf(entries) != d.state {
			return Decision{}, false
		}
	}
	k.store = v.heads.store
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cache.put(key, k)
	return k.decision, true
}

func (a *Admitter) remember(key string, d Decision, e *evidence, v view) {
	if !d.Allowed {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cache.put(key, known{d, git.OID(d.Commit), v.heads.store, e.read})
}

func (c *cache) put(key string, k known) {
	if _, there := c.entries[key]; !there {
		c.order = append(c.order, key)
	}
	c.entries[key] = k
	for len(c.order) > cacheSize {
		delete(c.entries, c.order[0])
		c.order = c.order[1:]
	}
}
