package verify_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
)

// packer writes git objects into one pack, far quicker than git does one by one.
type packer struct {
	testing.TB
	file  *os.File
	count uint32
	seen  map[git.OID]bool
}

func newPacker(t testing.TB) *packer {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "pack")
	if err != nil {
		t.Fatal(err)
	}
	p := &packer{TB: t, file: file, seen: map[git.OID]bool{}}
	p.write([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00"))
	return p
}

func (p *packer) write(data []byte) {
	if _, err := p.file.Write(data); err != nil {
		p.Fatal(err)
	}
}

var kinds = map[string]byte{"commit": 1, "tree": 2, "blob": 3}

func nameOf(kind string, data []byte) git.OID {
	sum := sha1.Sum(append(fmt.Appendf(nil, "%s %d\x00", kind, len(data)), data...))
	return git.OID(hex.EncodeToString(sum[:]))
}

// add stores an object.
func (p *packer) add(kind string, data []byte) git.OID {
	id := nameOf(kind, data)
	if !p.seen[id] {
		p.seen[id] = true
		p.object(kinds[kind], len(data), nil, data)
	}
	return id
}

// grown stores a blob that is another one with something behind it, as a delta.
func (p *packer) grown(base git.OID, was int, data []byte) git.OID {
	id := nameOf("blob", data)
	if base == "" {
		return p.add("blob", data)
	}
	delta := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(was)), uint64(len(data)))
	delta = append(delta, 0x80|0x70, byte(was), byte(was>>8), byte(was>>16)) // copy was bytes from 0
	for rest := data[was:]; len(rest) > 0; {
		n := min(len(rest), 127)
		delta = append(append(delta, byte(n)), rest[:n]...)
		rest = rest[n:]
	}
	raw, err := hex.DecodeString(string(base))
	if err != nil {
		p.Fatal(err)
	}
	p.object(7, len(delta), raw, delta)
	return id
}

func (p *packer) object(kind byte, size int, base, data []byte) {
	head := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&127))
	}
	var body bytes.Buffer
	z, err := zlib.NewWriterLevel(&body, zlib.BestSpeed)
	if err == nil {
		_, err = z.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		p.Fatal(err)
	}
	p.write(slices.Concat(head, base, body.Bytes()))
	p.count++
}

// item is an entry of a tree.
type item struct {
	name string
	id   git.OID
	tree bool
}

func (p *packer) tree(items []item) git.OID {
	key := func(i item) string {
		if i.tree {
			return i.name + "/"
		}
		return i.name
	}
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(key(a), key(b)) })
	var data []byte
	for _, i := range items {
		mode := "100644"
		if i.tree {
			mode = "40000"
		}
		raw, err := hex.DecodeString(string(i.id))
		if err != nil {
			p.Fatal(err)
		}
		data = append(append(data, mode+" "+i.name+"\x00"...), raw...)
	}
	return p.add("tree", data)
}

// files is a tree of files by path.
func (p *packer) files(all map[string]git.OID) git.OID {
	below := map[string]map[string]git.OID{}
	var items []item
	for path, id := range all {
		first, rest, nested := strings.Cut(path, "/")
		if !nested {
			items = append(items, item{path, id, false})
			continue
		}
		if below[first] == nil {
			below[first] = map[string]git.OID{}
		}
		below[first][rest] = id
	}
	for name, rest := range below {
		items = append(items, item{name, p.files(rest), true})
	}
	return p.tree(items)
}

// commit stores a commit, signed where sign is not nil.
func (p *packer) commit(tree git.OID, parent git.OID, seconds int64, message string, sign git.Signer) git.OID {
	head := "tree " + string(tree) + "\n"
	if parent != "" {
		head += "parent " + string(parent) + "\n"
	}
	who := fmt.Sprintf("adamant <adamant@localhost> %d +0000\n", seconds)
	head += "author " + who + "committer " + who
	if sign == nil {
		return p.add("commit", []byte(head+"\n"+message))
	}
	armored, err := sign.Sign(context.Background(), []byte(head+"\n"+message))
	if err != nil {
		p.Fatal(err)
	}
	signature := "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(string(armored), "\n"), "\n", "\n ") + "\n"
	return p.add("commit", []byte(head+signature+"\n"+message))
}

// index ends the pack and gives it to a repository.
func (p *packer) index(dir string) {
	if _, err := p.file.WriteAt(binary.BigEndian.AppendUint32(nil, p.count), 8); err != nil {
		p.Fatal(err)
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		p.Fatal(err)
	}
	var h hash.Hash = sha1.New()
	if _, err := io.Copy(h, p.file); err != nil {
		p.Fatal(err)
	}
	p.write(h.Sum(nil))
	if err := p.file.Close(); err != nil {
		p.Fatal(err)
	}
	out, err := runGit(dir, "index-pack", "--threads=2", "-o", dir+"/objects/pack/pack-bench.idx", p.file.Name())
	if err != nil {
		p.Fatal(err, out)
	}
	if err := os.Rename(p.file.Name(), dir+"/objects/pack/pack-bench.pack"); err != nil {
		p.Fatal(err)
	}
}
