package graph

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// tree is a Source as resolvers see it: its files, what their languages let others see of them, and its manifests.
type tree struct {
	ctx      context.Context //nolint:containedctx // resolvers read manifests while Read runs, and only then
	source   Source
	entries  []Entry
	paths    []string
	at       map[string]int32 // nil: found by search
	surfaces []string         // of entries, encoded; "" for none
	contents map[string]sight // by path, as they were read before; their blobs tell whether they still hold
	seen     map[string]sight // what the family at hand has read
	linked   bool             // the tree has symlinks
}

// sight is a manifest as a resolver read it. A blob that is "" was not readable.
type sight struct {
	blob string
	data string
	err  error
}

func newTree(ctx context.Context, src Source) *tree {
	t := &tree{ctx: ctx, source: src, entries: src.Entries(), contents: map[string]sight{}}
	t.paths = make([]string, len(t.entries))
	for i := range t.entries {
		t.paths[i] = t.entries[i].Path
		t.linked = t.linked || t.entries[i].Symlink
	}
	return t
}

// index prepares for many questions.
func (t *tree) index() {
	t.at = make(map[string]int32, len(t.paths))
	for i, p := range t.paths {
		t.at[p] = int32(i)
	}
}

func (t *tree) find(p string) (int32, bool) {
	if t.at == nil {
		i, ok := slices.BinarySearch(t.paths, p)
		return int32(i), ok
	}
	i, ok := t.at[p]
	return i, ok
}

func (t *tree) Paths() []string { return t.paths }

func (t *tree) Has(p string) bool { return t.Real(p) != "" }

func (t *tree) File(p string) *imports.File {
	i, ok := t.find(p)
	if !ok || t.surfaces[i] == "" {
		return nil
	}
	f, err := decodeFile(t.surfaces[i])
	if err != nil { // what was kept is checked when it is read
		return nil
	}
	return f
}

// maxLinks bounds chains of symlinks, as Linux does.
const maxLinks = 40

// Real follows symlinks of the file itself and of its folders.
func (t *tree) Real(p string) string {
	for range maxLinks {
		if i, ok := t.find(p); ok && !t.entries[i].Symlink {
			return p
		}
		if !t.linked {
			return ""
		}
		next, ok := t.follow(p)
		if !ok {
			return ""
		}
		p = next
	}
	return ""
}

// follow replaces the first symlink on the way to p by what it leads to.
func (t *tree) follow(p string) (string, bool) {
	for end := 0; end < len(p); {
		if i := strings.IndexByte(p[end:], '/'); i >= 0 {
			end += i
		} else {
			end = len(p)
		}
		if i, ok := t.find(p[:end]); ok && t.entries[i].Symlink {
			link, err := t.Read(p[:end])
			if err != nil || strings.HasPrefix(string(link), "/") {
				return "", false
			}
			to := path.Join(path.Dir(p[:end]), string(link), p[end:])
			return to, to != ".." && !strings.HasPrefix(to, "../")
		}
		end++
	}
	return "", false
}

// blob reads one file.
func (t *tree) blob(ctx context.Context, i int32) (data []byte, err error) {
	all := t.source.Blobs(ctx, []string{t.entries[i].Blob}, func(_ int, found []byte, wrong error) error {
		data, err = slices.Clone(found), wrong
		return nil
	})
	return data, errors.Join(all, err)
}

// Read returns a file's content as it is in git: that of a symlink is the path it leads to.
func (t *tree) Read(p string) ([]byte, error) {
	i, ok := t.find(p)
	if !ok {
		return nil, fmt.Errorf("%s is not in the tree", p)
	}
	known, ok := t.contents[p]
	if !ok || known.blob != t.entries[i].Blob {
		data, err := t.blob(t.ctx, i)
		if known = (sight{t.entries[i].Blob, string(data), err}); err != nil {
			known.blob = ""
		}
		t.contents[p] = known
	}
	if t.seen != nil {
		t.seen[p] = known
	}
	return []byte(known.data), known.err
}
