package git

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup puts the child into a process group of its own and makes it die with adamant. The kernel ties the child to the
// thread that started it; Go ends a thread only when a goroutine exits while locked to it, which nothing here does.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func killGroup(cmd *exec.Cmd) error { return signalGroup(cmd, syscall.SIGKILL) }

// endGroup asks the child's group to end.
func endGroup(cmd *exec.Cmd) error { return signalGroup(cmd, syscall.SIGTERM) }

func signalGroup(cmd *exec.Cmd, signal syscall.Signal) error {
	err := syscall.Kill(-cmd.Process.Pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
