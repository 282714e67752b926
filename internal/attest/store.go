package attest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// Ref is where a kernel and its mirrors keep bundles. Clones have it below refs/adamant-remote/<name>/.
const Ref = "refs/adamant/attestations"

// BundleLimit is the size of the largest bundle in bytes.
const BundleLimit = 32 << 20

// Refs is where a store reads and moves its reference. A kernel is one, with its lease in front of every move.
type Refs interface {
	Ref(ctx context.Context, name string) (git.OID, error)
	UpdateRefs(ctx context.Context, updates []git.RefUpdate) error
}

// Item is a bundle to be put.
type Item struct {
	Bundle   []byte
	Subjects []string // digests in hex; empty = those of the statement inside
	Kind     Kind
}

// Options are a Store's.
type Options struct {
	Sign git.Signer       // of the store's commits; nil = unsigned
	Now  func() time.Time // nil = time.Now
}

// Store appends bundles to Ref. It is safe for concurrent use.
type Store struct {
	repo *git.Repo
	refs Refs
	opt  Options
	mu   sync.Mutex // one append at a time
}

// NewStore is a store in repo, whose reference moves through refs.
func NewStore(repo *git.Repo, refs Refs, opt Options) *Store {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Store{repo: repo, refs: refs, opt: opt}
}

// Put adds a bundle under its subjects (none given: those of the statement inside). One that is there already is not put again.
// It is on the disk when Put returns.
func (s *Store) Put(ctx context.Context, bundle []byte, subjects []string, kind Kind) error {
	return s.PutAll(ctx, []Item{{bundle, subjects, kind}})
}

const putTries = 8 // another store of this process may move the reference in between

// PutAll puts several in one move of the reference: all or none.
func (s *Store) PutAll(ctx context.Context, items []Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	added, err := s.prepare(ctx, items)
	if err == nil {
		err = s.append(ctx, added)
	}
	if err != nil {
		return fmt.Errorf("storing attestations: %w", err)
	}
	return nil
}

// append tries again when the reference was moved in between.
func (s *Store) append(ctx context.Context, added []addition) error {
	var err error
	for range putTries {
		err = s.put(ctx, added)
		if moved := (*git.RefMovedError)(nil); !errors.As(err, &moved) {
			return err
		}
	}
	return err
}

// addition is a bundle under one subject.
type addition struct {
	subject string
	kind    Kind
	oid     git.OID
}

// prepare writes the bundles, which nothing names yet.
func (s *Store) prepare(ctx context.Context, items []Item) ([]addition, error) {
	var out []addition
	for _, item := range items {
		subjects, err := item.places()
		if err != nil {
			return nil, err
		}
		oid, err := s.repo.WriteBlob(ctx, item.Bundle)
		if err != nil {
			return nil, err
		}
		for _, subject := range subjects {
			out = append(out, addition{subject, item.Kind, oid})
		}
	}
	return out, nil
}

// places are the subjects of an item, sorted and each once.
func (i Item) places() ([]string, error) {
	if !i.Kind.valid() {
		return nil, fmt.Errorf("%q is no kind: use lower-case letters and digits with dashes between them", i.Kind)
	}
	if len(i.Bundle) == 0 || len(i.Bundle) > BundleLimit {
		return nil, fmt.Errorf("a bundle of %d bytes: want 1 to %d", len(i.Bundle), BundleLimit)
	}
	subjects := slices.Clone(i.Subjects)
	if len(subjects) == 0 {
		statement, err := Unwrap(i.Bundle)
		if err != nil {
			return nil, err
		}
		subjects = statement.Digests()
	}
	for _, subject := range subjects {
		if err := checkDigest(subject); err != nil {
			return nil, err
		}
	}
	slices.Sort(subjects)
	return slices.Compact(subjects), nil
}

func (k Kind) valid() bool {
	for part := range strings.SplitSeq(string(k), "-") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return len(k) <= 64
}

// put makes the next commit of the reference.
func (s *Store) put(ctx context.Context, added []addition) error {
	tip, err := s.refs.Ref(ctx, Ref)
	if err != nil {
		return err
	}
	root := &folder{repo: s.repo, oid: tip}
	var names []string
	for _, a := range added {
		name, err := root.add(ctx, a)
		if err != nil {
			return err
		}
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	tree, err := root.write(ctx)
	if err != nil {
		return err
	}
	commit, err := s.commit(ctx, tree, tip, names)
	if err != nil {
		return err
	}
	return s.refs.UpdateRefs(ctx, []git.RefUpdate{{Name: Ref, Old: tip, New: commit}})
}

func (s *Store) commit(ctx context.Context, tree, tip git.OID, names []string) (git.OID, error) {
	who := git.Signature{Name: "adamant", Email: "adamant@localhost", When: s.opt.Now().UTC()}
	c := git.NewCommit{Tree: tree, Author: who, Committer: who, Sign: s.opt.Sign,
		Message: fmt.Sprintf("%d attestations\n\n%s", len(names), strings.Join(names[:min(len(names), 100)], "\n"))}
	if tip != "" {
		c.Parents = []git.OID{tip}
	}
	return s.repo.WriteCommit(ctx, c)
}

// folder is a tree that is being added to: what it holds is read when it is needed, and only what changed is written.
type folder struct {
	repo    *git.Repo
	oid     git.OID // a tree or commit, "" = empty
	read    bool
	entries map[string]git.Entry
	below   map[string]*folder // those that were opened
}

func (f *folder) load(ctx context.Context) error {
	if f.read {
		return nil
	}
	f.entries, f.below = map[string]git.Entry{}, map[string]*folder{}
	if f.oid != "" {
		entries, err := f.repo.Level(ctx, f.oid)
		if err != nil {
			return err
		}
		for _, e := range entries {
			f.entries[e.Path] = e
		}
	}
	f.read = true
	return nil
}

// open is a folder in this one, new where there is none.
func (f *folder) open(ctx context.Context, name string) (*folder, error) {
	if err := f.load(ctx); err != nil {
		return nil, err
	}
	if f.below[name] == nil {
		have, there := f.entries[name]
		if there && have.Mode != git.ModeTree {
			return nil, &MalformedError{Path: name, Why: "it is no folder"}
		}
		f.below[name] = &folder{repo: f.repo, oid: have.OID}
	}
	return f.below[name], nil
}

// add puts a bundle into the root and returns its path, "" when it is there already.
func (f *folder) add(ctx context.Context, a addition) (string, error) {
	shard, err := f.open(ctx, a.subject[:shardDigits])
	if err != nil {
		return "", err
	}
	subject, err := shard.open(ctx, a.subject)
	if err != nil {
		return "", err
	}
	if err := subject.load(ctx); err != nil {
		return "", err
	}
	last := 0
	for _, e := range subject.entries {
		if e.OID == a.oid {
			return "", nil
		}
		seq, _, err := parseName(e)
		if err != nil {
			return "", err
		}
		last = max(last, seq)
	}
	name := fileName(last+1, a.kind)
	subject.entries[name] = git.Entry{Path: name, Mode: git.ModeFile, OID: a.oid}
	return a.subject[:shardDigits] + "/" + a.subject + "/" + name, nil
}

// write stores the folder and those in it that were opened.
func (f *folder) write(ctx context.Context) (git.OID, error) {
	if err := f.load(ctx); err != nil {
		return "", err
	}
	for name, sub := range f.below {
		oid, err := sub.write(ctx)
		if err != nil {
			return "", err
		}
		f.entries[name] = git.Entry{Path: name, Mode: git.ModeTree, OID: oid}
	}
	entries := make([]git.Entry, 0, len(f.entries))
	for _, e := range f.entries {
		entries = append(entries, e)
	}
	return f.repo.WriteTree(ctx, entries)
}
