package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/adamant-os/adamant/internal/git"
)

// Options say how Open keeps its cache.
type Options struct {
	// CacheDir is where the cache file lives; empty keeps none.
	CacheDir string
	// Warn hears of a cache that could not be used or written. Nothing is lost by it but time. May be nil.
	Warn func(error)
	// Progress hears the number of changes read so far. May be nil.
	Progress func(changes int)
}

func (o Options) warn(err error) {
	if o.Warn != nil && err != nil {
		o.Warn(err)
	}
}

// Open returns the history as seen from commit tip. What the cache knows already is not read again; a damaged cache is built
// anew. The error is git's.
func Open(ctx context.Context, repo *git.Repo, tip git.OID, opt Options) (View, error) {
	file := cacheFile(repo, opt.CacheDir)
	cached, err := load(file)
	opt.warn(err)
	if cached != nil {
		if view, ok := cached.At(tip); ok {
			return view, nil
		}
	}
	index, err := extend(ctx, repo, cached, tip, opt)
	if err != nil {
		return View{}, err
	}
	opt.warn(save(file, index))
	view, ok := index.At(tip)
	if !ok {
		return View{}, fmt.Errorf("the first-parent history of %s does not hold it", tip.Short())
	}
	return view, nil
}

// cacheFile names the cache of a repository, "" when there is to be none.
func cacheFile(repo *git.Repo, dir string) string {
	if dir == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(repo.CommonDir()))
	return filepath.Join(dir, "history-"+hex.EncodeToString(sum[:12]))
}

func load(file string) (*Index, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the history cache: %w", err)
	}
	index, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; building it anew", file, err)
	}
	return index, nil
}

// save writes the cache beside its final name and moves it there: a reader sees the old file or the new one.
func save(file string, index *Index) error {
	if file == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("keeping the history cache: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".history-*")
	if err != nil {
		return fmt.Errorf("keeping the history cache: %w", err)
	}
	_, err = temp.Write(index.Bytes())
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("keeping the history cache: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}

// extend reads what cached lacks, or everything when it does not lead to tip.
func extend(ctx context.Context, repo *git.Repo, cached *Index, tip git.OID, opt Options) (*Index, error) {
	if cached != nil {
		index, err := follow(ctx, repo, cached, tip, opt)
		var missing *git.MissingError
		if err != nil && !errors.As(err, &missing) {
			return nil, err
		}
		if index != nil {
			return index, nil
		}
	}
	b := NewBuilder()
	if err := read(ctx, repo, b, git.LogOptions{From: tip}, opt); err != nil {
		return nil, err
	}
	return b.Index(), nil
}

// follow goes on from cached. It returns nil when tip's history does not pass through cached's.
func follow(ctx context.Context, repo *git.Repo, cached *Index, tip git.OID, opt Options) (*Index, error) {
	if _, err := repo.Commit(ctx, cached.Tip()); err != nil {
		return nil, err
	}
	log := git.LogOptions{From: tip, Not: []git.OID{cached.Tip()}, FirstParent: true, OldestFirst: true}
	var fork git.OID
	for entry, err := range repo.Log(ctx, log) {
		if err != nil {
			return nil, err
		}
		if len(entry.Parents) > 0 {
			fork = entry.Parents[0]
		}
		break
	}
	view, ok := cached.At(fork)
	if !ok {
		return nil, nil
	}
	b := cached.builder(view.changes)
	if err := read(ctx, repo, b, log, opt); err != nil {
		return nil, err
	}
	return b.Index(), nil
}

func read(ctx context.Context, repo *git.Repo, b *Builder, log git.LogOptions, opt Options) error {
	log.FirstParent, log.OldestFirst, log.Changes = true, true, git.ChangesRaw
	for entry, err := range repo.Log(ctx, log) {
		if err != nil {
			return fmt.Errorf("indexing history: %w", err)
		}
		if err := b.Add(entry); err != nil {
			return fmt.Errorf("indexing history: %w", err)
		}
		if opt.Progress != nil && b.Len()%1000 == 0 {
			opt.Progress(b.Len())
		}
	}
	return nil
}
