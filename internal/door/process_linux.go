package door

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// limitProcess bounds the processor time and the file size of a git process and of what it starts.
func limitProcess(pid int, limits Limits) error {
	seconds := max(1, uint64(limits.CPU.Seconds()))
	size := uint64(limits.PushBytes)*2 + 64<<20 // a pack, and what completes a thin one
	for what, n := range map[int]uint64{unix.RLIMIT_CPU: seconds, unix.RLIMIT_FSIZE: size, unix.RLIMIT_CORE: 0} {
		if err := unix.Prlimit(pid, what, &unix.Rlimit{Cur: n, Max: n}, nil); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("bounding git: %w", err)
		}
	}
	return nil
}
