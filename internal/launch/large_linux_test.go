package launch

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// TestLarge: large pages were asked for, if the system knows them.
func TestLarge(t *testing.T) {
	Large()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, area := range regexp.MustCompile(`\nSize: +(\d+) kB(?:\n[A-Z][^\n]*)*?\nVmFlags:[^\n]* hg\b`).FindAllSubmatch(smaps, -1) {
		kB, err := strconv.Atoi(string(area[1]))
		if err != nil {
			t.Fatal(err)
		}
		asked += kB << 10
	}
	want := large
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		want = 0
	}
	if asked < want {
		t.Errorf("large pages were asked for under %d bytes, not %d", asked, want)
	}
}
