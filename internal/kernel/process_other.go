//go:build !linux

package kernel

import "os"

// process is what is known about a process elsewhere than on Linux: its number. The locks alone decide there.
type process struct {
	pid, group int
	started    uint64
	stopped    bool
}

func boot() string { return "" }

func self() process { return process{pid: os.Getpid()} }

func inspect(pid int) (process, error) { return process{pid: pid}, nil }

func groupMembers(Holder) []int { return nil }

func openers(string) []int { return nil }
