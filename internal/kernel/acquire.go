package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
)

const (
	orphanWait = 20 * time.Second      // how long Acquire waits for children of a daemon that died
	orphanPoll = 10 * time.Millisecond // how often it looks
	leaseLimit = 4 << 10               // bytes of a lease
)

// Holder says which process holds or held the kernel: holder.json.
type Holder struct {
	V       int       `json:"v"`
	PID     int       `json:"pid"`
	Group   int       `json:"pgid"`
	Started uint64    `json:"started"` // clock ticks since boot, 0 where that is not known
	Boot    string    `json:"boot"`    // which run of the machine
	Host    string    `json:"host"`
	Epoch   uint64    `json:"epoch"`
	Since   time.Time `json:"since"`
}

// HeldError says that another process holds the kernel.
type HeldError struct {
	Dir     string
	Holder  Holder // zero when it has not said yet who it is
	Stopped bool   // it is stopped and will go on with the kernel when it is continued
}

func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return e.Dir + " is held by a process that has just started; try again"
	}
	text := fmt.Sprintf("%s is held by process %d on %s since %s (epoch %d)", e.Dir, e.Holder.PID, e.Holder.Host,
		e.Holder.Since.Format(time.RFC3339), e.Holder.Epoch)
	if e.Stopped {
		return text + fmt.Sprintf("; it is stopped: kill -CONT %d lets it go on, kill -KILL %d ends it", e.Holder.PID, e.Holder.PID)
	}
	return text + "; run: adamant down"
}

// OrphansError says that children of a daemon that died still run and may still write.
type OrphansError struct {
	Dir  string
	PIDs []int
}

func (e *OrphansError) Error() string {
	pids := strings.Trim(fmt.Sprint(e.PIDs), "[]")
	return fmt.Sprintf("children of the last daemon still run in %s: %s; wait for them, or run: kill -KILL %s", e.Dir, pids, pids)
}

// FencedError says that another process took the kernel over: this one may write nothing any more and should end.
type FencedError struct {
	Epoch uint64 // of this process
}

func (e *FencedError) Error() string {
	return fmt.Sprintf("another process took the kernel over from epoch %d; this one must end", e.Epoch)
}

// lease is the blob that RefLease names.
type lease struct {
	V      int    `json:"v"`
	Epoch  uint64 `json:"epoch"`
	Writer string `json:"writer"`
}

// Acquire makes this process the one that writes, and recovers what the last one left. It takes the lock first, so that
// the loser of a race has touched nothing (*HeldError); then it waits until every git of the last daemon is gone
// (*OrphansError), clears their locks, counts the epoch up and recovers. What Recover found is in the second result.
func (k *Kernel) Acquire(ctx context.Context, options ...Hold) (Recovery, error) {
	hold := Hold{}
	for _, option := range options {
		hold = option
	}
	recovery, err := k.acquire(ctx, hold)
	if err != nil {
		return recovery, fmt.Errorf("acquiring the kernel: %w", err)
	}
	return recovery, nil
}

func (k *Kernel) acquire(ctx context.Context, hold Hold) (Recovery, error) {
	if k.lock != nil {
		return Recovery{}, errors.New("this process holds it already")
	}
	if err := k.takeLocks(ctx, hold.wait()); err != nil {
		return Recovery{}, err
	}
	removed, err := k.clearLeftovers()
	if err != nil {
		return Recovery{}, k.letGo(err)
	}
	if err := k.newEpoch(ctx); err != nil {
		return Recovery{}, k.letGo(err)
	}
	if k.journal, err = k.openJournal(ctx, k, hold); err != nil {
		return Recovery{}, k.letGo(err)
	}
	recovery, err := k.recover(ctx, removed)
	if err != nil {
		return recovery, k.letGo(errors.Join(err, k.journal.close(ctx)))
	}
	return recovery, nil
}

// Held says whether a process holds the kernel in a folder. It has the lock itself for a moment when none does.
func Held(dir string) (bool, error) {
	lock, err := filelock.Open(filepath.Join(dir, "lock"), 0)
	if errors.Is(err, filelock.ErrLocked) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, lock.Close()
}

// letGo gives the lock up after a failure; the children's one goes with the process.
func (k *Kernel) letGo(err error) error {
	k.lease, k.epoch, k.journal = "", 0, nil
	err = errors.Join(err, k.lock.Close())
	k.lock = nil
	return err
}

// takeLocks takes the daemon's lock and then that of its children.
func (k *Kernel) takeLocks(ctx context.Context, wait time.Duration) error {
	lock, err := filelock.Open(filepath.Join(k.dir, "lock"), 0)
	if err != nil && !errors.Is(err, filelock.ErrLocked) {
		return err
	}
	last, readErr := k.readHolder() // not before: whoever had the lock until now wrote it
	switch {
	case err != nil && readErr == nil:
		return held(k.dir, last)
	case err != nil:
		return errors.Join(&HeldError{Dir: k.dir}, readErr)
	case readErr != nil:
		return errors.Join(fmt.Errorf("%w; if no daemon runs, remove that file", readErr), lock.Close())
	}
	k.lock = lock
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := k.waitForOrphans(ctx, last); err != nil {
		return k.letGo(err)
	}
	return nil
}

// held names the process that has the lock. What is recorded may be the one before it, which is gone.
func held(dir string, last Holder) error {
	p, err := inspect(last.PID)
	if err != nil || p.started != last.Started {
		return &HeldError{Dir: dir}
	}
	return &HeldError{Dir: dir, Holder: last, Stopped: p.stopped}
}

// waitForOrphans waits for the lock that every git child inherits, and for the rest of the last daemon's own group.
func (k *Kernel) waitForOrphans(ctx context.Context, last Holder) error {
	tick := time.NewTicker(orphanPoll)
	defer tick.Stop()
	for {
		err := filelock.Try(k.family)
		members := groupMembers(last)
		if err == nil && len(members) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, filelock.ErrLocked) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if err != nil {
				members = append(members, openers(k.family.Name())...)
			}
			return &OrphansError{Dir: k.dir, PIDs: members}
		}
	}
}

func (k *Kernel) readHolder() (Holder, error) {
	var h Holder
	err := readJSON(filepath.Join(k.dir, "holder.json"), &h)
	if errors.Is(err, fs.ErrNotExist) {
		return Holder{}, nil
	}
	return h, err
}

func (k *Kernel) clearLeftovers() ([]string, error) {
	locks, err := k.repo.RemoveLeftovers()
	more, err2 := k.main.RemoveLeftovers()
	return append(locks, more...), errors.Join(err, err2)
}

// newEpoch takes the lease: from here on, transactions of whoever had it before fail.
func (k *Kernel) newEpoch(ctx context.Context) error {
	old, err := k.repo.Ref(ctx, RefLease)
	if err != nil {
		return err
	}
	next := lease{V: 1, Epoch: 1, Writer: k.writer}
	if old != "" {
		had, err := k.readLease(ctx, old)
		if err != nil {
			return err
		}
		next.Epoch = had.Epoch + 1
	}
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	id, err := k.repo.WriteBlob(ctx, append(data, '\n'))
	if err != nil {
		return err
	}
	if err := k.writeHolder(next.Epoch); err != nil {
		return err
	}
	if err := k.repo.UpdateRefs(ctx, []git.RefUpdate{{Name: RefLease, Old: old, New: id}}); err != nil {
		return err
	}
	k.lease, k.epoch = id, next.Epoch
	return nil
}

func (k *Kernel) readLease(ctx context.Context, id git.OID) (lease, error) {
	data, err := k.repo.Blob(ctx, id, leaseLimit)
	if err != nil {
		return lease{}, fmt.Errorf("reading the lease: %w", err)
	}
	var l lease
	if err := json.Unmarshal(data, &l); err != nil || l.V != 1 || l.Epoch == 0 {
		return lease{}, fmt.Errorf("%s holds no lease of version 1: %q", RefLease, data)
	}
	return l, nil
}

func (k *Kernel) writeHolder(epoch uint64) error {
	p := self()
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(k.dir, "holder.json"), Holder{V: 1, PID: p.pid, Group: p.group, Started: p.started,
		Boot: boot(), Host: host, Epoch: epoch, Since: time.Now().UTC().Truncate(time.Second)})
}
