package workforce

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/gateway/egress"
	"github.com/adamant-os/adamant/internal/mcp"
)

// listen is the address of agent.Endpoint.
var listen = strings.TrimPrefix(agent.Endpoint, "http://")

// endpoint is all that an agent reaches: models, tools, and what its persona may reach of the network.
type endpoint struct {
	server *http.Server
	run    *run
}

func (r *run) endpoint(ctx context.Context) (*endpoint, error) {
	proxy, err := egress.New(r.cast.persona.Egress)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", r.session.Handler())
	mux.Handle("/mcp", r.known(mcp.Handler(r.force.config.Version, r.tools())))
	outside := r.known(proxy)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.Method == http.MethodConnect {
				outside.ServeHTTP(w, q)
				return
			}
			mux.ServeHTTP(w, q)
		}),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	return &endpoint{server: server, run: r}, nil
}

// known lets only the attempt's own token through.
func (r *run) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !r.session.Authorized(q) {
			http.Error(w, "this endpoint wants the attempt's token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, q)
	})
}

// serve answers until the sandbox has ended.
func (e *endpoint) serve(l net.Listener) {
	err := e.server.Serve(l)
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		e.run.force.log.Error("the endpoint of an attempt", "attempt", e.run.attempt.ID, "error", err)
	}
	_ = e.server.Close() // connections of a sandbox that is gone
}
