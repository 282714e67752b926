package task

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/oplog"
)

// Store keeps tasks in git (docs/formats/task.md). It is safe for concurrent use; two writers of one task meet at a
// compare-and-swap. It remembers what it read by the commit that it read, so that listing tasks costs what has changed.
type Store struct {
	repo *git.Repo
	refs change.Refs

	mu    sync.Mutex
	known map[string]Task // by id; good while its Tip is the reference's
}

// NewStore is a store in repo that moves references through refs.
func NewStore(repo *git.Repo, refs change.Refs) *Store {
	return &Store{repo: repo, refs: refs, known: map[string]Task{}}
}

// Task is a task as it was read: its state is that of Tip.
type Task struct {
	ID    string
	Tip   git.OID // newest operation commit
	State State
	Packs []Pack // in the order that counts
}

// Timeline is every operation in the order that counts, with its Lamport clock.
func (t Task) Timeline(yield func(clock uint64, op Operation) bool) {
	for _, p := range t.Packs {
		for _, op := range p.Operations {
			if !yield(p.Lamport, op) {
				return
			}
		}
	}
}

// Create opens a task. Opening the same thing twice gives the same task: its id is the digest of the operation.
func (s *Store) Create(ctx context.Context, op Operation) (Task, error) {
	if _, ok := op.Body.(Opening); !ok {
		return Task{}, errors.New("opening a task: the first operation must be open")
	}
	t, err := s.Append(ctx, Task{}, op)
	if stale := (*StaleError)(nil); errors.As(err, &stale) {
		return s.Load(ctx, stale.ID)
	}
	if err != nil {
		return t, fmt.Errorf("opening a task: %w", err)
	}
	return t, nil
}

// Append adds operations, made together, to the task as it was read. It is a *StaleError when the task has moved on, and a
// *RefusedError when an operation would have no effect.
func (s *Store) Append(ctx context.Context, t Task, ops ...Operation) (Task, error) {
	pack, err := NewPack(t.State.Lamport+1, ops)
	if err != nil {
		return t, err
	}
	after := Task{ID: t.ID, Packs: append(slices.Clip(slices.Clone(t.Packs)), pack)}
	if after.State = Fold(after.Packs); after.ID == "" {
		after.ID = after.State.ID
	}
	if n := len(t.State.Ignored); len(after.State.Ignored) > n {
		no := after.State.Ignored[n]
		return t, &RefusedError{ID: after.ID, Kind: no.Kind, Why: no.Why}
	}
	commit := oplog.Commit{When: ops[len(ops)-1].Time, Message: summarise(ops)}
	if t.Tip != "" {
		commit.Parents = []git.OID{t.Tip}
	}
	if after.Tip, err = oplog.Write(ctx, s.repo, oplog.Author{}, pack, commit); err != nil {
		return t, fmt.Errorf("writing operations of task %s: %w", Short(after.ID), err)
	}
	after.Packs[len(after.Packs)-1].Commit = after.Tip
	err = s.refs.UpdateRefs(ctx, []git.RefUpdate{{Name: kernel.TaskMeta(after.ID), Old: t.Tip, New: after.Tip}})
	if moved := (*git.RefMovedError)(nil); errors.As(err, &moved) {
		return t, &StaleError{ID: after.ID, Err: err}
	}
	if err != nil {
		return t, fmt.Errorf("adding %s to task %s: %w", ops[0].Body.Kind(), Short(after.ID), err)
	}
	return after, nil
}

func summarise(ops []Operation) string {
	lines := make([]string, len(ops))
	for i, op := range ops {
		lines[i] = string(op.Body.Kind()) + " by " + clipLine(op.Actor)
	}
	return strings.Join(lines, "\n")
}

const appendTries = 16

// Add is Append for operations that do not depend on what was read, such as a remark: it reads, adds, and tries again.
func (s *Store) Add(ctx context.Context, id string, ops ...Operation) (Task, error) {
	var err error
	for range appendTries {
		var t Task
		if t, err = s.Load(ctx, id); err != nil {
			return Task{}, err
		}
		if t, err = s.Append(ctx, t, ops...); err == nil {
			return t, nil
		}
		if stale := (*StaleError)(nil); !errors.As(err, &stale) {
			return t, err
		}
	}
	return Task{}, err
}

// Load reads a task by its full id. What cannot be read is a *BrokenError.
func (s *Store) Load(ctx context.Context, id string) (Task, error) {
	if err := CheckID(id); err != nil {
		return Task{}, err
	}
	tip, err := s.refs.Ref(ctx, kernel.TaskMeta(id))
	if err != nil {
		return Task{}, fmt.Errorf("reading task %s: %w", Short(id), err)
	}
	if tip == "" {
		return Task{}, &NotFoundError{Name: Short(id)}
	}
	if t, ok := s.remembered(id, tip); ok {
		return t, nil
	}
	h := &history{ID: id, Ref: kernel.TaskMeta(id), Tip: tip}
	if err := format().Read(ctx, s.repo, h); err != nil {
		return Task{}, err
	}
	if h.Err != nil {
		return Task{}, h.Err
	}
	return s.remember(taskOf(h)), nil
}

type history = oplog.History[Operation]

func taskOf(h *history) Task {
	t := Task{ID: h.ID, Tip: h.Tip, Packs: h.Packs()}
	t.State = Fold(t.Packs)
	return t
}

// List reads all tasks, sorted by id. Those that cannot be read are reported beside the others.
func (s *Store) List(ctx context.Context) ([]Task, []*BrokenError, error) {
	return s.list(ctx, kernel.PrefixTasks, func(string) bool { return true })
}

func (s *Store) list(ctx context.Context, prefix string, want func(id string) bool) ([]Task, []*BrokenError, error) {
	refs, err := s.repo.Refs(ctx, prefix)
	if err != nil {
		return nil, nil, err
	}
	var tasks []Task
	var unread []*history
	var broken []*BrokenError
	for _, ref := range refs {
		name, err := kernel.ParseRef(ref.Name)
		switch {
		case err != nil:
			broken = append(broken, &BrokenError{Ref: ref.Name, Err: err, Next: "git update-ref -d " + ref.Name + " removes it, when nobody needs it"})
		case name.Kind != kernel.KindTask || !want(name.ID):
		default:
			if t, ok := s.remembered(name.ID, ref.OID); ok {
				tasks = append(tasks, t)
			} else {
				unread = append(unread, &history{ID: name.ID, Ref: ref.Name, Tip: ref.OID})
			}
		}
	}
	if err := format().Read(ctx, s.repo, unread...); err != nil {
		return nil, nil, err
	}
	for _, h := range unread {
		if b := (*BrokenError)(nil); errors.As(h.Err, &b) {
			broken = append(broken, b)
			continue
		}
		tasks = append(tasks, s.remember(taskOf(h)))
	}
	slices.SortFunc(tasks, func(a, b Task) int { return strings.Compare(a.ID, b.ID) })
	return tasks, broken, nil
}

func (s *Store) remembered(id string, tip git.OID) (Task, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.known[id]
	return t, ok && t.Tip == tip
}

func (s *Store) remember(t Task) Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[t.ID] = t
	return t
}

const leastDigits = 8

// Find reads the task that somebody names: by its id, or at least 8 digits of it.
func (s *Store) Find(ctx context.Context, name string) (Task, error) {
	if CheckID(name) == nil {
		return s.Load(ctx, name)
	}
	if len(name) < leastDigits || len(name) > 64 || strings.Trim(name, "0123456789abcdef") != "" {
		return Task{}, &NotFoundError{Name: name}
	}
	tasks, broken, err := s.list(ctx, kernel.PrefixTasks+name[:2], func(id string) bool { return strings.HasPrefix(id, name) })
	switch {
	case err != nil:
		return Task{}, err
	case len(tasks) == 1:
		return tasks[0], nil
	case len(tasks) == 0 && len(broken) > 0:
		return Task{}, broken[0]
	case len(tasks) == 0:
		return Task{}, &NotFoundError{Name: name}
	}
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = t.ID
	}
	return Task{}, &AmbiguousError{Name: name, IDs: ids}
}
