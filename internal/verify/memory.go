package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// Memory is what runs saw and the next one must find again: a history that does not continue it was rewritten.
type Memory struct {
	V     int              `json:"v"`
	Views map[string]Sight `json:"views"` // by the name of the remote, empty = the repository's own
}

// Sight is what was seen of one remote.
type Sight struct {
	Main        git.OID     `json:"main"`
	Root        string      `json:"root,omitempty"` // fingerprint of the first root
	RootVersion int         `json:"rootVersion,omitempty"`
	Attested    git.OID     `json:"attested,omitempty"` // the newest commit that had a decision
	Log         *LogMark    `json:"log,omitempty"`
	Ledger      ledger.Seen `json:"ledger"`
}

const (
	memoryVersion = 1
	memoryLimit   = 4 << 20
)

// remember holds main to what was seen, and keeps what is seen now.
func (r *run) remember(ctx context.Context) error {
	was := r.was()
	if was.Main != "" {
		kept, err := r.repo.IsAncestor(ctx, was.Main, r.report.Main)
		if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
			kept, err = false, nil
		}
		if err != nil {
			return err
		}
		if !kept {
			r.fail(Problem{Code: MainRewritten, Commit: r.report.Main,
				What: fmt.Sprintf("main was %s at the last verification, and %s does not hold that commit", was.Main.Short(), r.report.Main.Short()), Do: doRestore})
		}
	}
	r.sight().Main = r.report.Main
	return nil
}

// sight is what is seen in this run.
func (r *run) sight() *Sight {
	if r.seen == nil {
		r.seen = &Sight{}
	}
	return r.seen
}

// newMemory is the memory of the runs before with what this one saw.
func (r *run) newMemory() Memory {
	m := Memory{V: memoryVersion, Views: maps.Clone(r.opt.Memory.Views)}
	if m.Views == nil {
		m.Views = map[string]Sight{}
	}
	m.Views[r.view.remote] = *r.sight()
	return m
}

// ReadMemory reads a file that WriteMemory wrote. One that is not there is an empty memory.
func ReadMemory(path string) (Memory, error) {
	m, err := readMemory(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Memory{V: memoryVersion}, nil
	}
	if err != nil {
		return Memory{}, fmt.Errorf("reading what was verified before: %w; if you trust the repository as it is, remove %s", err, path)
	}
	return m, nil
}

func readMemory(path string) (Memory, error) {
	var m Memory
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, memoryLimit+1))
	switch {
	case err != nil:
		return m, err
	case len(data) > memoryLimit:
		return m, fmt.Errorf("it is larger than %d bytes", memoryLimit)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, err
	}
	if m.V != memoryVersion {
		return m, fmt.Errorf("its version is %d, not %d", m.V, memoryVersion)
	}
	return m, nil
}

// WriteMemory replaces the file at once, with its folder where it is missing.
func WriteMemory(path string, m Memory) error {
	m.V = memoryVersion
	data, err := json.MarshalIndent(m, "", "  ")
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
