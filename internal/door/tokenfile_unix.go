//go:build unix

package door

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// private refuses a file that others may read or that belongs to somebody else.
func private(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s may be read by others (mode %04o): run chmod 600 %s, and revoke the token if others were on this machine", path, mode, path)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", path)
	}
	return nil
}
