//go:build clis

package interop

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/builtin"
)

// Many attempts at once: what they take of the memory of the process that holds gateway and sandboxes, which is what the daemon
// does for them. ADAMANT_CROWD says how many; ADAMANT_BIN is a built adamant for the builtin agent.
func TestCrowd(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("ADAMANT_CROWD"))
	if err != nil {
		t.Skip("ADAMANT_CROWD does not say how many")
	}
	crowd := []cli{clis()[2]}
	if bin := os.Getenv("ADAMANT_BIN"); bin != "" {
		crowd = append(crowd, cli{name: "builtin/own", runner: builtin.New(bin), own: true, api: agent.Anthropic, mcp: true})
	}
	for _, c := range crowd {
		t.Run(c.name, func(t *testing.T) {
			before := resident(t)
			began := time.Now()
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					if o := run(t, c, gated(t, feature(c, nil)), 9*time.Minute); !done(o) {
						t.Errorf("the tree is %q\n%s", o.tree, o.text())
					}
				})
			}
			all.Wait()
			t.Logf("%d attempts in %v; resident memory of this process: %d MB before, %d MB at most", n, time.Since(began), before>>10, peak(t)>>10)
		})
	}
}

func resident(t *testing.T) int { return status(t, "VmRSS:") }
func peak(t *testing.T) int     { return status(t, "VmHWM:") }

// status is a figure of this process, in KiB.
func status(t *testing.T, name string) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}
