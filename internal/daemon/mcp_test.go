//go:build linux

package daemon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
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
		{"the owner", teapot, uint32(os.Geteuid()), http.StatusTeapot},
		{"another user", teapot, uint32(os.Geteuid()) + 1, http.StatusForbidden},
		{"nobody knows whom", teapot, nil, http.StatusForbidden},
		{"the owner, where nothing is offered", nil, uint32(os.Geteuid()), http.StatusNotFound},
	} {
		d := &Daemon{config: Config{MCP: c.mcp}}
		r := httptest.NewRequest(http.MethodPost, pathMCP, nil)
		if c.peer != nil {
			r = r.WithContext(context.WithValue(r.Context(), peerKey{}, c.peer))
		}
		w := httptest.NewRecorder()
		d.inside().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.what, w.Code, c.want)
		}
	}
}
