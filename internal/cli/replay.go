package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/gate"
)

func replayCommand(env *Env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Judge a saved input document or verdict again, without git, clock or network",
		Long: `FILE is an input document (adamant check --save-input) or a verdict (adamant check --json); - reads stdin. The same
document gives the same bytes on every machine. A verdict is checked against its own assessment, and refused when they differ.

Exit status: as adamant check.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runReplay(cmd.Context(), env, args[0], format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "text, json, sarif, markdown or junit")
	return cmd
}

const maxReplayBytes = 256 << 20

func runReplay(ctx context.Context, env *Env, name, format string) error {
	format, err := outputFormat(format, false)
	if err != nil {
		return usage(err)
	}
	data, err := readInput(env, name, maxReplayBytes)
	if err != nil {
		return usage(err)
	}
	verdict, err := gate.Replay(ctx, data)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", name, err))
	}
	if err := writeVerdict(ctx, env.Stdout, verdict, format, styleFor(env, env.Stdout)); err != nil {
		return err
	}
	return decisionExit(verdict.Decision)
}

// readInput reads a file or stdin of at most limit bytes.
func readInput(env *Env, name string, limit int64) ([]byte, error) {
	in := env.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("%s is not JSON", name)
	}
	return data, nil
}
