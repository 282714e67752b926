package thought

import (
	"context"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// Record is an entry and the line of the ledger that it stands on.
type Record struct {
	Entry
	Line ledger.Entry
}

// ReadTask reads what a repository's ledgers have about a task, oldest first. An entry that cannot be read is an error: leaving
// it out would hide it.
func ReadTask(ctx context.Context, repo *git.Repo, task string) ([]Record, error) {
	var out []Record
	for line, err := range ledger.Read(ctx, repo, ledger.Filter{Kinds: []string{Kind}, Task: task}) {
		if err != nil {
			return out, fmt.Errorf("reading the actions of task %.16s: %w", task, err)
		}
		e, err := Parse(line.Body)
		if err != nil {
			return out, fmt.Errorf("%s: %w", line.Place, err)
		}
		out = append(out, Record{e, line})
	}
	return out, nil
}

// Entries are the entries of records.
func Entries(records []Record) []Entry {
	out := make([]Entry, len(records))
	for i, r := range records {
		out[i] = r.Entry
	}
	return out
}
