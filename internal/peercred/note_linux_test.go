package peercred

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestNote(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"unix", "tcp"} {
		address := filepath.Join(t.TempDir(), "s")
		if network == "tcp" {
			address = "127.0.0.1:0"
		}
		listener, err := new(net.ListenConfig).Listen(t.Context(), network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		client, err := new(net.Dialer).DialContext(t.Context(), network, listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		uid, ok := User(Note(t.Context(), server))
		if ok != (network == "unix") || ok && uid != os.Geteuid() {
			t.Errorf("%s: %d %v", network, uid, ok)
		}
	}
}
