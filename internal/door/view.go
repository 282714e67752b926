package door

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// views keeps one bare repository for each set of references that some token sees. It holds those references and their objects,
// and borrows main.git: whatever a reader asks for, there is nothing else to give. Views are caches; removing them costs time.
type views struct {
	dir    string
	kernel Kernel

	mu    sync.Mutex
	known map[string]*view
}

type view struct {
	dir string

	mu   sync.Mutex
	refs []git.Ref // as last written; nil = not looked at yet
}

// shown is a view as it was at one moment.
type shown struct {
	dir  string
	refs []git.Ref
}

func newViews(dir string, k Kernel) *views {
	return &views{dir: dir, kernel: k, known: map[string]*view{}}
}

// of brings the view of these patterns up to date.
func (v *views) of(ctx context.Context, patterns []string) (shown, error) {
	patterns = slices.Clone(patterns)
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	sum := sha256.Sum256([]byte(strings.Join(patterns, "\n")))
	name := hex.EncodeToString(sum[:12]) + ".git"
	v.mu.Lock()
	one := v.known[name]
	if one == nil {
		one = &view{dir: filepath.Join(v.dir, name)}
		v.known[name] = one
	}
	v.mu.Unlock()
	one.mu.Lock()
	defer one.mu.Unlock()
	if err := one.update(ctx, v.kernel, patterns); err != nil {
		return shown{}, fmt.Errorf("preparing what the token may see: %w", err)
	}
	return shown{one.dir, one.refs}, nil
}

func (w *view) update(ctx context.Context, k Kernel, patterns []string) error {
	refs, err := visible(ctx, k, patterns)
	if err != nil || w.refs != nil && slices.Equal(refs, w.refs) {
		return err
	}
	if w.refs == nil { // also one that an earlier daemon left: the kernel may lie elsewhere now
		if err := git.MakeBorrower(w.dir, k.Repo().ObjectFormat(), filepath.Join(k.Main().GitDir(), "objects")); err != nil {
			return err
		}
	}
	if err := w.fill(ctx, k, refs); err != nil {
		return err
	}
	if err := git.WriteRefs(w.dir, refs); err != nil {
		return err
	}
	w.refs = refs
	return nil
}

// fill copies the objects that are not in main.
func (w *view) fill(ctx context.Context, k Kernel, refs []git.Ref) error {
	var tips []git.OID
	for _, r := range refs {
		if r.Name != kernel.RefMain {
			tips = append(tips, r.OID)
		}
	}
	if len(tips) == 0 {
		return nil
	}
	repo, err := git.Open(ctx, w.dir)
	if err != nil {
		return err
	}
	_, err = repo.Copy(ctx, k.Repo(), tips...)
	return errors.Join(err, repo.Close())
}

// visible lists the references of the kernel that the patterns cover. main is where main.git has it, which is a moment
// behind the kernel during a landing.
func visible(ctx context.Context, k Kernel, patterns []string) ([]git.Ref, error) {
	all, err := k.Repo().Refs(ctx, patterns...)
	if err != nil {
		return nil, err
	}
	main, err := k.Main().Ref(ctx, kernel.RefMain)
	if err != nil {
		return nil, err
	}
	out := []git.Ref{}
	for _, r := range all {
		if r.Name == kernel.RefMain {
			r.OID = main
		}
		if r.OID != "" && sees(patterns, r.Name) {
			out = append(out, r)
		}
	}
	return out, nil
}
