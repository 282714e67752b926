// Package egress is the only way out of a sandbox besides the model gateway: a CONNECT proxy with an allow-list, empty by
// default. It promises that a tunnel leads to a place that is on the list, at an address that was looked up once, is public and is
// exactly the one that was checked. It never passes on a request that it could read, never reaches a private address, and never
// keeps a tunnel for ever.
package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config is what a proxy needs.
type Config struct {
	// Allow lists the places that may be reached: host:port, or host for port 443. A host *.example.com stands for every name below
	// example.com, and not for itself.
	Allow []string
	// Authorized says whether a request may ask at all. Nil: every one.
	Authorized func(*http.Request) bool
	// Observe is told of each tunnel when it ends, and of each refusal. Nil: nobody is.
	Observe func(Use)
	// Lookup and Dial reach the network. Nil: the system's.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial   func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
}

// Use is one tunnel, or one refusal.
type Use struct {
	Place    string        // host:port as it was asked for
	Address  string        // that was connected to
	Sent     int64         // bytes from the sandbox
	Received int64         // bytes to it
	Took     time.Duration //
	Refused  string        // why there was no tunnel
}

// The bounds of a proxy.
const (
	maxTunnels = 32
	maxBytes   = 4 << 30 // of one tunnel, each way
	idle       = 5 * time.Minute
	life       = 2 * time.Hour
	patience   = 10 * time.Second // for looking up and connecting
)

// Proxy answers CONNECT requests to allowed places and refuses everything else. It is safe for concurrent use.
type Proxy struct {
	config  Config
	allowed []place
	tunnels chan struct{}
}

type place struct {
	host  string // without the * of a pattern
	below bool
	port  uint16
}

// New makes a proxy that reaches the places in allow (see Config).
func New(allow []string) (*Proxy, error) { return Config{Allow: allow}.New() }

// New makes a proxy.
func (c Config) New() (*Proxy, error) {
	p := &Proxy{config: c, tunnels: make(chan struct{}, maxTunnels)}
	for _, text := range c.Allow {
		allowed, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("egress %q: %w", text, err)
		}
		p.allowed = append(p.allowed, allowed)
	}
	if p.config.Lookup == nil {
		p.config.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if p.config.Dial == nil {
		p.config.Dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
		}
	}
	return p, nil
}

// parse reads an entry of the allow-list.
func parse(text string) (place, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = text, "443"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return place{}, errors.New("want host or host:port")
	}
	name, below := strings.CutPrefix(strings.ToLower(strings.TrimSuffix(host, ".")), "*.")
	if name == "" || strings.ContainsAny(name, "*/@ \t") {
		return place{}, errors.New("want host or host:port; * stands only before a dot at the beginning")
	}
	if below && !strings.Contains(name, ".") {
		return place{}, errors.New("a pattern needs two names at least behind *")
	}
	return place{host: name, below: below, port: uint16(n)}, nil
}

// allows says whether a place is on the list.
func (p *Proxy) allows(host string, port uint16) bool {
	for _, a := range p.allowed {
		if a.port == port && (!a.below && a.host == host || a.below && strings.HasSuffix(host, "."+a.host)) {
			return true
		}
	}
	return false
}

// refusal is why there is no tunnel.
type refusal struct {
	status int
	why    string
}

// ServeHTTP answers one request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	use, refused := p.serve(w, r)
	if refused != nil {
		use.Refused = refused.why
		http.Error(w, "adamant: "+refused.why, refused.status)
	}
	if p.config.Observe != nil {
		p.config.Observe(use)
	}
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) (Use, *refusal) {
	use := Use{Place: r.Host}
	if r.Method != http.MethodConnect {
		return use, &refusal{http.StatusMethodNotAllowed, "only CONNECT is served: ask for https"}
	}
	if p.config.Authorized != nil && !p.config.Authorized(r) {
		return use, &refusal{http.StatusProxyAuthRequired, "this is not the task's token"}
	}
	select {
	case p.tunnels <- struct{}{}:
		defer func() { <-p.tunnels }()
	default:
		return use, &refusal{http.StatusServiceUnavailable, fmt.Sprintf("there are %d tunnels already", maxTunnels)}
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	to, refused := p.resolve(ctx, r.Host)
	if refused != nil {
		return use, refused
	}
	use.Address = to.String()
	far, err := p.config.Dial(ctx, to)
	if err != nil {
		return use, &refusal{http.StatusBadGateway, fmt.Sprintf("connecting to %s: %v", r.Host, err)}
	}
	start := time.Now()
	use.Sent, use.Received, err = tunnel(w, far)
	use.Took = time.Since(start)
	if err != nil {
		return use, &refusal{http.StatusInternalServerError, err.Error()}
	}
	return use, nil
}

// resolve checks a place and finds the one address that is connected to.
func (p *Proxy) resolve(ctx context.Context, asked string) (netip.AddrPort, *refusal) {
	host, port, err := net.SplitHostPort(asked)
	n, err2 := strconv.ParseUint(port, 10, 16)
	if err != nil || err2 != nil {
		return netip.AddrPort{}, &refusal{http.StatusBadRequest, "want CONNECT host:port"}
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !p.allows(host, uint16(n)) {
		return netip.AddrPort{}, &refusal{http.StatusForbidden, asked + " is not on the allow-list of this agent (egress in its persona)"}
	}
	addresses := []netip.Addr{}
	if address, err := netip.ParseAddr(host); err == nil {
		addresses = append(addresses, address)
	} else if addresses, err = p.config.Lookup(ctx, host); err != nil {
		return netip.AddrPort{}, &refusal{http.StatusBadGateway, fmt.Sprintf("looking up %s: %v", host, err)}
	}
	for _, a := range addresses {
		if !Public(a) {
			return netip.AddrPort{}, &refusal{http.StatusForbidden, fmt.Sprintf("%s leads to %s, which is not a public address", host, a)}
		}
	}
	if len(addresses) == 0 {
		return netip.AddrPort{}, &refusal{http.StatusBadGateway, host + " has no address"}
	}
	return netip.AddrPortFrom(addresses[0].Unmap().WithZone(""), uint16(n)), nil
}

// tunnel joins the client's connection with far until one of them ends, and closes both.
func tunnel(w http.ResponseWriter, far net.Conn) (sent, received int64, err error) {
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return 0, 0, errors.Join(fmt.Errorf("taking the connection over: %w", err), far.Close())
	}
	closeBoth := sync.OnceFunc(func() {
		_, _ = near.Close(), far.Close() // both are done with
	})
	defer closeBoth()
	end := time.AfterFunc(life, closeBoth)
	defer end.Stop()
	if _, err := near.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		return 0, 0, nil // the client is gone
	}
	var ways sync.WaitGroup
	ways.Go(func() {
		defer closeBoth()
		sent = pipe(far, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), near), near)
	})
	ways.Go(func() {
		defer closeBoth()
		received = pipe(near, far, far)
	})
	ways.Wait()
	return sent, received, nil
}

// pipe copies until an end, a silence or the bound.
func pipe(to io.Writer, from io.Reader, source net.Conn) int64 {
	var total int64
	chunk := make([]byte, 32<<10)
	for total < maxBytes {
		if err := source.SetReadDeadline(time.Now().Add(idle)); err != nil {
			return total
		}
		n, err := from.Read(chunk)
		if n > 0 {
			written, err := to.Write(chunk[:n])
			total += int64(written)
			if err != nil {
				return total
			}
		}
		if err != nil {
			return total
		}
	}
	return total
}
