package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk/evaluate"
	"github.com/adamant-os/adamant/internal/risk/history"
)

type riskEvaluate struct {
	env               *Env
	repo, rev, labels string
	json              bool
}

func riskEvaluateCommand(env *Env) *cobra.Command {
	r := &riskEvaluate{env: env}
	cmd := &cobra.Command{
		Use:   "evaluate --labels FILE",
		Short: "Compare the score with labels of changes that brought a mistake",
		Long: `Compare the score of past changes with labels, and with what needs no score: lines added, and small changes
first. The label file is tab-separated with a header: hash, time (seconds), buggy (0 or 1), and la and ld (lines
added and deleted) if known. The newest year is left out, because its mistakes are not found yet; "test" is the
newest 30 % of the rest. docs/risk.md explains the figures; scripts/risk-eval.py makes labels from a history.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd) },
	}
	cmd.Flags().StringVar(&r.repo, "repo", ".", "repository to read")
	cmd.Flags().StringVar(&r.rev, "rev", "HEAD", "newest change")
	cmd.Flags().StringVar(&r.labels, "labels", "", "file of labels")
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON")
	return cmd
}

func (r *riskEvaluate) run(cmd *cobra.Command) error {
	labels, err := r.readLabels()
	if err != nil {
		return usage(err)
	}
	repo, tip, err := openAt(cmd.Context(), r.env, r.repo, r.rev)
	if err != nil {
		return err
	}
	defer repo.Close()
	rows, err := r.join(cmd, repo, tip, labels)
	if err != nil {
		return err
	}
	mature := evaluate.Mature(rows)
	if len(mature) < 50 {
		return usage(fmt.Errorf("%d labelled changes older than a year are in the history of %s: want 50 or more", len(mature), r.rev))
	}
	report := []riskWindow{riskWindowOf("all", mature), riskWindowOf("test", evaluate.Test(mature))}
	if r.json {
		return json.NewEncoder(r.env.Stdout).Encode(report)
	}
	return printWindows(r.env.Stdout, report)
}

func (r *riskEvaluate) readLabels() (evaluate.Labels, error) {
	if r.labels == "" {
		return nil, fmt.Errorf("--labels is missing: a file with the columns hash, time and buggy")
	}
	file := r.labels
	if !filepath.IsAbs(file) {
		file = filepath.Join(r.env.Dir, file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return evaluate.ReadLabels(r.labels, f)
}

func (r *riskEvaluate) join(cmd *cobra.Command, repo *git.Repo, tip git.OID, labels evaluate.Labels) ([]evaluate.Row, error) {
	var rows []evaluate.Row
	for row, err := range history.Walk(cmd.Context(), repo, tip, 0, history.Options{}) {
		if err != nil {
			return nil, err
		}
		if joined, ok := labels.Join(string(row.Commit), row.Rating.Score, row.Features.Lines, row.Features.Gone); ok {
			rows = append(rows, joined)
		}
	}
	return rows, nil
}

// riskWindow is the report on one part of the history. Shares are in thousandths, -1 where the rows say nothing.
type riskWindow struct {
	Window     string        `json:"window"`
	Changes    int           `json:"changes"`
	Buggy      int           `json:"buggy"`
	Score      riskMeasures  `json:"score"`
	Added      riskMeasures  `json:"linesAdded"`
	SmallFirst int           `json:"smallFirstEffort20"`
	Bands      []riskBandRow `json:"bands"`
}

type riskMeasures struct {
	AUC      int `json:"auc"`
	Within   int `json:"withinSize"`
	Recall10 int `json:"recall10"`
	Recall50 int `json:"recall50"`
	Effort20 int `json:"effort20"`
}

type riskBandRow struct {
	Band    string `json:"band"`
	Changes int    `json:"changes"`
	Buggy   int    `json:"buggy"`
}

func riskWindowOf(name string, rows []evaluate.Row) riskWindow {
	w := riskWindow{
		Window: name, Changes: len(rows), SmallFirst: thousand(evaluate.SmallFirstEffort(rows)),
		Score: inThousandths(evaluate.Measure(rows, evaluate.ByScore)), Added: inThousandths(evaluate.Measure(rows, evaluate.ByAdded)),
	}
	bands := manifest.Defaults().Spec.Risk.Bands
	edges := []int{0, bands.Low, bands.Medium, bands.High, 1001}
	for i, band := range []string{"trivial", "low", "medium", "high"} {
		b := riskBandRow{Band: band}
		for _, row := range rows {
			if row.Score >= edges[i] && row.Score < edges[i+1] {
				b.Changes++
				if row.Buggy {
					b.Buggy++
				}
			}
		}
		w.Buggy += b.Buggy
		w.Bands = append(w.Bands, b)
	}
	return w
}

func inThousandths(m evaluate.Measures) riskMeasures {
	return riskMeasures{AUC: thousand(m.AUC), Within: thousand(m.Within), Recall10: thousand(m.Recall10), Recall50: thousand(m.Recall50), Effort20: thousand(m.Effort20)}
}

func thousand(share float64) int {
	if math.IsNaN(share) {
		return -1
	}
	return int(math.Round(1000 * share))
}

func printWindows(w io.Writer, report []riskWindow) error {
	fmt.Fprintf(w, "%-8s%9s%8s  %-12s%7s%8s%8s%8s%8s\n", "window", "changes", "buggy", "order", "AUC", "within", "R@10%", "R@50%", "E@20%")
	for _, r := range report {
		fmt.Fprintf(w, "%-8s%9d%8d  %-12s%s\n", r.Window, r.Changes, r.Buggy, "score", r.Score)
		fmt.Fprintf(w, "%-25s  %-12s%s\n", "", "lines added", r.Added)
		fmt.Fprintf(w, "%-25s  %-12s%39s\n", "", "small first", thousandths(r.SmallFirst))
	}
	fmt.Fprintf(w, "\n%-8s%10s%10s%8s%12s\n", "window", "band", "changes", "buggy", "share buggy")
	for _, r := range report {
		for _, b := range r.Bands {
			share := -1
			if b.Changes > 0 {
				share = (2000*b.Buggy + b.Changes) / (2 * b.Changes)
			}
			if _, err := fmt.Fprintf(w, "%-8s%10s%10d%8d%12s\n", r.Window, b.Band, b.Changes, b.Buggy, thousandths(share)); err != nil {
				return err
			}
		}
	}
	return nil
}

// String lines the measures up for printWindows.
func (m riskMeasures) String() string {
	return fmt.Sprintf("%7s%8s%8s%8s%8s", thousandths(m.AUC), thousandths(m.Within), thousandths(m.Recall10), thousandths(m.Recall50), thousandths(m.Effort20))
}

func thousandths(v int) string {
	if v < 0 {
		return "-"
	}
	return fmt.Sprintf("%d.%03d", v/1000, v%1000)
}
