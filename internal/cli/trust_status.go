package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/trust"
)

const expirySoon = 30 * 24 * time.Hour

// trustState is what `adamant trust status --json` prints.
type trustState struct {
	V           int         `json:"v"`
	Fingerprint string      `json:"fingerprint"`
	Root        trust.Root  `json:"root"`
	OnMain      int         `json:"onMain"` // version that main has, 0 for none
	Windows     []trust.Use `json:"windows"`
	Keys        string      `json:"keys"` // "here", "elsewhere", or what is wrong with them
	Problems    []string    `json:"problems"`
	Notes       []string    `json:"notes"`
}

func trustStatus(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Check the trust root and the keys, and say who may do what",
		Long: `Check .adamant/trust of the work tree: every version of root.json with its signatures, and the files that
it names. Where the kernel is on this machine, its keys and their modes are checked too.

Exit status: 0 in order, 1 something does not hold, 2 usage or no trust root.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runTrustStatus(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the state as JSON")
	return cmd
}

func runTrustStatus(ctx context.Context, f *deskFlags) error {
	repo, err := openRepo(ctx, f.env, "")
	if err != nil {
		return err
	}
	defer repo.Close()
	chain, err := f.readTrust(repo)
	if err != nil {
		return err
	}
	s := trustState{V: 1, Fingerprint: chain.Fingerprint, Root: chain.Current(), Problems: []string{}, Notes: []string{}}
	if s.Windows, err = trust.Uses(chain.TrustedRoot); err != nil {
		return &exitError{Code: ExitDeny, Err: err}
	}
	if err := s.compare(ctx, repo); err != nil {
		return err
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	s.checkKeys(dir, chain, f.env.Now())
	s.checkExpiry(f.env.Now())
	if f.json {
		err = writeJSON(f.env.Stdout, s)
	} else {
		s.print(f.env.Stdout, f.env.Now())
	}
	if err == nil && len(s.Problems) > 0 {
		return exit(ExitDeny)
	}
	return err
}

// readTrust reads the work tree's trust root: what is wrong with it is a no, that there is none is the caller's to mend.
func (f *deskFlags) readTrust(repo *git.Repo) (*trust.Chain, error) {
	if _, err := os.Lstat(filepath.Join(repo.Root(), trust.Dir)); errors.Is(err, fs.ErrNotExist) || repo.Root() == "" {
		return nil, usage(fmt.Errorf("this work tree has no %s; make it: adamant trust init", trust.Dir))
	}
	chain, err := readTrust(repo.Root())
	var refused *trust.RootError
	if errors.As(err, &refused) {
		return nil, &exitError{Code: ExitDeny, Err: fmt.Errorf("%s: %w", refused.Code, err)}
	}
	return chain, err
}

// compare says which version main has.
func (s *trustState) compare(ctx context.Context, repo *git.Repo) error {
	landing, _, err := repo.Branches(ctx)
	if err != nil {
		return usage(err)
	}
	main, err := repo.Resolve(ctx, landing)
	if err != nil {
		return usage(err)
	}
	if s.OnMain, err = trustOnMain(ctx, repo, main); err != nil {
		s.Problems = append(s.Problems, err.Error())
		return nil
	}
	switch {
	case s.OnMain < s.Root.Version:
		s.Notes = append(s.Notes, fmt.Sprintf("%s here has version %d: land the change with %s", landing, s.OnMain, trust.Dir))
	case s.OnMain > s.Root.Version:
		s.Notes = append(s.Notes, fmt.Sprintf("%s here has version %d already: this work tree is behind", landing, s.OnMain))
	}
	return nil
}

// checkKeys looks at the private halves, if they are on this machine.
func (s *trustState) checkKeys(dir string, chain *trust.Chain, now time.Time) {
	a, err := trust.Open(notary.Folder(dir), trust.Options{Repository: s.Root.Repository, Now: func() time.Time { return now }, Published: chain.TrustedRoot})
	switch {
	case errors.Is(err, fs.ErrNotExist) && a == nil:
		s.Keys = "elsewhere"
		if _, err := os.Lstat(notary.Folder(dir)); err == nil {
			s.Keys = "incomplete"
			s.Problems = append(s.Problems, "the kernel's trust folder lacks keys: adamant trust rotate makes new ones")
		}
	case err != nil:
		s.Keys = "refused"
		s.Problems = append(s.Problems, err.Error())
	default:
		s.Keys = "here"
		if string(a.TrustedRoot()) != string(chain.TrustedRoot) {
			s.Notes = append(s.Notes, "the kernel has newer keys than this work tree lists: land the change that rotated them")
		}
	}
}

func (s *trustState) checkExpiry(now time.Time) {
	switch left := s.Root.Expires.Sub(now); {
	case left <= 0:
		s.Problems = append(s.Problems, "root.json expired on "+s.Root.Expires.Format(time.DateOnly)+": adamant trust rotate --renew none")
	case left < expirySoon:
		s.Notes = append(s.Notes, "root.json expires on "+s.Root.Expires.Format(time.DateOnly)+": adamant trust rotate --renew none")
	}
}

func (s *trustState) print(w io.Writer, now time.Time) {
	r := s.Root
	line := func(label, format string, args ...any) {
		fmt.Fprintln(w, clip(pad(label, 13)+fmt.Sprintf(format, args...), textWidth))
	}
	line("root", "version %d for %s, until %s; on main: version %d", r.Version, r.Repository, r.Expires.Format(time.DateOnly), s.OnMain)
	line("fingerprint", "%s", s.Fingerprint)
	line("genesis", "%s", r.Genesis.Commit)
	for _, k := range r.Keys {
		line("key", "%s  %s  %s", pad(k.Name, 8), window(k.Start, k.End, now), k.ID)
	}
	line("operators", "%d of %s signs a root", r.Roles.Operator.Threshold, plural(len(r.Roles.Operator.KeyIDs), "key"))
	for _, g := range r.Roles.Builder {
		line("builder", "L%d  %s", g.MaxLevel, g.Identity)
	}
	for _, u := range s.Windows {
		line(u.Kind, "%s  %.16s", window(u.Start, u.End, now), u.ID)
	}
	line("private keys", "%s", s.Keys)
	for _, p := range s.Problems {
		fmt.Fprintln(w, "problem: "+printable(p))
	}
	for _, n := range s.Notes {
		fmt.Fprintln(w, "note: "+printable(n))
	}
}

// window says from when to when something is good.
func window(start time.Time, end *time.Time, now time.Time) string {
	switch {
	case end == nil:
		return pad("since "+start.Format(time.DateOnly), 23)
	case now.Before(*end):
		return pad(start.Format(time.DateOnly)+".."+end.Format(time.DateOnly), 23)
	}
	return pad("ended "+end.Format(time.DateOnly), 23)
}
