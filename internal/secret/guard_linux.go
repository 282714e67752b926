package secret

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Guard keeps this process, and what it starts, out of core files. As root it also keeps every debugger and /proc out of its memory.
// An ordinary account's process must stay reachable for itself, or it could not start a sandbox of its own (it writes the maps of
// users through /proc); other accounts are kept out by the kernel all the same.
func Guard() error {
	// 1 byte, not 0: for programs that core files are piped to, Linux looks at no other value than 1.
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1}); err != nil {
		// The hard limit may be lower already, which is as good.
		var now unix.Rlimit
		if got := unix.Getrlimit(unix.RLIMIT_CORE, &now); got != nil || now.Cur > 1 {
			return fmt.Errorf("forbidding core files: %w", err)
		}
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keeping debuggers out: %w", err)
	}
	return nil
}

// mine is whether the account of this process owns a file. Root may use what the account owns that it acts for.
func mine(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(s.Uid) == os.Geteuid() || os.Geteuid() == 0)
}
