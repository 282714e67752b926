package attest

import (
	"context"
	"errors"
	"iter"

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

// Entry is one bundle under one subject. Several entries of different subjects may name the same object.
type Entry struct {
	Subject string // digest in hex
	Seq     int    // from 1 within the subject: a later one was put later
	Kind    Kind
	OID     git.OID
}

// Bundle is an entry with its bytes. Nothing has verified them.
type Bundle struct {
	Entry
	Data []byte
}

// Options are a Store's.
type Options struct {
	Sign git.Signer    // of the store's commits; nil = unsigned
	Who  git.Signature // its time is when
}

// Store appends bundles to Ref. It is safe for concurrent use.
type Store struct{}

// NewStore is a store in repo, whose reference moves through refs.
func NewStore(repo *git.Repo, refs Refs, opt Options) *Store { return &Store{} }

// Put adds a bundle under its subjects (none given: those of the statement inside). A bundle that is there already is not put again. It
// is on the disk when Put returns.
func (s *Store) Put(ctx context.Context, bundle []byte, subjects []string, kind Kind) error {
	return s.PutAll(ctx, []Item{{bundle, subjects, kind}})
}

// PutAll puts several in one move of the reference: all or none.
func (s *Store) PutAll(ctx context.Context, items []Item) error { return errNotYet }

var errNotYet = errors.New("not written yet")

// Places are the references of a repository that hold attestations: a kernel's own, and those fetched from remotes, sorted.
func Places(ctx context.Context, repo *git.Repo) ([]string, error) { return nil, errNotYet }

// Read yields the bundles about a subject's digest, oldest first. A reference that is not there holds nothing.
func Read(ctx context.Context, repo *git.Repo, ref, digest string) iter.Seq2[Bundle, error] {
	return func(func(Bundle, error) bool) {}
}

// List is what a reference holds, without the bundles, by subject and number.
func List(ctx context.Context, repo *git.Repo, ref string) ([]Entry, error) { return nil, errNotYet }

// Load yields the bundles of entries, in order, in few rounds.
func Load(ctx context.Context, repo *git.Repo, entries []Entry) iter.Seq2[Bundle, error] {
	return func(func(Bundle, error) bool) {}
}
