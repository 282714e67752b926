//go:build !linux

package tlog

import "os"

// syncData makes what was written to a file durable, and its size.
func syncData(f *os.File) error { return f.Sync() }
