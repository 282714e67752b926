package sandbox

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup ends the process and its descendants. There is no gentle way for a process without a window.
func signalGroup(cmd *exec.Cmd, kill bool) {
	if !kill {
		return
	}
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() // fails when all have ended
	_ = cmd.Process.Kill()                                                                // ErrProcessDone: it has ended
}

func exitStatus(state *os.ProcessState) Exit { return Exit{Code: state.ExitCode()} }
