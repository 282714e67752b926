//go:build !unix

package git

import "os/exec"

// ownGroup does nothing: the children of this package's children are short-lived helpers of git.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func endGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
