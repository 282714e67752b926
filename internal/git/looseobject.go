package git

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// WriteBlob stores bytes in the repository. The object is on disk when it returns.
func (r *Repo) WriteBlob(ctx context.Context, data []byte) (OID, error) {
	return r.storeObject(ctx, "blob", data)
}

// WriteTree stores one tree: each Entry.Path is a name in it, not a path. The order of entries does not matter. Names that
// git refuses and objects that are not in the repository itself are errors, so that no tree can come to have a hole.
func (r *Repo) WriteTree(ctx context.Context, entries []Entry) (OID, error) {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(sortKey(a), sortKey(b)) })
	var body bytes.Buffer
	wanted := make([]ObjectInfo, 0, len(entries))
	for i, entry := range entries {
		if err := r.checkEntry(entry); err != nil {
			return "", fmt.Errorf("writing a tree: %w", err)
		}
		if i > 0 && entries[i-1].Path == entry.Path {
			return "", fmt.Errorf("writing a tree: %q is in it twice", entry.Path)
		}
		raw, err := hex.DecodeString(string(entry.OID))
		if err != nil {
			return "", fmt.Errorf("writing a tree: %w", err)
		}
		fmt.Fprintf(&body, "%s %s\x00%s", strings.TrimPrefix(string(entry.Mode), "0"), entry.Path, raw)
		if entry.Mode != ModeGitlink { // the commit of a submodule is elsewhere
			wanted = append(wanted, ObjectInfo{OID: entry.OID, Type: entryType(entry.Mode)})
		}
	}
	if err := r.stored(ctx, wanted); err != nil {
		return "", fmt.Errorf("writing a tree: %w", err)
	}
	return r.storeObject(ctx, "tree", body.Bytes())
}

// sortKey orders a tree as git does: a folder as if its name ended in a slash.
func sortKey(e Entry) string {
	if e.Mode == ModeTree {
		return e.Path + "/"
	}
	return e.Path
}

func entryType(mode Mode) string {
	if mode == ModeTree {
		return "tree"
	}
	return "blob"
}

func (r *Repo) checkEntry(e Entry) error {
	switch {
	case e.Path == "" || strings.ContainsAny(e.Path, "/\x00") || len(e.Path) > 4096:
	case e.Path == "." || e.Path == ".." || strings.EqualFold(e.Path, ".git"):
	case !slices.Contains([]Mode{ModeFile, ModeExec, ModeSymlink, ModeGitlink, ModeTree}, e.Mode):
		return fmt.Errorf("%q has mode %q, which git does not write", e.Path, e.Mode)
	default:
		return r.check(e.OID)
	}
	return fmt.Errorf("%q is not a name in a tree", e.Path)
}

// stored demands that objects are in the repository itself, not only in the temporary store of merges, and of their type.
func (r *Repo) stored(ctx context.Context, wanted []ObjectInfo) error {
	ids := make([]string, len(wanted))
	for i, object := range wanted {
		ids[i] = string(object.OID)
	}
	answers, err := r.storePool.info(ctx, ids)
	if err != nil {
		return fmt.Errorf("looking up %d objects: %w", len(ids), err)
	}
	for i, answer := range answers {
		switch {
		case answer.info.Missing:
			return r.missing(ids[i])
		case answer.info.Type != wanted[i].Type:
			return fmt.Errorf("object %s is a %s, not a %s", wanted[i].OID.Short(), answer.info.Type, wanted[i].Type)
		}
	}
	return nil
}

// storeObject stores one loose object: written beside its place, synced, renamed.
func (r *Repo) storeObject(ctx context.Context, kind string, body []byte) (OID, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	header := fmt.Sprintf("%s %d\x00", kind, len(body))
	id := r.name(header, body)
	path := filepath.Join(r.commonDir, "objects", string(id[:2]), string(id[2:]))
	if freshen(path) == nil {
		return id, nil
	}
	if err := writeLoose(path, header, body); err != nil {
		return "", fmt.Errorf("writing %s %s: %w", kind, id.Short(), err)
	}
	return id, nil
}

func (r *Repo) name(header string, body []byte) OID {
	h := r.newHash()
	io.WriteString(h, header) // a hash takes everything
	h.Write(body)
	return OID(hex.EncodeToString(h.Sum(nil)))
}

// newHash is the hash that objects are named by.
func (r *Repo) newHash() hash.Hash {
	if r.format == "sha256" {
		return sha256.New()
	}
	return sha1.New()
}

// freshen keeps an object that is there already from being pruned, as git does before it counts on one.
func freshen(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

func writeLoose(path, header string, body []byte) error {
	dir := filepath.Dir(path)
	mode, err := objectMode(filepath.Dir(dir))
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode|mode>>2&0o111|0o300); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.CreateTemp(dir, "tmp_obj_") // the name that git prunes
	if err != nil {
		return err
	}
	err = errors.Join(deflate(f, header, body), f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// objectMode gives objects to the same readers as the store: 0444, or 0400 in a private one.
func objectMode(store string) (fs.FileMode, error) {
	info, err := os.Stat(store)
	if err != nil {
		return 0, err
	}
	return 0o400 | info.Mode().Perm()&0o044, nil
}

func deflate(w io.Writer, header string, body []byte) error {
	z, err := zlib.NewWriterLevel(w, zlib.BestSpeed)
	if err != nil {
		return err
	}
	_, err1 := io.WriteString(z, header)
	_, err2 := z.Write(body)
	return errors.Join(err1, err2, z.Close())
}
