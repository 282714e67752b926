package graph

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Store keeps extractions by (language, version, blob), across trees, branches and clones: a file that was read once is never
// read again. It is one file that is replaced as a whole; a file that is cut off or damaged is forgotten, never believed. It
// is safe for concurrent use within a process; of two processes, the later one's additions stand.
type Store struct {
	path  string
	mu    sync.Mutex
	kept  map[storeKey]string // encoded
	used  map[storeKey]bool
	dirty bool
}

type storeKey [16]byte

// maxStore bounds the file, in bytes. Over it, what this run did not use is dropped.
const maxStore = 256 << 20

const storeMagic = "adamant extractions 1\n"

// OpenStore reads the store in a folder of this user; path "" keeps nothing. A store that cannot be read is empty: err then
// says why, and the store works.
func OpenStore(folder string) (*Store, error) {
	s := &Store{kept: map[storeKey]string{}, used: map[storeKey]bool{}}
	if folder == "" {
		return s, nil
	}
	s.path = filepath.Join(folder, "extractions")
	data, err := readBounded(s.path, maxStore)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = s.parse(data)
	}
	if err != nil {
		s.kept = map[storeKey]string{}
		return s, fmt.Errorf("the store of extractions is made anew: %w", err)
	}
	return s, nil
}

// parse reads: magic, records (key, length, text), checksum of all before it.
func (s *Store) parse(data []byte) error {
	body := len(data) - crc32.Size
	if body < len(storeMagic) || string(data[:len(storeMagic)]) != storeMagic ||
		binary.LittleEndian.Uint32(data[body:]) != crc32.Checksum(data[:body], castagnoli()) {
		return errors.New("it is damaged")
	}
	d := decoder{data: string(data[len(storeMagic):body])}
	for d.data != "" {
		if len(d.data) < len(storeKey{}) {
			return errBroken
		}
		var key storeKey
		copy(key[:], d.data)
		d.data = d.data[len(key):]
		text := d.text()
		if d.broken {
			return errBroken
		}
		s.kept[key] = text
	}
	return nil
}

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

func keyOf(l *imports.Language, blob string) storeKey {
	var buf [128]byte
	text := binary.AppendUvarint(putString(buf[:0], l.Name), uint64(l.Version))
	sum := sha256.Sum256(append(text, blob...))
	return storeKey(sum[:16])
}

// get returns the extraction of a blob, nil when it is not there.
func (s *Store) get(l *imports.Language, blob string) *imports.File {
	if s == nil {
		return nil
	}
	key := keyOf(l, blob)
	s.mu.Lock()
	text, ok := s.kept[key]
	if ok {
		s.used[key] = true
	}
	s.mu.Unlock()
	if !ok {
		return nil
	}
	f, err := decodeFile(text)
	if err != nil { // it is extracted again
		return nil
	}
	return f
}

func (s *Store) put(l *imports.Language, blob string, f *imports.File) {
	if s == nil {
		return
	}
	var some [4 << 10]byte // most are smaller
	key, text := keyOf(l, blob), string(encodeFile(some[:0], f))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[key], s.used[key], s.dirty = text, true, true
}

// Close writes what was added. Losing it costs time, nothing else.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" || !s.dirty {
		return nil
	}
	data := s.encode(false)
	if len(data) > maxStore {
		data = s.encode(true)
	}
	if len(data) > maxStore {
		return fmt.Errorf("the store of extractions would have %d bytes and is not kept", len(data))
	}
	if err := replaceFile(s.path, data); err != nil {
		return fmt.Errorf("keep extractions: %w", err)
	}
	s.dirty = false
	return nil
}

func (s *Store) encode(usedOnly bool) []byte {
	size := len(storeMagic) + crc32.Size
	for key, text := range s.kept {
		size += len(key) + binary.MaxVarintLen32 + len(text)
	}
	data := append(make([]byte, 0, size), storeMagic...)
	keys := slices.SortedFunc(maps.Keys(s.kept), func(a, b storeKey) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		if !usedOnly || s.used[key] {
			data = putString(append(data, key[:]...), s.kept[key])
		}
	}
	return binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli()))
}

// replaceFile writes a file of this user as a whole or not at all.
func replaceFile(path string, data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if _, err := file.Write(data); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
