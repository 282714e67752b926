package builder

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/adamant-os/adamant/internal/peercred"
)

func ownerOf(info fs.FileInfo) (int, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}

// listenerOf is the user who listens on a unix socket.
func listenerOf(ctx context.Context, socket string) (int, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	uid, ok := peercred.User(peercred.Note(ctx, conn))
	if !ok {
		return 0, fmt.Errorf("the system does not say who listens on %s", socket)
	}
	return uid, nil
}

// processes are the folders of all processes of this system.
func processes() ([]string, error) { return filepath.Glob("/proc/[0-9]*") }

// processOwners are the users that have processes here, sorted.
func processOwners() ([]int, error) {
	folders, err := processes()
	if err != nil {
		return nil, err
	}
	var out []int
	for _, folder := range folders {
		var s unix.Stat_t
		if unix.Stat(folder, &s) == nil { // else it has ended
			out = append(out, int(s.Uid))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// commandLines are the processes whose command line holds a text.
func commandLines(text string) []int {
	folders, _ := processes() // a constant pattern is never malformed
	var out []int
	for _, folder := range folders {
		line, err := os.ReadFile(filepath.Join(folder, "cmdline"))
		if pid, bad := strconv.Atoi(filepath.Base(folder)); err == nil && bad == nil && pid != os.Getpid() && strings.Contains(string(line), text) {
			out = append(out, pid)
		}
	}
	return out
}
