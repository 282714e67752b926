package workforce

import (
	"context"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/thought"
)

// openBook is the book of all attempts, with what the ledger says was spent before: of each task, and of each agent today. What a
// killed daemon's attempts spent is there too, because each action is on record before its answer reaches the agent.
func openBook(ctx context.Context, repo *git.Repo, now time.Time) (gateway.Book, error) {
	book := gateway.NewBook()
	today := now.UTC().Format(time.DateOnly)
	for line, err := range ledger.Read(ctx, repo, ledger.Filter{Kinds: []string{thought.Kind}}) {
		if err != nil {
			return nil, fmt.Errorf("reading what agents have spent: %w", err)
		}
		e, err := thought.Parse(line.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line.Place, err)
		}
		t := e.Tokens
		spent := gateway.Amount{NanoUSD: e.CostNano, Tokens: t.Fresh + t.CacheRead + t.CacheWrite + t.Output, Requests: 1}
		if e.With != 0 || e.CostSource == "" { // another action of the same answer, or nobody was asked
			spent.Requests = 0
		}
		book.Add("task/"+e.Task, spent)
		if e.Time.UTC().Format(time.DateOnly) == today {
			book.Add("agent/"+e.Agent+"/"+today, spent)
			book.Add("day/"+today, spent)
		}
	}
	return book, nil
}
