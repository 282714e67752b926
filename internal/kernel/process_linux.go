package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is what Linux says about one process.
type process struct {
	pid, parent, group int
	started            uint64 // clock ticks since boot
	dead               bool   // a zombie: it runs no more
	stopped            bool
}

// boot names this run of the machine; process ids mean nothing after it.
func boot() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // without /proc nothing is compared
	}
	return strings.TrimSpace(string(data))
}

func self() process {
	p, err := inspect(os.Getpid())
	if err != nil {
		return process{pid: os.Getpid(), group: syscall.Getpgrp()}
	}
	return p
}

// inspect reads /proc/PID/stat. The name in it may hold anything, so fields are counted from its last parenthesis.
func inspect(pid int) (process, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return process{}, err
	}
	fields := strings.Fields(string(data)[strings.LastIndexByte(string(data), ')')+1:])
	if len(fields) < 20 {
		return process{}, errors.New("/proc/PID/stat is too short")
	}
	parent, err := strconv.Atoi(fields[1])
	group, err1 := strconv.Atoi(fields[2])
	started, err2 := strconv.ParseUint(fields[19], 10, 64)
	state := fields[0]
	return process{pid: pid, parent: parent, group: group, started: started, dead: state == "Z" || state == "X",
		stopped: state == "T" || state == "t"}, errors.Join(err, err1, err2)
}

func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil // without /proc the locks alone decide
	}
	var all []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if p, err := inspect(pid); err == nil && !p.dead { // one that ended meanwhile is none
			all = append(all, p)
		}
	}
	return all
}

// groupMembers lists the processes of the holder's group, if it led one of its own on this run of the machine.
func groupMembers(h Holder) []int {
	if h.Group == 0 || h.Group != h.PID || h.Boot == "" || h.Boot != boot() {
		return nil
	}
	var pids []int
	for _, p := range processes() {
		if p.group == h.Group && p.started >= h.Started && p.pid != os.Getpid() {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// openers lists the processes that have a file open, without this one and its children.
func openers(path string) []int {
	var pids []int
	for _, p := range processes() {
		if p.pid != os.Getpid() && p.parent != os.Getpid() && opens(p.pid, path) {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

func opens(pid int, path string) bool {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false // it ended, or is somebody else's
	}
	return slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		target, err := os.Readlink(filepath.Join(dir, entry.Name()))
		return err == nil && target == path
	})
}
