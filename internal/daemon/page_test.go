package daemon

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// TestPagesHaveASecretAddress: whoever reaches the port reads nothing of a change without the address, which is told over the socket.
func TestPagesHaveASecretAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.edit("bad", "broken", "", "A title of ours")
	id := h.push(h.writer("ada"), "HEAD")
	h.await(id, change.Rejected)
	get := func(url string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	var c desk.Change
	h.call("GET", desk.PathChange, id, nil, &c)
	if status, text := get(c.Page); status != http.StatusOK || !strings.Contains(text, "A title of ours") {
		t.Fatalf("%s: %d %s", c.Page, status, text)
	}
	root, rest, found := strings.Cut(c.Page, pagesAt)
	key, rest, more := strings.Cut(rest, "/")
	if !found || !more || len(key) < 26 {
		t.Fatalf("%s holds no key", c.Page)
	}
	for _, url := range []string{
		root + "/" + rest, root + pagesAt + rest, root + pagesAt + "/" + rest, root + pagesAt + key[1:] + "/" + rest,
		root + pagesAt + strings.Repeat("A", len(key)) + "/" + rest, root + pagesAt + strings.ToLower(key) + "/" + rest,
	} {
		if status, text := get(url); status != http.StatusNotFound || strings.Contains(text, "A title of ours") {
			t.Errorf("%s: %d %s", url, status, text)
		}
	}
	if status, _ := get(root + "/operator/static/page.css"); status != http.StatusOK {
		t.Errorf("the page's style: %d", status)
	}
	h.down()
	h.up()
	h.call("GET", desk.PathChange, id, nil, &c)
	if strings.Contains(c.Page, key) {
		t.Error("the key of before opens the page still")
	}
}
