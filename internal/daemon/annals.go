package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
)

// annals are what the kernel's ledgers tell about how main came to be.
type annals struct {
	landings map[git.OID]landed         // by commit, of the landings that were done
	proofs   map[string]json.RawMessage // of approvals, by the sha256 of the statement
	moves    []kernel.MainMove          // of main, by hand
}

// landed is a commit's decision and where it is written.
type landed struct {
	decision kernel.Decision
	record   attest.Record
}

// readAnnals reads the kernel's own ledgers; what was fetched from elsewhere tells nothing about this main.
func (d *Daemon) readAnnals(ctx context.Context) (*annals, error) {
	a := &annals{landings: map[git.OID]landed{}, proofs: map[string]json.RawMessage{}}
	begun := map[string][]landed{} // by the intent's id
	kinds := []string{ledger.LandingIntent, ledger.LandingDone, ledger.MovedByHand, operator.KindApproved}
	for e, err := range ledger.Read(ctx, d.kernel.Repo(), ledger.Filter{Kinds: kinds}) {
		if err != nil {
			return nil, fmt.Errorf("reading how main came to be: %w", err)
		}
		if !strings.HasPrefix(e.Place.Ref, ledger.RefPrefix) {
			continue
		}
		if err := a.take(e, begun); err != nil {
			return nil, fmt.Errorf("reading how main came to be: %w", err)
		}
	}
	return a, nil
}

func (a *annals) take(e ledger.Entry, begun map[string][]landed) error {
	switch e.Kind {
	case ledger.LandingIntent:
		intent, err := body[kernel.Intent](e)
		if err != nil {
			return err
		}
		begun[intent.ID] = recorded(e, intent)
	case ledger.LandingDone:
		done, err := body[kernel.Outcome](e)
		if err != nil {
			return err
		}
		for _, l := range begun[done.ID] {
			a.landings[l.decision.Commit] = l
		}
		delete(begun, done.ID)
	case ledger.MovedByHand:
		move, err := body[kernel.MainMove](e)
		if err != nil {
			return err
		}
		a.moves = append(a.moves, move)
	case operator.KindApproved:
		given, err := body[struct {
			Statement string          `json:"statement"`
			By        json.RawMessage `json:"by"`
		}](e)
		if err != nil {
			return err
		}
		a.proofs[digestOf(given.Statement)] = given.By
	}
	return nil
}

func recorded(e ledger.Entry, intent kernel.Intent) []landed {
	out := make([]landed, len(intent.Decisions))
	for i, decision := range intent.Decisions {
		out[i] = landed{decision, attest.Record{Writer: e.Writer, Seq: e.Seq, Line: digestOf(string(e.Line())), Landing: intent.ID,
			Nth: i + 1, Of: len(intent.Decisions)}}
	}
	return out
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// unforced says that no move by hand that led to one of these commits took another away from main.
func (a *annals) unforced(ctx context.Context, repo *git.Repo, commits map[git.OID]bool) (bool, error) {
	for _, m := range a.moves {
		if m.Ref != kernel.RefMain || !commits[m.To] || m.From == "" {
			continue
		}
		kept, err := repo.IsAncestor(ctx, m.From, m.To)
		if err != nil || !kept {
			return false, err
		}
	}
	return true, nil
}
