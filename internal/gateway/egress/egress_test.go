package egress

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700:4700::1111": true, "127.0.0.1": false, "::1": false, "10.0.0.1": false, "192.168.1.1": false,
		"172.16.0.1": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "::": false, "224.0.0.1": false,
		"255.255.255.255": false, "fe80::1": false, "fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:1.1.1.1": true,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::7f00:1": false, "fe80::1%eth0": false,
	} {
		if got := Public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestAllowList(t *testing.T) {
	t.Parallel()
	p, err := New([]string{"proxy.golang.org", "db.example.com:5432", "*.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]bool{
		"proxy.golang.org:443": true, "proxy.golang.org:80": false, "db.example.com:5432": true, "db.example.com:443": false,
		"a.example.org:443": true, "a.b.example.org:443": true, "example.org:443": false, "evilexample.org:443": false,
		"example.com:443": false, "PROXY.golang.org:443": false,
	} {
		host, port, _ := net.SplitHostPort(place)
		var n uint16
		_, _ = fmt.Sscan(port, &n)
		if got := p.allows(host, n); got != want {
			t.Errorf("%s: %v", place, got)
		}
	}
	for _, bad := range []string{"", "*", "*.com", "a*b.com", "host:0", "host:99999", "https://host", "host:x"} {
		if _, err := New([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// ask sends CONNECT and gives the status and the connection.
func ask(t *testing.T, server *httptest.Server, place string) (int, net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", place, place)
	r := bufio.NewReader(c)
	response, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, c, r
}

func TestTunnel(t *testing.T) {
	t.Parallel()
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = echo.Close() })
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	uses := make(chan Use, 1)
	var lookups atomic.Int32
	p, err := Config{Allow: []string{"registry.example"}, Observe: func(u Use) { uses <- u },
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			lookups.Add(1)
			return []netip.Addr{netip.MustParseAddr("1.1.1.1")}, nil
		},
		Dial: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			if to != netip.MustParseAddrPort("1.1.1.1:443") {
				t.Errorf("connects to %s", to)
			}
			return net.Dial("tcp", echo.Addr().String())
		}}.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	status, c, r := ask(t, server, "registry.example:443")
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	fmt.Fprint(c, "hello\n")
	line, err := r.ReadString('\n')
	if line != "hello\n" || err != nil {
		t.Errorf("echo %q, %v", line, err)
	}
	_ = c.Close()
	if u := <-uses; u.Sent != 6 || u.Received != 6 || u.Address != "1.1.1.1:443" || lookups.Load() != 1 {
		t.Errorf("use %+v, %d lookups", u, lookups.Load())
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	private := []netip.Addr{netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("127.0.0.1")}
	for _, c := range []struct {
		name, place string
		allow       []string
		found       []netip.Addr
		status      int
		why         string
	}{
		{"an empty list", "registry.example:443", nil, nil, 403, "not on the allow-list"},
		{"another place", "other.example:443", []string{"registry.example"}, nil, 403, "not on the allow-list"},
		{"a name that leads inside", "registry.example:443", []string{"registry.example"}, private[1:], 403, "not a public address"},
		{"a name that leads inside, too", "registry.example:443", []string{"registry.example"}, private, 403, "not a public address"},
		{"an address inside, allowed by mistake", "127.0.0.1:443", []string{"127.0.0.1"}, nil, 403, "not a public address"},
		{"a name without an address", "registry.example:443", []string{"registry.example"}, []netip.Addr{}, 502, "no address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			uses := make(chan Use, 1)
			p, err := Config{Allow: c.allow, Observe: func(u Use) { uses <- u },
				Lookup: func(context.Context, string) ([]netip.Addr, error) { return c.found, nil },
				Dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
					t.Error("it connects")
					return nil, io.ErrClosedPipe
				}}.New()
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(p)
			t.Cleanup(server.Close)
			status, _, _ := ask(t, server, c.place)
			if u := <-uses; status != c.status || !strings.Contains(u.Refused, c.why) {
				t.Errorf("status %d, %q", status, u.Refused)
			}
		})
	}
}

func TestOnlyConnectAndOnlyWithTheToken(t *testing.T) {
	t.Parallel()
	p, err := Config{Allow: []string{"registry.example"}, Authorized: func(*http.Request) bool { return false }}.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	if status, _, _ := ask(t, server, "registry.example:443"); status != http.StatusProxyAuthRequired {
		t.Errorf("without a token: %d", status)
	}
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", response.StatusCode)
	}
}
