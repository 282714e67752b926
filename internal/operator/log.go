package operator

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// LedgerLog is the ledger of a kernel as this package's Log.
type LedgerLog struct {
	Repo   *git.Repo
	Writer interface {
		AppendSync(ctx context.Context, record ledger.Record) (ledger.Entry, error)
	} // nil: reading only
}

// Append writes an entry and waits until it is on the disk.
func (l LedgerLog) Append(ctx context.Context, e Entry) error {
	if l.Writer == nil {
		return refused("the ledger was opened for reading")
	}
	_, err := l.Writer.AppendSync(ctx, ledger.Record{Actor: cmp.Or(e.Actor, "operator"), Kind: e.Kind, Change: e.Change, Body: e.Body})
	return err
}

// Entries reads the kernel's own ledgers. What was fetched from elsewhere says nothing about who has authority here.
func (l LedgerLog) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	kinds := []string{KindEnrolled, KindRevoked, KindCodes, KindBroken, KindFailed, KindApproved}
	return func(yield func(Entry, error) bool) {
		for e, err := range ledger.Read(ctx, l.Repo, ledger.Filter{Kinds: kinds}) {
			if err == nil && !strings.HasPrefix(e.Place.Ref, ledger.RefPrefix) {
				continue
			}
			if !yield(Entry{Kind: e.Kind, Actor: e.Actor, Change: e.Change, Body: e.Body}, err) {
				return
			}
		}
	}
}
