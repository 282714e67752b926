package change

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/oplog"
)

const (
	attachName    = "attach-" // entry with the sha256 of what it holds
	maxAttachment = 64 << 20  // bytes
)

// Refs moves references; a kernel does it under its lease.
type Refs interface {
	Ref(ctx context.Context, name string) (git.OID, error)
	UpdateRefs(ctx context.Context, updates []git.RefUpdate) error
}

// Options are a store's. The zero value signs nothing.
type Options struct {
	Name, Email string // of the commits; empty = adamant
	Sign        git.Signer
}

// Store keeps changes in git (docs/formats/change.md). It is safe for concurrent use; two writers of one change meet at a
// compare-and-swap.
type Store struct {
	repo *git.Repo
	refs Refs
	opt  Options
}

// NewStore is a store in repo that moves references through refs.
func NewStore(repo *git.Repo, refs Refs, opt Options) *Store {
	if opt.Name == "" {
		opt.Name, opt.Email = "adamant", "adamant@localhost"
	}
	return &Store{repo: repo, refs: refs, opt: opt}
}

// Change is a change as it was read: its state is that of Tip.
type Change struct {
	ID       string
	Tip      git.OID // newest operation commit; "" while there is none, as in the archive
	State    State
	Packs    []Pack
	Archived bool
}

// Timeline is every operation in the order that counts, with its Lamport clock.
func (c Change) Timeline(yield func(clock uint64, op Operation) bool) {
	packs := slices.Clone(c.Packs)
	slices.SortFunc(packs, comparePacks)
	for _, p := range packs {
		for _, op := range p.Operations {
			if !yield(p.Lamport, op) {
				return
			}
		}
	}
}

// Create opens a change. Opening the same thing twice gives the same change: its id is the digest of the operation.
func (s *Store) Create(ctx context.Context, actor string, op Operation) (Change, error) {
	op.Actor = actor
	if _, ok := op.Body.(Opening); !ok {
		return Change{}, errors.New("opening a change: the first operation must be open")
	}
	c, updates, err := s.Prepare(ctx, Change{}, []Operation{op}, nil)
	if err != nil {
		return Change{}, fmt.Errorf("opening a change: %w", err)
	}
	err = s.refs.UpdateRefs(ctx, updates)
	if moved := (*git.RefMovedError)(nil); errors.As(err, &moved) && moved.Want == "" {
		return s.Load(ctx, c.ID)
	}
	if err != nil {
		return Change{}, fmt.Errorf("opening a change: %w", err)
	}
	return c, nil
}

// Append adds operations, made together, to the change as it was read, with documents that they name. It is a *StaleError
// when the change has moved on, and a *RefusedError when an operation would have no effect.
func (s *Store) Append(ctx context.Context, c Change, ops []Operation, attach ...[]byte) (Change, error) {
	after, updates, err := s.Prepare(ctx, c, ops, attach)
	if err != nil {
		return c, err
	}
	err = s.refs.UpdateRefs(ctx, updates)
	if moved := (*git.RefMovedError)(nil); errors.As(err, &moved) {
		return c, &StaleError{ID: c.ID, Err: err}
	}
	if err != nil {
		return c, fmt.Errorf("adding %s to change %s: %w", ops[0].Body.Kind(), short(c.ID), err)
	}
	return after, nil
}

const appendTries = 16

// Add is Append for operations that do not depend on what was read, such as a comment: it reads, adds, and tries again.
func (s *Store) Add(ctx context.Context, id string, ops []Operation, attach ...[]byte) (Change, error) {
	var err error
	for range appendTries {
		var c Change
		if c, err = s.Load(ctx, id); err != nil {
			return Change{}, err
		}
		if c, err = s.Append(ctx, c, ops, attach...); err == nil {
			return c, nil
		}
		if stale := (*StaleError)(nil); !errors.As(err, &stale) {
			return c, err
		}
	}
	return Change{}, err
}

// Prepare writes the commit of an Append and says which references have to move, for those who move others in the same
// transaction: the landing of a change and its operation are one. Nothing is visible before that.
func (s *Store) Prepare(ctx context.Context, c Change, ops []Operation, attach [][]byte) (Change, []git.RefUpdate, error) {
	pack, err := NewPack(c.State.Lamport+1, ops)
	if err != nil {
		return c, nil, err
	}
	after := Change{ID: c.ID, Packs: append(slices.Clip(slices.Clone(c.Packs)), pack)}
	if after.State = Fold(after.Packs); after.ID == "" {
		after.ID = after.State.ID
	}
	if n := len(c.State.Ignored); len(after.State.Ignored) > n {
		no := after.State.Ignored[n]
		return c, nil, &RefusedError{ID: after.ID, Kind: no.Kind, Why: no.Why}
	}
	tip := c.Tip
	if c.Archived {
		if tip, err = s.rewrite(ctx, &after, len(c.Packs)); err != nil {
			return c, nil, fmt.Errorf("taking change %s out of the archive: %w", short(c.ID), err)
		}
	}
	entries, err := s.attach(ctx, attach)
	if err != nil {
		return c, nil, err
	}
	parents := []git.OID{}
	if tip != "" {
		parents = append(parents, tip)
	}
	if after.Tip, err = s.writePack(ctx, pack, parents, entries); err != nil {
		return c, nil, fmt.Errorf("writing operations of change %s: %w", short(after.ID), err)
	}
	after.Packs[len(after.Packs)-1].Commit = after.Tip
	updates, err := s.moves(ctx, c, after)
	return after, updates, err
}

// moves are the reference updates from one reading of a change to the next: patch sets first, then the operations.
func (s *Store) moves(ctx context.Context, c, after Change) ([]git.RefUpdate, error) {
	var updates []git.RefUpdate
	old := c.State.PatchSets
	if c.Archived {
		old = nil
	}
	for i, ps := range after.State.PatchSets {
		update := git.RefUpdate{Name: kernel.ChangePatchSet(after.ID, ps.N), New: ps.Head}
		if i < len(old) {
			update.Old = old[i].Head
		}
		if update.Old != update.New {
			updates = append(updates, update)
		}
	}
	heads := make([]git.OID, len(updates))
	for i, u := range updates {
		heads[i] = u.New
	}
	infos, err := s.repo.Info(ctx, heads)
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Missing || info.Type != "commit" {
			return nil, fmt.Errorf("patch set %s of change %s is not a commit of this repository", info.OID.Short(), short(after.ID))
		}
	}
	return append(updates, git.RefUpdate{Name: kernel.ChangeMeta(after.ID), Old: c.Tip, New: after.Tip}), nil
}

// attach stores documents and returns their tree entries.
func (s *Store) attach(ctx context.Context, docs [][]byte) ([]git.Entry, error) {
	var entries []git.Entry
	for _, data := range docs {
		if len(data) > maxAttachment {
			return nil, fmt.Errorf("attaching a document: %d bytes, over the limit of %d", len(data), maxAttachment)
		}
		id, err := s.repo.WriteBlob(ctx, data)
		if err != nil {
			return nil, fmt.Errorf("attaching a document: %w", err)
		}
		entries = append(entries, git.Entry{Path: attachName + BlobName(data), Mode: git.ModeFile, OID: id})
	}
	return entries, nil
}

// BlobName is the name of an attached document: the sha256 of its bytes.
func BlobName(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writePack writes the commit of one pack.
func (s *Store) writePack(ctx context.Context, p Pack, parents []git.OID, entries []git.Entry) (git.OID, error) {
	return oplog.Write(ctx, s.repo, s.author(), p, oplog.Commit{Parents: parents, Entries: entries, When: p.Operations[len(p.Operations)-1].Time,
		Message: summarise(p)})
}

func (s *Store) author() oplog.Author {
	return oplog.Author{Name: s.opt.Name, Email: s.opt.Email, Sign: s.opt.Sign}
}

// summarise is the commit message of a pack, for git log.
func summarise(p Pack) string {
	lines := make([]string, len(p.Operations))
	for i, op := range p.Operations {
		lines[i] = string(op.Body.Kind()) + " by " + clipLine(op.Actor)
	}
	if len(lines) == 1 {
		return lines[0]
	}
	return fmt.Sprintf("%d operations\n\n%s", len(lines), strings.Join(lines, "\n"))
}

// Load reads a change by its full id, from its reference or from the archive. What cannot be read is a *BrokenError.
func (s *Store) Load(ctx context.Context, id string) (Change, error) {
	if err := kernel.CheckID(id); err != nil {
		return Change{}, err
	}
	tip, err := s.refs.Ref(ctx, kernel.ChangeMeta(id))
	if err != nil {
		return Change{}, fmt.Errorf("reading change %s: %w", short(id), err)
	}
	if tip == "" {
		return s.loadArchived(ctx, id)
	}
	h := &history{ID: id, Ref: kernel.ChangeMeta(id), Tip: tip}
	if err := format().Read(ctx, s.repo, h); err != nil {
		return Change{}, err
	}
	if h.Err != nil {
		return Change{}, h.Err
	}
	return changeOf(h), nil
}

type history = oplog.History[Operation]

func changeOf(h *history) Change {
	c := Change{ID: h.ID, Tip: h.Tip, Packs: h.Packs()}
	c.State = Fold(c.Packs)
	return c
}

// List reads all changes that are not in the archive, sorted by id. Those that cannot be read are reported beside the others.
func (s *Store) List(ctx context.Context) ([]Change, []*BrokenError, error) {
	refs, err := s.repo.Refs(ctx, kernel.PrefixChanges)
	if err != nil {
		return nil, nil, err
	}
	return s.Read(ctx, refs)
}

// Read reads the changes whose operations refs name; other references are passed over.
func (s *Store) Read(ctx context.Context, refs []git.Ref) ([]Change, []*BrokenError, error) {
	var found []*history
	var broken []*BrokenError
	for _, ref := range refs {
		name, err := kernel.ParseRef(ref.Name)
		switch {
		case err != nil:
			broken = append(broken, &BrokenError{Ref: ref.Name, Err: err, Next: "git update-ref -d " + ref.Name + " removes it, when nobody needs it"})
		case name.Kind == kernel.KindChange:
			found = append(found, &history{ID: name.ID, Ref: ref.Name, Tip: ref.OID})
		}
	}
	if err := format().Read(ctx, s.repo, found...); err != nil {
		return nil, nil, err
	}
	changes := make([]Change, 0, len(found))
	for _, h := range found {
		if b := (*BrokenError)(nil); errors.As(h.Err, &b) {
			broken = append(broken, b)
			continue
		}
		changes = append(changes, changeOf(h))
	}
	return changes, broken, nil
}

// Assessment reads the document that the change's state names and checks that it is the one.
func (s *Store) Assessment(ctx context.Context, c Change) (*gate.Assessment, error) {
	if c.State.Assessment == nil {
		return nil, fmt.Errorf("change %s has no assessment", short(c.ID))
	}
	data, err := s.Attachment(ctx, c, c.State.Assessment.Blob)
	if err != nil {
		return nil, err
	}
	var a gate.Assessment
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("reading the assessment of change %s: %w", short(c.ID), err)
	}
	digest, err := gate.Digest(&a)
	if err != nil {
		return nil, err
	}
	if digest != a.Digest || digest != c.State.Assessment.Digest {
		return nil, fmt.Errorf("the assessment of change %s is %.12s, not %.12s as its operations say", short(c.ID), digest, c.State.Assessment.Digest)
	}
	return &a, nil
}

// Attachment reads an attached document by its name (BlobName).
func (s *Store) Attachment(ctx context.Context, c Change, name string) ([]byte, error) {
	id, err := s.findAttachment(ctx, c, name)
	if err != nil {
		return nil, err
	}
	data, err := s.repo.Blob(ctx, id, maxAttachment)
	if err != nil {
		return nil, fmt.Errorf("reading document %.12s of change %s: %w", name, short(c.ID), err)
	}
	if BlobName(data) != name {
		return nil, fmt.Errorf("document %.12s of change %s holds something else", name, short(c.ID))
	}
	return data, nil
}

func (s *Store) findAttachment(ctx context.Context, c Change, name string) (git.OID, error) {
	if kernel.CheckID(name) != nil {
		return "", fmt.Errorf("%q is not the name of a document", name)
	}
	commits := make([]git.OID, 0, len(c.Packs))
	for _, p := range slices.Backward(c.Packs) {
		if p.Commit != "" {
			commits = append(commits, p.Commit)
		}
	}
	found, err := s.repo.LookupEach(ctx, slices.Compact(commits), attachName+name)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(found, func(id git.OID) bool { return id != "" }); i >= 0 {
		return found[i], nil
	}
	return "", fmt.Errorf("document %.12s of change %s is not there", name, short(c.ID))
}

// Tips lists the references that hold the operations of changes, and those of the archive.
func (s *Store) Tips(ctx context.Context) (changes, archives []git.Ref, err error) {
	refs, err := s.repo.Refs(ctx, kernel.PrefixChanges, kernel.PrefixArchive)
	if err != nil {
		return nil, nil, err
	}
	for _, ref := range refs {
		name, err := kernel.ParseRef(ref.Name)
		switch {
		case strings.HasPrefix(ref.Name, kernel.PrefixArchive):
			archives = append(archives, ref)
		case err != nil || name.Kind == kernel.KindChange: // Read reports the ones that are no reference of a change
			changes = append(changes, ref)
		}
	}
	return changes, archives, nil
}

// RefID is the id of the change whose operations a reference holds, "" when it holds none.
func RefID(ref string) string {
	if name, err := kernel.ParseRef(ref); err == nil && name.Kind == kernel.KindChange {
		return name.ID
	}
	return ""
}
