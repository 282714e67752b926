package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	setupTimeout  = 30 * time.Minute
	keepSetups    = 8         // newest setup results that are kept
	setupInUseFor = time.Hour // a result used this recently is never removed
)

// setupError says that a check's setup did not succeed.
type setupError struct {
	reason  string
	missing bool // something is not installed
}

func (e *setupError) Error() string { return e.reason }

// setup is what a check's setup is made of and in which tree.
type setup struct {
	digest string
	tree   Tree
}

// setupOf finds the tree that a check's setup runs in. As long as the change does not touch the setup's inputs that is
// base's tree, so that no file of a change takes part in making what other changes are checked with.
func (r *run) setupOf(ctx context.Context, c *manifest.Check, tools []string) (setup, error) {
	merged, err := r.inputs(ctx, r.job.Merged, c)
	if err != nil {
		return setup{}, err
	}
	own := setup{tree: r.job.Merged}
	private := r.job.Merged.ID()
	if r.job.Base != nil {
		base, err := r.inputs(ctx, r.job.Base, c)
		if err != nil {
			return setup{}, err
		}
		if slices.Equal(base, merged) {
			own, private = setup{tree: r.job.Base}, ""
		}
	}
	key := []any{"setup/v1", c.Setup, c.Directory, r.declaredEnv(c), r.passed(setupOnly[:]), tools, merged, private, r.Engine}
	own.digest, err = digest(key)
	return own, err
}

// inputs lists the blobs that a setup depends on.
func (r *run) inputs(ctx context.Context, tree Tree, c *manifest.Check) ([]git.Entry, error) {
	files, err := r.files(ctx, tree)
	if err != nil {
		return nil, err
	}
	if len(c.SetupInputs) == 0 {
		return slices.DeleteFunc(slices.Clone(files), func(e git.Entry) bool { return !lockFiles(e.Path) }), nil
	}
	return matching(files, c.SetupInputs)
}

// prepare fills a box with a checkout of tree and what the check's setup leaves behind.
func (r *run) prepare(ctx context.Context, b *box, tree Tree, c *manifest.Check, s setup, log *transcript) error {
	if err := tree.Checkout(ctx, b.tree()); err != nil {
		return fmt.Errorf("check out %s: %w", tree.ID(), err)
	}
	if len(c.Setup) == 0 {
		return nil
	}
	result, err := r.setupResult(ctx, c, s, log)
	if err != nil {
		return err
	}
	if err := place(result, b.tree(), b.home()); err != nil {
		return &setupError{reason: fmt.Sprintf("what setup made does not fit into the merged tree: %v", err)}
	}
	return nil
}

// place copies what a setup made into a checkout and a home.
func place(result, checkout, home string) error {
	return errors.Join(copyTree(filepath.Join(result, "tree"), checkout), copyTree(filepath.Join(result, "home"), home))
}

// setupResult is the folder that holds what a setup made, from an earlier run or from running it now.
func (r *run) setupResult(ctx context.Context, c *manifest.Check, s setup, log *transcript) (string, error) {
	r.setupMu.Lock() // one at a time: most checks of a run share one
	defer r.setupMu.Unlock()
	folder := filepath.Join(r.State, "setup")
	result := filepath.Join(folder, s.digest)
	if _, err := os.Stat(result); err == nil {
		now := time.Now()
		return result, os.Chtimes(result, now, now)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for setup results: %w", err)
	}
	r.tell(Event{Check: c.Name, Step: "setup"})
	b, err := newBox(filepath.Join(r.dir.path, "setup-"+s.digest[:12]))
	if err != nil {
		return "", err
	}
	err = r.runSetup(ctx, b, c, s, log)
	if err == nil {
		err = r.keepSetup(ctx, b, s, result)
	}
	if err := errors.Join(err, removeAll(b.path)); err != nil {
		return "", err
	}
	return result, pruneSetups(folder, time.Now())
}

// runSetup runs the lines of a setup, with network, in a checkout of its tree.
func (r *run) runSetup(ctx context.Context, b *box, c *manifest.Check, s setup, log *transcript) error {
	if err := s.tree.Checkout(ctx, b.tree()); err != nil {
		return fmt.Errorf("check out %s for setup: %w", s.tree.ID(), err)
	}
	within, cancel := context.WithTimeoutCause(ctx, setupTimeout, &setupError{reason: "setup did not end within " + setupTimeout.String()})
	defer cancel()
	dir, err := workDir(b.tree(), c.Directory)
	if err != nil {
		return err
	}
	for _, line := range c.Setup {
		fmt.Fprintf(log, "[adamant: setup: %s]\n", line)
		end, err := launch(within, r.sandbox, &session{
			Argv: []string{"sh", "-c", line}, Dir: dir, Env: r.setupEnv(b, c), Box: b.path, Hide: r.hidden(), Setup: true,
		}, log, log)
		if err != nil {
			return err
		}
		if err := setupFailure(line, end, tellingLine(log.Bytes())); err != nil {
			return err
		}
	}
	return nil
}

func setupFailure(line string, end outcome, last string) error {
	switch {
	case end == outcome{}:
		return nil
	case end.NotFound != "":
		return &setupError{reason: "setup: " + end.NotFound, missing: true}
	case end.Failure != "":
		return fmt.Errorf("run setup: %s", end.Failure)
	case end.Exit == 127:
		return &setupError{reason: fmt.Sprintf("setup: a command of %q is not installed: %s", line, last), missing: true}
	}
	return &setupError{reason: fmt.Sprintf("setup: %q failed (%s): %s", line, status{end.Exit, end.Signal}, last)}
}

// keepSetup moves what setup added to the checkout, and its home, to the place where later runs find them.
func (r *run) keepSetup(ctx context.Context, b *box, s setup, result string) error {
	files, err := r.files(ctx, s.tree)
	if err != nil {
		return err
	}
	making := result + ".new"
	if err := errors.Join(removeAll(making), os.Mkdir(making, 0o700)); err != nil {
		return fmt.Errorf("keep what setup made: %w", err)
	}
	for _, cache := range []string{".npm", ".cache/pip", ".cache/yarn", ".cache/uv"} { // downloads that were unpacked
		if err := removeAll(filepath.Join(b.home(), cache)); err != nil {
			return err
		}
	}
	if err := removeKnown(b.tree(), files); err != nil {
		return fmt.Errorf("keep what setup made: %w", err)
	}
	for from, to := range map[string]string{b.tree(): "tree", b.home(): "home"} {
		if err := moveTree(from, filepath.Join(making, to)); err != nil {
			return fmt.Errorf("keep what setup made: %w", err)
		}
	}
	if err := errors.Join(ownFolders(making), os.Rename(making, result)); err != nil {
		return fmt.Errorf("keep what setup made: %w", err)
	}
	return nil
}

// pruneSetups keeps the newest results.
func pruneSetups(folder string, now time.Time) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("prune setup results: %w", err)
	}
	type result struct {
		path string
		used time.Time
	}
	var results []result
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil { // gone meanwhile otherwise
			results = append(results, result{filepath.Join(folder, entry.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(results, func(a, b result) int { return b.used.Compare(a.used) })
	for i, old := range results {
		if i < keepSetups || now.Sub(old.used) < setupInUseFor {
			continue
		}
		if err := removeAll(old.path); err != nil {
			return fmt.Errorf("prune setup results: %w", err)
		}
	}
	return nil
}
