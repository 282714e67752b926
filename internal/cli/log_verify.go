package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

func logVerify(env *Env) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that the ledger is whole, signed and the one seen before",
		Long: `Check every ledger that this repository knows: each line continues the one before, each commit only
adds and is signed by a key of its writer, and nothing that an earlier verification saw is gone. What was
verified is remembered in the git directory (adamant/ledger-seen.json), so that the next run checks only
what is new and notices a rewritten history. The first key that signs for a writer is remembered, unless
--keys names those that may.

Exit status: 0 all is well, 1 an alarm, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	f.place.add(cmd, "")
	cmd.Flags().StringVar(&f.keys, "keys", "", "file with the public keys that may sign, in the form of authorized_keys")
	cmd.Flags().BoolVar(&f.again, "from-start", false, "check everything again, also what was verified before")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	return cmd
}

type verifyFlags struct {
	place ledgerPlace
	keys  string
	again bool
	json  bool
}

func (f *verifyFlags) run(ctx context.Context, env *Env) error {
	policy, err := f.policy(env)
	if err != nil {
		return err
	}
	repo, err := f.place.open(ctx, env)
	if err != nil {
		return err
	}
	defer repo.Close()
	file := seenFile(repo)
	seen, err := ledger.ReadSeen(file)
	if err != nil {
		return usage(err)
	}
	report, err := f.verify(ctx, repo, seen, policy)
	if err != nil {
		return judgeError(err)
	}
	if len(report.Ledgers)+len(report.Alarms) == 0 {
		return usage(errNoLedger)
	}
	if err := f.print(env, report); err != nil {
		return err
	}
	if len(report.Alarms) > 0 {
		return exit(ExitDeny)
	}
	return ledger.WriteSeen(file, report.Seen)
}

// verify checks what is new, or everything and then that it holds what was seen.
func (f *verifyFlags) verify(ctx context.Context, repo *git.Repo, seen ledger.Seen, policy ledger.Policy) (ledger.Report, error) {
	if !f.again {
		return ledger.Verify(ctx, repo, seen, policy)
	}
	report, err := ledger.Verify(ctx, repo, ledger.Seen{}, policy)
	if err != nil || len(report.Alarms) > 0 {
		return report, err
	}
	held, err := ledger.Verify(ctx, repo, seen, policy)
	report.Alarms = held.Alarms
	return report, err
}

// seenFile is where a repository remembers what was verified.
func seenFile(repo *git.Repo) string {
	return filepath.Join(repo.CommonDir(), "adamant", "ledger-seen.json")
}

const keysLimit = 1 << 20 // bytes of a file of keys

func (f *verifyFlags) policy(env *Env) (ledger.Policy, error) {
	var policy ledger.Policy
	if f.keys == "" {
		return policy, nil
	}
	file, err := os.Open(absolute(env, f.keys))
	if err != nil {
		return policy, usage(fmt.Errorf("--keys: %w", err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, keysLimit))
	for err == nil && len(bytes.TrimSpace(data)) > 0 {
		var key ssh.PublicKey
		if key, _, _, data, err = ssh.ParseAuthorizedKey(data); err == nil {
			policy.Keys = append(policy.Keys, key)
		}
	}
	if err == nil && len(policy.Keys) == 0 {
		err = errors.New("it names no key")
	}
	if err != nil {
		return policy, usage(fmt.Errorf("--keys %s: %w", f.keys, err))
	}
	return policy, nil
}

func (f *verifyFlags) print(env *Env, report ledger.Report) error {
	if f.json {
		return writeJSON(env.Stdout, report)
	}
	for _, l := range report.Ledgers {
		writeLedger(env.Stdout, l)
	}
	paint := styleFor(env, env.Stdout)
	writeAlarms(env.Stdout, report.Alarms, paint)
	if len(report.Alarms) == 0 {
		fmt.Fprintln(env.Stdout, paint.green("no alarms"))
	}
	return nil
}

func writeAlarms(w io.Writer, alarms []*ledger.Alarm, paint style) {
	for _, a := range alarms {
		fmt.Fprintf(w, "%s %s\n", paint.bold(paint.red("ALARM")), printable(a.Kind+" "+a.Place.String()))
		for _, text := range []string{a.What, "do: " + a.Do} {
			for _, line := range wrap(printable(text), logWidth-6) {
				fmt.Fprintf(w, "      %s\n", line)
			}
		}
	}
}

// writeLedger prints what one reference holds.
func writeLedger(w io.Writer, l ledger.Ledger) {
	fmt.Fprintf(w, "%s  %s\n", printable(l.Ref), l.Head.Short())
	if l.Behind {
		fmt.Fprintln(w, "  behind: it ends before entries that another place has")
		return
	}
	line := fmt.Sprintf("  %s, %d of them new, in %s", plural(int(l.Entries), "entry"), l.Entries-l.Known, plural(l.Commits, "new commit"))
	if l.Unfinished > 0 {
		line += fmt.Sprintf("; the landing of entry %d has not ended", l.Unfinished)
	}
	if l.Backwards > 0 {
		line += fmt.Sprintf("; its clock went back %s", plural(l.Backwards, "time"))
	}
	fmt.Fprintln(w, line)
	fmt.Fprintf(w, "  last line %s\n  signed by %s\n", l.Hash, printable(strings.Join(l.Keys, ", ")))
}
