package graph

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Cache keeps extractions by blob, and snapshots of whole trees, in a folder of this user. A snapshot is believed for what it
// says it was made from, file by file: a tree that differs from it, in whatever branch, clone or repository, has only the
// difference done again. Files are replaced as a whole, damaged ones are forgotten, and all may be deleted at any time. It is
// safe for concurrent use.
type Cache struct {
	folder string
	warn   func(string)
	few    int // files that are sooner done again than kept

	mu    sync.Mutex
	store *Store // nil until it is needed
	last  string // file of the snapshot that is in memory
	kept  *state
}

const (
	maxSnapshots     = 16      // files
	maxSnapshotsSize = 1 << 30 // bytes of all files
	maxSnapshotSize  = 256 << 20
)

// OpenCache uses a folder; "" keeps nothing. warn is told what cannot be kept or is damaged; the work is then done anew.
func OpenCache(folder string, warn func(string)) *Cache {
	if warn == nil {
		warn = func(string) {}
	}
	return &Cache{folder: folder, warn: warn, few: 32}
}

// extractions is the store, which is read when it is first needed.
func (c *Cache) extractions() *Store {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store == nil {
		var err error
		if c.store, err = OpenStore(c.folder); err != nil {
			c.warn(err.Error())
		}
	}
	return c.store
}

func (c *Cache) snapshots() string { return filepath.Join(c.folder, "snapshots") }

// keyOfOptions names what a snapshot depends on besides the tree.
func keyOfOptions(opt Options) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", opt.Key)
	for i := range opt.Languages {
		fmt.Fprintf(h, "%q %q %d\n", opt.Languages[i].Name, opt.Languages[i].Family, opt.Languages[i].Version)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// sketchSize is how many object names stand for a tree: the least ones. Trees that share many files share most of these.
const sketchSize = 64

// sketch takes a sum of a tree, and its least object names, sorted. Both only guess which snapshot to look at.
func sketch(entries []Entry) (sum uint64, least []uint64) {
	limit := ^uint64(0)
	trim := func() {
		slices.Sort(least)
		least = slices.Compact(least)
		if len(least) > sketchSize {
			least = least[:sketchSize]
			limit = least[sketchSize-1]
		}
	}
	for i := range entries {
		x := uint64(0)
		for _, c := range []byte(entries[i].Blob[:min(16, len(entries[i].Blob))]) {
			x = x<<4 | uint64(c&0xf) + 9*uint64(c>>6) // hexadecimal
		}
		sum = sum*1_000_003 + x + uint64(len(entries[i].Path))
		if x < limit {
			if least = append(least, x); len(least) >= 4*sketchSize {
				trim()
			}
		}
	}
	trim()
	return sum, least
}

func common(a, b []uint64) int {
	n := 0
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); ok {
			n++
		}
	}
	return n
}

// candidate is a snapshot that is kept.
type candidate struct {
	file  string
	like  int // files of the sketch in common
	used  time.Time
	bytes int64
}

// nearest is the state that is most like a tree, of equal ones that used last; an empty one when there is none.
func (c *Cache) nearest(key string, entries []Entry) *state {
	none := &state{graph: new(Builder).Graph()}
	if c.folder == "" {
		return none
	}
	sum, want := sketch(entries)
	candidates := c.list(key)
	for i := range candidates {
		same, found, err := readSketch(candidates[i].file)
		if err == nil {
			candidates[i].like = common(want, found)
		}
		if same == sum {
			candidates[i].like++
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Or(b.like-a.like, b.used.Compare(a.used)) })
	for _, one := range candidates {
		if one.like == 0 {
			break
		}
		if s := c.load(one.file); s != nil {
			return s
		}
	}
	return none
}

// list finds the snapshots for a key, those used last first; "" lists all.
func (c *Cache) list(key string) []candidate {
	files, err := os.ReadDir(c.snapshots())
	if err != nil { // there is none yet
		return nil
	}
	var out []candidate
	for _, file := range files {
		if !file.Type().IsRegular() || !strings.HasPrefix(file.Name(), key) {
			continue
		}
		if info, err := file.Info(); err == nil {
			out = append(out, candidate{file: filepath.Join(c.snapshots(), file.Name()), used: info.ModTime(), bytes: info.Size()})
		}
	}
	slices.SortFunc(out, func(a, b candidate) int { return cmp.Or(b.used.Compare(a.used), cmp.Compare(a.file, b.file)) })
	return out
}

// load decodes a snapshot; nil when it is damaged or was deleted meanwhile.
func (c *Cache) load(file string) *state {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == file {
		return c.kept
	}
	s, err := loadState(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		c.warn(fmt.Sprintf("a snapshot of the graph is made anew: %v", err))
		_ = os.Remove(file) // it is damaged; what cannot be removed is found damaged again
		return nil
	}
	if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > time.Minute {
		now := time.Now()
		_ = os.Chtimes(file, now, now) // only the order in which they are forgotten
	}
	c.last, c.kept = file, s
	return s
}

// keep writes a snapshot and forgets those used longest ago.
func (c *Cache) keep(key string, s *state) {
	if c.folder == "" {
		return
	}
	data := encodeState(s)
	if len(data) > maxSnapshotSize {
		c.warn(fmt.Sprintf("the snapshot of the graph would have %d bytes and is not kept", len(data)))
		return
	}
	sum := sha256.Sum256(data)
	file := filepath.Join(c.snapshots(), key+"-"+hex.EncodeToString(sum[:8]))
	if err := replaceFile(file, data); err != nil {
		c.warn(fmt.Sprintf("keep the snapshot of the graph: %v", err))
		return
	}
	c.mu.Lock()
	c.last, c.kept = file, s
	c.mu.Unlock()
	c.forget()
}

func (c *Cache) forget() {
	total := int64(0)
	for i, one := range c.list("") {
		if total += one.bytes; i >= maxSnapshots || total > maxSnapshotsSize {
			if err := os.Remove(one.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				c.warn(fmt.Sprintf("forget a snapshot of the graph: %v", err))
			}
		}
	}
}

// Close writes the extractions that were added. Losing them costs time, nothing else.
func (c *Cache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store == nil {
		return nil
	}
	return c.store.Close()
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is no regular file of at most %d bytes", path, limit)
	}
	return os.ReadFile(path)
}

// readSketch reads what a snapshot was made of, in short.
func readSketch(file string) (sum uint64, least []uint64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, nil, err
	}
	head := make([]byte, snapshotHead)
	_, err = io.ReadFull(f, head)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, nil, err
	}
	if string(head[:len(snapshotMagic)]) != snapshotMagic {
		return 0, nil, errBroken
	}
	numbers := make([]uint64, 1+sketchSize)
	for i := range numbers {
		numbers[i] = binary.LittleEndian.Uint64(head[len(snapshotMagic)+8*i:])
	}
	return numbers[0], numbers[1:], nil
}
