package git

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// maxMisses is how many files in a row may differ from what is wanted before the others are not looked at: the working tree
// is of another commit, or has other line ends.
const maxMisses = 8

// Files reads blobs as Blobs does, in any order. Where the working tree has, at paths[i], bytes that hash to ids[i], these are
// taken: they are the blob, whoever wrote the file, and need not be unpacked. Data is valid until fn returns; fn may use the
// Repo.
func (r *Repo) Files(ctx context.Context, ids []OID, paths []string, limit int64, fn func(i int, data []byte, err error) error) error {
	if err := r.check(ids...); err != nil {
		return err
	}
	left, err := r.workFiles(ctx, ids, paths, limit, fn)
	if err != nil {
		return err
	}
	rest := make([]OID, len(left))
	for k, i := range left {
		rest[k] = ids[i]
	}
	return r.Blobs(ctx, rest, limit, func(k int, data []byte, err error) error { return fn(left[k], data, err) })
}

// workFiles hands on what the working tree has, and lists what it has not.
func (r *Repo) workFiles(ctx context.Context, ids []OID, paths []string, limit int64, fn func(int, []byte, error) error) (left []int, err error) {
	top, ok := openWorkTree(r.root)
	if !ok {
		return every(ids), nil
	}
	defer top.close()
	spare, _ := r.buffers.Get().(*[]byte)
	if spare == nil {
		spare = new([]byte)
	}
	defer r.buffers.Put(spare)
	name := r.newNamer()
	for i, misses := 0, 0; i < len(ids); i++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		data, found := []byte(nil), false
		if misses < maxMisses {
			data, found = top.read(paths[i], spare, limit)
		}
		if !found || !name.is(data, ids[i]) {
			left, misses = append(left, i), misses+1
			continue
		}
		misses = 0
		if err := fn(i, data, nil); err != nil {
			return nil, err
		}
	}
	return left, nil
}

func every(ids []OID) []int {
	out := make([]int, len(ids))
	for i := range out {
		out[i] = i
	}
	return out
}

// namer compares many blobs with their names.
type namer struct {
	hash hash.Hash
	text [64]byte
}

func (r *Repo) newNamer() *namer { return &namer{hash: r.newHash()} }

func (n *namer) is(blob []byte, id OID) bool {
	n.hash.Reset()
	header := strconv.AppendInt(append(n.text[:0], "blob "...), int64(len(blob)), 10)
	n.hash.Write(append(header, 0)) // a hash takes everything
	n.hash.Write(blob)
	var sum [sha256.Size]byte
	return string(hex.AppendEncode(n.text[:0], n.hash.Sum(sum[:0]))) == string(id)
}
