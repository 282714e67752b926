package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
)

func logCommand(env *Env) *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log",
		Short: "Show what happened: the ledger",
		Long: `Print the entries of the ledger, oldest first: what the kernel of this clone has now, and what the
clone fetched of all writers and remotes. Where the kernel is not on this machine, that is as old as
the last adamant sync, which is said on standard error. Every line is checked against the one
before; where one does not hold, or kernel and clone do not continue one another, reading ends
with an alarm.

Exit status: 0 all was read, 1 the ledger is broken, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	f.place.add(cmd, orByName)
	flags := cmd.Flags()
	flags.StringVar(&f.Task, "task", "", "only of this task, by its id or the first digits of it")
	flags.StringVar(&f.Change, "change", "", "only of this change, by its id or the first digits of it")
	flags.StringVar(&f.Actor, "agent", "", "only by this agent or person")
	flags.StringSliceVar(&f.Kinds, "kind", nil, "only of this kind, as landing.done or approval.*")
	flags.StringVar(&f.since, "since", "", "only from this time on: a date, an RFC 3339 time, or a span back such as 14d")
	flags.IntVar(&f.last, "last", 100, "only the last so many that match; 0 = all")
	flags.BoolVar(&f.json, "json", false, "print one JSON object a line")
	cmd.AddCommand(logVerify(env), logExport(env))
	return cmd
}

var errNoLedger = errors.New("there is no ledger here; run: adamant sync, or name the kernel with --kernel DIR")

func ledgerError(err error) error {
	if found := (*ledger.Alarm)(nil); errors.As(err, &found) {
		return &exitError{Code: ExitDeny, Err: err}
	}
	return judgeError(err)
}

type logFlags struct {
	ledger.Filter
	place ledgerPlace
	since string
	last  int
	json  bool
}

func (f *logFlags) run(ctx context.Context, env *Env) error {
	var err error
	if f.Since, err = parseSince(f.since, env.Now()); err != nil {
		return err
	}
	if f.last < 0 {
		return usage(errors.New("--last: want 0 or more"))
	}
	l, err := f.place.ledgers(ctx, env)
	if err != nil {
		return err
	}
	defer l.Close()
	if err = f.print(ctx, env, l.Repo); err == nil {
		err = l.tellAge(ctx, env)
	}
	return ledgerError(err)
}

// print shows the last entries that match. What was read before an alarm is shown as well.
func (f *logFlags) print(ctx context.Context, env *Env, repo *git.Repo) error {
	write := f.writer(env)
	var kept []ledger.Entry // a ring
	n := 0
	var failed error
	for e, err := range ledger.Read(ctx, repo, f.Filter) {
		switch {
		case err != nil:
			failed = err
		case f.last == 0:
			failed = write(e)
		case n < f.last:
			kept = append(kept, e)
		default:
			kept[n%f.last] = e
		}
		if failed != nil {
			break
		}
		n++
	}
	if n > len(kept) && f.last > 0 {
		fmt.Fprintf(env.Stderr, "%d earlier left out; --last 0 shows all\n", n-len(kept))
	}
	for i := range kept {
		if err := write(kept[(n+i)%len(kept)]); err != nil {
			return err
		}
	}
	return failed
}

func (f *logFlags) writer(env *Env) func(ledger.Entry) error {
	if f.json {
		return func(e ledger.Entry) error { return writeEntryJSON(env.Stdout, e) }
	}
	paint := styleFor(env, env.Stdout)
	return func(e ledger.Entry) error { return writeEntry(env.Stdout, e, paint) }
}

// writeEntryJSON prints an entry's line with its writer in front. Lines are printable as they are.
func writeEntryJSON(w io.Writer, e ledger.Entry) error {
	_, err := fmt.Fprintf(w, "{\"writer\":%q,%s\n", e.Writer, e.Line()[1:])
	return err
}

const logWidth = 100

// writeEntry prints an entry in one line of at most logWidth columns.
func writeEntry(w io.Writer, e ledger.Entry, paint style) error {
	text := pad(printable(e.Kind), 16) + " " + pad(printable(e.Actor), 12)
	if e.Change != "" {
		text += " change " + printable(e.Change[:min(16, len(e.Change))])
	}
	if e.Task != "" {
		text += " task " + printable(e.Task)
	}
	if len(e.Body) > 0 {
		text += " " + printable(string(e.Body))
	}
	text = strings.TrimRight(text, " ")
	at := e.Time.UTC().Format(time.DateTime)
	if room := logWidth - len(at) - 2; len([]rune(text)) > room {
		text = string([]rune(text)[:room-1]) + "…"
	}
	_, err := fmt.Fprintf(w, "%s  %s\n", paint.dim(at), text)
	return err
}

// parseSince reads a moment or a span back from now.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if span, err := parseSpan(text); err == nil {
		return now.Add(-span), nil
	}
	at, _, err := manifest.ParseMoment(text)
	if err != nil {
		return at, usage(fmt.Errorf("--since %q: want a date, an RFC 3339 time or a span such as 14d", text))
	}
	return at, nil
}

func logExport(env *Env) *cobra.Command {
	var place ledgerPlace
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write the ledger as plain files",
		Long: `Write every segment to DIR/<writer>/<yyyy>/<mm>/<dd>/<seq>.jsonl, as it is stored, and a README that
says how to check it with sha256sum. An export that is there already grows; a file in it that is not
the beginning of today's is an error, since the ledger only ever grows.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := place.ledgers(cmd.Context(), env)
			if err != nil {
				return err
			}
			defer l.Close()
			if err = exportLedger(cmd.Context(), env, l.Repo, absolute(env, args[0])); err == nil {
				err = l.tellAge(cmd.Context(), env)
			}
			return ledgerError(err)
		},
	}
	place.add(cmd, orByName)
	return cmd
}

const exportReadme = `# Ledger

One folder a writer; in it one file a segment, <yyyy>/<mm>/<dd>/<first entry>.jsonl, one entry a line.
"prev" of each line is the SHA-256 of the line before without its newline, through all files of a writer
in the order of their numbers; of the first line it is that of "adamant ledger v1", a newline, the writer's
name and a newline:

    printf 'adamant ledger v1\nWRITER\n' | sha256sum
    head -n 1 FILE | tr -d '\n' | sha256sum

The signatures are on the commits that these files come from: git log refs/adamant/ledger/WRITER, or
adamant log verify. The format is docs/formats/ledger.md of adamant.
`

func exportLedger(ctx context.Context, env *Env, repo *git.Repo, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usage(fmt.Errorf("exporting the ledger: %w", err))
	}
	root, err := os.OpenRoot(dir) // nothing is written outside of it, whatever links it holds
	if err != nil {
		return fmt.Errorf("exporting the ledger: %w", err)
	}
	defer root.Close()
	files, entries := 0, 0
	err = ledger.Files(ctx, repo, func(writer, path string, data []byte) error {
		files, entries = files+1, entries+strings.Count(string(data), "\n")
		return exportFile(root, writer+"/"+path, data)
	})
	if err == nil && files == 0 {
		return usage(errNoLedger)
	}
	if err == nil {
		err = root.WriteFile("README.md", []byte(exportReadme), 0o644)
	}
	if err != nil {
		return fmt.Errorf("exporting the ledger to %s: %w", dir, err)
	}
	fmt.Fprintf(env.Stdout, "%s in %s\n", plural(entries, "entry"), plural(files, "file"))
	return nil
}

// exportFile writes a segment, or what it has more than the file that is there.
func exportFile(root *os.Root, path string, data []byte) error {
	had, err := root.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := root.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
	case err != nil:
		return err
	case !strings.HasPrefix(string(data), string(had)):
		return usage(fmt.Errorf("%s is not the beginning of the ledger's: one of the two was changed; export to an empty folder and compare", path))
	case len(had) == len(data):
		return nil
	}
	return root.WriteFile(path, data, 0o644)
}
