package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// announced is the part of a change.* entry that says which state of the change it tells of.
type announced struct {
	Tip git.OID `json:"tip"`
}

// lastTold reads which state of each change the ledger told of last.
func (d *Daemon) lastTold(ctx context.Context) (map[string]git.OID, error) {
	told := map[string]git.OID{}
	for e, err := range ledger.Read(ctx, d.kernel.Repo(), ledger.Filter{Kinds: []string{"change.*"}}) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		var body announced
		if !strings.HasPrefix(e.Place.Ref, ledger.RefPrefix) || json.Unmarshal(e.Body, &body) != nil {
			continue // of elsewhere, or in a form that tells nothing: it is told again
		}
		told[e.Change] = body.Tip
	}
	return told, nil
}

// tellLost writes down what happened to changes right before the last daemon died: an operation is on the disk before its line is
// in the ledger.
func (d *Daemon) tellLost(ctx context.Context, changes []change.Change) error {
	told, err := d.lastTold(ctx)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if c.Tip == "" || c.Archived || told[c.ID] == c.Tip {
			continue
		}
		if c, err = d.changes.Load(ctx, c.ID); err != nil {
			d.trouble("change "+c.ID, err)
			continue
		}
		var last change.Operation
		for _, op := range c.Timeline {
			last = op
		}
		if err := d.announce(ctx, c, last, "written down at the start: the daemon before this one ended first"); err != nil {
			return err
		}
	}
	return nil
}
