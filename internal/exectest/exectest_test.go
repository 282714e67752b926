package exectest

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// TestWriteFile writes and runs programs side by side: without the lock some are busy.
func TestWriteFile(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("/bin/sh"); err != nil {
		t.Skip("LEFT OUT: no /bin/sh here")
	}
	dir := t.TempDir()
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 25 {
				path := filepath.Join(dir, strconv.Itoa(w)+"-"+strconv.Itoa(i))
				if err := WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
					t.Error(err)
				} else if err := exec.Command(path).Run(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
}
