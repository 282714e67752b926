package daemon

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/notify"
)

// heard is a webhook that remembers what it was told.
type heard struct {
	mu     sync.Mutex
	events []notify.Event
}

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e notify.Event
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *heard) of(id string) (found []notify.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if strings.HasPrefix(e.Change, id) {
			found = append(found, e)
		}
	}
	return found
}

// TestHooksAreReadAgain: the hooks of main's configuration are told, as it is when something happens and not as it was at the start.
func TestHooksAreReadAgain(t *testing.T) {
	t.Parallel()
	var first, second heard
	a, b := httptest.NewServer(&first), httptest.NewServer(&second)
	t.Cleanup(a.Close)
	t.Cleanup(b.Close)
	hooked := func(url string) string {
		return config + fmt.Sprintf("  notify: [{name: hook, url: %q}]\n", url)
	}
	var c clock
	h := newHouse(t, func(h *house) {
		c.set(h)
		h.clone.Write(".adamant/adamant.yaml", hooked(a.URL)+"  queue: {attempts: 1}\n")
		h.clone.Commit("a hook")
	})
	url := h.writer("ada")
	h.edit("bad", "broken", "", "Break it")
	bad := h.push(url, "HEAD", "topic=bad")
	h.await(bad, change.Suspended)
	h.until("the first hook is told", func() bool { return len(first.of(bad)) == 1 })
	if e := first.of(bad)[0]; !strings.Contains(e.Next, "adamant resume "+bad) {
		t.Errorf("it does not say what to do: %+v", e)
	}
	h.edit("other-hook", ".adamant/adamant.yaml", hooked(b.URL)+"  queue: {attempts: 1, freeze: [{name: stocktaking, from: 2020-01-01, to: 2100-01-01}]}\n", "Another hook")
	h.clone.Git("push", "-q", h.kernelGit(), "HEAD:refs/heads/main") // past the gate, while it runs
	c.ahead.Store(int64(2 * resync))
	h.until("the configuration is read again", func() bool { return h.status().Frozen != nil })
	h.edit("worse", "broken", "more", "Break it again")
	worse := h.push(url, "HEAD", "topic=worse")
	h.await(worse, change.Suspended)
	h.until("the second hook is told", func() bool { return len(second.of(worse)) == 1 })
	if n := len(first.of(worse)); n != 0 {
		t.Errorf("the first hook was told %d times more", n)
	}
}
