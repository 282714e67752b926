package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/ratchet"
)

func ratchetMerge(env *Env) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "merge BASE OURS THEIRS [PATH]",
		Short: "Merge two versions of a mark by the minimum (git's merge driver, or by hand)",
		Long: `Merge two versions of a mark: of each violation, what both still have. The result replaces OURS. Git runs it with

  .gitattributes:  ` + driverAttribute + `
  once per clone:  ` + driverConfig + `

By hand the result is the same, for instance during a merge that stopped:

  git show :1:PATH >base; git show :2:PATH >ours; git show :3:PATH >theirs
  adamant ratchet merge base ours theirs && cp ours PATH && git add PATH

When it cannot merge (a version that is no mark, two versions of a rule) it says why, leaves both sides in OURS between
conflict markers, which no reader takes for a mark, and exits with 1, so that git stops too.`,
		Args: cobra.RangeArgs(3, 4),
		RunE: func(_ *cobra.Command, args []string) error { return mergeMarks(env, args, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the merged mark's rule and total")
	return cmd
}

func mergeMarks(env *Env, args []string, asJSON bool) error {
	name := args[1]
	if len(args) == 4 {
		name = args[3]
	}
	var sides [3][]byte
	for i, file := range args[:3] {
		data, err := readBounded(under(env, file))
		if err != nil {
			return usage(fmt.Errorf("merging %s: %w", name, err))
		}
		sides[i] = data
	}
	merged, err := ratchet.MergeFiles(sides[0], sides[1], sides[2])
	if err != nil {
		err = fmt.Errorf("merging %s: %w", name, err)
		return &exitError{Code: ExitDeny, Err: errors.Join(err, leaveConflict(under(env, args[1]), sides[1], sides[2]))}
	}
	if err := os.WriteFile(under(env, args[1]), merged, 0o644); err != nil {
		return fmt.Errorf("merging %s: %w", name, err)
	}
	if !asJSON {
		return nil
	}
	mark, err := ratchet.Read(name, merged)
	if err != nil {
		return err
	}
	return writeJSON(env.Stdout, struct {
		Path  string `json:"path"`
		Rule  string `json:"rule"`
		Total int    `json:"total"`
	}{name, mark.Rule, mark.Total()})
}

// leaveConflict puts both sides between conflict markers, so that nobody takes ours for the result. Markers that are there
// already stay as they are.
func leaveConflict(file string, ours, theirs []byte) error {
	if bytes.HasPrefix(ours, []byte("<<<<<<<")) || bytes.Contains(ours, []byte("\n<<<<<<<")) {
		return nil
	}
	var b bytes.Buffer
	for _, part := range []struct {
		marker string
		text   []byte
	}{{"<<<<<<< ours", ours}, {"=======", theirs}} {
		b.WriteString(part.marker + "\n")
		b.Write(part.text)
		if n := len(part.text); n > 0 && part.text[n-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	b.WriteString(">>>>>>> theirs\n")
	return os.WriteFile(file, b.Bytes(), 0o644)
}
