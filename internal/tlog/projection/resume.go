package projection

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
)

// seen is the file seen.json in the log's folder: how far log and ledger were compared. It only saves work: without it, or where it does
// not fit, everything is compared again.
type seen struct {
	V       int    `json:"v"`
	Origin  string `json:"origin"`
	Size    uint64 `json:"size"`
	Root    string `json:"root"` // of the first Size leaves, in hex
	Writers marks  `json:"writers"`
}

const (
	seenName  = "seen.json"
	seenLimit = 1 << 20
)

func (s seen) checkpoint() (tlog.Checkpoint, error) {
	root, err := hex.DecodeString(s.Root)
	if err != nil || len(root) != sha256.Size {
		return tlog.Checkpoint{}, fmt.Errorf("%q is not a root", s.Root)
	}
	return tlog.Checkpoint{Origin: s.Origin, Size: s.Size, Root: [sha256.Size]byte(root)}, nil
}

// reader reads the log in the folder.
func (p *Projection) reader(ctx context.Context) (*tlog.Reader, error) {
	return tlog.NewReader(ctx, tlog.Dir(p.dir), p.verifiers...)
}

// resume compares the log with the ledgers, from where that was done before.
func (p *Projection) resume(ctx context.Context) error {
	r, err := p.reader(ctx)
	if err != nil {
		return err
	}
	known := p.readSeen(ctx, r)
	sources, err := p.sources(ctx)
	if err != nil {
		return err
	}
	var streams []iter.Seq2[ledger.Entry, error]
	for _, source := range sources {
		streams = append(streams, since(ctx, p.repo, source, known.Writers[source.Writer]))
	}
	if missing := lost(known, sources); missing != nil {
		return missing
	}
	m := newMatcher(streams)
	defer m.stop()
	if err := m.run(ctx, r, known.Size); err != nil {
		return err
	}
	p.marks = known.Writers
	for _, s := range m.streams {
		if s.taken > 0 {
			p.marks[s.last.Writer] = markOf(s.last)
		}
	}
	return nil
}

// lost says that a ledger that is in the log is gone.
func lost(known seen, sources []ledger.Source) error {
	have := map[string]bool{}
	for _, source := range sources {
		have[source.Writer] = true
	}
	for writer, at := range known.Writers {
		if !have[writer] {
			return rewound(ledger.Source{Writer: writer, Ref: kernel.LedgerRef(writer)}, at)
		}
	}
	return nil
}

// readSeen reads the file, if it is of this log.
func (p *Projection) readSeen(ctx context.Context, r *tlog.Reader) seen {
	none := seen{Writers: marks{}}
	data, err := tlog.Dir(p.dir).ReadFile(ctx, seenName, seenLimit)
	if err != nil {
		return none
	}
	var s seen
	if err := json.Unmarshal(data, &s); err != nil || s.V != 1 || s.Writers == nil {
		return none
	}
	c, err := s.checkpoint()
	if err != nil {
		return none
	}
	if _, err := r.Consistency(ctx, c); err != nil {
		return none
	}
	return s
}

// remember writes the file. The projection is locked: the marks are those of the checkpoint.
func (p *Projection) remember(ctx context.Context) error {
	if err := p.log.Flush(ctx); err != nil {
		return err
	}
	c := p.log.Checkpoint()
	data, err := json.Marshal(seen{V: 1, Origin: c.Origin, Size: c.Size, Root: hex.EncodeToString(c.Root[:]), Writers: p.marks})
	if err != nil {
		return err
	}
	path := filepath.Join(p.dir, seenName)
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// restore brings back what is published and not in the folder: after a disk was lost or a kernel was restored from a mirror. A log in
// the folder must continue what is published.
func (p *Projection) restore(ctx context.Context, key tlog.Key) error {
	head, err := p.refs.Ref(ctx, kernel.RefLog)
	if err != nil || head == "" {
		return err
	}
	if err := p.loadPublished(ctx, head); err != nil {
		return err
	}
	there, err := p.publishedReader(ctx, head)
	if err != nil {
		return fmt.Errorf("%s: %w", kernel.RefLog, err)
	}
	signed, err := tlog.Dir(p.dir).ReadFile(ctx, "checkpoint", 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Import(ctx, p.dir, key, there)
	}
	if err != nil {
		return err
	}
	here, err := tlog.VerifyCheckpoint(signed, p.verifiers...)
	if err != nil {
		return err
	}
	return p.agree(ctx, key, here, there)
}

// agree demands that folder and reference are states of one log, and brings the folder up to the reference.
func (p *Projection) agree(ctx context.Context, key tlog.Key, here tlog.Checkpoint, there *tlog.Reader) error {
	if here.Size < there.Checkpoint().Size {
		return p.overtake(ctx, key, there)
	}
	r, err := p.reader(ctx)
	if err != nil {
		return err
	}
	if _, err := r.Consistency(ctx, there.Checkpoint()); err != nil {
		return fmt.Errorf("%s and %s: %w", p.dir, kernel.RefLog, err)
	}
	return nil
}

// overtake is for a folder whose tiles are behind. What its journal holds is in it once it was open: then it may be ahead after all.
func (p *Projection) overtake(ctx context.Context, key tlog.Key, there *tlog.Reader) error {
	l, err := tlog.Open(p.dir, key)
	if err != nil {
		return err
	}
	here := l.Checkpoint()
	if err := l.Close(); err != nil {
		return err
	}
	if here.Size < there.Checkpoint().Size {
		return tlog.Import(ctx, p.dir, key, there)
	}
	return p.agree(ctx, key, here, there)
}

// publishedReader reads the log of a commit.
func (p *Projection) publishedReader(ctx context.Context, head git.OID) (*tlog.Reader, error) {
	tree, err := tlog.NewTree(ctx, p.repo, head)
	if err != nil {
		return nil, err
	}
	return tlog.NewReader(ctx, tree, p.verifiers...)
}
