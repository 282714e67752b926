package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// A snapshot is stored as: magic, sketch (its sum and 64 numbers, of 8 bytes each), the state as unsigned varints and length-prefixed strings,
// checksum of all before it. Specifiers, languages and sets of types are tables that edges refer to.

const (
	snapshotMagic = "adamant snapshot 1\n"
	snapshotHead  = len(snapshotMagic) + 8*(1+sketchSize)
)

// maxContents is how many bytes of manifests a snapshot holds; the others are read again.
const maxContents = 16 << 20

func encodeState(s *state) []byte {
	data := make([]byte, 0, 64*len(s.entries)+24*len(s.graph.edges)+4096)
	data = append(data, snapshotMagic...)
	sum, least := sketch(s.entries)
	data = binary.LittleEndian.AppendUint64(data, sum)
	for i := range sketchSize {
		x := ^uint64(0)
		if i < len(least) {
			x = least[i]
		}
		data = binary.LittleEndian.AppendUint64(data, x)
	}
	data = putEntries(data, s)
	data = putGraph(data, s.graph)
	data = putProblems(data, s.problems)
	data = putFamilies(data, s.families)
	data = putMap(data, s.links)
	return binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli()))
}

// loadState reads a file of at most maxSnapshotSize bytes, without a second copy of it.
func loadState(file string) (*state, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSnapshotSize || info.Size() < int64(snapshotHead+crc32.Size) {
		return nil, fmt.Errorf("%s is no regular file of at most %d bytes", file, maxSnapshotSize)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var text strings.Builder
	text.Grow(int(info.Size()))
	sum := crc32.New(castagnoli())
	if _, err := io.CopyN(io.MultiWriter(&text, sum), f, info.Size()-crc32.Size); err != nil {
		return nil, err
	}
	if _, err := io.CopyN(&text, f, crc32.Size); err != nil {
		return nil, err
	}
	return decodeState(text.String(), sum.Sum32())
}

func putNumber(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(n)) }

func putEntries(dst []byte, s *state) []byte {
	dst = putNumber(dst, len(s.entries))
	for i := range s.entries {
		e := &s.entries[i]
		flags := byte(0)
		if e.Symlink {
			flags = 1
		}
		dst = putString(putString(dst, e.Path), e.Blob)
		dst = append(dst, flags, byte(s.languages[i]+1))
		dst = putString(dst, s.surfaces[i])
	}
	return dst
}

// table numbers values in order of their appearance.
type table[T comparable] struct {
	at   map[T]int
	list []T
}

func (t *table[T]) number(v T) int {
	if i, ok := t.at[v]; ok {
		return i
	}
	if t.at == nil {
		t.at = map[T]int{}
	}
	t.at[v] = len(t.list)
	t.list = append(t.list, v)
	return len(t.list) - 1
}

func putGraph(dst []byte, g *Graph) []byte {
	var names table[string]
	var types table[imports.Types]
	var body []byte
	for i := range g.nodes {
		n := &g.nodes[i]
		flags := byte(0)
		if n.Test {
			flags |= 1
		}
		if n.Open {
			flags |= 2
		}
		body = append(putString(body, n.Name), byte(n.Kind), flags)
		body = putNumber(body, names.number(n.Language))
		body = putNumber(body, int(g.out[i+1]-g.out[i]))
	}
	for i := range g.edges {
		e := &g.edges[i]
		body = putNumber(body, int(e.To))
		body = putNumber(body, int(e.Line))
		body = append(body, byte(e.Kind))
		body = putNumber(body, types.number(e.Types))
		body = putNumber(body, names.number(e.Specifier))
	}
	dst = putNumber(dst, len(names.list))
	for _, name := range names.list {
		dst = putString(dst, name)
	}
	dst = putNumber(dst, len(types.list))
	for _, t := range types.list {
		dst = binary.AppendUvarint(dst, uint64(t))
	}
	dst = putNumber(dst, len(g.nodes))
	dst = putNumber(dst, len(g.edges))
	return append(dst, body...)
}

func putProblems(dst []byte, problems []note) []byte {
	dst = putNumber(dst, len(problems))
	for _, n := range problems {
		dst = putString(putString(putString(dst, n.family), n.Path), n.Message)
		dst = putNumber(dst, int(n.Line))
	}
	return dst
}

func putFamilies(dst []byte, families map[string]map[string]sight) []byte {
	dst = putNumber(dst, len(families))
	room := maxContents
	for _, family := range slices.Sorted(maps.Keys(families)) {
		dst = putNumber(putString(dst, family), len(families[family]))
		for _, p := range slices.Sorted(maps.Keys(families[family])) {
			s := families[family][p]
			if s.err != nil || len(s.data) > room {
				s = sight{}
			}
			room -= len(s.data)
			dst = putString(putString(putString(dst, p), s.blob), s.data)
		}
	}
	return dst
}

func putMap(dst []byte, m map[string]string) []byte {
	dst = putNumber(dst, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		dst = putString(putString(dst, key), m[key])
	}
	return dst
}

// decodeState reads what encodeState wrote; sum is that of data without its last four bytes. Strings share data's memory, and
// the graph is not linked.
func decodeState(data string, sum uint32) (*state, error) {
	body := len(data) - crc32.Size
	if body < snapshotHead || data[:len(snapshotMagic)] != snapshotMagic {
		return nil, errors.New("it is no snapshot of this version")
	}
	if binary.LittleEndian.Uint32([]byte(data[body:])) != sum {
		return nil, errors.New("it is damaged")
	}
	d := decoder{data: data[snapshotHead:body]}
	s := &state{}
	d.entries(s)
	s.graph = d.graph()
	s.problems = d.problems()
	s.families = d.families()
	s.links = d.pairs()
	if d.broken || d.data != "" {
		return nil, fmt.Errorf("its content is not what its checksum says: %w", errBroken)
	}
	return s, nil
}

func (d *decoder) entries(s *state) {
	n := d.count(5)
	s.entries, s.languages, s.surfaces = make([]Entry, n), make([]int8, n), make([]string, n)
	for i := range s.entries {
		s.entries[i] = Entry{Path: d.text(), Blob: d.text(), Symlink: d.octet() == 1}
		s.languages[i] = int8(d.octet()) - 1
		s.surfaces[i] = d.text()
	}
}

// graph reads nodes and edges, without the rows that lead back.
func (d *decoder) graph() *Graph {
	names := make([]string, d.count(1))
	for i := range names {
		names[i] = d.text()
	}
	types := make([]imports.Types, d.count(1))
	for i := range types {
		types[i] = imports.Types(d.uvarint())
	}
	nodes := d.count(5)
	g := &Graph{nodes: make([]Node, nodes), edges: make([]Edge, d.count(5))}
	next := 0
	for i := range g.nodes {
		n := &g.nodes[i]
		n.Name, n.Kind = d.text(), NodeKind(d.octet())
		flags := d.octet()
		n.Test, n.Open = flags&1 != 0, flags&2 != 0
		n.Language = pick(d, names)
		for range d.least(len(g.edges) - next) {
			g.edges[next].From = ID(i)
			next++
		}
	}
	d.broken = d.broken || next != len(g.edges)
	for i := range g.edges {
		e := &g.edges[i]
		e.To, e.Line, e.Kind = ID(d.least(nodes-1)), d.number(), imports.Kind(d.octet())
		e.Types, e.Specifier = pick(d, types), pick(d, names)
	}
	return g
}

// least is a number of at most limit.
func (d *decoder) least(limit int) int {
	x := d.uvarint()
	if limit < 0 || x > uint64(limit) {
		d.broken, d.data = true, ""
		return 0
	}
	return int(x)
}

func pick[T any](d *decoder, list []T) (v T) {
	if i := d.least(len(list) - 1); i < len(list) {
		return list[i]
	}
	return v
}

func (d *decoder) problems() []note {
	out := make([]note, d.count(4))
	for i := range out {
		out[i].family, out[i].Path, out[i].Message, out[i].Line = d.text(), d.text(), d.text(), d.number()
	}
	return out
}

func (d *decoder) families() map[string]map[string]sight {
	out := map[string]map[string]sight{}
	for range d.count(2) {
		family, seen := d.text(), map[string]sight{}
		for range d.count(3) {
			p := d.text()
			seen[p] = sight{blob: d.text(), data: d.text()}
		}
		out[family] = seen
	}
	return out
}

func (d *decoder) pairs() map[string]string {
	n := d.count(2)
	if n == 0 {
		return nil
	}
	out := make(map[string]string, n)
	for range n {
		key := d.text()
		out[key] = d.text()
	}
	return out
}
