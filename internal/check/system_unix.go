//go:build unix

package check

import "syscall"

// nonblock keeps opening a pipe that poses as a report from hanging.
const nonblock = syscall.O_NONBLOCK

// ownerOnly says that file modes tell who may read.
const ownerOnly = true

// canLock says that a lock dies with its process.
const canLock = true
