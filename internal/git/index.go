package git

import (
	"crypto/sha1"
	"crypto/sha256"
	be "encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// FileStat is what git compares to see without reading that a file is as it was checked out. The zero value makes it read.
type FileStat struct {
	CSec, CNsec, MSec, MNsec, Dev, Ino, UID, GID, Size uint32
}

const (
	indexExtended = 0x4000 // flag: there are more flags
	indexSkip     = 0x4000 // of those: skip-worktree
	indexNameMax  = 0xfff
)

// Index renders the index (version 3, gitformat-index) of a cone: with sparse directories, and with the trees, so that git need
// not make those again that did not change. stat describes a checked-out file.
func (c ConeFiles) Index(format string, stat func(Entry) FileStat) ([]byte, error) {
	entries := c.Entries
	b := append(make([]byte, 0, 128*len(entries)), "DIRC\x00\x00\x00\x03"...)
	b = be.BigEndian.AppendUint32(b, uint32(len(entries)))
	sparse := false
	for i, entry := range entries {
		if i > 0 && entries[i-1].Path >= entry.Path {
			return nil, fmt.Errorf("writing an index: %q is not behind %q", entry.Path, entries[i-1].Path)
		}
		var err error
		if b, err = appendEntry(b, entry, stat); err != nil {
			return nil, fmt.Errorf("writing an index: %w", err)
		}
		sparse = sparse || entry.Mode == ModeTree
	}
	var err error
	if b, err = c.appendTrees(b); err != nil {
		return nil, fmt.Errorf("writing an index: %w", err)
	}
	if sparse {
		b = append(b, "sdir\x00\x00\x00\x00"...)
	}
	var sum hash.Hash = sha1.New()
	if format == "sha256" {
		sum = sha256.New()
	}
	sum.Write(b)
	return sum.Sum(b), nil
}

func appendEntry(b []byte, entry Entry, stat func(Entry) FileStat) ([]byte, error) {
	raw, err := hex.DecodeString(string(entry.OID))
	if err != nil {
		return nil, err
	}
	mode, err := strconv.ParseUint(string(entry.Mode), 8, 32)
	if err != nil {
		return nil, fmt.Errorf("%q has mode %q", entry.Path, entry.Mode)
	}
	if mode == 0o100664 { // in old histories; an index knows two modes of files
		mode = 0o100644
	}
	start, left := len(b), entry.Mode == ModeTree
	var s FileStat
	if !left {
		s = stat(entry)
	}
	for _, v := range []uint32{s.CSec, s.CNsec, s.MSec, s.MNsec, s.Dev, s.Ino, uint32(mode), s.UID, s.GID, s.Size} {
		b = be.BigEndian.AppendUint32(b, v)
	}
	b = append(b, raw...)
	flags := uint16(min(len(entry.Path), indexNameMax))
	if left {
		b = be.BigEndian.AppendUint16(b, flags|indexExtended)
		b = be.BigEndian.AppendUint16(b, indexSkip)
	} else {
		b = be.BigEndian.AppendUint16(b, flags)
	}
	b = append(b, entry.Path...)
	return append(b, make([]byte, 8-(len(b)-start)%8)...), nil
}

// appendTrees writes the cached trees.
func (c ConeFiles) appendTrees(b []byte) ([]byte, error) {
	b = append(b, "TREE\x00\x00\x00\x00"...)
	start := len(b)
	b, err := c.appendTree(b, "", "", c.Entries)
	if err == nil {
		be.BigEndian.PutUint32(b[start-4:], uint32(len(b)-start))
	}
	return b, err
}

// appendTree writes the tree of a folder and those below it. entries are the folder's.
func (c ConeFiles) appendTree(b []byte, name, dir string, entries []Entry) ([]byte, error) {
	raw, err := hex.DecodeString(string(c.Trees[dir]))
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("the tree of %q is %q", dir, c.Trees[dir])
	}
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	var below []byte
	trees := 0
	for i := 0; i < len(entries); {
		child, _, isFolder := strings.Cut(entries[i].Path[len(prefix):], "/")
		end := i + 1
		for isFolder && end < len(entries) && strings.HasPrefix(entries[end].Path, prefix+child+"/") {
			end++
		}
		switch {
		case !isFolder:
		case entries[i].Mode == ModeTree:
			below, err = appendLeaf(below, child, entries[i].OID)
			trees++
		default:
			below, err = c.appendTree(below, child, prefix+child, entries[i:end])
			trees++
		}
		if err != nil {
			return nil, err
		}
		i = end
	}
	b = fmt.Appendf(b, "%s\x00%d %d\n", name, len(entries), trees)
	return append(append(b, raw...), below...), nil
}

// appendLeaf writes the tree of a sparse directory.
func appendLeaf(b []byte, name string, id OID) ([]byte, error) {
	raw, err := hex.DecodeString(string(id))
	return append(fmt.Appendf(b, "%s\x001 0\n", name), raw...), err
}
