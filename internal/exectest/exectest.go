// Package exectest writes the programs that tests run.
package exectest

import (
	"os"
	"syscall"
)

// WriteFile is os.WriteFile for a file that is then executed. While it is open for writing no process is started: a child of another
// test would hold a copy of the descriptor until its own exec, and Linux executes no file that somebody may write to ("text file busy",
// https://go.dev/issue/22315).
func WriteFile(path string, data []byte, mode os.FileMode) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, data, mode)
}
