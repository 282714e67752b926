package kernel

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// actor is who writes the kernel's own entries.
const actor = "kernel"

// remembered are the kinds that recovery asks for.
var remembered = []string{ledger.LandingIntent, ledger.LandingDone, ledger.LandingAborted, ledger.KernelCreated,
	ledger.KernelRestored, ledger.MovedByHand}

// ledgerJournal is the journal in the kernel's own ledger. The ledger is read once, when it is opened.
type ledgerJournal struct {
	kernel *Kernel
	writer *ledger.Writer
	own    []entry // the newest entry of each remembered kind that this kernel wrote, oldest first
	others []entry // the same for the writers before it, from which a restored kernel goes on
	stale  bool    // a write ended badly: what is on the disk must be read again
}

func openJournal(ctx context.Context, k *Kernel, hold Hold) (journal, error) {
	j := &ledgerJournal{kernel: k}
	if err := j.read(ctx); err != nil {
		return nil, err
	}
	var err error
	if hold.Ledger.Sign == nil {
		if hold.Ledger.Sign, err = k.Signer(); err != nil {
			return nil, err
		}
	}
	j.writer, err = ledger.Open(ctx, k.repo, k, k.writer, hold.Ledger)
	return j, err
}

// read goes through the ledgers of the kernel, not through those of remotes.
func (j *ledgerJournal) read(ctx context.Context) error {
	sources, err := ledger.Sources(ctx, j.kernel.repo)
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	j.own, j.others = nil, nil
	for _, source := range sources {
		if !strings.HasPrefix(source.Ref, PrefixLedger) {
			continue
		}
		entries, err := newest(ctx, j.kernel.repo, source)
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		if source.Writer == j.kernel.writer {
			j.own = entries
		} else {
			j.others = append(j.others, entries...)
		}
	}
	slices.SortStableFunc(j.others, func(a, b entry) int { return a.time.Compare(b.time) })
	j.stale = false
	return nil
}

// newest reads one writer's ledger to its end.
func newest(ctx context.Context, repo *git.Repo, source ledger.Source) ([]entry, error) {
	var entries []entry
	for e, err := range ledger.ReadFrom(ctx, repo, source) {
		if err != nil {
			return nil, err
		}
		entries = remember(entries, e)
	}
	return entries, nil
}

// remember puts an entry at the end and drops the older one of its kind.
func remember(entries []entry, e ledger.Entry) []entry {
	if !slices.Contains(remembered, e.Kind) {
		return entries
	}
	entries = slices.DeleteFunc(entries, func(old entry) bool { return old.kind == e.Kind })
	return append(entries, entry{kind: e.Kind, body: e.Body, time: e.Time})
}

// last prefers what this kernel wrote itself: its order is certain, whatever the clocks did.
func (j *ledgerJournal) last(ctx context.Context, kinds ...string) (entry, bool, error) {
	if j.stale {
		if err := j.read(ctx); err != nil {
			return entry{}, false, err
		}
	}
	for _, entries := range [][]entry{j.own, j.others} {
		for _, e := range slices.Backward(entries) {
			if slices.Contains(kinds, e.kind) {
				return e, true, nil
			}
		}
	}
	return entry{}, false, nil
}

func (j *ledgerJournal) record(ctx context.Context, kind, change string, body any) error {
	e, err := j.writer.AppendSync(ctx, ledger.Record{Actor: actor, Kind: kind, Change: change, Body: body})
	if err != nil {
		j.stale = true
		return fmt.Errorf("writing %s to the ledger: %w", kind, err)
	}
	j.own = remember(j.own, e)
	return nil
}

func (j *ledgerJournal) close(ctx context.Context) error { return j.writer.Close(ctx) }
