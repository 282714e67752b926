package tlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The journal has what was appended since the tiles were written: one record an append, each written and synced before anybody
// hears of it. A record is
//
//	magic (8) | length of the payload (4) | SHA-256 of the payload (32) | payload
//	payload:  index of the first leaf (8) | leaves (4) | each leaf: length (2), bytes | signed checkpoint behind them
//
// Numbers are big-endian. A record that a crash tore is the last one, and nobody was told of it; one that does not hold and has
// another behind it is damage.
type journal struct {
	file *os.File
	end  int64
}

const (
	journalMagic  = "\xadtlogj1\n"
	journalName   = "journal"
	recordHeader  = len(journalMagic) + 4 + sha256.Size
	payloadLimit  = 64 << 20
	journalLimit  = 4 << 20 // the tiles are written when it is larger
	journalLeaves = 256     // or has more leaves
)

// record is one append.
type record struct {
	first      uint64
	leaves     [][]byte
	checkpoint []byte
}

func (r record) encode() ([]byte, error) {
	payload := binary.BigEndian.AppendUint64(nil, r.first)
	payload = binary.BigEndian.AppendUint32(payload, uint32(len(r.leaves)))
	for _, leaf := range r.leaves {
		payload = appendLeaf(payload, leaf)
	}
	payload = append(payload, r.checkpoint...)
	if len(payload) > payloadLimit {
		return nil, fmt.Errorf("%d bytes of leaves at once are over the limit of %d", len(payload), payloadLimit)
	}
	sum := sha256.Sum256(payload)
	out := binary.BigEndian.AppendUint32([]byte(journalMagic), uint32(len(payload)))
	return append(append(out, sum[:]...), payload...), nil
}

// nextRecord reads the record at the start of data. ok is false when there is none that holds.
func nextRecord(data []byte) (r record, rest []byte, ok bool) {
	if len(data) < recordHeader || !bytes.HasPrefix(data, []byte(journalMagic)) {
		return r, data, false
	}
	head := data[len(journalMagic):recordHeader]
	length := int(binary.BigEndian.Uint32(head))
	if length > payloadLimit || length > len(data)-recordHeader {
		return r, data, false
	}
	payload := data[recordHeader : recordHeader+length]
	if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], head[4:]) {
		return r, data, false
	}
	r, err := parseRecord(payload)
	return r, data[recordHeader+length:], err == nil
}

func parseRecord(payload []byte) (record, error) {
	if len(payload) < 12 {
		return record{}, errors.New("a record without a head")
	}
	r := record{first: binary.BigEndian.Uint64(payload)}
	count := int(binary.BigEndian.Uint32(payload[8:]))
	payload = payload[12:]
	for range count {
		if len(payload) < 2 || len(payload)-2 < int(binary.BigEndian.Uint16(payload)) {
			return record{}, errors.New("a leaf without an end")
		}
		end := 2 + int(binary.BigEndian.Uint16(payload))
		r.leaves = append(r.leaves, payload[2:end:end])
		payload = payload[end:]
	}
	r.checkpoint = payload
	return r, nil
}

// parseJournal returns the records of a journal, without what a crash tore at its end.
func parseJournal(data []byte) ([]record, error) {
	var records []record
	for len(data) > 0 {
		r, rest, ok := nextRecord(data)
		if !ok {
			return records, torn(data)
		}
		records, data = append(records, r), rest
	}
	return records, nil
}

// torn demands that no record behind one that does not hold does.
func torn(data []byte) error {
	for at := bytes.Index(data[1:], []byte(journalMagic)); at >= 0; at = bytes.Index(data[1:], []byte(journalMagic)) {
		data = data[1+at:]
		if _, _, ok := nextRecord(data); ok {
			return &DamagedError{journalName, "a record does not hold, and others follow it"}
		}
	}
	return nil
}

// openJournal opens the journal of a log's directory and reads it.
func openJournal(dir string) (*journal, []record, error) {
	f, err := os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, 2*payloadLimit))
	if err == nil && len(data) == 2*payloadLimit {
		err = &DamagedError{journalName, fmt.Sprintf("it is larger than %d bytes", 2*payloadLimit)}
	}
	var records []record
	if err == nil {
		records, err = parseJournal(data)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return &journal{file: f, end: int64(len(data))}, records, nil
}

// errUnknown says that the disk failed in a way that leaves open what is on it.
var errUnknown = errors.New("what is on the disk is not known; open the log again")

// append writes a record and syncs it. After an error the journal is as it was, unless the error wraps errUnknown.
func (j *journal) append(r record) error {
	data, err := r.encode()
	if err != nil {
		return err
	}
	if _, err := j.file.WriteAt(data, j.end); err != nil {
		if back := j.file.Truncate(j.end); back != nil {
			return fmt.Errorf("%w: %w: %w", errUnknown, err, back)
		}
		return err
	}
	if err := syncData(j.file); err != nil {
		return fmt.Errorf("%w: %w", errUnknown, err)
	}
	j.end += int64(len(data))
	return nil
}

// empty forgets everything: it is in the tiles.
func (j *journal) empty() error {
	if j.end == 0 {
		return nil
	}
	err := j.file.Truncate(0)
	if err == nil {
		err = j.file.Sync()
	}
	if err == nil {
		j.end = 0
	}
	return err
}
