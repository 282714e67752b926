//go:build unix && !linux

package sandbox

import "syscall"

func signalName(sig syscall.Signal) string { return sig.String() }
