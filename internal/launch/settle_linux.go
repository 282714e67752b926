package launch

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Settle gives back the pages of the program's own file that starting took, about 35 MB: the inits of hundreds of packages and what
// lies around them. Most are not needed again, and those that are come back when they are touched. That takes half a millisecond,
// so it is for commands whose memory counts. Where the system does not allow it, nothing changes.
func Settle() { settle("/proc/self") }

func settle(process string) {
	status, err := os.ReadFile(process + "/status")
	if err != nil || !bytes.Contains(status, []byte("\nTracerPid:\t0\n")) {
		return // a debugger's breakpoints lie in these pages
	}
	maps, err := os.ReadFile(process + "/maps")
	if err != nil || !alone(string(maps)) {
		return // a dynamic linker wrote into pages that are read-only since, and they would come back as they are in the file
	}
	for line := range strings.Lines(string(maps)) {
		if start, end, ok := constant(line); ok {
			syscall.Syscall(syscall.SYS_MADVISE, start, end-start, syscall.MADV_DONTNEED)
		}
	}
}

// alone says that all code is of one file, the program itself: a program that cgo is part of has the dynamic linker and libraries beside it.
func alone(maps string) bool {
	program := ""
	for line := range strings.Lines(maps) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[4] == "0" || !strings.Contains(fields[1], "x") {
			continue
		}
		if program == "" {
			program = fields[5]
		}
		if fields[5] != program {
			return false
		}
	}
	return true
}

// constant is where a line of /proc/PID/maps says that a file is mapped, when this process reads that and cannot write it.
func constant(line string) (start, end uintptr, ok bool) {
	fields := strings.Fields(line) // place, rights, offset, device, inode, path
	if len(fields) < 6 || fields[4] == "0" || !strings.HasPrefix(fields[1], "r-") || !strings.HasSuffix(fields[1], "p") {
		return 0, 0, false
	}
	from, to, _ := strings.Cut(fields[0], "-")
	a, err := strconv.ParseUint(from, 16, strconv.IntSize)
	b, err2 := strconv.ParseUint(to, 16, strconv.IntSize)
	return uintptr(a), uintptr(b), err == nil && err2 == nil && a < b
}
