// Package filelock locks files between processes (flock(2)): a lock ends with its process, however that ends.
package filelock

import (
	"errors"
	"os"
)

// ErrLocked says that somebody else, in this process or another, has the lock.
var ErrLocked = errors.New("it is locked")

// Flags of Open.
type Flags int

// Without flags a lock is for one alone, and one that somebody else has is ErrLocked.
const (
	Shared Flags = 1 << iota // beside others that are Shared
	Wait                     // until it is free
)

// File is an open file with a lock.
type File struct{ *os.File }

// Close gives the lock up. That is more than closing the file: a process that was just forked, by any part of this one, has the file
// open too until it becomes another program, and the lock would last as long.
func (f *File) Close() error { return errors.Join(unlock(f.File), f.File.Close()) }
