package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// tip is the end of a writer's ledger: what the next commit continues. Its methods are for one goroutine.
type tip struct {
	repo   *git.Repo
	refs   Refs
	writer string
	sign   git.Signer
	now    func() time.Time

	failed error // nothing more is written
	stale  bool  // a write ended badly: look again before the next
	end
}

// end is what changes with a commit.
type end struct {
	commit  git.OID
	chain   chain
	path    string // of the last segment, "" when there is none
	segment []byte // its lines
	day     string // the folder that names holds, as 2006/01/02
	names   [4][]git.Entry
}

func (t *tip) ref() string { return RefPrefix + t.writer }

// load reads where the ledger stands and checks its last segment.
func (t *tip) load(ctx context.Context) error {
	if err := CheckWriter(t.writer); err != nil {
		return err
	}
	head, err := t.refs.Ref(ctx, t.ref())
	if err != nil {
		return err
	}
	next := end{commit: head, chain: newChain(t.writer)}
	if head != "" {
		if err := t.loadEnd(ctx, &next); err != nil {
			return err
		}
	}
	t.end = next
	return nil
}

func (t *tip) loadEnd(ctx context.Context, next *end) error {
	source := Source{Writer: t.writer, Ref: t.ref(), Head: next.commit}
	segments, err := source.segments(ctx, t.repo)
	if err != nil {
		return err
	}
	last := segments[len(segments)-1]
	if next.segment, err = source.read(ctx, t.repo, last); err != nil {
		return err
	}
	next.chain, err = source.resume(last, next.segment)
	if err != nil {
		return err
	}
	next.path = last.path
	return next.chain.lines(next.segment, 0, source.place(last.path), func(Entry) error { return nil })
}

// append writes a group in as many commits as it has segments, and moves the reference once. After an error the next call
// looks at the reference again; one that somebody else moved ends the writer.
func (t *tip) append(ctx context.Context, group []*pending) error {
	if t.failed != nil {
		return t.failed
	}
	if t.stale {
		if err := t.load(ctx); err != nil {
			return fmt.Errorf("reading the ledger again: %w", err)
		}
		t.stale = false
	}
	next := t.end
	entries := slices.DeleteFunc(slices.Clone(group), func(p *pending) bool { return p.marker })
	if err := t.write(ctx, &next, entries); err != nil {
		t.stale = true
		return fmt.Errorf("writing to the ledger of %s: %w", t.writer, err)
	}
	if next.commit == t.commit {
		return nil
	}
	if err := t.refs.UpdateRefs(ctx, []git.RefUpdate{{Name: t.ref(), Old: t.commit, New: next.commit}}); err != nil {
		t.stale = true
		return t.explain(err)
	}
	t.end = next
	return nil
}

func (t *tip) explain(err error) error {
	var moved *git.RefMovedError
	if errors.As(err, &moved) && moved.Name == t.ref() {
		t.failed = fmt.Errorf("%w: %w", ErrNotOurs, err)
		return t.failed
	}
	return fmt.Errorf("writing to the ledger of %s: %w", t.writer, err)
}

// write makes the commits of a group, one to a segment.
func (t *tip) write(ctx context.Context, next *end, group []*pending) error {
	for len(group) > 0 {
		n := next.take(group)
		if err := t.commitSegment(ctx, next, n); err != nil {
			return err
		}
		group = group[n:]
	}
	return nil
}

// take puts entries into the chain and the last segment, or a new one, until that is full. It returns how many.
func (e *end) take(group []*pending) int {
	e.segment = slices.Clone(e.segment)
	for i, p := range group {
		p.entry.Seq, p.entry.Prev, p.entry.Writer = e.chain.seq+1, e.chain.head.text(), e.chain.writer
		if e.full(&p.entry) {
			if i > 0 {
				return i
			}
			e.path, e.segment = segmentPath(&p.entry), nil
		}
		start := len(e.segment)
		e.segment = appendLine(e.segment, &p.entry)
		e.chain.seq, e.chain.head = p.entry.Seq, hashLine(e.segment[start:])
		e.segment = append(e.segment, '\n')
	}
	return len(group)
}

// full says that an entry cannot go into the last segment: there is none, it is full, or it is another day's.
func (e *end) full(entry *Entry) bool {
	return e.path == "" || len(e.segment) >= segmentFull || bytes.Count(e.segment, []byte("\n")) >= segmentEntries ||
		!strings.HasPrefix(e.path, entry.Time.UTC().Format("2006/01/02"))
}

// commitSegment stores the last segment, the folders above it and a commit of the n entries that are new.
func (t *tip) commitSegment(ctx context.Context, next *end, n int) error {
	id, err := t.repo.WriteBlob(ctx, next.segment)
	if err != nil {
		return err
	}
	tree, err := t.writeTrees(ctx, next, id)
	if err != nil {
		return err
	}
	who := git.Signature{Name: "adamant", Email: t.writer + "@adamant.invalid", When: t.now().UTC()}
	commit := git.NewCommit{Tree: tree, Author: who, Committer: who, Sign: t.sign,
		Message: fmt.Sprintf("ledger %s: entries %d to %d\n\nLedger-Head: %s\n", t.writer, next.chain.seq-uint64(n)+1, next.chain.seq, next.chain.head.text())}
	if next.commit != "" {
		commit.Parents = []git.OID{next.commit}
	}
	next.commit, err = t.repo.WriteCommit(ctx, commit)
	return err
}

// writeTrees puts the segment into its folder and writes the folders up to the root. names[0] is the root's content,
// names[3] the day's.
func (t *tip) writeTrees(ctx context.Context, next *end, segment git.OID) (git.OID, error) {
	parts := strings.Split(next.path, "/")
	if day := strings.Join(parts[:3], "/"); day != next.day {
		if err := t.loadNames(ctx, next, parts); err != nil {
			return "", err
		}
		next.day = day
	}
	id, mode := segment, git.ModeFile
	for level := len(next.names) - 1; level >= 0; level-- {
		next.names[level] = withEntry(next.names[level], git.Entry{Path: parts[level], Mode: mode, OID: id})
		var err error
		if id, err = t.repo.WriteTree(ctx, next.names[level]); err != nil {
			return "", err
		}
		mode = git.ModeTree
	}
	return id, nil
}

// loadNames reads what the folders on the way to a segment hold.
func (t *tip) loadNames(ctx context.Context, next *end, parts []string) error {
	next.names = [4][]git.Entry{}
	if next.commit == "" {
		return nil
	}
	files, err := t.repo.Tree(ctx, next.commit)
	if err != nil {
		return err
	}
	for level := range next.names {
		if next.names[level], err = t.folder(ctx, next.commit, files, parts[:level]); err != nil {
			return err
		}
	}
	return nil
}

// folder lists one folder, of which files holds every file below.
func (t *tip) folder(ctx context.Context, commit git.OID, files []git.Entry, parts []string) ([]git.Entry, error) {
	prefix := ""
	if len(parts) > 0 {
		prefix = strings.Join(parts, "/") + "/"
	}
	var entries []git.Entry
	for _, file := range files {
		rest, below := strings.CutPrefix(file.Path, prefix)
		if !below {
			continue
		}
		name, _, isFolder := strings.Cut(rest, "/")
		if len(entries) > 0 && entries[len(entries)-1].Path == name {
			continue
		}
		entry := git.Entry{Path: name, Mode: file.Mode, OID: file.OID}
		if isFolder {
			id, err := t.repo.Lookup(ctx, commit, prefix+name)
			if err != nil {
				return nil, err
			}
			entry.Mode, entry.OID = git.ModeTree, id
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// withEntry puts an entry into a list, in the place of one of its name. The list is not changed.
func withEntry(entries []git.Entry, entry git.Entry) []git.Entry {
	entries = slices.Clone(entries)
	for i := range entries {
		if entries[i].Path == entry.Path {
			entries[i] = entry
			return entries
		}
	}
	return append(entries, entry)
}
