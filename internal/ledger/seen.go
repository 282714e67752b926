package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/git"
)

// Seen is what a verification found, to hold the next one to: a history that no longer contains it was rewritten.
type Seen struct {
	V       int             `json:"v"`
	Writers map[string]Mark `json:"writers"`
}

// Mark is how far one writer's ledger was verified.
type Mark struct {
	Head    git.OID  `json:"head"`
	Seq     uint64   `json:"seq"`
	Hash    string   `json:"hash"` // of line Seq
	Segment string   `json:"segment"`
	Keys    []string `json:"keys"` // fingerprints that may sign
	Open    uint64   `json:"open,omitempty"`
}

const (
	seenVersion = 1
	seenLimit   = 1 << 20
)

// ReadSeen reads a file that WriteSeen wrote. One that is not there is an empty Seen.
func ReadSeen(path string) (Seen, error) {
	seen, err := readSeen(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Seen{V: seenVersion}, nil
	}
	if err != nil {
		return Seen{}, fmt.Errorf("reading what was verified before: %w; if you trust the ledgers as they are, remove %s", err, path)
	}
	return seen, nil
}

func readSeen(path string) (Seen, error) {
	f, err := os.Open(path)
	if err != nil {
		return Seen{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, seenLimit+1))
	if err != nil {
		return Seen{}, err
	}
	if len(data) > seenLimit {
		return Seen{}, fmt.Errorf("it is larger than %d bytes", seenLimit)
	}
	var seen Seen
	if err := json.Unmarshal(data, &seen); err != nil {
		return Seen{}, err
	}
	if seen.V != seenVersion {
		return Seen{}, fmt.Errorf("its version is %d, not %d", seen.V, seenVersion)
	}
	return seen, nil
}

// WriteSeen replaces the file at once, with its folder where it is missing.
func WriteSeen(path string, seen Seen) error {
	seen.V = seenVersion
	data, err := json.MarshalIndent(seen, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = atomicfile.Write(path, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keeping what was verified: %w", err)
	}
	return nil
}
