package launch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestSettle: what is mapped to be read goes, and comes back with the same bytes. A program that cgo is part of, as with the race
// detector, keeps it.
func TestSettle(t *testing.T) {
	name, data := mapped(t)
	before := resident(t, name)
	Settle()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	if !alone(string(maps)) {
		want = before
	}
	if after := resident(t, name); before < 1<<20 || after != want {
		t.Errorf("%d bytes are resident, and %d when settled", before, after)
	}
	if !bytes.Equal(data, content()) {
		t.Error("another content came back")
	}
}

// TestSettleTraced: a debugger keeps its breakpoints.
func TestSettleTraced(t *testing.T) {
	process := t.TempDir()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	status = bytes.Replace(status, []byte("\nTracerPid:\t0\n"), []byte("\nTracerPid:\t1\n"), 1)
	if err := os.WriteFile(filepath.Join(process, "status"), status, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc/self/maps", filepath.Join(process, "maps")); err != nil {
		t.Fatal(err)
	}
	name, _ := mapped(t)
	if settle(process); resident(t, name) == 0 {
		t.Error("a traced process gave its pages back")
	}
}

// TestConstant: only files that cannot be written are let go; the content of all else would be lost.
func TestConstant(t *testing.T) {
	for line, want := range map[string]bool{
		"00410000-02a70000 r-xp 00000000 fe:00 3161 /usr/bin/adamant\n":           true,
		"02a70000-0544b000 r--p 02660000 fe:00 3161 /usr/bin/adamant (deleted)\n": true,
		"0544b000-058c0000 rw-p 0503b000 fe:00 3161 /usr/bin/adamant\n":           false,
		"0544b000-058c0000 r--s 0503b000 fe:00 3161 /var/lib/ledger\n":            false,
		"0544b000-058c0000 ---p 0503b000 fe:00 3161 /usr/bin/adamant\n":           false,
		"7fdb8df20000-7fdb8e100000 r--p 00000000 00:00 0\n":                       false,
		"7ffebdf5e000-7ffebdf62000 r--p 00000000 00:00 0          [vvar]\n":       false,
		"no place r--p 1 2 3\n": false,
		"\n":                    false,
	} {
		if _, _, ok := constant(line); ok != want {
			t.Errorf("%q: %v", line, ok)
		}
	}
	if start, end, _ := constant("00410000-02a70000 r-xp 0 fe:00 3161 /a b"); start != 0x410000 || end != 0x2a70000 {
		t.Errorf("it lies from %x to %x", start, end)
	}
}

// TestAlone: the tables that a dynamic linker filled in look like constants; a program with cgo ended on an address of 0.
func TestAlone(t *testing.T) {
	const program = "00410000-02a70000 r-xp 00000000 fe:00 3161 /usr/bin/adamant\n02a70000-0544b000 r--p 02660000 fe:00 3161 /usr/bin/adamant\n" +
		"7ffebdf62000-7ffebdf64000 r-xp 00000000 00:00 0          [vdso]\n"
	for maps, want := range map[string]bool{
		program: true,
		program + "7f0fc551d000-7f0fc551e000 r--p 00000000 fe:00 316535 /usr/lib/locale/C.utf8/LC_TIME\n": true,
		program + "7f0fc5361000-7f0fc54b7000 r-xp 00026000 fe:00 326269 /usr/lib/ld-linux.so.2\n":         false,
	} {
		if got := alone(maps); got != want {
			t.Errorf("%v of\n%s", got, maps)
		}
	}
}

func content() []byte { return bytes.Repeat([]byte("adamant\n"), 1<<18) }

// mapped is a file of two megabytes in memory, touched everywhere.
func mapped(t *testing.T) (name string, data []byte) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content(), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err = syscall.Mmap(int(file.Fd()), 0, len(content()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(data) })
	if !bytes.Equal(data, content()) {
		t.Fatal("not what was written")
	}
	return name, data
}

// resident is how much of a mapped file this process has in memory.
func resident(t *testing.T, name string) int {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	_, of, _ := strings.Cut(string(smaps), name)
	_, of, _ = strings.Cut(of, "\nRss:")
	fields := strings.Fields(of)
	if len(fields) == 0 {
		t.Fatalf("%s is not mapped", name)
	}
	kilobytes, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
