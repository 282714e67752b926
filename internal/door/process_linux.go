package door

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// limitProcess bounds the processor time and the file size of a git process and of what it starts.
func limitProcess(pid int, limits Limits) error {
	seconds := max(1, uint64(limits.CPU.Seconds()))
	for what, n := range map[int]uint64{unix.RLIMIT_CPU: seconds, unix.RLIMIT_FSIZE: uint64(limits.fileBytes), unix.RLIMIT_CORE: 0} {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("bounding git: %w", err)
		}
	}
	return nil
}
