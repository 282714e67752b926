package facts

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/git"
)

// Side is one tree of a change: its listing, and its blobs as they are asked for. Base and merged side share what was read.
// It is safe for concurrent use.
type Side struct {
	repo    *git.Repo
	tree    git.OID
	limit   int64
	entries []git.Entry // sorted by raw path
	blobs   *blobs

	paths func() []string // as spelt in documents, sorted
}

// blobs remembers content by object name.
type blobs struct {
	mu   sync.Mutex
	data map[git.OID][]byte
}

func (b *blobs) get(oid git.OID) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.data[oid]
	return data, ok
}

func (b *blobs) put(oid git.OID, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.data[oid] = data
}

// NewSide lists a tree. Blobs over limit bytes are not read.
func NewSide(ctx context.Context, repo *git.Repo, tree git.OID, limit int64) (*Side, error) {
	entries, err := repo.Tree(ctx, tree)
	if err != nil {
		return nil, fmt.Errorf("listing tree %s: %w", tree.Short(), err)
	}
	return newSide(repo, tree, limit, entries, &blobs{data: map[git.OID][]byte{}}), nil
}

func newSide(repo *git.Repo, tree git.OID, limit int64, entries []git.Entry, read *blobs) *Side {
	return &Side{repo: repo, tree: tree, limit: limit, entries: entries, blobs: read, paths: sync.OnceValue(func() []string { return spell(entries) })}
}

// Apply returns the side that a diff leads to, without asking git.
func (s *Side) Apply(tree git.OID, changes []git.FileChange) *Side {
	gone := make(map[string]bool, len(changes))
	var added []git.Entry
	for _, c := range changes {
		gone[c.Path] = true
		if c.OldPath != "" {
			gone[c.OldPath] = true
		}
	}
	for _, c := range changes {
		if c.Status != git.Deleted {
			added = append(added, git.Entry{Path: c.Path, Mode: c.NewMode, OID: c.After})
		}
	}
	slices.SortFunc(added, func(a, b git.Entry) int { return strings.Compare(a.Path, b.Path) })
	entries := make([]git.Entry, 0, len(s.entries)+len(added))
	for _, e := range s.entries {
		for len(added) > 0 && added[0].Path < e.Path {
			entries, added = append(entries, added[0]), added[1:]
		}
		if !gone[e.Path] {
			entries = append(entries, e)
		}
	}
	return newSide(s.repo, tree, s.limit, append(entries, added...), s.blobs)
}

// Forget drops what was read, for callers that walk through many trees.
func (s *Side) Forget() *Side {
	return s.with(s.limit, &blobs{data: map[git.OID][]byte{}})
}

// Within is the same side for callers that read blobs up to another limit, in bytes.
func (s *Side) Within(limit int64) *Side { return s.with(limit, s.blobs) }

func (s *Side) with(limit int64, read *blobs) *Side {
	return &Side{repo: s.repo, tree: s.tree, limit: limit, entries: s.entries, blobs: read, paths: s.paths}
}

// Tree is the tree's object name.
func (s *Side) Tree() git.OID { return s.tree }

// Entries lists the tree, sorted by raw path. The caller must not change it.
func (s *Side) Entries() []git.Entry { return s.entries }

// Paths lists the tree's files as documents spell them, sorted. The caller must not change it.
func (s *Side) Paths() []string { return s.paths() }

func spell(entries []git.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = SpellPath(e.Path)
	}
	if !slices.IsSorted(out) { // quoted ones go elsewhere
		slices.Sort(out)
	}
	return out
}

// Entry finds a file by its spelt path.
func (s *Side) Entry(path string) (git.Entry, bool) {
	raw, ok := unspell(path)
	if !ok {
		return git.Entry{}, false
	}
	// The last of several: a tree that names a path twice is broken, and git reads it so.
	i := sort.Search(len(s.entries), func(i int) bool { return s.entries[i].Path > raw }) - 1
	if i < 0 || s.entries[i].Path != raw {
		return git.Entry{}, false
	}
	return s.entries[i], true
}

// Read returns the content of a file by its spelt path. Symlinks are their target, submodules have no content. The error
// wraps fs.ErrNotExist when there is no such file, and is a *git.TooLargeError when it is over the limit.
func (s *Side) Read(ctx context.Context, path string) ([]byte, error) {
	entry, ok := s.Entry(path)
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return s.Blob(ctx, entry.OID)
}

// Blob reads an object, once.
func (s *Side) Blob(ctx context.Context, oid git.OID) ([]byte, error) {
	if data, ok := s.blobs.get(oid); ok {
		if size := int64(len(data)); size > s.limit {
			return nil, &git.TooLargeError{OID: oid, Size: size, Limit: s.limit}
		}
		return data, nil
	}
	data, err := s.repo.Blob(ctx, oid, s.limit)
	if err != nil {
		return nil, err
	}
	s.blobs.put(oid, data)
	return data, nil
}

// readAhead reads the wanted files in one round, for callers that will ask for one after the other. What is wrong with a file
// is said to whoever asks for it.
func (s *Side) readAhead(ctx context.Context, wanted func(path string) bool) error {
	var ids []git.OID
	for _, e := range s.entries {
		if !readable(e.Mode) || !wanted(e.Path) {
			continue
		}
		if _, known := s.blobs.get(e.OID); !known {
			ids = append(ids, e.OID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return s.repo.Blobs(ctx, ids, s.limit, func(i int, data []byte, err error) error {
		if err == nil {
			s.blobs.put(ids[i], data)
		}
		return nil
	})
}

// SpellPath makes a path of raw bytes valid JSON: a path that is not UTF-8, or that starts with a quotation mark, is quoted
// with Go's rules, every other path stays as it is. Different paths have different spellings.
func SpellPath(path string) string {
	if utf8.ValidString(path) && !strings.HasPrefix(path, `"`) {
		return path
	}
	return strconv.Quote(path)
}

// unspell gives the path that SpellPath spelt; false when it spells none like that.
func unspell(spelt string) (path string, ok bool) {
	path = spelt
	if strings.HasPrefix(spelt, `"`) {
		var err error
		if path, err = strconv.Unquote(spelt); err != nil {
			return "", false
		}
	}
	return path, SpellPath(path) == spelt
}
