// Package launch says when a process that starts collects garbage: not while its libraries start, and a command that ends soon not
// before 192 MiB are in use. Where main asks for neither Collect nor Keep, nothing is ever collected. Large and Settle
// are for commands whose memory counts: how fast it comes, how much of it stays.
package launch

import (
	"math"
	"runtime"
	"runtime/debug"
)

// percent is what the environment asks for. It is read, and collecting stopped, before nearly all libraries start: Go starts
// packages in the order of their paths, as soon as all that they import has started. Else a collection would begin when they have
// allocated 2.8 MB, and take three tenths of the CPU time of a start (8.3 against 11.7 ms, 180 runs).
var percent = debug.SetGCPercent(-1)

// Collect collects garbage from now on, as the environment asks for.
func Collect() { debug.SetGCPercent(percent) }

// Keep goes on collecting nothing before 192 MiB are in use: most commands end before, and collecting would take a tenth of their
// time. From then on it is less often than by default.
func Keep() {
	debug.SetMemoryLimit(192 << 20)
	runtime.AddCleanup(new([16]byte), func(int) { // at the end of the first collection
		debug.SetGCPercent(400)
		debug.SetMemoryLimit(math.MaxInt64)
	}, 0)
}
