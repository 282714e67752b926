package workforce

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

const (
	pricesPath  = ".adamant/prices.json"
	pricesLimit = 4 << 20
)

// readPrices reads the price table of a commit, on top of what is built in. One that cannot be read is an error: a model without
// a price has no budget.
func readPrices(ctx context.Context, repo *git.Repo, rev git.OID) (*price.Table, error) {
	blob, err := repo.Lookup(ctx, rev, pricesPath)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return price.Of(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", pricesPath, err)
	}
	data, err := repo.Blob(ctx, blob, pricesLimit)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", pricesPath, err)
	}
	own, problems := manifest.LoadPrices(pricesPath, data)
	if len(problems) > 0 {
		return nil, manifest.Join(problems)
	}
	return price.Of(own)
}
