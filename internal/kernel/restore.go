package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// Restored is what a kernel was rebuilt from.
type Restored struct {
	V       int           `json:"v"`
	From    string        `json:"from"` // without credentials
	Main    git.OID       `json:"main"`
	Forge   git.OID       `json:"forge,omitempty"` // the remote's own main, where it differs
	Ledger  ledger.Report `json:"-"`
	Entries uint64        `json:"entries"`
}

// AlarmError says that the ledger of a mirror does not hold.
type AlarmError struct{ Alarms []*ledger.Alarm }

func (e *AlarmError) Error() string {
	text := "its ledger does not hold; nothing was restored"
	for _, a := range e.Alarms {
		text += "\n" + a.Error()
	}
	return text
}

// Restore rebuilds a kernel at dir, which must not exist, from a mirror: main (the kernel's own, where the forge's differs),
// ledger, changes, tasks, archive and attestations. The ledger is verified first, by the policy. The kernel gets a new writer
// of its own and goes on beside the old ledgers; leases, pins, quarantine and what was in flight are not in a mirror. It is
// open for reading.
func Restore(ctx context.Context, dir, from string, policy ledger.Policy) (*Kernel, Restored, error) {
	r := Restored{V: 1, From: redact(from)}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, r, fmt.Errorf("restoring a kernel: %w", err)
	}
	k, err := r.restore(ctx, dir, from, policy)
	if err != nil {
		return nil, r, fmt.Errorf("restoring %s from %s: %w", dir, r.From, err)
	}
	return k, r, nil
}

// restore works in a folder beside dir and renames it in the end, so that there is no half of a kernel.
func (r *Restored) restore(ctx context.Context, dir, from string, policy ledger.Policy) (_ *Kernel, err error) {
	if err := vacant(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".restore-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	if err := r.fill(ctx, work, from, policy); err != nil {
		return nil, err
	}
	if err := os.Rename(work, dir); err != nil {
		return nil, err
	}
	return Open(ctx, dir)
}

// vacant demands a folder that is not there, or empty.
func vacant(dir string) error {
	names, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(names) > 0:
		return errors.New("the folder is not empty; a kernel is never written over")
	}
	return os.Remove(dir)
}

func (r *Restored) fill(ctx context.Context, work, from string, policy ledger.Policy) error {
	clone := filepath.Join(work, "mirror.git")
	mirror, there, err := probe(ctx, clone, from)
	if err != nil {
		return err
	}
	err = r.bring(ctx, work, mirror, there, from, policy)
	return errors.Join(err, mirror.Close(), os.RemoveAll(clone))
}

// probe makes an empty repository of the remote's format.
func probe(ctx context.Context, dir, from string) (*git.Repo, map[string]git.OID, error) {
	repo, err := git.InitBare(ctx, dir, git.InitOptions{})
	if err != nil {
		return nil, nil, err
	}
	there, err := remoteRefs(ctx, repo, from)
	sha256 := false
	for _, id := range there {
		sha256 = len(id) == 64
	}
	if err == nil && !sha256 {
		return repo, there, nil
	}
	if err := errors.Join(err, repo.Close(), os.RemoveAll(dir)); err != nil {
		return nil, nil, err
	}
	repo, err = git.InitBare(ctx, dir, git.InitOptions{Format: "sha256"})
	return repo, there, err
}

// bring fetches the mirror, verifies its ledger and makes the kernel's repositories from it.
func (r *Restored) bring(ctx context.Context, work string, mirror *git.Repo, there map[string]git.OID, from string, policy ledger.Policy) error {
	main := RefMain
	if there[RefMirrorMain] != "" {
		main = RefMirrorMain
	}
	if r.Main = there[main]; r.Main == "" {
		return errors.New("the remote has no main branch; is it a kernel's mirror?")
	}
	if forge := there[RefMain]; forge != r.Main {
		r.Forge = forge
	}
	specs := []string{main + ":" + RefMain}
	for ref := range there {
		if _, err := ParseRef(ref); err == nil && leaves(ref) {
			specs = append(specs, ref+":"+ref)
		}
	}
	if err := fetchAll(ctx, mirror, from, specs); err != nil {
		return err
	}
	if err := r.verify(ctx, mirror, policy); err != nil {
		return err
	}
	if err := makeRepositories(ctx, work, mirror, Options{Main: RefMain}); err != nil {
		return err
	}
	if err := r.copyOwn(ctx, work, mirror, specs[1:]); err != nil {
		return err
	}
	return makeIdentity(work)
}

// leaves says that a reference is one of those that leave a kernel.
func leaves(ref string) bool {
	for _, prefix := range mirrored {
		if ref == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(ref, prefix) {
			return true
		}
	}
	return false
}

func fetchAll(ctx context.Context, repo *git.Repo, from string, specs []string) error {
	for len(specs) > 0 {
		n := min(pushAtOnce, len(specs))
		if err := repo.Fetch(ctx, from, specs[:n], git.FetchOptions{}); err != nil {
			return err
		}
		specs = specs[n:]
	}
	return nil
}

func (r *Restored) verify(ctx context.Context, mirror *git.Repo, policy ledger.Policy) error {
	var err error
	if r.Ledger, err = ledger.Verify(ctx, mirror, ledger.Seen{}, policy); err != nil {
		return err
	}
	if len(r.Ledger.Alarms) > 0 {
		return &AlarmError{r.Ledger.Alarms}
	}
	if len(r.Ledger.Ledgers) == 0 {
		return errors.New("the remote has no ledger; is it a kernel's mirror?")
	}
	for _, l := range r.Ledger.Ledgers {
		r.Entries += l.Entries
	}
	return nil
}

// copyOwn takes adamant's own references over into kernel.git.
func (r *Restored) copyOwn(ctx context.Context, work string, mirror *git.Repo, specs []string) (err error) {
	repo, err := git.Open(ctx, filepath.Join(work, "kernel.git"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	for len(specs) > 0 {
		n := min(pushAtOnce, len(specs))
		if err := repo.Fetch(ctx, mirror.CommonDir(), specs[:n], git.FetchOptions{Trusted: true}); err != nil {
			return err
		}
		specs = specs[n:]
	}
	return nil
}

// NoteRestored writes to the ledger of a restored kernel where it came from. The kernel must be held.
func (k *Kernel) NoteRestored(ctx context.Context, r Restored) error {
	if k.journal == nil {
		return ErrNotHeld
	}
	return k.journal.record(ctx, ledger.KernelRestored, "", r)
}
