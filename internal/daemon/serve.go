package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/peercred"
)

// serve listens until ctx ends: git and the operator's page on loopback, the API on a unix socket.
func (d *Daemon) serve(ctx context.Context) error {
	web := d.web
	socketPath := d.config.Socket
	if socketPath == "" {
		socketPath = Socket(d.kernel.Dir())
	}
	socket, err := listenSocket(ctx, socketPath)
	if err != nil {
		return err
	}
	outside, err := d.outside(web.Addr().String())
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	d.mu.Lock()
	d.address.Socket = socketPath
	d.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	serveOn(ctx, group, web, &http.Server{Handler: outside, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute})
	serveOn(ctx, group, socket, &http.Server{Handler: d.inside(), ReadHeaderTimeout: 10 * time.Second, ConnContext: peercred.Note})
	if d.config.Ready != nil {
		d.config.Ready(d.addresses())
	}
	return group.Wait()
}

func serveOn(ctx context.Context, group *errgroup.Group, l net.Listener, s *http.Server) {
	s.BaseContext = func(net.Listener) context.Context { return ctx }
	group.Go(func() error {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace/2)
		defer cancel()
		if err := s.Shutdown(end); err != nil {
			return s.Close() // what is left has had its time
		}
		return nil
	})
}

// listen opens the listener, so that whatever needs to know its address does before anything is served.
func (d *Daemon) listen(ctx context.Context) (err error) {
	if d.web, err = listenLoopback(ctx, d.config.Listen); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(d.web.Addr().String())
	d.pageKey = rand.Text()
	d.address = Addresses{Door: "http://" + d.web.Addr().String() + "/" + d.config.Name + ".git", Web: "http://" + net.JoinHostPort(site, port) + pagesAt + d.pageKey + "/"}
	return err
}

// listenLoopback refuses any address that others could reach.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--listen %s: the daemon listens on loopback only; put a reverse proxy with TLS in front of it", address)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// socketMost is how many bytes a socket's path may have: what the system takes, less the 0 at its end.
const socketMost = len(syscall.RawSockaddrUnix{}.Path) - 1

// listenSocket takes the place of a socket that nobody serves any more. The kernel's lock is held, so nobody does.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if n := len(path); n > socketMost {
		return nil, fmt.Errorf("the socket %s has %d bytes, the system takes %d: choose a shorter folder for the kernel, adamant up --kernel FOLDER (or $ADAMANT_KERNEL)",
			path, n, socketMost)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", path, err)
	}
	return l, os.Chmod(path, 0o600)
}

// outside is what anybody on this machine can reach: the door by tokens, the operator's page by signatures.
func (d *Daemon) outside(address string) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("/"+d.config.Name+".git/", d.door)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	if err := d.pages(mux); err != nil {
		return nil, err
	}
	return sameHost(address, http.NewCrossOriginProtection().Handler(mux)), nil
}

// sameHost refuses requests for another host: a page elsewhere may have its name point here.
func sameHost(address string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(address)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, p, err := net.SplitHostPort(r.Host)
		if err != nil || p != port || host != "localhost" && !strings.HasPrefix(host, "127.") && host != "::1" {
			http.Error(w, "this is not the host you asked for", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
