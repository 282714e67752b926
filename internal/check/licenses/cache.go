package licenses

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"
)

// mostLicense bounds a licence file, in bytes.
const mostLicense = 1 << 20

// cached identifies the licence in the module cache, "" when the cache has not the module.
func (s source) cached(name, version string) (string, error) {
	if s.cache == "" {
		return "", nil
	}
	escaped, err := module.EscapePath(name)
	if err != nil {
		return "", nil //nolint:nilerr // a path that the cache cannot have; the licence stays unknown and is said to be
	}
	escapedVersion, err := module.EscapeVersion(version)
	if err != nil {
		return "", nil //nolint:nilerr // likewise
	}
	dir := filepath.Join(s.cache, filepath.FromSlash(escaped)+"@"+escapedVersion)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the licence of %s: %w", name, err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !isLicenseFile(entry.Name()) {
			continue
		}
		text, err := readBounded(filepath.Join(dir, entry.Name()))
		if err != nil {
			return "", fmt.Errorf("read the licence of %s: %w", name, err)
		}
		if id := identify(text); id != "" {
			return id, nil
		}
	}
	return "", nil
}

func readBounded(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, mostLicense))
	return text, errors.Join(err, f.Close())
}
