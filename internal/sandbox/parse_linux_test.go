package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func TestCgroupFolders(t *testing.T) {
	t.Parallel()
	const v1 = `36 25 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
37 25 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory
38 25 0:33 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
39 25 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`
	for name, test := range map[string]struct{ own, mounts, memory, pids, unified string }{
		"v1":             {"8:pids:/a\n4:memory:/a/b\n0::/c\n", v1, "/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/unified/c"},
		"v2":             {"0::/user.slice/x\n", "30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "", "", "/sys/fs/cgroup/user.slice/x"},
		"part of a tree": {"4:memory:/docker/1/2\n", "37 25 0:32 /docker/1 /cg rw - cgroup cgroup rw,memory\n", "/cg/2", "", ""},
		"another part":   {"4:memory:/docker/12\n", "37 25 0:32 /docker/1 /cg rw - cgroup cgroup rw,memory\n", "", "", ""},
		"a space":        {"0::/\n", `30 25 0:26 / /a\040b rw - cgroup2 cgroup2 rw` + "\n", "", "", "/a b"},
		"nothing":        {"", "", "", "", ""},
		"nonsense":       {"x\n::\n0:\n", "x - y\n\n - \n", "", "", ""},
	} {
		memory, pids, unified := cgroupFolders(test.own, test.mounts)
		if memory != test.memory || pids != test.pids || unified != test.unified {
			t.Errorf("%s: %q %q %q", name, memory, pids, unified)
		}
	}
}

func FuzzCgroupFolders(f *testing.F) {
	f.Add("4:memory:/a\n0::/b\n", "37 25 0:32 / /cg rw - cgroup cgroup rw,memory\n")
	f.Add("0::/../..\n", `30 25 0:26 / /a\040\1 rw - cgroup2 x rw`)
	f.Fuzz(func(t *testing.T, own, mounts string) {
		memory, pids, unified := cgroupFolders(own, mounts)
		for _, folder := range []string{memory, pids, unified} {
			if folder != "" && filepath.Clean(folder) != folder {
				t.Errorf("%q is no clean path", folder)
			}
		}
	})
}

// TestVersion2 plays the kernel's part with plain files, which take what they are told.
func TestVersion2(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("cgroup.subtree_control", "cpu memory pids\n")
	c := &cgroups{v2: true, memory: dir, pids: dir}
	if !c.delegate(os.Getpid()) || c.version() != "v2" {
		t.Fatal("a group that has limits for its children is not used")
	}
	g, err := c.claim("adamant-1-1")
	if err != nil || len(g.folders) != 1 {
		t.Fatal(g, err)
	}
	for _, knob := range []string{"pids.max", "memory.max", "cgroup.procs"} {
		put("adamant-1-1/"+knob, "")
	}
	if err := errors.Join(g.limit(g.folders[0], g.folders[0], Limits{Memory: 5000, Processes: 10}), g.add(77)); err != nil {
		t.Fatal(err)
	}
	for knob, want := range map[string]string{"pids.max": strconv.Itoa(10 + firstThreads), "memory.max": "5000", "cgroup.procs": "77"} {
		if text, err := os.ReadFile(filepath.Join(g.folders[0], knob)); err != nil || string(text) != want {
			t.Errorf("%s: %q %v", knob, text, err)
		}
	}
	put("adamant-1-1/memory.events", "low 0\noom 1\noom_kill 0\n")
	if g.starved() {
		t.Error("nothing was killed yet")
	}
	put("adamant-1-1/memory.events", "low 0\noom 1\noom_kill 1\n")
	if !g.starved() {
		t.Error("something was killed")
	}
	for _, test := range []struct {
		pids     []string
		children []int
		want     bool
	}{{[]string{"7"}, nil, true}, {[]string{"7", "8"}, []int{8}, true}, {[]string{"7", "9"}, []int{8}, false}, {nil, nil, false}, {[]string{"x"}, nil, false}} {
		if got := onlyOurs(test.pids, 7, test.children); got != test.want {
			t.Errorf("%v with children %v: %v", test.pids, test.children, got)
		}
	}
	put("cgroup.subtree_control", "cpu\n")
	moved := &cgroups{v2: true, memory: filepath.Join(dir, leaf), pids: filepath.Join(dir, leaf)}
	if !moved.delegate(os.Getpid()) || moved.memory != dir {
		t.Errorf("from its leaf it uses %s", moved.memory)
	}
}

func TestSlots(t *testing.T) {
	t.Parallel()
	whole := parseMap("         0          0 4294967295\n")
	if id, ok := slotID(whole, 3); !ok || id != firstSlot+6 {
		t.Errorf("on the host slot 3 is %d %v", id, ok)
	}
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 1<<20).Draw(t, "size")
		ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: size}}
		n := rapid.IntRange(-2, maxSlots+2).Draw(t, "slot")
		id, ok := slotID(ids, n)
		if !ok {
			return
		}
		if n < 0 || n >= maxSlots || id < size/2 || id+1 >= size-1 {
			t.Fatalf("slot %d of %d users is %d", n, size, id)
		}
		if other, ok := slotID(ids, n+1); ok && other <= id+1 {
			t.Fatalf("slots %d and %d overlap: %d %d", n, n+1, id, other)
		}
	})
	if _, ok := slotID(nil, 0); ok {
		t.Error("there is a slot without users")
	}
}

func FuzzFrame(f *testing.F) {
	head, body, err := frame{Kind: kindStart, ID: 3, Command: &command{Argv: []string{"x"}, Dir: "/"}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(head, body...))
	f.Add([]byte{0, 0, 0, 2, '{', '}'})
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 4 {
			return
		}
		read, err := decodeFrame([4]byte(data), bytes.NewReader(data[4:]))
		if err != nil {
			return
		}
		head, body, err := read.encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decodeFrame([4]byte(head), bytes.NewReader(body)); err != nil || again.Kind != read.Kind || again.ID != read.ID {
			t.Errorf("%+v became %+v (%v)", read, again, err)
		}
	})
}

func TestFramesAreBounded(t *testing.T) {
	t.Parallel()
	head := [4]byte(binary.BigEndian.AppendUint32(nil, maxFrame+1))
	if _, err := decodeFrame(head, bytes.NewReader(nil)); err == nil {
		t.Error("a huge frame is read")
	}
	if _, _, err := (frame{Error: strings.Repeat("x", maxFrame)}).encode(); err == nil {
		t.Error("a huge frame is sent")
	}
}

func TestLimitsFilled(t *testing.T) {
	t.Parallel()
	if got := (Limits{}).filled(); got != DefaultLimits() {
		t.Errorf("%+v", got)
	}
	mine := Limits{Memory: -1, Processes: 2, FileSize: 3, OpenFiles: 4, Temp: 5, CPU: time.Second, Wall: time.Minute}
	if got := mine.filled(); got != mine {
		t.Errorf("%+v", got)
	}
}

// TestRefused: each way in which a system can refuse has its remedy.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		err   error
		want  string
	}{
		"none allowed": {map[string]string{"user/max_user_namespaces": "0\n"}, unix.ENOSPC, "user.max_user_namespaces"},
		"Debian":       {map[string]string{"kernel/unprivileged_userns_clone": "0\n"}, unix.EPERM, "unprivileged_userns_clone=1"},
		"Ubuntu":       {map[string]string{"kernel/apparmor_restrict_unprivileged_userns": "1\n"}, unix.EACCES, "AppArmor"},
		"a container":  {nil, errors.New("start it: operation not permitted"), "security-opt"},
		"an old one":   {nil, unix.ENOSYS, "5.13"},
		"who knows":    {nil, errors.New("x"), "docs/sandbox.md"},
	} {
		err := refused(test.err, func(path string) ([]byte, error) {
			if text, ok := test.files[strings.TrimPrefix(path, "/proc/sys/")]; ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		})
		var missing *UnavailableError
		if !errors.As(err, &missing) || !strings.Contains(missing.Fix, test.want) || !strings.Contains(err.Error(), missing.Fix) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatIsMissing: an agent's sandbox refuses without any one layer, and a check's says what it has not.
func TestWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	for layer, has := range map[string]layers{"seccomp": {Landlock: 1}, "Landlock": {Seccomp: true}} {
		poor := &Sandbox{self: s.self, layers: has}
		var missing *UnavailableError
		if err := poor.complete(t.Context()); !errors.As(err, &missing) || missing.Layer != layer {
			t.Errorf("without %s: %v", layer, err)
		}
	}
	if _, err := New(t.Context(), Options{}); err == nil {
		t.Error("a sandbox without a first process")
	}
	for name, take := range map[string]func(*layers){
		"user namespace": func(l *layers) { l.User = false }, "pid namespace": func(l *layers) { l.PID = false }, "mount namespace": func(l *layers) { l.Mount = false },
		"network namespace": func(l *layers) { l.Net = false }, "Landlock": func(l *layers) { l.Landlock = 0 }, "seccomp": func(l *layers) { l.Seccomp = false },
	} {
		poor := &Sandbox{self: s.self, layers: s.layers}
		take(&poor.layers)
		if _, err := poor.Open(t.Context(), Spec{Identity: slot(t, 1)}); err == nil {
			t.Errorf("without %s an agent runs", name)
		}
	}
	for _, self := range []string{"", "/bin/true", "/no/such"} {
		weak, err := New(t.Context(), Options{Self: self, Weaker: true})
		if err != nil || weak.Report() != (Report{Cgroup: "none"}) {
			t.Errorf("%q gives %+v %v", self, weak.Report(), err)
		}
		if _, err := weak.Open(t.Context(), Spec{Identity: slot(t, 1)}); err == nil {
			t.Errorf("%q runs an agent without isolation", self)
		}
	}
}

func TestLandlockKnowsItsVersions(t *testing.T) {
	t.Parallel()
	var last uint64
	for abi := 1; abi <= 9; abi++ {
		if now := handled(abi); now&last != last || now&(landRead|landWrite|landNever) != landRead|landWrite|landNever {
			t.Errorf("version %d handles less than the one before", abi)
		} else {
			last = now
		}
	}
	rules := landRules(&setup{Mounts: []mountOrder{{Target: "/a"}, {Target: "/b", Writable: true}}})
	writable := func(path string) bool {
		return slices.ContainsFunc(rules, func(r landRule) bool { return r.path == path && r.access&landWrite == landWrite })
	}
	if writable("/a") || !writable("/b") || writable("/") || writable("/proc") {
		t.Errorf("%+v", rules)
	}
	for _, r := range rules {
		if r.access&landNever != 0 {
			t.Errorf("devices may be made below %s", r.path)
		}
	}
}

// FuzzStat reads what a program can put into its own name.
func FuzzStat(f *testing.F) {
	f.Add("12 5 3 x")
	f.Add("1")
	f.Fuzz(func(t *testing.T, statm string) {
		if privatePages(statm) < 0 {
			t.Error("less than nothing")
		}
	})
}
