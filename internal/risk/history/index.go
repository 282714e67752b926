package history

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"sort"

	"github.com/adamant-os/adamant/internal/git"
)

// Index answers questions about a first-parent history. It reads straight from its encoded bytes, so loading one costs a
// checksum. It is immutable and safe for concurrent use.
type Index struct {
	data                 []byte
	oidSize, count       int
	cut                  bool
	times, who, oids     []byte
	names, paths, trails texts
}

// Bytes is the encoded form, for Parse. The caller must not change it.
func (x *Index) Bytes() []byte { return x.data }

// Len is the number of changes.
func (x *Index) Len() int { return x.count }

// Paths is the number of paths that ever were.
func (x *Index) Paths() int { return x.paths.len() }

// Tip is the newest change, "" when there is none.
func (x *Index) Tip() git.OID {
	if x.count == 0 {
		return ""
	}
	return git.OID(hex.EncodeToString(x.oid(x.count - 1)))
}

// At looks from a change of the history, that one included. It reports false when oid is not one of them.
func (x *Index) At(oid git.OID) (View, bool) {
	want, err := rawOID(oid)
	if err != nil || len(want) != x.oidSize {
		return View{}, false
	}
	for i := x.count - 1; i >= 0; i-- {
		if bytes.Equal(x.oid(i), want) {
			return View{index: x, changes: i + 1}, true
		}
	}
	return View{}, false
}

func (x *Index) oid(i int) []byte { return x.oids[i*x.oidSize : (i+1)*x.oidSize] }

func (x *Index) time(i int) int64 { return int64(binary.LittleEndian.Uint64(x.times[8*i:])) }

func (x *Index) author(i int) uint32 { return binary.LittleEndian.Uint32(x.who[4*i:]) >> 2 }

func (x *Index) flag(i int, flag uint32) bool {
	return binary.LittleEndian.Uint32(x.who[4*i:])&flag != 0
}

func (x *Index) path(path string) (int, bool) {
	want := []byte(path)
	i := sort.Search(x.paths.len(), func(i int) bool { return bytes.Compare(x.paths.at(i), want) >= 0 })
	return i, i < x.paths.len() && bytes.Equal(x.paths.at(i), want)
}

// builder takes the first n changes apart again, to go on from there.
func (x *Index) builder(n int) *Builder {
	b := NewBuilder()
	b.oidSize, b.cut = x.oidSize, x.cut
	b.oids = append(b.oids, x.oids[:n*x.oidSize]...)
	for i := range x.names.len() {
		number(b.authors, &b.names, string(x.names.at(i)))
	}
	for i := range n {
		b.times = append(b.times, x.time(i))
		b.who = append(b.who, binary.LittleEndian.Uint32(x.who[4*i:]))
	}
	ids := make([]int, x.paths.len()) // the same numbers, unless the file names a path twice
	for i := range ids {
		ids[i] = b.path(string(x.paths.at(i)))
	}
	for i, id := range ids {
		trail := x.decodeTrail(i, n)
		for k := range trail {
			trail[k].from = ids[trail[k].from]
		}
		b.trails[id] = trail
	}
	return b
}
