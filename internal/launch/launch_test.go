package launch

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestCollect: nothing is collected before it is asked for, and then as if this package were not there. It sets what the whole process
// has, so it runs alone.
func TestCollect(t *testing.T) {
	if got := debug.SetGCPercent(-1); got != -1 {
		t.Errorf("collects at %d %% before it is asked to", got)
	}
	Collect()
	if got := debug.SetGCPercent(-1); got != percent || got <= 0 {
		t.Errorf("collects at %d %%, not at %d %%", got, percent)
	}
}

// TestKeep: after the first collection the others come by growth, whatever is in use.
func TestKeep(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	Keep()
	if limit := debug.SetMemoryLimit(-1); limit != 192<<20 {
		t.Errorf("collects when %d bytes are in use", limit)
	}
	for debug.SetMemoryLimit(-1) == 192<<20 { // what cleans up runs some time after the collection
		runtime.GC()
	}
	if got := debug.SetGCPercent(400); got != 400 {
		t.Errorf("then collects at %d %%", got)
	}
}
