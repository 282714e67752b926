package check

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
)

const (
	cacheFormat = "adamant-check-result/v1 "
	maxEntry    = 16 << 20 // bytes of one entry
	keyBytes    = 32
)

// Cache keeps the results of checks on disk, each bound to its key and to this machine by an HMAC. An entry that does not
// verify is removed and never believed. Several processes may use one folder.
type Cache struct {
	dir, state string
	secret     []byte
	limit      int64
}

// OpenCache opens the result cache in dir. The secret that binds entries to this machine is read from, or made in, state.
// limit is the most bytes the entries may take; those that were not used for the longest time go first.
func OpenCache(dir, state string, limit int64) (*Cache, error) {
	for _, folder := range []string{dir, state} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("open result cache: %w", err)
		}
	}
	secret, err := readSecret(filepath.Join(state, "check-cache.key"))
	if err != nil {
		return nil, fmt.Errorf("open result cache: %w", err)
	}
	return &Cache{dir: dir, state: state, secret: secret, limit: limit}, nil
}

// readSecret reads the secret, or makes it: as a whole, and only if there is none.
func readSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSecret(path); err != nil {
			return nil, err
		}
		secret, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || len(secret) != keyBytes:
		return nil, fmt.Errorf("%s is not a key of %d bytes; remove it to get a new one (results are then computed again)", path, keyBytes)
	case ownerOnly && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s can be read by others; run: chmod 600 %s", path, path)
	}
	return secret, nil
}

func makeSecret(path string) error {
	secret := make([]byte, keyBytes)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "key-")
	if err != nil {
		return err
	}
	_, err = file.Write(secret)
	err = errors.Join(err, file.Close())
	if err == nil {
		if err = os.Link(file.Name(), path); errors.Is(err, fs.ErrExist) { // another process was faster
			err = nil
		}
	}
	return errors.Join(err, os.Remove(file.Name()))
}

// Get returns the value that was put under key, for other results that are as costly to make as a check's.
func (c *Cache) Get(key string, now time.Time) (value []byte, ok bool) { return c.get(key, now) }

// Put keeps value under key.
func (c *Cache) Put(key string, value []byte) error { return c.put(key, value) }

// get returns the value that was put under key.
func (c *Cache) get(key string, now time.Time) (value []byte, ok bool) {
	path := c.path(key)
	file, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	data, err := readBounded(file, maxEntry)
	file.Close()
	if err == nil {
		value, ok = c.open(key, data)
	}
	if !ok {
		os.Remove(path) // whatever it is, it is not a result of ours
		return nil, false
	}
	_ = os.Chtimes(path, now, now) // only the order of eviction suffers
	return value, true
}

// put keeps value under key. A value that cannot be kept is an error and leaves what was there.
func (c *Cache) put(key string, value []byte) error {
	path := c.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("keep a check's result: %w", err)
	}
	if err := writeAtomic(path, c.seal(key, value)); err != nil {
		return fmt.Errorf("keep a check's result: %w", err)
	}
	return c.evict()
}

func (c *Cache) path(key string) string { return filepath.Join(c.dir, key[:2], key) }

// seal puts format and HMAC before the value; open takes them off, if they are right.
func (c *Cache) seal(key string, value []byte) []byte {
	return slices.Concat([]byte(cacheFormat+hex.EncodeToString(c.mac(key, value))+"\n"), value)
}

func (c *Cache) open(key string, data []byte) ([]byte, bool) {
	header, value, found := bytes.Cut(data, []byte("\n"))
	text, hasFormat := bytes.CutPrefix(header, []byte(cacheFormat))
	mac, err := hex.DecodeString(string(text))
	if !found || !hasFormat || err != nil || !hmac.Equal(mac, c.mac(key, value)) {
		return nil, false
	}
	return value, true
}

func (c *Cache) mac(key string, value []byte) []byte {
	h := hmac.New(sha256.New, c.secret)
	h.Write([]byte(cacheFormat + key + "\n"))
	h.Write(value)
	return h.Sum(nil)
}

// evict removes the entries that were used least recently until the rest fits.
func (c *Cache) evict() error {
	type entry struct {
		path string
		size int64
		used time.Time
	}
	var entries []entry
	var total int64
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return nil // gone meanwhile
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		entries, total = append(entries, entry{path, info.Size(), info.ModTime()}), total+info.Size()
		return nil
	})
	if err != nil {
		return fmt.Errorf("bound the result cache: %w", err)
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range entries {
		if total <= c.limit {
			return nil
		}
		if err := os.Remove(e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("bound the result cache: %w", err)
		}
		total -= e.size
	}
	return nil
}

// writeAtomic writes a file of mode 0600 as a whole or not at all.
func writeAtomic(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// recall looks a plan's result up.
func (r *run) recall(p *plan) (result, bool) {
	var res result
	if r.Cache == nil || r.Fresh {
		return res, false
	}
	value, ok := r.Cache.get(p.key, time.Now())
	if !ok || json.Unmarshal(value, &res) != nil || res.Evidence.Check != p.check.Name {
		return result{}, false
	}
	res.Evidence.Source = facts.SourceCache
	return res, true
}

// keep puts a result into the cache, if it is one: errors and absences are tried again. A cache that cannot take it does
// not change the result, and the operator is told.
func (r *run) keep(p *plan, res result) {
	if r.Cache == nil || res.fleeting || res.Evidence.State != facts.Passed && res.Evidence.State != facts.Failed {
		return
	}
	value, err := json.Marshal(res)
	if err == nil {
		err = r.Cache.put(p.key, value)
	}
	if err != nil {
		r.tell(Event{Check: p.check.Name, Step: "uncached", Note: strings.TrimSpace(err.Error())})
	}
}
