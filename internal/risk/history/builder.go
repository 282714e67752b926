package history

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// kind says what a change did to a path.
type kind int

const (
	touched kind = iota
	born         // added: what was at this path before is another file's past
	died
	moved // added with the content of a path that disappeared in the same change: its past is this file's past
)

// event is one change of one path.
type event struct {
	change int
	kind   kind
	from   int // for moved: the old path's number
}

// A Builder takes a first-parent history, oldest change first, and makes an Index of it.
type Builder struct {
	oidSize int // bytes
	oids    []byte
	times   []int64
	who     []uint32 // author number << 2 | revert << 1 | fix
	authors map[string]int
	names   []string
	paths   map[string]int
	trails  [][]event
	cut     bool
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	return &Builder{authors: map[string]int{}, paths: map[string]int{}}
}

// Len is the number of changes taken so far.
func (b *Builder) Len() int { return len(b.times) }

const (
	flagFix    = 1
	flagRevert = 2
)

// Add takes the next change. Its Changes need paths, statuses and object names, no line counts and no rename detection.
func (b *Builder) Add(e git.LogEntry) error {
	if err := b.addOID(e.OID); err != nil {
		return err
	}
	who := uint32(number(b.authors, &b.names, strings.ToLower(e.Author.Email))) << 2
	if IsFix(e.Message) {
		who |= flagFix
	}
	if IsRevert(e.Message) {
		who |= flagRevert
	}
	b.who = append(b.who, who)
	b.times = append(b.times, e.Committer.When.Unix())
	if e.Cut {
		b.cut = true // the diff against an unknown parent says nothing about the files
		return nil
	}
	b.record(len(b.times)-1, e.Changes)
	return nil
}

func (b *Builder) addOID(oid git.OID) error {
	raw, err := rawOID(oid)
	if err != nil {
		return err
	}
	if b.oidSize == 0 {
		b.oidSize = len(raw)
	}
	if len(raw) != b.oidSize {
		return fmt.Errorf("commit %s does not have the hash function of the history before it", oid)
	}
	b.oids = append(b.oids, raw...)
	return nil
}

// number gives each name a number, in order of appearance.
func number(known map[string]int, names *[]string, name string) int {
	n, ok := known[name]
	if !ok {
		n = len(known)
		known[name] = n
		*names = append(*names, name)
	}
	return n
}

func (b *Builder) path(path string) int {
	n, ok := b.paths[path]
	if !ok {
		n = len(b.trails)
		b.paths[path] = n
		b.trails = append(b.trails, nil)
	}
	return n
}

func (b *Builder) record(change int, files []git.FileChange) {
	gone := disappeared(files)
	for _, f := range files {
		e := event{change: change, kind: touched}
		switch f.Status {
		case git.Added:
			e.kind = born
			if old := gone[f.After]; len(old) > 0 {
				e.kind, e.from = moved, b.path(old[0])
				gone[f.After] = old[1:]
			}
		case git.Renamed:
			e.kind, e.from = moved, b.path(f.OldPath)
		case git.Deleted:
			e.kind = died
		}
		n := b.path(f.Path)
		b.trails[n] = append(b.trails[n], e)
	}
}

// disappeared lists the deleted paths by their content, to recognise files that only moved.
func disappeared(files []git.FileChange) map[git.OID][]string {
	out := map[git.OID][]string{}
	for _, f := range files {
		if f.Status == git.Deleted && f.Before != "" {
			out[f.Before] = append(out[f.Before], f.Path)
		}
	}
	return out
}

// Index makes the index. The builder can go on afterwards.
func (b *Builder) Index() *Index {
	sorted := slices.Sorted(maps.Keys(b.paths))
	renumber := make([]int, len(sorted))
	for i, p := range sorted {
		renumber[b.paths[p]] = i
	}
	x := &Index{data: b.encode(sorted, renumber)}
	x.slice(x.data[:len(x.data)-4])
	return x
}
