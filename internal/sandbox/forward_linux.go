package sandbox

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

// forwards are the listeners of one sandbox. They live in its network namespace; whoever accepts on them is this process, so
// nothing inside holds a way out.
type forwards struct {
	mu        sync.Mutex
	closed    bool
	listeners []net.Listener
	conns     map[net.Conn]bool
	serving   sync.WaitGroup
}

// forward serves the listeners that were made inside, in the order of their Forward.
func forward(list []Forward, files []*os.File) (*forwards, error) {
	defer closeAll(files)
	f := &forwards{conns: map[net.Conn]bool{}}
	for i, to := range list {
		listener, err := net.FileListener(files[i])
		if err != nil {
			f.close()
			return nil, fmt.Errorf("take the listener %s: %w", to.Listen, err)
		}
		f.listeners = append(f.listeners, listener)
		if to.Serve != nil {
			f.serving.Go(func() { to.Serve(listener) })
			continue
		}
		f.serving.Go(func() { f.accept(listener, to.Socket) })
	}
	return f, nil
}

func (f *forwards) accept(listener net.Listener, socket string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		f.serving.Go(func() { f.connect(conn, socket) })
	}
}

// connect copies both ways. Each direction's end is passed on, so that half-closed connections work.
func (f *forwards) connect(inside net.Conn, socket string) {
	defer f.forget(inside)
	if !f.remember(inside) {
		return
	}
	outside, err := net.Dial("unix", socket)
	if err != nil {
		return // the program sees its connection closed
	}
	defer f.forget(outside)
	if !f.remember(outside) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { pass(outside, inside) })
	both.Go(func() { pass(inside, outside) })
	both.Wait()
}

func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite() // it is closed already
		return
	}
	to.Close()
	from.Close()
}

func (f *forwards) remember(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[c] = true
	return !f.closed
}

func (f *forwards) forget(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
	c.Close()
}

// close ends all connections and returns when nothing is served any more.
func (f *forwards) close() {
	f.mu.Lock()
	f.closed = true
	for _, l := range f.listeners {
		l.Close()
	}
	for c := range f.conns {
		c.Close()
	}
	f.mu.Unlock()
	f.serving.Wait()
}
