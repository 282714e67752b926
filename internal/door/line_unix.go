//go:build unix

package door

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// linePair makes a line between the door and git's hooks. Who has an end has it from its parent: there is no name to find it by.
func linePair() (net.Conn, *os.File, error) {
	syscall.ForkLock.RLock() // no child may inherit the ends by chance
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(pair[0])
		syscall.CloseOnExec(pair[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	near, far := os.NewFile(uintptr(pair[0]), "door"), os.NewFile(uintptr(pair[1]), "hooks")
	conn, err := net.FileConn(near)
	if err = errors.Join(err, near.Close()); err != nil {
		return nil, nil, errors.Join(err, far.Close())
	}
	return conn, far, nil
}
