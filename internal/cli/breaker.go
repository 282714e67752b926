package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/breaker"
)

func breakerCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "breaker",
		Short: "Ask what would have stopped a recorded agent, and when (docs/breaker.md)",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(breakerReplay(env))
	return cmd
}

type replayFlags struct {
	limits breaker.Limits
	budget string
	json   bool
}

func breakerReplay(env *Env) *cobra.Command {
	f := &replayFlags{}
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Give a recorded run to the breaker and print its first decision and why",
		Long: `FILE holds one JSON object a line: {turn, action, args, observation, exit, error, tokens, cost_usd, time}, one for each thing the
agent did; - reads stdin. The same file gives the same answer on every machine. Without the flags for caps only the rules about
loops judge, and the rate of turns.

With --json one object a file: {nudge, stop}, each null or {turn, rule, reason}; turn counts from 0. With several files each
object names its file too.

Exit status: 0 whatever the breaker said, 2 when a file cannot be read.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := f.parseBudget(); err != nil {
				return usage(err)
			}
			for _, name := range args {
				if err := f.replay(env, name, len(args) > 1); err != nil {
					return usage(err)
				}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.json, "json", false, "print one JSON object a file")
	flags.IntVar(&f.limits.Turns, "max-turns", 0, "stop after so many turns (0: no cap)")
	flags.Int64Var(&f.limits.Tokens, "max-tokens", 0, "stop after so many tokens (0: no cap)")
	flags.StringVar(&f.budget, "max-usd", "", "stop after so many dollars, such as 1.50")
	flags.DurationVar(&f.limits.Wall, "max-wall", 0, "stop after so much time, such as 30m (0: no cap)")
	flags.IntVar(&f.limits.FanOut, "max-fan-out", 0, "stop at more conversations than this (0: no cap)")
	flags.IntVar(&f.limits.RequestsPerMinute, "max-rate", breaker.DefaultRequestsPerMinute, "stop at more turns a minute (0: no cap)")
	return cmd
}

func (f *replayFlags) parseBudget() error {
	if f.budget == "" {
		return nil
	}
	nano, err := breaker.ParseUSD(f.budget)
	if err != nil || nano <= 0 {
		return fmt.Errorf("--max-usd %q: want a positive decimal number of dollars, such as 1.50", f.budget)
	}
	f.limits.CostNano = nano
	return nil
}

func (f *replayFlags) replay(env *Env, name string, named bool) error {
	in := env.Stdin
	if name != "-" {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(env.Dir, path)
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	outcome, err := breaker.Replay(breaker.Read(in), f.limits)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if f.json {
		return writeReplay(env.Stdout, name, named, outcome)
	}
	printReplay(env.Stdout, name, named, outcome)
	return nil
}

type replayDecision struct {
	Turn   int    `json:"turn"`
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

func writeReplay(w io.Writer, name string, named bool, o breaker.Outcome) error {
	out := struct {
		File  string          `json:"file,omitempty"`
		Nudge *replayDecision `json:"nudge"`
		Stop  *replayDecision `json:"stop"`
	}{Nudge: replayed(o.Nudge), Stop: replayed(o.Stop)}
	if named {
		out.File = name
	}
	return json.NewEncoder(w).Encode(out)
}

func replayed(d *breaker.Decision) *replayDecision {
	if d == nil {
		return nil
	}
	return &replayDecision{Turn: d.Turn, Rule: d.Rule, Reason: d.Reason}
}

func printReplay(w io.Writer, name string, named bool, o breaker.Outcome) {
	if named {
		fmt.Fprintf(w, "%s: ", printable(name))
	}
	if o.Nudge == nil && o.Stop == nil {
		fmt.Fprintf(w, "nothing to object in %s\n", plural(o.Events, "event"))
		return
	}
	for _, line := range []struct {
		verb string
		d    *breaker.Decision
	}{{"nudge", o.Nudge}, {"stop", o.Stop}} {
		if line.d != nil {
			fmt.Fprintf(w, "turn %d: %s by %s: %s\n", line.d.Turn, line.verb, line.d.Rule, printable(line.d.Reason))
		}
	}
}
