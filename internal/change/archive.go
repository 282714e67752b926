package change

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/oplog"
)

const (
	segmentName = "segment.jsonl" // entry of an archive commit: one closed change a line
	maxSegment  = 256 << 20       // bytes
	maxLine     = 64 << 20        // bytes of one change
	foldAtOnce  = 200             // changes in one commit
)

// archived is one line of a segment.
type archived struct {
	Version   int               `json:"v"`
	ID        string            `json:"id"`
	Status    Status            `json:"status"`
	PatchSets []git.OID         `json:"patchSets"` // kept reachable as parents of the commit
	Packs     []json.RawMessage `json:"packs"`
}

// Archive folds closed changes into the archive of a month and deletes their references, in one transaction for each 200
// of them. Their patch sets stay reachable. A change that is not closed or has moved on is an error, and nothing of its
// transaction happens.
func (s *Store) Archive(ctx context.Context, month time.Time, changes []Change) error {
	for chunk := range slices.Chunk(changes, foldAtOnce) {
		if err := s.fold(ctx, kernel.ArchiveRef(month), chunk); err != nil {
			return fmt.Errorf("archiving %d changes: %w", len(chunk), err)
		}
	}
	return nil
}

func (s *Store) fold(ctx context.Context, ref string, changes []Change) error {
	old, err := s.refs.Ref(ctx, ref)
	if err != nil {
		return err
	}
	first := old
	if old == "" {
		if first, err = s.root(ctx); err != nil {
			return err
		}
	}
	var segment bytes.Buffer
	var updates []git.RefUpdate
	var entries []git.Entry
	parents := []git.OID{first}
	for _, c := range changes {
		if !c.State.Status.Closed() || c.Archived {
			return fmt.Errorf("change %s is %s, not closed", short(c.ID), c.State.Status)
		}
		line, err := archiveLine(c)
		if err != nil {
			return err
		}
		segment.Write(line)
		for _, ps := range c.State.PatchSets {
			parents = append(parents, ps.Head)
			updates = append(updates, git.RefUpdate{Name: kernel.ChangePatchSet(c.ID, ps.N), Old: ps.Head})
		}
		updates = append(updates, git.RefUpdate{Name: kernel.ChangeMeta(c.ID), Old: c.Tip})
		if entries, err = s.keepAttachments(ctx, entries, c.Packs); err != nil {
			return err
		}
	}
	commit, err := s.writeSegment(ctx, segment.Bytes(), unique(parents), entries, changes)
	if err != nil {
		return err
	}
	return s.refs.UpdateRefs(ctx, append([]git.RefUpdate{{Name: ref, Old: old, New: commit}}, updates...))
}

// root is the commit that an archive begins with, so that the first parent of a segment is never somebody's patch set, which
// could hold a file that looks like one.
func (s *Store) root(ctx context.Context) (git.OID, error) {
	tree, err := s.repo.WriteTree(ctx, nil)
	if err != nil {
		return "", err
	}
	who := git.Signature{Name: s.opt.Name, Email: s.opt.Email, When: time.Unix(0, 0).UTC()}
	return s.repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Author: who, Committer: who, Message: "archive", Sign: s.opt.Sign})
}

// unique keeps the first of equal parents: git allows each once.
func unique(ids []git.OID) []git.OID {
	seen := map[git.OID]bool{}
	return slices.DeleteFunc(ids, func(id git.OID) bool {
		known := seen[id]
		seen[id] = true
		return known
	})
}

func archiveLine(c Change) ([]byte, error) {
	line := archived{Version: FormatVersion, ID: c.ID, Status: c.State.Status, PatchSets: []git.OID{}}
	for _, ps := range c.State.PatchSets {
		line.PatchSets = append(line.PatchSets, ps.Head)
	}
	for _, p := range c.Packs {
		line.Packs = append(line.Packs, p.Bytes)
	}
	data, err := manifest.CanonicalJSON(line)
	if err != nil {
		return nil, fmt.Errorf("encoding change %s: %w", short(c.ID), err)
	}
	return append(data, '\n'), nil
}

// keepAttachments adds the documents that packs name to a tree, by object name: nothing is read.
func (s *Store) keepAttachments(ctx context.Context, entries []git.Entry, packs []Pack) ([]git.Entry, error) {
	for _, p := range packs {
		for _, name := range attachments(p) {
			path := attachName + name
			if slices.ContainsFunc(entries, func(e git.Entry) bool { return e.Path == path }) {
				continue
			}
			found, err := s.repo.LookupEach(ctx, []git.OID{p.Commit}, path)
			if err != nil {
				return nil, err
			}
			if found[0] != "" { // what is missing was missing before
				entries = append(entries, git.Entry{Path: path, Mode: git.ModeFile, OID: found[0]})
			}
		}
	}
	return entries, nil
}

// attachments are the names of the documents that a pack's operations refer to.
func attachments(p Pack) []string {
	var names []string
	for _, op := range p.Operations {
		if a, ok := op.Body.(Assessed); ok && kernel.CheckID(a.Blob) == nil && !slices.Contains(names, a.Blob) {
			names = append(names, a.Blob)
		}
	}
	return names
}

func (s *Store) writeSegment(ctx context.Context, segment []byte, parents []git.OID, entries []git.Entry, changes []Change) (git.OID, error) {
	blob, err := s.repo.WriteBlob(ctx, segment)
	if err != nil {
		return "", err
	}
	tree, err := s.repo.WriteTree(ctx, append(entries, git.Entry{Path: segmentName, Mode: git.ModeFile, OID: blob}))
	if err != nil {
		return "", err
	}
	var when time.Time
	for _, c := range changes {
		if c.State.Updated.After(when) {
			when = c.State.Updated
		}
	}
	who := git.Signature{Name: s.opt.Name, Email: s.opt.Email, When: when}
	return s.repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: parents, Author: who, Committer: who,
		Message: fmt.Sprintf("archive %d changes", len(changes)), Sign: s.opt.Sign})
}

// Archived reads the archive, newest first. A change that was taken out and closed again comes once, as it was last. What
// cannot be read is a *BrokenError and ends its month; the other months go on.
func (s *Store) Archived(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		refs, err := s.repo.Refs(ctx, strings.TrimSuffix(kernel.PrefixArchive, "/"))
		if err != nil {
			yield(Change{}, err)
			return
		}
		seen := map[string]bool{}
		for _, ref := range slices.Backward(refs) {
			for c, err := range s.month(ctx, ref) {
				if err == nil && seen[c.ID] {
					continue
				}
				seen[c.ID] = true
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

// month walks the first parents of one archive reference.
func (s *Store) month(ctx context.Context, ref git.Ref) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for at := ref.OID; at != ""; {
			next, ok := s.segment(ctx, ref, at, yield)
			if !ok {
				return
			}
			at = next
		}
	}
}

// segment yields the changes of one archive commit and returns the commit before it.
func (s *Store) segment(ctx context.Context, ref git.Ref, at git.OID, yield func(Change, error) bool) (git.OID, bool) {
	broken := func(err error) (git.OID, bool) {
		next := "adamant restore --from REMOTE takes it from a mirror"
		if future := (*FutureError)(nil); errors.As(err, &future) {
			next = "update adamant"
		}
		yield(Change{}, &BrokenError{Ref: ref.Name, Commit: at, Err: err, Next: next})
		return "", false
	}
	commit, err := s.repo.Commit(ctx, at)
	if err != nil {
		return broken(err)
	}
	if len(commit.Parents) == 0 {
		return "", true
	}
	blob, err := s.repo.Lookup(ctx, at, segmentName)
	if err != nil {
		return broken(err)
	}
	data, err := s.repo.Blob(ctx, blob, maxSegment)
	if err != nil {
		return broken(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		c, err := parseArchived(lines.Bytes(), at)
		if err != nil {
			return broken(err)
		}
		if !yield(c, nil) {
			return "", false
		}
	}
	if err := lines.Err(); err != nil {
		return broken(err)
	}
	return commit.Parents[0], true
}

// parseArchived reads one line of a segment.
func parseArchived(line []byte, at git.OID) (Change, error) {
	var version struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(line, &version); err != nil {
		return Change{}, fmt.Errorf("reading the archive: %w", err)
	}
	if version.Version > FormatVersion {
		return Change{}, &FutureError{Version: version.Version, Known: FormatVersion}
	}
	var doc archived
	if err := oplog.Strict(line, &doc); err != nil {
		return Change{}, fmt.Errorf("reading the archive: %w", err)
	}
	c := Change{ID: doc.ID, Archived: true}
	for _, raw := range doc.Packs {
		p, err := ParsePack(bytes.Clone(raw))
		if err != nil {
			return Change{}, fmt.Errorf("change %s: %w", short(doc.ID), err)
		}
		p.Commit = at
		c.Packs = append(c.Packs, p)
	}
	slices.SortFunc(c.Packs, comparePacks)
	if len(c.Packs) == 0 || c.Packs[0].Digest != doc.ID || c.Packs[0].Lamport != 1 {
		return Change{}, fmt.Errorf("change %s: its first operations are not those that it is named after", short(doc.ID))
	}
	c.State = Fold(c.Packs)
	return c, nil
}

// loadArchived looks a change up in the archive.
func (s *Store) loadArchived(ctx context.Context, id string) (Change, error) {
	for c, err := range s.Archived(ctx) {
		if err != nil {
			return Change{}, err
		}
		if c.ID == id {
			return c, nil
		}
	}
	return Change{}, &NotFoundError{Name: short(id)}
}

// rewrite writes the first n packs of a change that was in the archive as commits again, one after the other.
func (s *Store) rewrite(ctx context.Context, c *Change, n int) (git.OID, error) {
	var tip git.OID
	for i := range n {
		p := c.Packs[i]
		entries, err := s.keepAttachments(ctx, nil, []Pack{p})
		if err != nil {
			return "", err
		}
		parents := []git.OID{}
		if tip != "" {
			parents = append(parents, tip)
		}
		if tip, err = s.writePack(ctx, p, parents, entries); err != nil {
			return "", err
		}
		c.Packs[i].Commit = tip
	}
	return tip, nil
}

// Month reads one reference of the archive. A change that was folded twice comes once, as it was last. What could be read
// comes with the error.
func (s *Store) Month(ctx context.Context, ref git.Ref) ([]Change, error) {
	var out []Change
	seen := map[string]bool{}
	for c, err := range s.month(ctx, ref) {
		if err != nil {
			return out, err
		}
		if !seen[c.ID] {
			out = append(out, c)
		}
		seen[c.ID] = true
	}
	return out, nil
}
