//go:build linux

package daemon

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"syscall"
)

// profile writes a heap profile to a file at SIGUSR1, for whoever looks for memory.
func profile(file string) {
	if file == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			f, err := os.Create(file)
			if err == nil {
				runtime.GC()
				err = pprof.Lookup("heap").WriteTo(f, 0)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "heap profile:", err)
				continue
			}
			_ = f.Close()
		}
	}()
}

// countGoroutines says on stdout how many goroutines there are, at SIGUSR2.
func countGoroutines() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR2)
	go func() {
		for range asked {
			fmt.Printf("goroutines %d\n", runtime.NumGoroutine())
		}
	}()
}
