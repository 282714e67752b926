//go:build interop

package tlog

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// tessera builds the foreign checker: a module of its own, at an exact version.
func tessera(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "tessera")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	cmd.Dir = filepath.Join("testdata", "tessera")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// vkey spells the key for others: C2SP signed-note, verifier keys.
func vkey(k Key) string {
	id := k.ID()
	return fmt.Sprintf("%s+%x+%s", k.Origin, id[:4], base64.StdEncoding.EncodeToString(append([]byte{algLog}, k.Public()...)))
}

// The fsck of transparency-dev/tessera reads our directory, and finds what is changed in it.
func TestTessera(t *testing.T) {
	t.Parallel()
	bin := tessera(t)
	run := func(dir string) error {
		out, err := exec.CommandContext(t.Context(), bin, dir, vkey(testKey())).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	for _, size := range []int{1, 255, 256, 300, 70_000} {
		dir := built(t, size)
		if err := run(dir); err != nil {
			t.Errorf("%d leaves: %v", size, err)
		}
		for _, path := range Paths(uint64(size)) {
			if size != 300 {
				break
			}
			bad := filepath.Join(t.TempDir(), "log")
			check(t, os.CopyFS(bad, os.DirFS(dir)))
			file := filepath.Join(bad, filepath.FromSlash(path))
			data := must(os.ReadFile(file))(t)
			data[len(data)/2] ^= 4
			check(t, os.WriteFile(file, data, 0o600))
			if run(bad) == nil {
				t.Errorf("a byte of %s was changed, and it did not notice", path)
			}
		}
	}
}
