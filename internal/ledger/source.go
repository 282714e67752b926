package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// Source is one ledger reference: a writer's ledger as the kernel or a remote has it.
type Source struct {
	Writer string
	Ref    string
	Head   git.OID
}

func hashLine(line []byte) sum { return sha256.Sum256(line) }

// Sources lists the ledgers of a repository: refs/adamant/ledger/* and refs/adamant-remote/<remote>/ledger/*, sorted by
// reference. A reference there whose name is no writer's is an *Alarm.
func Sources(ctx context.Context, repo *git.Repo) ([]Source, error) {
	sources, strange, err := listSources(ctx, repo)
	if err == nil && len(strange) > 0 {
		err = strange[0]
	}
	return sources, err
}

// listSources tells references with a strange name apart.
func listSources(ctx context.Context, repo *git.Repo) (sources []Source, strange []*Alarm, err error) {
	refs, err := repo.Refs(ctx, RefPrefix, RemotePrefix)
	if err != nil {
		return nil, nil, fmt.Errorf("listing ledgers: %w", err)
	}
	for _, ref := range refs {
		writer, found := writerOf(ref.Name)
		if !found {
			continue
		}
		if err := CheckWriter(writer); err != nil {
			strange = append(strange, alarm(Malformed, "", Place{Ref: ref.Name}, "%v", err))
			continue
		}
		sources = append(sources, Source{Writer: writer, Ref: ref.Name, Head: ref.OID})
	}
	if len(sources)+len(strange) > writersLimit {
		return nil, nil, fmt.Errorf("listing ledgers: there are %d, over the limit of %d", len(sources)+len(strange), writersLimit)
	}
	return sources, strange, nil
}

// writerOf returns the writer that a reference is of.
func writerOf(ref string) (string, bool) {
	if writer, found := strings.CutPrefix(ref, RefPrefix); found {
		return writer, true
	}
	rest, found := strings.CutPrefix(ref, RemotePrefix)
	if !found {
		return "", false
	}
	_, rest, _ = strings.Cut(rest, "/") // the remote
	return strings.CutPrefix(rest, "ledger/")
}

// segment is a file of a ledger.
type segment struct {
	path  string
	first uint64
	blob  git.OID
}

func (s Source) place(path string) Place { return Place{Ref: s.Ref, Commit: s.Head, File: path} }

// segments lists the files of a ledger in the order of their entries: none where it has no commit.
func (s Source) segments(ctx context.Context, repo *git.Repo) ([]segment, error) {
	if s.Head == "" {
		return nil, nil
	}
	files, err := repo.Tree(ctx, s.Head)
	if err != nil {
		return nil, fmt.Errorf("listing the segments of %s: %w", s.Ref, err)
	}
	segments := make([]segment, 0, len(files))
	for _, file := range files {
		first, ok := parsePath(file.Path)
		if !ok || file.Mode != git.ModeFile {
			return nil, alarm(Malformed, s.Writer, s.place(file.Path), "this is not a segment")
		}
		segments = append(segments, segment{file.Path, first, file.OID})
	}
	if len(segments) == 0 {
		return nil, alarm(Malformed, s.Writer, s.place(""), "the ledger has no segments")
	}
	slices.SortFunc(segments, func(a, b segment) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.path, b.path)) })
	return segments, nil
}

// read reads one segment.
func (s Source) read(ctx context.Context, repo *git.Repo, seg segment) ([]byte, error) {
	data, err := repo.Blob(ctx, seg.blob, segmentLimit)
	return data, s.explain(seg.path, err)
}

// explain makes an alarm of a segment that is too large.
func (s Source) explain(path string, err error) error {
	var large *git.TooLargeError
	if errors.As(err, &large) {
		return alarm(TooLarge, s.Writer, s.place(path), "the segment has %d bytes, over the limit of %d", large.Size, large.Limit)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.place(path), err)
	}
	return nil
}

// resume is the chain before a segment, as its first line claims it.
func (s Source) resume(seg segment, data []byte) (chain, error) {
	c := newChain(s.Writer)
	if seg.first == 1 {
		return c, nil
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	at := s.place(seg.path)
	at.Line = 1
	first, err := parseLine(line)
	if err != nil {
		return c, c.refuse(err, at)
	}
	if c.head, err = parseSum(first.Prev); err != nil {
		return c, c.refuse(err, at)
	}
	c.seq = seg.first - 1
	return c, nil
}
