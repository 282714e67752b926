//go:build !unix

package tool

import "os/exec"

// Agents run on Linux only; elsewhere this package just compiles.
func ownGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
