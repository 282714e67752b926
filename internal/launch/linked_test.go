package launch

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLinked: on Linux no two megabytes of the program's file lie so that one large page could map them, on any processor.
func TestLinked(t *testing.T) {
	dir := t.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, processor := range []string{"amd64", "arm64"} {
		flags, err := exec.CommandContext(t.Context(), "../../scripts/ldflags.sh", "v1", "linux/"+processor).Output()
		if err != nil {
			t.Fatal(err)
		}
		build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", strings.TrimSpace(string(flags)), "-o", program, source)
		build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+processor, "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		file, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range file.Progs {
			if p.Type == elf.PT_LOAD && (p.Vaddr-p.Off)%(2<<20) == 0 {
				t.Errorf("%s: what begins at %#x of the file begins at %#x of memory", processor, p.Off, p.Vaddr)
			}
		}
		file.Close()
	}
}
