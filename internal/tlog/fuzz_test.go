package tlog

import (
	"bytes"
	"testing"
)

// FuzzJournal: whatever a journal holds, reading it ends, and what is read is written the same again.
func FuzzJournal(f *testing.F) {
	data, err := record{7, [][]byte{leaf(1), leaf(2)}, []byte("checkpoint")}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(append(data[:len(data):len(data)], data[:50]...))
	f.Add([]byte(journalMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := parseJournal(data)
		if err != nil {
			return
		}
		var again []byte
		for _, r := range records {
			again = append(again, must(r.encode())(t)...)
		}
		if !bytes.HasPrefix(data, again) {
			t.Errorf("%x is read as %x", data, again)
		}
	})
}

// FuzzBundle: an entry bundle has one reading.
func FuzzBundle(f *testing.F) {
	f.Add(makeBundle([][]byte{leaf(1), leaf(2)}), 2)
	f.Add([]byte{0, 0}, 1)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		if leaves, err := parseBundle(data, width&0xff); err == nil && !bytes.Equal(makeBundle(leaves), data) {
			t.Errorf("%x is read as %x", data, leaves)
		}
	})
}

// FuzzCheckpoint: a checkpoint's text has one reading.
func FuzzCheckpoint(f *testing.F) {
	f.Add(Checkpoint{Origin: origin, Size: 7, Root: rootOf(0, 7)}.text())
	f.Add("a\n0\nAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := parseCheckpoint(text); err == nil && c.text() != text {
			t.Errorf("%q is read as %q", text, c.text())
		}
	})
}
