package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
)

// kernelConfig are the settings of both repositories: everything on disk before it counts, and no maintenance but ours.
var kernelConfig = [][2]string{
	{"core.fsync", "committed,loose-object,reference"},
	{"core.logAllRefUpdates", "false"},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
	{"receive.autogc", "false"},
	{"receive.fsckObjects", "true"},
	{"fetch.fsckObjects", "true"},
	{"transfer.fsckObjects", "true"},
	{"repack.writeBitmaps", "false"},
}

// hidden are what no fetch or push of anybody sees.
var hidden = []string{RefLease, PrefixPins, PrefixQuarantine}

// borrowed is how kernel.git finds main.git's objects: relative, so that the folder can be moved.
const borrowed = "../../main.git/objects\n"

// identity is kernel.json: what a kernel is called in its own ledger.
type identity struct {
	V       int       `json:"v"`
	Writer  string    `json:"writer"` // its ledger is PrefixLedger + Writer
	Created time.Time `json:"created"`
}

// Create makes a kernel at dir from the main branch of a clone, or completes and opens the one there: what it holds is
// never replaced. Shallow and partial clones are refused, since main's history must be whole.
func Create(ctx context.Context, dir string, from *git.Repo, opt Options) (*Kernel, error) {
	if opt.Main == "" {
		opt.Main = RefMain
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("making the kernel: %w", err)
	}
	if err := create(ctx, dir, from, opt); err != nil {
		return nil, fmt.Errorf("making the kernel %s: %w", dir, err)
	}
	return Open(ctx, dir)
}

func create(ctx context.Context, dir string, from *git.Repo, opt Options) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	making, err := filelock.Open(filepath.Join(dir, "making"), 0)
	if err != nil {
		return fmt.Errorf("another process is making it: %w", err)
	}
	err = makeRepositories(ctx, dir, from, opt)
	if err == nil {
		err = makeIdentity(dir)
	}
	return errors.Join(err, making.Close())
}

// makeRepositories goes so far that each step can be repeated: main.git with its main, then kernel.git with the same.
func makeRepositories(ctx context.Context, dir string, from *git.Repo, opt Options) (err error) {
	main, err := git.InitBare(ctx, filepath.Join(dir, "main.git"), git.InitOptions{Format: from.ObjectFormat(), Config: kernelConfig})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, main.Close()) }()
	if err := seedMain(ctx, main, from, opt.Main); err != nil {
		return err
	}
	config := kernelConfig
	for _, ref := range hidden {
		config = append(config[:len(config):len(config)], [2]string{"transfer.hideRefs", ref})
	}
	repo, err := git.InitBare(ctx, filepath.Join(dir, "kernel.git"), git.InitOptions{Format: from.ObjectFormat(), Config: config, Private: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, repo.Close()) }()
	return seedKernel(ctx, repo, main)
}

// seedMain brings the clone's main, unless main.git has one.
func seedMain(ctx context.Context, main, from *git.Repo, branch string) error {
	if id, err := main.Ref(ctx, RefMain); err != nil || id != "" {
		return err
	}
	if from.Shallow() {
		return errors.New("the clone is shallow; run: git fetch --unshallow")
	}
	id, err := from.Ref(ctx, branch)
	switch {
	case err != nil:
		return err
	case id == "":
		return fmt.Errorf("the clone has no %s; make a first commit on it, or name another branch", branch)
	}
	if from.Partial() {
		if err := from.Whole(ctx, id); err != nil {
			return err
		}
	}
	return main.Fetch(ctx, from.CommonDir(), []string{branch + ":" + RefMain}, git.FetchOptions{Trusted: true})
}

// seedKernel borrows main.git's objects and takes its main over.
func seedKernel(ctx context.Context, repo, main *git.Repo) error {
	file := filepath.Join(repo.CommonDir(), "objects", "info", "alternates")
	if have, err := os.ReadFile(file); errors.Is(err, fs.ErrNotExist) {
		if err := atomicfile.Write(file, []byte(borrowed)); err != nil {
			return err
		}
	} else if err != nil || string(have) != borrowed {
		return errors.Join(err, fmt.Errorf("%s is not as this package writes it", file))
	}
	if id, err := repo.Ref(ctx, RefMain); err != nil || id != "" {
		return err
	}
	id, err := main.Ref(ctx, RefMain)
	if err != nil {
		return err
	}
	return repo.UpdateRefs(ctx, []git.RefUpdate{{Name: RefMain, New: id}})
}

// Open opens a kernel for reading.
func Open(ctx context.Context, dir string) (*Kernel, error) {
	k, err := openFolder(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the kernel %s: %w; adamant up makes one", dir, err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the kernel %s: %w", dir, err)
	}
	return k, nil
}

func openFolder(ctx context.Context, dir string) (*Kernel, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	id, err := readIdentity(dir)
	if err != nil {
		return nil, err
	}
	k := &Kernel{dir: dir, writer: id.Writer, openJournal: openJournal}
	if k.family, err = os.OpenFile(filepath.Join(dir, "children"), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	if k.main, err = git.Open(ctx, filepath.Join(dir, "main.git"), git.WithInherited(k.family)); err == nil {
		k.repo, err = git.Open(ctx, filepath.Join(dir, "kernel.git"), git.WithInherited(k.family))
	}
	if err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return k, nil
}

// Close writes what the ledger has queued, ends the resident children and gives the kernel up. Closing again does nothing.
func (k *Kernel) Close() error {
	var errs []error
	if k.journal != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		errs = append(errs, k.journal.close(ctx))
	}
	for _, repo := range []*git.Repo{k.repo, k.main} {
		if repo != nil {
			errs = append(errs, repo.Close())
		}
	}
	if k.family != nil { // children that still run keep its lock
		errs = append(errs, k.family.Close())
	}
	if k.lock != nil { // last: who has it next must find no children of ours
		errs = append(errs, k.lock.Close())
	}
	k.journal, k.family, k.lock = nil, nil, nil
	return errors.Join(errs...)
}

func makeIdentity(dir string) error {
	if _, err := readIdentity(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	name, err := randomName("k-")
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "kernel.json"), identity{V: 1, Writer: name, Created: time.Now().UTC().Truncate(time.Second)})
}

func readIdentity(dir string) (identity, error) {
	var id identity
	file := filepath.Join(dir, "kernel.json")
	if err := readJSON(file, &id); err != nil {
		return identity{}, err
	}
	if id.V != 1 {
		return identity{}, fmt.Errorf("%s has version %d; this adamant knows version 1: use a newer one", file, id.V)
	}
	if err := CheckName(id.Writer); err != nil {
		return identity{}, fmt.Errorf("%s: %w", file, err)
	}
	return id, nil
}

const closeWait = time.Minute // for the ledger's last entries

const jsonLimit = 64 << 10 // bytes of the kernel's own small files

func readJSON(file string, into any) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Size() > jsonLimit {
		return fmt.Errorf("%s has %d bytes, more than %d", file, info.Size(), jsonLimit)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func writeJSON(file string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return atomicfile.Write(file, append(data, '\n'))
}
