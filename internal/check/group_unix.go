//go:build unix

package check

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func signalGroup(cmd *exec.Cmd, kill bool) {
	sig := syscall.SIGTERM
	if kill {
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(-cmd.Process.Pid, sig) // ESRCH: the group is gone
}

func exitStatus(state *os.ProcessState) status {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return status{signal: ws.Signal().String()}
	}
	return status{exit: state.ExitCode()}
}
