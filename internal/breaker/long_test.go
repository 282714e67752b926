package breaker

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// working is the i-th event of long healthy work: a file is paged through, edited, tested, many small files are written, a build is
// polled. Observations are as long as tools give.
func working(i int) Event {
	page := strings.Repeat("// a line that many files have\n", 40)
	switch i % 6 {
	case 0:
		return shell(fmt.Sprintf("sed -n '%d,%dp' big.go", i*40, i*40+39), page)
	case 1:
		return edit("big.go", fmt.Sprint("version ", i))
	case 2:
		return failed(shell("go test ./...", page+"--- FAIL: TestSum (0.01s)\nFAIL\tx\t0.1s"))
	case 3:
		return edit(fmt.Sprintf("part%d.go", i), "package part")
	case 4:
		return shell("make status", fmt.Sprintf("built %d of 10000 files", i))
	default:
		return Event{Action: "get_build", Args: json.RawMessage(`{"id":7}`), Observation: fmt.Sprintf(`{"state":"running","done":%d}`, i)}
	}
}

const longRun = 10_000

// A long run is not stopped, and what a breaker keeps of it does not grow with it.
func TestLongRun(t *testing.T) {
	t.Parallel()
	b := New(Limits{RequestsPerMinute: DefaultRequestsPerMinute})
	for i := range longRun {
		e := working(i)
		e.Turn, e.Caller = i, fmt.Sprint("talk ", i/1000)
		if d := b.Step(e); d.Kind == Stop {
			t.Fatalf("stopped: %+v", d)
		}
	}
	for _, talk := range b.talks.list {
		if len(talk.fix.pairs) > fixFailKept || cap(talk.text.said) > 2*contentKept || len(b.talks.list) > maxTalks {
			t.Errorf("%d conversations; %d pairs, room for %d runes", len(b.talks.list), len(talk.fix.pairs), cap(talk.text.said))
		}
	}
}

// Loops at the end of a long run stop as soon as any.
func TestLateLoop(t *testing.T) {
	t.Parallel()
	b := New(Limits{})
	for i := range 1000 {
		b.Step(working(i))
	}
	for i := range 4 {
		if d := b.Step(shell("ls", "a b")); (d.Kind == Stop) != (i == 3) {
			t.Errorf("round %d: %+v", i+1, d)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	watch := New(Limits{RequestsPerMinute: DefaultRequestsPerMinute})
	events := times(600, working)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := events[i%len(events)]
		e.Turn = i
		if d := watch.Step(e); d.Kind == Stop {
			b.Fatalf("stopped: %+v", d)
		}
	}
}
