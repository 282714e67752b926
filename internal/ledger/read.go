package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

const readSegments = 16 // segments in memory at once, to a writer

// Filter chooses entries. Empty fields choose all.
type Filter struct {
	Writer string
	Actor  string
	Change string   // the id or its first digits
	Task   string   // likewise
	Kinds  []string // a kind, or "landing.*" for a family
	Since  time.Time
	Until  time.Time // not included
}

func (f Filter) match(e *Entry) bool {
	return (f.Writer == "" || e.Writer == f.Writer) &&
		(f.Actor == "" || e.Actor == f.Actor) &&
		(f.Change == "" || strings.HasPrefix(e.Change, f.Change)) &&
		(f.Task == "" || strings.HasPrefix(e.Task, f.Task)) &&
		(f.Since.IsZero() || !e.Time.Before(f.Since)) &&
		(f.Until.IsZero() || e.Time.Before(f.Until)) &&
		(len(f.Kinds) == 0 || slices.ContainsFunc(f.Kinds, func(kind string) bool { return matchKind(kind, e.Kind) }))
}

func matchKind(pattern, kind string) bool {
	if family, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(kind, family)
	}
	return pattern == kind
}

// Read yields the entries of all ledgers of a repository, by time, then writer, then number; entries of one writer stay in
// their order even where its clock went back. Of a writer that several remotes hold, the longest ledger is read. Every line
// is checked as it is read, whether it matches or not; an error, an *Alarm where the ledger is at fault, is the last thing
// yielded. Signatures and histories are Verify's to check.
func Read(ctx context.Context, repo *git.Repo, filter Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		sources, err := Sources(ctx, repo)
		if err == nil {
			sources, err = longest(ctx, repo, sources)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for e, err := range union(ctx, repo, sources) {
			if (err != nil || filter.match(&e)) && !yield(e, err) {
				return
			}
		}
	}
}

// ReadAll yields the entries of several ledgers, one of each writer, in the order of Read.
func ReadAll(ctx context.Context, repo *git.Repo, sources []Source) iter.Seq2[Entry, error] {
	return union(ctx, repo, sources)
}

// ReadFrom yields the entries of one ledger in order, checked.
func ReadFrom(ctx context.Context, repo *git.Repo, source Source) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		segments, err := source.segments(ctx, repo)
		if err == nil {
			err = source.walk(ctx, repo, segments, func(e Entry) error {
				if !yield(e, nil) {
					return errStop
				}
				return nil
			})
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(Entry{}, err)
		}
	}
}

var errStop = errors.New("stop")

// walk reads all segments, some at a time.
func (s Source) walk(ctx context.Context, repo *git.Repo, segments []segment, each func(Entry) error) error {
	c := newChain(s.Writer)
	return s.contents(ctx, repo, segments, func(seg segment, data []byte) error {
		return c.lines(data, 0, s.place(seg.path), each)
	})
}

func (s Source) contents(ctx context.Context, repo *git.Repo, segments []segment, each func(segment, []byte) error) error {
	for some := range slices.Chunk(segments, readSegments) {
		ids := make([]git.OID, len(some))
		for i, seg := range some {
			ids[i] = seg.blob
		}
		err := repo.Blobs(ctx, ids, segmentLimit, func(i int, data []byte, err error) error {
			if err := s.explain(some[i].path, err); err != nil {
				return err
			}
			return each(some[i], data)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Files hands out the segments of the ledgers that Read reads, as they are stored, each checked before: their writer, their
// path and their bytes. A path is <yyyy>/<mm>/<dd>/<seq>.jsonl and nothing else.
func Files(ctx context.Context, repo *git.Repo, each func(writer, path string, data []byte) error) error {
	sources, err := Sources(ctx, repo)
	if err == nil {
		sources, err = longest(ctx, repo, sources)
	}
	if err != nil {
		return err
	}
	for _, s := range sources {
		segments, err := s.segments(ctx, repo)
		if err != nil {
			return err
		}
		c := newChain(s.Writer)
		err = s.contents(ctx, repo, segments, func(seg segment, data []byte) error {
			if err := c.lines(data, 0, s.place(seg.path), func(Entry) error { return nil }); err != nil {
				return err
			}
			return each(s.Writer, seg.path, data)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Newest yields the entries of one ledger, the newest first, for those who need the end only: each segment is checked in
// itself and against the one behind it.
func Newest(ctx context.Context, repo *git.Repo, source Source) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := newest(ctx, repo, source, yield); err != nil {
			yield(Entry{}, err)
		}
	}
}

func newest(ctx context.Context, repo *git.Repo, source Source, yield func(Entry, error) bool) error {
	segments, err := source.segments(ctx, repo)
	if err != nil {
		return err
	}
	var later *chain // before the first line of the segment behind
	for _, seg := range slices.Backward(segments) {
		data, err := source.read(ctx, repo, seg)
		if err != nil {
			return err
		}
		c, err := source.resume(seg, data)
		if err != nil {
			return err
		}
		before := c
		var entries []Entry
		err = c.lines(data, 0, source.place(seg.path), func(e Entry) error {
			entries = append(entries, e)
			return nil
		})
		if err != nil {
			return err
		}
		if later != nil && (later.seq != c.seq || later.head != c.head) {
			return alarm(Broken, source.Writer, source.place(seg.path), "the next segment does not continue this one")
		}
		later = &before
		for _, e := range slices.Backward(entries) {
			if !yield(e, nil) {
				return nil
			}
		}
	}
	return nil
}

// longest keeps one source of each writer: the one that holds what all the others hold.
func longest(ctx context.Context, repo *git.Repo, sources []Source) ([]Source, error) {
	best := map[string]Source{}
	for _, s := range sources {
		other, known := best[s.Writer]
		if !known {
			best[s.Writer] = s
			continue
		}
		longer, err := join(ctx, repo, other, s)
		if err != nil {
			return nil, err
		}
		best[s.Writer] = longer
	}
	var kept []Source
	for _, s := range sources {
		if best[s.Writer] == s {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

// join returns the longer of two ledgers of one writer, or the alarm that neither continues the other.
func join(ctx context.Context, repo *git.Repo, a, b Source) (Source, error) {
	if a.Head == b.Head {
		return a, nil
	}
	inA, err := repo.IsAncestor(ctx, b.Head, a.Head)
	if err != nil || inA {
		return a, err
	}
	inB, err := repo.IsAncestor(ctx, a.Head, b.Head)
	if err != nil || inB {
		return b, err
	}
	return a, forkOf(ctx, repo, a, b)
}

// forkOf finds the first entry in which two ledgers of one writer differ.
func forkOf(ctx context.Context, repo *git.Repo, a, b Source) error {
	nextB, stop := iter.Pull2(ReadFrom(ctx, repo, b))
	defer stop()
	for one, err := range ReadFrom(ctx, repo, a) {
		if err != nil {
			return err
		}
		other, err, ok := nextB()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if string(one.Line()) != string(other.Line()) {
			return alarm(Fork, a.Writer, one.Place, "entry %d is another one in %s", one.Seq, other.Place)
		}
	}
	return alarm(Rewritten, a.Writer, Place{Ref: a.Ref, Commit: a.Head}, "it has the entries of %s in other commits", b.Ref)
}

// union merges ledgers of different writers.
func union(ctx context.Context, repo *git.Repo, sources []Source) iter.Seq2[Entry, error] {
	streams := make([]iter.Seq2[Entry, error], len(sources))
	for i, source := range sources {
		streams[i] = ReadFrom(ctx, repo, source)
	}
	if len(streams) == 1 {
		return streams[0]
	}
	return func(yield func(Entry, error) bool) { merge(streams, yield) }
}

func merge(streams []iter.Seq2[Entry, error], yield func(Entry, error) bool) {
	heads := make([]*cursor, len(streams))
	for i, stream := range streams {
		heads[i] = &cursor{}
		heads[i].pull, heads[i].stop = iter.Pull2(stream)
		defer heads[i].stop()
		heads[i].advance()
	}
	for first := earliest(heads); first != nil; first = earliest(heads) {
		if !yield(first.entry, first.err) || first.err != nil {
			return
		}
		first.advance()
	}
}

// cursor is the next entry of one ledger.
type cursor struct {
	pull  func() (Entry, error, bool)
	stop  func()
	entry Entry
	err   error
	more  bool
	at    time.Time // the latest time so far, by which entries are ordered
}

func (c *cursor) advance() {
	c.entry, c.err, c.more = c.pull()
	if c.entry.Time.After(c.at) {
		c.at = c.entry.Time
	}
}

// earliest chooses what comes next; an error comes before everything.
func earliest(heads []*cursor) *cursor {
	var first *cursor
	for _, c := range heads {
		switch {
		case !c.more:
		case c.err != nil:
			return c
		case first == nil || c.at.Before(first.at) || c.at.Equal(first.at) && c.entry.Writer < first.entry.Writer:
			first = c
		}
	}
	return first
}

// Collect reads everything that matches, at most limit entries: 0 means all.
func Collect(ctx context.Context, repo *git.Repo, filter Filter, limit int) ([]Entry, error) {
	var entries []Entry
	for e, err := range Read(ctx, repo, filter) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		if entries = append(entries, e); limit > 0 && len(entries) == limit {
			break
		}
	}
	return entries, nil
}
