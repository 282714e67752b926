package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// Changes says how much of each commit's diff Log reads.
type Changes int

// The amounts of diff.
const (
	ChangesNone    Changes = iota
	ChangesRaw             // paths, modes and blobs
	ChangesNumstat         // and line counts
)

// LogOptions choose the commits that Log walks.
type LogOptions struct {
	From        OID
	Not         []OID // leave out these commits and what they reach
	FirstParent bool  // follow first parents only
	Max         int   // the newest so many; 0 = all
	OldestFirst bool
	Changes     Changes
	Renames     bool     // find renames in Changes, as Diff does
	Signed      bool     // take signatures out, as SignedCommits does
	Paths       []string // only commits and changes that touch these literal paths or folders; empty = all
}

// LogEntry is one commit and its diff against its first parent.
type LogEntry struct {
	Commit
	Changes []FileChange // in git's order; empty when not asked for
	Cut     bool         // a shallow clone ends here: the parents are not there, so Changes is left empty
	// Payload and Signature are those of a SignedCommit, where LogOptions.Signed asks for them.
	Payload, Signature []byte
}

const logBatch = 256 // commits read in one round

// Log streams commits, newest first (parents never before their children) unless OldestFirst. An error is the last thing
// yielded. Memory is bounded but for the longest diff of one commit; leaving the loop early ends the child.
func (r *Repo) Log(ctx context.Context, opt LogOptions) iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) {
		w := &logWalk{repo: r, ctx: ctx, signed: opt.Signed, yield: yield}
		err := r.check(append([]OID{opt.From}, opt.Not...)...)
		if err == nil {
			err = r.private(opt.args()...).stream(ctx, w.read)
		}
		if err != nil && !w.stopped {
			err = fmt.Errorf("reading the history of %s: %w", opt.From.Short(), r.explain(ctx, err, append(opt.Not, opt.From)...))
			yield(LogEntry{}, err)
		}
	}
}

// Count returns how many commits Log would yield.
func (r *Repo) Count(ctx context.Context, opt LogOptions) (int, error) {
	if err := r.check(append([]OID{opt.From}, opt.Not...)...); err != nil {
		return 0, err
	}
	args := append([]string{"rev-list", "--count"}, opt.selection()...)
	out, err := r.private(args...).output(ctx)
	if err != nil {
		return 0, fmt.Errorf("counting the history of %s: %w", opt.From.Short(), r.explain(ctx, err, append(opt.Not, opt.From)...))
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		return 0, fmt.Errorf("counting the history of %s: git rev-list wrote %q", opt.From.Short(), out)
	}
	return n, nil
}

// Whole says whether everything that a commit leads to is here: nil, or what is missing (*MissingError). Only a clone that was partial
// has to ask, and may be whole again.
func (r *Repo) Whole(ctx context.Context, from OID) error {
	if err := r.check(from); err != nil {
		return err
	}
	if _, err := r.private("rev-list", "--objects", "--quiet", string(from)).output(ctx); err != nil {
		return fmt.Errorf("looking for all of %s: %w", from.Short(), r.explain(ctx, err, from))
	}
	return nil
}

// args are for a git that writes each commit as ">OID\0", followed by its diff.
func (opt LogOptions) args() []string {
	args := []string{"log", "-z", "--format=>%H", "--no-show-signature", "--no-notes", "--no-decorate", "--no-mailmap", "--no-follow"}
	if opt.Changes == ChangesNone {
		args = append(args, "--no-patch")
	} else {
		args = append(append(args, "--diff-merges=first-parent"), diffArgs(opt.Changes, opt.Renames)...)
	}
	if !opt.FirstParent { // a line has one order
		args = append(args, "--topo-order")
	}
	if opt.OldestFirst {
		args = append(args, "--reverse")
	}
	return append(args, opt.selection()...)
}

// selection says which commits.
func (opt LogOptions) selection() []string {
	var args []string
	if opt.FirstParent {
		args = append(args, "--first-parent")
	}
	if opt.Max > 0 {
		args = append(args, "--max-count="+strconv.Itoa(opt.Max))
	}
	args = append(args, "--end-of-options", string(opt.From))
	for _, id := range opt.Not {
		args = append(args, "^"+string(id))
	}
	return append(append(args, "--"), opt.Paths...)
}

// logWalk turns git's stream into entries.
type logWalk struct {
	repo    *Repo
	ctx     context.Context
	signed  bool
	yield   func(LogEntry, error) bool
	stopped bool
	batch   []LogEntry
}

func (w *logWalk) read(in *bufio.Reader) error {
	err := parseLog(in, func(entry LogEntry) error {
		w.batch = append(w.batch, entry)
		if len(w.batch) < logBatch {
			return nil
		}
		return w.flush()
	})
	if err != nil {
		return err
	}
	return w.flush()
}

// flush reads the batch's commits and yields them.
func (w *logWalk) flush() error {
	ids := make([]OID, len(w.batch))
	for i, entry := range w.batch {
		ids[i] = entry.OID
	}
	if err := w.fill(ids); err != nil {
		return err
	}
	for _, entry := range w.batch {
		if entry.Cut = w.repo.boundary[entry.OID]; entry.Cut {
			entry.Changes = nil
		}
		if !w.yield(entry, nil) {
			w.stopped = true
			return errStop
		}
	}
	w.batch = w.batch[:0]
	return nil
}

// fill reads the batch's commits.
func (w *logWalk) fill(ids []OID) error {
	if !w.signed {
		commits, err := w.repo.commits(w.ctx, ids)
		for i := range commits {
			w.batch[i].Commit = commits[i]
		}
		return err
	}
	commits, err := w.repo.SignedCommits(w.ctx, ids)
	for i, c := range commits {
		w.batch[i].Commit, w.batch[i].Payload, w.batch[i].Signature = c.Commit, c.Payload, c.Signature
	}
	return err
}

// parseLog reads ">OID" records and the diff records behind each.
func parseLog(in *bufio.Reader, emit func(LogEntry) error) error {
	var current diffReader
	var id OID
	finish := func() error {
		if id == "" {
			return nil
		}
		return emit(LogEntry{Commit: Commit{OID: id}, Changes: current.changes})
	}
	for {
		record, err := readToken(in, recordLimit)
		if errors.Is(err, io.EOF) {
			return finish()
		}
		if err != nil {
			return err
		}
		record = strings.TrimPrefix(record, "\n")
		if name, ok := strings.CutPrefix(record, ">"); ok {
			if err := finish(); err != nil {
				return err
			}
			if name == "" || !isHex(name) {
				return fmt.Errorf("git log wrote the commit %q", name)
			}
			id, current = OID(name), diffReader{in: in}
			continue
		}
		if record == "" || id == "" {
			return fmt.Errorf("git log wrote the record %q", record)
		}
		if err := current.add(record); err != nil {
			return err
		}
	}
}
