package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// reap collects every child, its own and adopted ones, and tells whose command it was.
func (i *inside) reap() {
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		i.mu.Lock()
		for err == unix.ECHILD && len(i.waiting) == 0 {
			i.changed.Wait() // for the next start
		}
		id, ours := i.waiting[pid]
		if err == nil && ours && (ws.Exited() || ws.Signaled()) {
			delete(i.waiting, pid)
			f := frame{Kind: kindEnded, ID: id, Code: ws.ExitStatus()}
			if ws.Signaled() {
				f.Code, f.Signal = -1, unix.SignalName(ws.Signal())
			}
			_ = i.send(f, nil) // nobody is left to tell: the control socket's end says so, too
		}
		i.changed.Broadcast()
		i.mu.Unlock()
	}
}

// close asks what is left, services above all, to end, waits for it for the time of grace, and ends the sandbox.
func (i *inside) close() {
	i.mu.Lock()
	left := len(i.waiting)
	i.mu.Unlock()
	if left > 0 {
		i.signalAll(unix.SIGTERM)
		i.await(Grace)
		if i.setup.Without.has(guardKill) {
			select {}
		}
	}
	i.killRest()
	os.Exit(0)
}

// signalAll signals everything in the pid namespace, or every group that was started.
func (i *inside) signalAll(sig unix.Signal) {
	if i.isFirst {
		_ = unix.Kill(-1, sig) // ESRCH: nothing is left
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, group := range i.groups {
		_ = unix.Kill(-group, sig) // ESRCH: the group is gone
	}
}

// await returns when every command has ended, or after limit.
func (i *inside) await(limit time.Duration) {
	late := false
	timer := time.AfterFunc(limit, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		late = true
		i.changed.Broadcast()
	})
	defer timer.Stop()
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.waiting) > 0 && !late {
		i.changed.Wait()
	}
}

// killRest kills every process that is left. In a pid namespace the first process's exit does it; elsewhere everything inside is
// a descendant, because orphans fall to the subreaper: children are killed until there are none.
func (i *inside) killRest() {
	if i.isFirst {
		return
	}
	i.signalAll(unix.SIGKILL)
	for range 1000 {
		children := childrenOf(os.Getpid())
		if len(children) == 0 {
			return
		}
		for _, pid := range children {
			_ = unix.Kill(pid, unix.SIGKILL) // ESRCH: gone meanwhile
		}
		time.Sleep(time.Millisecond)
	}
}

// childrenOf lists the processes whose parent is pid and that are not dead yet.
func childrenOf(pid int) []int {
	var children []int
	for _, child := range processes() {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(child), "stat"))
		if err != nil {
			continue // gone meanwhile
		}
		// pid (name) state ppid ...: the name may hold anything, so count from its last bracket.
		rest := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(rest) > 1 && rest[0] != "Z" && rest[1] == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children
}

// processes lists the processes that this one sees.
func processes() []int {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var all []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// watchEvery is how often memory is added up where no cgroup does it.
const watchEvery = 200 * time.Millisecond

// watchMemory kills the sandbox when its processes together use more than limit. Fast growth is caught late; RLIMIT_DATA bounds
// each process meanwhile.
func (i *inside) watchMemory(limit int64) {
	for range time.Tick(watchEvery) {
		if residentMemory() <= limit {
			continue
		}
		_ = i.send(frame{Kind: kindMemory}, nil) // it dies anyway
		_ = unix.Kill(-1, unix.SIGKILL)          // ESRCH: it has ended
		return
	}
}

// residentMemory is what all processes but this one keep in memory for themselves, and temporary files.
func residentMemory() int64 {
	var pages int64
	for _, pid := range processes() {
		if pid == os.Getpid() {
			continue
		}
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
		if err != nil {
			continue // gone meanwhile
		}
		pages += privatePages(string(text))
	}
	total := pages * int64(os.Getpagesize())
	for _, folder := range []string{"/tmp", "/dev/shm"} {
		var fs unix.Statfs_t
		if unix.Statfs(folder, &fs) == nil && fs.Type == unix.TMPFS_MAGIC {
			total += int64(fs.Blocks-fs.Bfree) * fs.Bsize
		}
	}
	return total
}

// privatePages are the resident pages of a statm line that are not shared.
func privatePages(statm string) int64 {
	fields := strings.Fields(statm)
	if len(fields) < 3 {
		return 0
	}
	resident, err1 := strconv.ParseInt(fields[1], 10, 64)
	shared, err2 := strconv.ParseInt(fields[2], 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return max(0, resident-shared)
}
