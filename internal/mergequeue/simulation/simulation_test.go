package simulation

import (
	"reflect"
	"testing"
	"time"
)

func config() Config {
	return Config{Rate: 60, Fail: Million / 10, Conflict: 3 * Million / 100, Components: 12, Check: 10 * time.Minute, Hours: 30}
}

// The figures that the queue is for (docs/queue.md).
func TestGoals(t *testing.T) {
	t.Parallel()
	s := Compare(config(), Strategies(8)[5:], 20)[0]
	if s.LandedPerHour < 48_000 || s.WaitP95 > 35*60 || s.RunsPerLanded > 1200 || s.Red > 0 || s.Innocent > 0 {
		t.Errorf("%+v", s)
	}
	t.Logf("20 seeds of 30 hours: %.1f landed/h, p95 of the wait %d s, %.2f runs a landing, %d times red", float64(s.LandedPerHour)/1000, s.WaitP95,
		float64(s.RunsPerLanded)/1000, s.Red)
}

// With more load than a strategy can carry, the better one lands more: in the order of the table.
func TestOrderOfStrategies(t *testing.T) {
	t.Parallel()
	table := Compare(config(), Strategies(8), 3)
	for i, s := range table {
		if s.Red > 0 || s.Innocent > 0 {
			t.Errorf("%+v", s)
		}
		if i > 0 && s.LandedPerHour <= table[i-1].LandedPerHour {
			t.Errorf("%s lands %d, %s %d", s.Strategy, s.LandedPerHour, table[i-1].Strategy, table[i-1].LandedPerHour)
		}
	}
}

func TestSameSeedSameLife(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Flake, cfg.LaneError, cfg.Wide, cfg.Queue = Million/50, Million/20, Million/10, Strategies(8)[5].Queue
	if a, b := Run(cfg, 7), Run(cfg, 7); !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if a, b := Run(cfg, 7), Run(cfg, 8); reflect.DeepEqual(a, b) {
		t.Error("another seed is the same life")
	}
}

// What the model can see must go wrong when lanes lie, or it sees nothing.
func TestLyingLanesMakeMainRed(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.LaneError, cfg.Conflict, cfg.Queue = Million/2, Million/4, Strategies(8)[5].Queue
	if r := Run(cfg, 1); r.Red == 0 {
		t.Errorf("%+v", r)
	}
	cfg.Queue.Lanes = false
	if r := Run(cfg, 1); r.Red > 0 {
		t.Errorf("without lanes: %d red", r.Red)
	}
}
