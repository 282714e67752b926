package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"sync"

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// suspects are the changes that the merge queue had judged when the daemon ended, and how often in a row: one of them may be
// what ends it. They are kept in a file, because the queue's runs leave no operation. Runs outside of the queue do: a change's
// own operations count those.
type suspects struct {
	path string

	mu sync.Mutex
	of map[string]suspect // by change
}

// suspect is a patch set with runs under way, or that was in one when the daemon ended.
type suspect struct {
	Head git.OID `json:"head"`
	Runs int     `json:"runs"` // under way
	Ends int     `json:"ends"` // in a row, without a run that came to its end
}

const suspectsLimit = 1 << 20 // bytes of the file

// openSuspects reads what the last daemon left. A run that was under way then ended with it. An error goes with a count that
// starts anew.
func openSuspects(path string) (*suspects, error) {
	s := &suspects{path: path, of: map[string]suspect{}}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer f.Close()
	left := map[string]suspect{}
	if err := json.NewDecoder(io.LimitReader(f, suspectsLimit)).Decode(&left); err != nil {
		return s, fmt.Errorf("reading %s: %w", path, err)
	}
	for id, one := range left {
		if one.Runs > 0 {
			one.Runs, one.Ends = 0, one.Ends+1
		}
		s.of[id] = one
	}
	return s, s.save()
}

// ends is how often in a row the daemon ended while a change's current patch set was judged for the queue.
func (s *suspects) ends(c change.Change) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.of[c.ID]; one.Head == c.State.Head() {
		return one.Ends
	}
	return 0
}

// begin notes on disk that changes are judged. The caller calls over when the run has come to its end, or was stopped.
func (s *suspects) begin(changes []change.Change) (over func(stopped bool), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		one := s.of[c.ID]
		if one.Head != c.State.Head() {
			one = suspect{Head: c.State.Head()}
		}
		one.Runs++
		s.of[c.ID] = one
	}
	return func(stopped bool) { s.over(changes, stopped) }, s.save()
}

func (s *suspects) over(changes []change.Change, stopped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		one, ok := s.of[c.ID]
		if !ok || one.Head != c.State.Head() {
			continue
		}
		if one.Runs--; !stopped {
			one.Ends = 0
		}
		if s.of[c.ID] = one; one.Runs <= 0 && one.Ends == 0 {
			delete(s.of, c.ID)
		}
	}
	_ = s.save() // what stays noted too long is looked at once more
}

// keep forgets the changes that are not among these.
func (s *suspects) keep(queued map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.of, func(id string, _ suspect) bool { return !queued[id] })
}

// forget drops the count of a change: that it is suspended is on record.
func (s *suspects) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.of, id)
	_ = s.save() // the next start forgets it too
}

// save writes the file as a whole; the lock is held.
func (s *suspects) save() error {
	data, err := json.Marshal(s.of)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.path, data)
}

// watched runs the gate for changes of the merge queue, with a note on disk meanwhile. A note that cannot be written is trouble and no
// reason to land nothing.
func (d *Daemon) watched(ctx context.Context, ids []string, run func() error) error {
	changes, err := d.loadAll(ctx, ids)
	if err != nil {
		return err
	}
	over, err := d.suspects.begin(changes)
	d.trouble("notes of what is judged", err)
	err = run()
	over(ctx.Err() != nil && !errors.Is(context.Cause(ctx), errPatience))
	return err
}
