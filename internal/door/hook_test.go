package door

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// TestHooksCanBeStarted writes and starts hooks side by side: a fork that had one open for writing would keep it from being started.
func TestHooksCanBeStarted(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip("LEFT OUT: there is no program true here")
	}
	dir := t.TempDir()
	var doors sync.WaitGroup
	for d := range 8 {
		doors.Go(func() {
			for i := range 25 {
				hooks := filepath.Join(dir, strconv.Itoa(d)+"-"+strconv.Itoa(i))
				if err := writeHooks(hooks, []string{program}); err != nil {
					t.Error(err)
				} else if out, err := exec.Command(filepath.Join(hooks, HookProcReceive)).CombinedOutput(); err != nil {
					t.Errorf("%v %s", err, out)
				}
			}
		})
	}
	doors.Wait()
}
