package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

const (
	looseObjects = 64       // up to this many objects are copied one by one, more as a pack
	looseBytes   = 16 << 20 // bytes of content that are copied one by one
	walkLimit    = 64 << 20 // bytes of a tree or commit
)

// Keep stores what Merge or Snapshot made in the repository itself, with everything that it needs. It returns how many
// objects it wrote.
func (r *Repo) Keep(ctx context.Context, ids ...OID) (int, error) { return r.Copy(ctx, r, ids...) }

// Copy stores objects of another repository of the same format in this one, with everything that they need and nothing
// else, and returns how many it wrote. What r has already is taken to be complete: parts are written before what names
// them, here as in git, so that a copy that was cut short leaves no holes. It moves no reference.
func (r *Repo) Copy(ctx context.Context, from *Repo, ids ...OID) (int, error) {
	if from.format != r.format {
		return 0, fmt.Errorf("copying objects from %s: it is %s, not %s", from.gitDir, from.format, r.format)
	}
	w := walk{to: r, from: from, seen: map[OID]bool{}}
	if err := w.all(ctx, ids); err != nil {
		return 0, fmt.Errorf("copying objects from %s: %w", from.gitDir, err)
	}
	if err := w.write(ctx); err != nil {
		return 0, fmt.Errorf("copying %d objects from %s: %w", len(w.found), from.gitDir, err)
	}
	return len(w.found), nil
}

// walk finds what one repository has and another has not.
type walk struct {
	to, from *Repo
	seen     map[OID]bool
	found    []ObjectInfo // what is named comes after what names it
	size     int64
}

// all goes through the objects generation by generation.
func (w *walk) all(ctx context.Context, ids []OID) error {
	if err := w.to.check(ids...); err != nil {
		return err
	}
	for len(ids) > 0 {
		lacking, err := w.lacking(ctx, ids)
		if err != nil {
			return err
		}
		if ids, err = w.named(ctx, lacking); err != nil {
			return err
		}
	}
	return nil
}

// lacking describes those of ids that are not there yet and were not seen before.
func (w *walk) lacking(ctx context.Context, ids []OID) ([]ObjectInfo, error) {
	var fresh []OID
	for _, id := range ids {
		if !w.seen[id] {
			w.seen[id] = true
			fresh = append(fresh, id)
		}
	}
	var wanted []OID
	for chunk := range slices.Chunk(fresh, roundObjects) {
		answers, err := w.to.storePool.info(ctx, names(chunk))
		if err != nil {
			return nil, err
		}
		for i, answer := range answers {
			if answer.info.Missing {
				wanted = append(wanted, chunk[i])
			}
		}
	}
	infos, err := w.from.Info(ctx, wanted)
	for _, info := range infos {
		if info.Missing {
			return nil, w.from.missing(string(info.OID))
		}
		w.size += info.Size
	}
	w.found = append(w.found, infos...)
	return infos, err
}

func names(ids []OID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// named reads commits, tags and trees and returns what they name.
func (w *walk) named(ctx context.Context, infos []ObjectInfo) ([]OID, error) {
	var ids []OID
	for _, kind := range []string{"commit", "tag", "tree"} {
		some := ofType(infos, kind)
		err := w.from.deliver(ctx, some, kind, walkLimit, func(i int, data []byte, err error) error {
			if err != nil {
				return err
			}
			parts, err := w.parts(kind, data)
			if err != nil {
				return fmt.Errorf("%s %s: %w", kind, some[i].OID, err)
			}
			ids = append(ids, parts...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func ofType(infos []ObjectInfo, kind string) []ObjectInfo {
	var some []ObjectInfo
	for _, info := range infos {
		if info.Type == kind {
			some = append(some, info)
		}
	}
	return some
}

// parts lists the objects that one object names.
func (w *walk) parts(kind string, data []byte) ([]OID, error) {
	if kind == "tree" {
		return treeParts(data, w.from.hexLen()/2)
	}
	var ids []OID
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if key == "" {
			break
		}
		if key == "tree" || key == "parent" || key == "object" {
			ids = append(ids, OID(value))
		}
	}
	return ids, w.from.check(ids...)
}

// treeParts reads "mode name\0raw" records; the commit of a submodule is elsewhere.
func treeParts(data []byte, rawLen int) ([]OID, error) {
	var ids []OID
	for len(data) > 0 {
		end := bytes.IndexByte(data, 0)
		if end < 0 || len(data) < end+1+rawLen {
			return nil, errors.New("the tree is cut off")
		}
		if !bytes.HasPrefix(data, []byte("160000 ")) {
			ids = append(ids, OID(hex.EncodeToString(data[end+1:end+1+rawLen])))
		}
		data = data[end+1+rawLen:]
	}
	return ids, nil
}

func (w *walk) write(ctx context.Context) error {
	slices.Reverse(w.found) // parts first
	if len(w.found) > looseObjects || w.size > looseBytes {
		return w.pack(ctx)
	}
	for _, info := range w.found {
		err := w.from.deliver(ctx, []ObjectInfo{info}, info.Type, looseBytes, func(_ int, data []byte, err error) error {
			if err != nil {
				return err
			}
			id, err := w.to.storeObject(ctx, info.Type, data)
			if err == nil && id != info.OID {
				err = fmt.Errorf("object %s is damaged: its content has the name %s", info.OID, id)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pack lets one git write a pack to a file and another check and keep it. A file between them bounds the memory.
func (w *walk) pack(ctx context.Context) (err error) {
	file, err := os.CreateTemp(w.to.temp, "pack-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	var list bytes.Buffer
	for _, info := range w.found {
		fmt.Fprintf(&list, "%s\n", info.OID)
	}
	produce := w.from.private("pack-objects", "--quiet", "--stdout", "--no-reuse-delta", "--window=0")
	produce.stdin, produce.stdout = &list, file
	if _, err := produce.output(ctx); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	keep := w.to.store("index-pack", "--stdin", "--strict")
	keep.stdin, keep.gentle = file, true
	_, err = keep.output(ctx)
	return err
}
