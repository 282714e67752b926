package cli

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/mergequeue/simulation"
)

type simulateFlags struct {
	fail, conflict, flake, laneError, wide float64
	rate, slots, components, hours, seeds  int
	check                                  time.Duration
	strategy                               string
	json                                   bool
}

func queueSimulateCommand(env *Env) *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "What would the merge queue carry, with these arrivals and checks?",
		Long: `Let the queue's own scheduler work on made-up changes, and compare it with simpler ways of working.
No repository is needed and none is touched. The same seeds give the same figures on every machine
(docs/queue.md).`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runSimulate(env, f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.rate, "rate", 60, "changes that arrive in an hour")
	flags.Float64Var(&f.fail, "fail", .1, "probability that a change fails its own checks")
	flags.Float64Var(&f.conflict, "conflict", .03, "probability that two changes of one component break each other")
	flags.Float64Var(&f.flake, "flake", 0, "probability that a run of good changes fails")
	flags.Float64Var(&f.laneError, "lane-error", 0, "probability that a change affects a component that the queue is not told of")
	flags.Float64Var(&f.wide, "wide", 0, "probability that a change affects two components, and says so")
	flags.IntVar(&f.slots, "slots", 8, "runs at the same time")
	flags.DurationVar(&f.check, "check", 10*time.Minute, "time of a run, in whole seconds")
	flags.IntVar(&f.hours, "hours", 30, "hours to simulate")
	flags.IntVar(&f.components, "components", 12, "components that changes spread over")
	flags.IntVar(&f.seeds, "seeds", 20, "lives to simulate: seeds 0, 1, 2 ...")
	flags.StringVar(&f.strategy, "strategy", "all", "all, or one of serial, batch, chain, chain+batch, lanes, adamant")
	flags.BoolVar(&f.json, "json", false, "JSON; rates in thousandths, times in seconds")
	return cmd
}

func runSimulate(env *Env, f simulateFlags) error {
	cfg, err := f.config()
	if err != nil {
		return usage(err)
	}
	strategies, err := f.strategies()
	if err != nil {
		return usage(err)
	}
	table := simulation.Compare(cfg, strategies, f.seeds)
	if f.json {
		return writeJSON(env.Stdout, table)
	}
	return writeSimulation(env.Stdout, f, table)
}

func (f simulateFlags) config() (simulation.Config, error) {
	cfg := simulation.Config{Rate: f.rate, Components: f.components, Check: f.check, Hours: f.hours}
	for _, n := range []struct {
		name        string
		value, most int
	}{{"rate", f.rate, 3600}, {"slots", f.slots, 1000}, {"hours", f.hours, 1000}, {"components", f.components, 10_000}, {"seeds", f.seeds, 10_000}} {
		if n.value < 1 || n.value > n.most {
			return cfg, fmt.Errorf("--%s is %d: want 1 to %d", n.name, n.value, n.most)
		}
	}
	if f.check < time.Second || f.check > 24*time.Hour || f.check%time.Second != 0 {
		return cfg, fmt.Errorf("--check is %s: want whole seconds, up to 24h", f.check)
	}
	for _, p := range []struct {
		name  string
		value float64
		to    *int
	}{{"fail", f.fail, &cfg.Fail}, {"conflict", f.conflict, &cfg.Conflict}, {"flake", f.flake, &cfg.Flake}, {"lane-error", f.laneError, &cfg.LaneError}, {"wide", f.wide, &cfg.Wide}} {
		if !(p.value >= 0 && p.value <= 1) {
			return cfg, fmt.Errorf("--%s is %v: want a probability from 0 to 1", p.name, p.value)
		}
		*p.to = int(math.Round(p.value * simulation.Million))
	}
	return cfg, nil
}

func (f simulateFlags) strategies() ([]simulation.Strategy, error) {
	all := simulation.Strategies(f.slots)
	if f.strategy == "all" {
		return all, nil
	}
	var names []string
	for _, s := range all {
		if s.Name == f.strategy {
			return []simulation.Strategy{s}, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("--strategy is %q: want all or one of %s", f.strategy, strings.Join(names, ", "))
}

func writeSimulation(w io.Writer, f simulateFlags, table []simulation.Summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d changes an hour in %d components, %v fail, %v of pairs conflict, checks of %s, %d slots\n", f.rate, f.components, f.fail, f.conflict, f.check, f.slots)
	fmt.Fprintf(&b, "%d seeds of %d hours; flakes %v, unknown effects %v, two components %v\n\n", f.seeds, f.hours, f.flake, f.laneError, f.wide)
	fmt.Fprintf(&b, "%-12s %8s %8s %7s %7s %7s %8s %8s %9s %5s %5s\n", "strategy", "landed/h", "of good", "wait", "p95", "ejected", "p95", "runs per", "innocent", "main", "left")
	fmt.Fprintf(&b, "%-12s %8s %8s %7s %7s %7s %8s %8s %9s %5s %5s\n", "", "", "", "p50", "", "p50", "", "landed", "ejected", "red", "over")
	for _, s := range table {
		fmt.Fprintf(&b, "%-12s %8s %8s %7s %7s %7s %8s %8s %9d %5d %5d\n", s.Strategy, tenths(s.LandedPerHour), tenths(s.GoodPerHour), span(s.WaitP50), span(s.WaitP95),
			span(s.EjectP50), span(s.EjectP95), fmt.Sprintf("%d.%02d", s.RunsPerLanded/1000, s.RunsPerLanded%1000/10), s.Innocent, s.Red, s.Left)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func tenths(milli int) string { return fmt.Sprintf("%d.%d", milli/1000, milli%1000/100) }

func span(seconds int64) string {
	minutes := (seconds + 30) / 60
	if minutes < 60 {
		return fmt.Sprintf("%dm", minutes)
	}
	return fmt.Sprintf("%dh%02dm", minutes/60, minutes%60)
}
