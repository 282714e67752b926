package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/risk/history"
)

func riskCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{Use: "risk", Short: "Measure how risk rates the changes of this repository", Args: cobra.NoArgs}
	cmd.AddCommand(riskHistoryCommand(env), riskEvaluateCommand(env))
	return cmd
}

type riskHistory struct {
	env                 *Env
	repo, rev, format   string
	max                 int
	changes, unreadable int
}

func riskHistoryCommand(env *Env) *cobra.Command {
	r := &riskHistory{env: env}
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Print level, score and features of past first-parent changes, oldest first",
		Long: `Print level, score (0..1000) and every feature of past first-parent changes, oldest first. Each change is
rated as if it were proposed on top of the one before it; nothing that came later is used. Levels are by the
files alone, under the built-in configuration: no catalog, no policy. docs/risk.md says how to measure with it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	cmd.Flags().StringVar(&r.repo, "repo", ".", "repository to read")
	cmd.Flags().StringVar(&r.rev, "rev", "HEAD", "newest change")
	cmd.Flags().IntVar(&r.max, "max", 0, "newest changes at most; 0 = all")
	cmd.Flags().StringVar(&r.format, "format", "tsv", "tsv, or json: one object a line")
	return cmd
}

func (r *riskHistory) run(cmd *cobra.Command) error {
	write, ok := riskWriters[r.format]
	if !ok {
		return usage(fmt.Errorf("unknown --format %q: want tsv or json", r.format))
	}
	if r.max < 0 {
		return usage(fmt.Errorf("--max %d: want 0 or more", r.max))
	}
	ctx := cmd.Context()
	repo, tip, err := openAt(ctx, r.env, r.repo, r.rev)
	if err != nil {
		return err
	}
	defer repo.Close()
	out := bufio.NewWriter(r.env.Stdout)
	opt := history.Options{Warn: func(err error) { fmt.Fprintf(r.env.Stderr, "adamant: %v\n", err) }}
	for row, err := range history.Walk(ctx, repo, tip, r.max, opt) {
		if err != nil {
			return errors.Join(err, out.Flush())
		}
		if err := write(out, row, r.changes == 0); err != nil {
			return fmt.Errorf("writing rows: %w", err)
		}
		r.changes++
		if row.Missing > 0 {
			r.unreadable++
		}
	}
	if r.unreadable > 0 {
		fmt.Fprintf(r.env.Stderr, "adamant: %d of %d changes touch files whose content is not in this clone; their score is a lower bound\n", r.unreadable, r.changes)
	}
	return out.Flush()
}

// openAt opens a repository and resolves a revision of it. The caller closes the repository.
func openAt(ctx context.Context, env *Env, dir, rev string) (*git.Repo, git.OID, error) {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(env.Dir, dir)
	}
	repo, err := git.Open(ctx, dir)
	if err != nil {
		return nil, "", usage(err)
	}
	tip, err := repo.Resolve(ctx, rev)
	if err != nil {
		return nil, "", usage(errors.Join(err, repo.Close()))
	}
	return repo, tip, nil
}

var riskWriters = map[string]func(io.Writer, history.Row, bool) error{"tsv": riskTSV, "json": riskJSON}

func riskTSV(w io.Writer, row history.Row, header bool) error {
	values := row.Features.Values()
	if header {
		fmt.Fprint(w, "commit\tlevel\tscore")
		for _, v := range values {
			fmt.Fprintf(w, "\t%s", v.Name)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s\t%s\t%d", row.Commit, row.Rating.Level, row.Rating.Score)
	for _, v := range values {
		fmt.Fprintf(w, "\t%d", v.Value)
	}
	_, err := fmt.Fprintln(w)
	return err
}

func riskJSON(w io.Writer, row history.Row, _ bool) error {
	features := map[string]int{}
	for _, v := range row.Features.Values() {
		features[v.Name] = v.Value
	}
	line, err := json.Marshal(struct {
		Commit   string         `json:"commit"`
		Level    risk.Level     `json:"level"`
		Band     risk.Level     `json:"band"`
		Score    int            `json:"score"`
		Floor    []risk.Reason  `json:"floor"`
		Features map[string]int `json:"features"`
	}{string(row.Commit), row.Rating.Level, row.Rating.Band, row.Rating.Score, row.Rating.Floor, features})
	if err != nil {
		return fmt.Errorf("writing row: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}
