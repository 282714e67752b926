package graph

import (
	"encoding/binary"
	"errors"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// An extraction is stored as unsigned varints and length-prefixed strings, in the order of the fields of imports.File. The
// version of the language is part of the key it is stored under, so there is none inside.

var errBroken = errors.New("a stored extraction is broken")

// encodeFile appends f to dst.
func encodeFile(dst []byte, f *imports.File) []byte {
	dst = putString(dst, f.Package)
	dst = binary.AppendUvarint(dst, uint64(len(f.Imports)))
	for i := range f.Imports {
		imp := &f.Imports[i]
		dst = putString(dst, imp.Specifier)
		dst = append(dst, byte(imp.Kind))
		dst = binary.AppendUvarint(dst, uint64(imp.Line))
		dst = binary.AppendUvarint(dst, uint64(len(imp.Names)))
		for _, name := range imp.Names {
			dst = putString(dst, name)
		}
		dst = putString(dst, imp.Exotic)
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.Exports)))
	for i := range f.Exports {
		s := &f.Exports[i]
		dst = putString(putString(dst, s.Name), s.Kind)
		dst = binary.AppendUvarint(dst, uint64(s.Line))
	}
	dst = binary.AppendUvarint(dst, uint64(len(f.Open)))
	for _, line := range f.Open {
		dst = binary.AppendUvarint(dst, uint64(line))
	}
	dst = putString(dst, f.Problem)
	return binary.AppendUvarint(dst, uint64(f.Line))
}

func putString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// decodeFile reads what encodeFile wrote. What does not fit is errBroken, and nothing is allocated beyond the data's size.
func decodeFile(data string) (*imports.File, error) {
	d := decoder{data: data}
	f := &imports.File{Package: d.text()}
	f.Imports = make([]imports.Import, d.count(5))
	for i := range f.Imports {
		imp := &f.Imports[i]
		imp.Specifier, imp.Kind, imp.Line = d.text(), imports.Kind(d.octet()), d.number()
		if n := d.count(1); n > 0 {
			imp.Names = make([]string, n)
			for k := range imp.Names {
				imp.Names[k] = d.text()
			}
		}
		imp.Exotic = d.text()
	}
	f.Exports = make([]imports.Symbol, d.count(3))
	for i := range f.Exports {
		f.Exports[i] = imports.Symbol{Name: d.text(), Kind: d.text(), Line: d.number()}
	}
	if n := d.count(1); n > 0 {
		f.Open = make([]int32, n)
		for i := range f.Open {
			f.Open[i] = d.number()
		}
	}
	f.Problem, f.Line = d.text(), d.number()
	if d.broken || d.data != "" {
		return nil, errBroken
	}
	return f, nil
}

// decoder takes values off the front of data. Strings share data's memory.
type decoder struct {
	data   string
	broken bool
}

func (d *decoder) uvarint() uint64 {
	var x uint64
	for i := 0; i < len(d.data) && i < binary.MaxVarintLen64; i++ {
		b := d.data[i]
		x |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			d.data = d.data[i+1:]
			return x
		}
	}
	d.broken, d.data = true, ""
	return 0
}

func (d *decoder) number() int32 {
	x := d.uvarint()
	if x > 1<<31-1 {
		d.broken = true
		return 0
	}
	return int32(x)
}

// count is a number of things that take at least size bytes each.
func (d *decoder) count(size int) int {
	x := d.uvarint()
	if x > uint64(len(d.data)/size) {
		d.broken, d.data = true, ""
		return 0
	}
	return int(x)
}

func (d *decoder) octet() byte {
	if d.data == "" {
		d.broken = true
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

func (d *decoder) text() string {
	n := d.count(1)
	s := d.data[:n]
	d.data = d.data[n:]
	return s
}
