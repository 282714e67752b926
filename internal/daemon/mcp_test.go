//go:build linux

package daemon

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/adamant-os/adamant/internal/peercred"
)

// The socket's MCP answers the user who runs the daemon and nobody else.
func TestMCPIsForTheOwner(t *testing.T) {
	t.Parallel()
	teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, c := range []struct {
		what string
		mcp  http.Handler
		peer any
		want int
	}{
		{"the owner", teapot, os.Geteuid(), http.StatusTeapot},
		{"another user", teapot, os.Geteuid() + 1, http.StatusForbidden},
		{"nobody knows whom", teapot, nil, http.StatusForbidden},
		{"the owner, where nothing is offered", nil, os.Geteuid(), http.StatusNotFound},
	} {
		d := &Daemon{config: Config{MCP: c.mcp}}
		r := httptest.NewRequest(http.MethodPost, pathMCP, nil)
		if uid, ok := c.peer.(int); ok {
			r = r.WithContext(peercred.WithUser(r.Context(), uid))
		}
		w := httptest.NewRecorder()
		d.inside().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.what, w.Code, c.want)
		}
	}
}
