package history

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/adamant-os/adamant/internal/git"
)

// The file is a magic number, nine 32-bit counts, the sections in the order of sections(), and a CRC-32C of all before it.
// Integers are little-endian. A trail is a run of varints: (change - previous change) << 2 | kind, for moved followed by the
// old path's number. Changes of the layout change the magic number.
const (
	magic      = "adamhis1"
	headerSize = len(magic) + 9*4
)

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

var errCorrupt = errors.New("the history cache is damaged")

func rawOID(oid git.OID) ([]byte, error) {
	raw, err := hex.DecodeString(string(oid))
	if err != nil || len(raw) != 20 && len(raw) != 32 {
		return nil, fmt.Errorf("%q is not an object name", oid)
	}
	return raw, nil
}

// encode writes the paths in the order given; renumber maps a path's number in the builder to its place there.
func (b *Builder) encode(sorted []string, renumber []int) []byte {
	var names, paths, trails table
	for _, n := range b.names {
		names.add([]byte(n))
	}
	for _, p := range sorted {
		paths.add([]byte(p))
		trails.add(encodeTrail(b.trails[b.paths[p]], renumber))
	}
	le := binary.LittleEndian
	out := []byte(magic)
	cut := 0
	if b.cut {
		cut = 1
	}
	for _, n := range []int{b.oidSize, cut, len(b.times), len(b.names), len(sorted), len(names.data), len(paths.data), len(trails.data), 0} {
		out = le.AppendUint32(out, uint32(n))
	}
	for _, t := range b.times {
		out = le.AppendUint64(out, uint64(t))
	}
	for _, w := range b.who {
		out = le.AppendUint32(out, w)
	}
	for _, t := range []*table{&names, &paths, &trails} {
		out = t.appendOffsets(out)
	}
	out = append(append(append(append(out, b.oids...), names.data...), paths.data...), trails.data...)
	return le.AppendUint32(out, crc32.Checksum(out, castagnoli()))
}

// table is a list of byte strings: their ends, and all of them in a row.
type table struct {
	ends []uint32
	data []byte
}

func (t *table) add(s []byte) {
	t.data = append(t.data, s...)
	t.ends = append(t.ends, uint32(len(t.data)))
}

func (t *table) appendOffsets(out []byte) []byte {
	for _, e := range t.ends {
		out = binary.LittleEndian.AppendUint32(out, e)
	}
	return out
}

func encodeTrail(trail []event, renumber []int) []byte {
	var out []byte
	last := 0
	for _, e := range trail {
		out = binary.AppendUvarint(out, uint64(e.change-last)<<2|uint64(e.kind))
		if e.kind == moved {
			out = binary.AppendUvarint(out, uint64(renumber[e.from]))
		}
		last = e.change
	}
	return out
}

// texts is a table inside an index's bytes.
type texts struct {
	ends []byte // 32 bits each
	data []byte
}

func (t texts) len() int { return len(t.ends) / 4 }

func (t texts) at(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = binary.LittleEndian.Uint32(t.ends[4*(i-1):])
	}
	return t.data[from:binary.LittleEndian.Uint32(t.ends[4*i:])]
}

func (t texts) valid() bool {
	last := uint32(0)
	for i := range t.len() {
		end := binary.LittleEndian.Uint32(t.ends[4*i:])
		if end < last || end > uint32(len(t.data)) {
			return false
		}
		last = end
	}
	return true
}

// Parse reads what Index.Bytes gave. The bytes must not change afterwards.
func Parse(data []byte) (*Index, error) {
	if len(data) < headerSize+4 || !bytes.HasPrefix(data, []byte(magic)) {
		return nil, errCorrupt
	}
	body, sum := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
	if crc32.Checksum(body, castagnoli()) != sum {
		return nil, errCorrupt
	}
	x := &Index{data: data}
	if !x.slice(body) {
		return nil, errCorrupt
	}
	return x, nil
}

// slice finds the sections. It reports false when they do not fill the body exactly.
func (x *Index) slice(body []byte) bool {
	var n [9]int
	for i := range n {
		n[i] = int(binary.LittleEndian.Uint32(body[len(magic)+4*i:]))
	}
	x.oidSize, x.cut, x.count = n[0], n[1] == 1, n[2]
	if x.oidSize != 20 && x.oidSize != 32 && x.count != 0 {
		return false
	}
	rest := body[headerSize:]
	for _, section := range []struct {
		into *[]byte
		size int
	}{
		{&x.times, 8 * n[2]}, {&x.who, 4 * n[2]}, {&x.names.ends, 4 * n[3]}, {&x.paths.ends, 4 * n[4]}, {&x.trails.ends, 4 * n[4]},
		{&x.oids, n[0] * n[2]}, {&x.names.data, n[5]}, {&x.paths.data, n[6]}, {&x.trails.data, n[7]},
	} {
		if section.size > len(rest) {
			return false
		}
		*section.into, rest = rest[:section.size], rest[section.size:]
	}
	return len(rest) == 0 && x.names.valid() && x.paths.valid() && x.trails.valid()
}

// decodeTrail returns the events of a path before change limit, oldest first.
func (x *Index) decodeTrail(path, limit int) []event {
	data := x.trails.at(path)
	var out []event
	change := 0
	for len(data) > 0 {
		v, size := binary.Uvarint(data)
		if size <= 0 {
			return out
		}
		data = data[size:]
		change += int(v >> 2)
		e := event{change: change, kind: kind(v & 3)}
		if e.kind == moved {
			from, size := binary.Uvarint(data)
			if size <= 0 || from >= uint64(x.paths.len()) {
				return out
			}
			data, e.from = data[size:], int(from)
		}
		if change < 0 || change >= min(limit, x.count) {
			return out
		}
		out = append(out, e)
	}
	return out
}
