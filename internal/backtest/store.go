package backtest

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
)

// store remembers judged changes, one JSON line each, so that an interrupted run goes on where it stopped. A line that
// cannot be read is judged again. Another governance, engine or day of an expiring acceptance or waiver is another file.
type store struct {
	mu   sync.Mutex
	rows map[string]Row
	file *os.File
}

func openStore(opt Options, repo *git.Repo, g *facts.Governance) *store {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", repo.CommonDir(), g.Digest(), opt.Version)
	if len(g.Config.Spec.Accept)+len(g.Waivers) > 0 {
		fmt.Fprintln(h, opt.Now.Format(time.DateOnly))
	}
	s := &store{rows: map[string]Row{}}
	if err := s.open(filepath.Join(opt.Places.Cache, "backtest"), hex.EncodeToString(h.Sum(nil))[:24]+".jsonl", opt.Fresh); err != nil {
		opt.Warn(fmt.Errorf("an interrupted run will start anew: %w", err))
	}
	return s
}

// open reads what an earlier run has judged and gets ready to append. On an error the store works without a file.
func (s *store) open(dir, name string, fresh bool) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the backtest cache: %w", err)
	}
	path := filepath.Join(dir, name)
	if !fresh {
		if err := s.load(path); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opening the backtest cache: %w", err)
	}
	s.file = file
	return nil
}

const maxRowBytes = 4 << 20

func (s *store) load(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the backtest cache: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxRowBytes)
	for lines.Scan() {
		var row Row
		if json.Unmarshal(lines.Bytes(), &row) == nil && row.Commit != "" { // a torn line of a killed run is judged again
			s.rows[row.Commit] = row
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the backtest cache %s: %w; delete it", path, err)
	}
	return nil
}

func (s *store) get(commit string) (Row, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[commit]
	return row, ok
}

// put appends a row. The leading newline ends a line that a killed run has torn.
func (s *store) put(row Row) error {
	data, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("encoding a backtest row: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[row.Commit] = row
	if s.file == nil {
		return nil
	}
	if _, err := s.file.Write(append(append([]byte{'\n'}, data...), '\n')); err != nil {
		return fmt.Errorf("writing the backtest cache: %w", err)
	}
	return nil
}

func (s *store) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
