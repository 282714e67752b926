package git

import (
	"crypto/sha1"
	"crypto/sha256"
	be "encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
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

// EncodeIndex renders an index (version 3, gitformat-index) of the entries that Cone returned, in their order. Entries
// of ModeTree are sparse directories. stat describes a checked-out file.
func EncodeIndex(format string, entries []Entry, stat func(Entry) FileStat) ([]byte, error) {
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
