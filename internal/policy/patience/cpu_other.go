//go:build !unix

package patience

import "time"

// cpuTime is not known here: a limit is a limit of wall time.
func cpuTime() (time.Duration, bool) { return 0, false }
