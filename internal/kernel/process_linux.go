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
	pid, group int
	started    uint64 // clock ticks since boot
	dead       bool   // a zombie: it runs no more
	stopped    bool
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
	group, err1 := strconv.Atoi(fields[2])
	started, err2 := strconv.ParseUint(fields[19], 10, 64)
	state := fields[0]
	return process{pid: pid, group: group, started: started, dead: state == "Z" || state == "X", stopped: state == "T" || state == "t"},
		errors.Join(err1, err2)
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

// openers lists the processes that have a file open.
func openers(path string) []int {
	var pids []int
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return nil
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || target != path {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if err == nil && pid != os.Getpid() && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
