package check

import "errors"

// Cache keeps the results of checks on disk.
type Cache struct{}

// OpenCache opens the result cache in dir. The key that binds entries to this machine is read from, or made in, state.
// limit is the most bytes the entries may take; the oldest used are dropped first.
func OpenCache(dir, state string, limit int64) (*Cache, error) {
	return nil, errors.New("open result cache: not built yet")
}
