package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// cgroups are the folders that this process may make groups in: one for each controller of version 1, the same one for both of
// version 2. Nil = none: there are no cgroups, or this user may not use them.
type cgroups struct {
	v2           bool
	memory, pids string
	made         atomic.Int64
}

// cgroup is the group of one sandbox. Nil = none.
type cgroup struct {
	v2      bool
	folders []string
	events  string // the file that counts what ran out of memory
}

const (
	groupPrefix = "adamant-"     // and the id of the process that made it
	leaf        = "adamant-self" // where this process goes, so that its cgroup of version 2 may have children with limits
)

func (c *cgroups) version() string {
	switch {
	case c == nil:
		return "none"
	case c.v2:
		return "v2"
	}
	return "v1"
}

// findCgroups finds out where this process may make groups.
func findCgroups() *cgroups {
	own, err1 := os.ReadFile("/proc/self/cgroup")
	mounts, err2 := os.ReadFile("/proc/self/mountinfo")
	if err1 != nil || err2 != nil {
		return nil
	}
	memory, pids, unified := cgroupFolders(string(own), string(mounts))
	if memory != "" && pids != "" {
		c := &cgroups{memory: memory, pids: pids}
		if c.usable() {
			return c
		}
	}
	if unified == "" {
		return nil
	}
	c := &cgroups{v2: true, memory: unified, pids: unified}
	if c.delegate(os.Getpid()) && c.usable() {
		return c
	}
	return nil
}

// cgroupFolders are the folders of this process's own groups, by the texts of /proc/self/cgroup and mountinfo; "" = not mounted.
func cgroupFolders(own, mounts string) (memory, pids, unified string) {
	paths := map[string]string{} // by controller; version 2 is ""
	for line := range strings.Lines(own) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			paths[controller] = parts[2]
		}
	}
	for line := range strings.Lines(mounts) {
		m, ok := parseMount(line)
		if !ok {
			continue
		}
		switch m.kind {
		case "cgroup2":
			unified = join(m, paths, "", unified)
		case "cgroup":
			for option := range strings.SplitSeq(m.options, ",") {
				switch option {
				case "memory":
					memory = join(m, paths, option, memory)
				case "pids":
					pids = join(m, paths, option, pids)
				}
			}
		}
	}
	return memory, pids, unified
}

// join is the folder of a controller's group below a mount, which may show only a part of the hierarchy.
func join(m mountLine, paths map[string]string, controller, otherwise string) string {
	path, ok := paths[controller]
	rest, below := strings.CutPrefix(path, strings.TrimSuffix(m.root, "/"))
	if !ok || !below || rest != "" && !strings.HasPrefix(rest, "/") {
		return otherwise
	}
	return filepath.Join(m.point, rest)
}

type mountLine struct{ root, point, kind, options string }

// parseMount reads a line of mountinfo.
func parseMount(line string) (mountLine, bool) {
	left, right, ok := strings.Cut(line, " - ")
	l, r := strings.Fields(left), strings.Fields(right)
	if !ok || len(l) < 6 || len(r) < 3 {
		return mountLine{}, false
	}
	return mountLine{root: unescape(l[3]), point: unescape(l[4]), kind: r[0], options: r[2]}, true
}

// unescape undoes the octal escapes of mountinfo.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// delegate makes sure that groups made here have memory and process limits. In a group of version 2 that holds only this process
// and its children, they go to a leaf of their own for that, as a group with children that have limits must hold none.
func (c *cgroups) delegate(self int) bool {
	if filepath.Base(c.memory) == leaf {
		c.memory = filepath.Dir(c.memory)
		c.pids = c.memory
	}
	control := filepath.Join(c.memory, "cgroup.subtree_control")
	if text, err := os.ReadFile(control); err == nil && hasWords(string(text), "memory", "pids") {
		return true
	}
	err := writeKnob(control, "+memory +pids")
	if !errors.Is(err, unix.EBUSY) {
		return err == nil
	}
	procs, err := os.ReadFile(filepath.Join(c.memory, "cgroup.procs"))
	if err != nil || !onlyOurs(strings.Fields(string(procs)), self, childrenOf(self)) {
		return false // it is shared with others, who stay where they are
	}
	aside := filepath.Join(c.memory, leaf)
	if err := os.Mkdir(aside, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return false
	}
	for _, pid := range strings.Fields(string(procs)) {
		if err := writeKnob(filepath.Join(aside, "cgroup.procs"), pid); err != nil && !errors.Is(err, unix.ESRCH) {
			return false
		}
	}
	return writeKnob(control, "+memory +pids") == nil
}

// onlyOurs tells whether processes are this one and its children.
func onlyOurs(pids []string, self int, children []int) bool {
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		if err != nil || pid != self && !slices.Contains(children, pid) {
			return false
		}
	}
	return len(pids) > 0
}

func hasWords(text string, words ...string) bool {
	for _, word := range words {
		if !strings.Contains(" "+strings.TrimSpace(text)+" ", " "+word+" ") {
			return false
		}
	}
	return true
}

// usable tries it, and removes what processes that died left.
func (c *cgroups) usable() bool {
	for _, folder := range []string{c.memory, c.pids} {
		sweepGroups(folder)
	}
	g, err := c.make(Limits{Memory: 1 << 30, Processes: 64})
	return err == nil && g.remove() == nil
}

// sweepGroups removes the empty groups of processes that are gone. A group that is in use cannot be removed.
func sweepGroups(folder string) {
	old, err := filepath.Glob(filepath.Join(folder, groupPrefix+"*-*"))
	if err != nil {
		return
	}
	for _, path := range old {
		text, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), groupPrefix), "-")
		if pid, err := strconv.Atoi(text); err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			_ = os.Remove(path) // EBUSY: something lives in it
		}
	}
}

// make makes the group of one sandbox; none when nothing is limited.
func (c *cgroups) make(l Limits) (*cgroup, error) {
	if c == nil || l.Memory < 0 && l.Processes < 0 {
		return nil, nil
	}
	for {
		name := fmt.Sprintf("%s%d-%d", groupPrefix, os.Getpid(), c.made.Add(1))
		g, err := c.claim(name)
		if errors.Is(err, fs.ErrExist) { // of another Sandbox of this process
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("make a cgroup: %w", err)
		}
		if err := g.limit(filepath.Join(c.memory, name), filepath.Join(c.pids, name), l); err != nil {
			return nil, errors.Join(err, g.remove())
		}
		return g, nil
	}
}

// claim makes the folders of a new group.
func (c *cgroups) claim(name string) (*cgroup, error) {
	g := &cgroup{v2: c.v2}
	for _, parent := range slices.Compact([]string{c.memory, c.pids}) {
		folder := filepath.Join(parent, name)
		if err := os.Mkdir(folder, 0o755); err != nil {
			return nil, errors.Join(err, g.remove())
		}
		g.folders = append(g.folders, folder)
	}
	return g, nil
}

func (g *cgroup) limit(memory, pids string, l Limits) error {
	type knob struct {
		path, value string
		optional    bool // of kernels that count swap
	}
	var knobs []knob
	if l.Processes >= 0 { // beside the programs: the first process, with its threads
		knobs = append(knobs, knob{path: filepath.Join(pids, "pids.max"), value: strconv.FormatInt(l.Processes+firstThreads, 10)})
	}
	bytes := strconv.FormatInt(l.Memory, 10)
	switch {
	case l.Memory < 0:
	case g.v2:
		g.events = filepath.Join(memory, "memory.events")
		knobs = append(knobs, knob{path: filepath.Join(memory, "memory.max"), value: bytes},
			knob{path: filepath.Join(memory, "memory.swap.max"), value: "0", optional: true})
	default:
		g.events = filepath.Join(memory, "memory.oom_control")
		knobs = append(knobs, knob{path: filepath.Join(memory, "memory.limit_in_bytes"), value: bytes},
			knob{path: filepath.Join(memory, "memory.memsw.limit_in_bytes"), value: bytes, optional: true})
	}
	for _, k := range knobs {
		err := writeKnob(k.path, k.value)
		if k.optional && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("limit a cgroup: %w", err)
		}
	}
	return nil
}

// firstThreads is more than the first process ever has.
const firstThreads = 32

func writeKnob(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}

// doors are files by which a thread moves itself, and what it will start, into the group of version 1. To move another process
// the kernel waits for all processors, which takes longer than everything else about a start.
func (g *cgroup) doors() (files []*os.File, err error) {
	if g == nil || g.v2 {
		return nil, nil
	}
	for _, folder := range g.folders {
		file, err := os.OpenFile(filepath.Join(folder, "tasks"), os.O_WRONLY, 0)
		if err != nil {
			closeAll(files)
			return nil, fmt.Errorf("put a sandbox into its cgroup: %w", err)
		}
		files = append(files, file)
	}
	return files, nil
}

// add moves a process, which has started nothing yet, into the group of version 2.
func (g *cgroup) add(pid int) error {
	if g == nil || !g.v2 {
		return nil
	}
	for _, folder := range g.folders {
		if err := writeKnob(filepath.Join(folder, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("put a sandbox into its cgroup: %w", err)
		}
	}
	return nil
}

// starved tells whether the kernel killed something in the group for its memory.
func (g *cgroup) starved() bool {
	if g == nil || g.events == "" {
		return false
	}
	text, err := os.ReadFile(g.events)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if count, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok && count != "0" {
			return true
		}
	}
	return false
}

// forgetTime is how long the kernel may take to forget processes that were killed.
const forgetTime = 30 * time.Second

// remove removes the group, whose processes were killed.
func (g *cgroup) remove() error {
	if g == nil {
		return nil
	}
	var errs []error
	for _, folder := range g.folders {
		err := os.Remove(folder)
		for end := time.Now().Add(forgetTime); errors.Is(err, unix.EBUSY) && time.Now().Before(end); err = os.Remove(folder) {
			time.Sleep(2 * time.Millisecond)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove a cgroup: %w", err))
		}
	}
	return errors.Join(errs...)
}
