// Package projection makes the transparency log out of the ledger: leaf n is the nth entry that belongs in it.
package projection

import (
	"context"
	"errors"

	"github.com/adamant-os/adamant/internal/tlog"
)

// Kind is the kind of the ledger entry that holds what was signed: its body is {"rekord": <the canonical hashedrekord body as text>}.
const Kind = "trust.logged"

// Ref is where the log's files are published: the tree of its commit holds checkpoint and tile/.
const Ref = "refs/adamant/log"

// Projection is a log that follows a ledger.
type Projection struct{}

var errNotYet = errors.New("not written yet")

// Log writes rekord, a canonical hashedrekord body, to the ledger and then to the log, and returns where it is there.
func (p *Projection) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	return tlog.Entry{}, errNotYet
}

// CatchUp brings the log up to the ledger.
func (p *Projection) CatchUp(ctx context.Context) error { return errNotYet }
