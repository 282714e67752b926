package attest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

const (
	remotePrefix = "refs/adamant-remote/"
	remoteSuffix = "/attestations"
	shardDigits  = 2
	seqDigits    = 4 // of a file's name, at least
	extension    = ".json"
)

// Entry is one bundle under one subject. Entries of several subjects may name one object.
type Entry struct {
	Subject string // digest in hex
	Seq     int    // from 1 within the subject: a higher one was put later
	Kind    Kind
	OID     git.OID
}

// Bundle is an entry with its bytes. Nothing has verified them.
type Bundle struct {
	Entry
	Data []byte
}

// MalformedError says that a reference holds what no Store puts there.
type MalformedError struct{ Path, Why string }

func (e *MalformedError) Error() string {
	return fmt.Sprintf("%s in the attestations: %s; somebody else wrote it", e.Path, e.Why)
}

// Places are the references of a repository that hold attestations: a kernel's own, and those fetched from remotes, sorted.
func Places(ctx context.Context, repo *git.Repo) ([]string, error) {
	refs, err := repo.Refs(ctx, Ref, remotePrefix)
	if err != nil {
		return nil, fmt.Errorf("looking for attestations: %w", err)
	}
	var out []string
	for _, ref := range refs {
		remote, found := strings.CutPrefix(ref.Name, remotePrefix)
		name, ends := strings.CutSuffix(remote, remoteSuffix)
		if ref.Name == Ref || found && ends && !strings.Contains(name, "/") {
			out = append(out, ref.Name)
		}
	}
	return out, nil
}

// List is what a reference, or a commit of it, holds, without the bundles: sorted by subject and number. What no Store would put
// there is a *MalformedError. A reference that is not there holds nothing.
func List(ctx context.Context, repo *git.Repo, ref string) ([]Entry, error) {
	tip, err := resolve(ctx, repo, ref)
	if err != nil || tip == "" {
		return nil, err
	}
	files, err := repo.Tree(ctx, tip)
	if err != nil {
		return nil, fmt.Errorf("listing attestations: %w", err)
	}
	out := make([]Entry, 0, len(files))
	for _, file := range files {
		e, err := parsePath(file)
		if err != nil {
			return nil, fmt.Errorf("listing attestations: %w", err)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Seq, b.Seq)) })
	return out, nil
}

// Of lists the entries of one subject, oldest first.
func Of(ctx context.Context, repo *git.Repo, ref, digest string) ([]Entry, error) {
	if err := checkDigest(digest); err != nil {
		return nil, err
	}
	tip, err := resolve(ctx, repo, ref)
	if err != nil || tip == "" {
		return nil, err
	}
	path := digest[:shardDigits] + "/" + digest
	folder, err := repo.Lookup(ctx, tip, path)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the attestations of %.12s: %w", digest, err)
	}
	files, err := repo.Level(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("reading the attestations of %.12s: %w", digest, err)
	}
	out := make([]Entry, 0, len(files))
	for _, file := range files {
		file.Path = path + "/" + file.Path
		e, err := parsePath(file)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, nil
}

// Read yields the bundles about a subject's digest, oldest first. A reference that is not there holds nothing. An error is the
// last thing yielded.
func Read(ctx context.Context, repo *git.Repo, ref, digest string) iter.Seq2[Bundle, error] {
	entries, err := Of(ctx, repo, ref, digest)
	if err != nil {
		return func(yield func(Bundle, error) bool) { yield(Bundle{}, err) }
	}
	return Load(ctx, repo, entries)
}

// Load yields the bundles of entries, in order, in few rounds. An error is the last thing yielded.
func Load(ctx context.Context, repo *git.Repo, entries []Entry) iter.Seq2[Bundle, error] {
	ids := make([]git.OID, len(entries))
	for i, e := range entries {
		ids[i] = e.OID
	}
	return func(yield func(Bundle, error) bool) {
		err := repo.Blobs(ctx, ids, BundleLimit, func(i int, data []byte, err error) error {
			if err != nil {
				return fmt.Errorf("reading the attestation %d of %.12s: %w", entries[i].Seq, entries[i].Subject, err)
			}
			if !yield(Bundle{entries[i], data}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(Bundle{}, err)
		}
	}
}

var errStop = errors.New("stop")

// resolve takes a reference or a full object name.
func resolve(ctx context.Context, repo *git.Repo, ref string) (git.OID, error) {
	if !strings.HasPrefix(ref, "refs/") {
		return git.OID(ref), nil
	}
	tip, err := repo.Ref(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("reading attestations: %w", err)
	}
	return tip, nil
}

// parsePath reads <aa>/<digest>/<seq>-<kind>.json.
func parsePath(file git.Entry) (Entry, error) {
	parts := strings.Split(file.Path, "/")
	switch {
	case len(parts) != 3 || checkDigest(parts[1]) != nil || parts[0] != parts[1][:shardDigits]:
		return Entry{}, &MalformedError{file.Path, "it is not <aa>/<digest>/<file>"}
	}
	file.Path = parts[2]
	seq, kind, err := parseName(file)
	return Entry{Subject: parts[1], Seq: seq, Kind: kind, OID: file.OID}, err
}

func fileName(seq int, kind Kind) string {
	return fmt.Sprintf("%0*d-%s%s", seqDigits, seq, kind, extension)
}

// parseName reads a file's name. There is one spelling: what fileName writes.
func parseName(file git.Entry) (int, Kind, error) {
	if file.Mode != git.ModeFile {
		return 0, "", &MalformedError{file.Path, "it is no plain file"}
	}
	base, ok := strings.CutSuffix(file.Path, extension)
	digits, kind, cut := strings.Cut(base, "-")
	seq, err := strconv.Atoi(digits)
	if !ok || !cut || err != nil || seq < 1 || !Kind(kind).valid() || fileName(seq, Kind(kind)) != file.Path {
		return 0, "", &MalformedError{file.Path, "it is not <number>-<kind>" + extension}
	}
	return seq, Kind(kind), nil
}
