package gateway

import (
	"context"
	"fmt"
)

// Purse is a budget that requests are paid from, by a name such as attempt/7f, task/7f, agent/coder/2026-11-23 or day/2026-11-23.
type Purse struct {
	Name  string
	Limit Budget
}

// Amount is what a request takes from its purses.
type Amount struct {
	NanoUSD, Tokens, Requests int64
}

// Book keeps what was spent from purses. Hold and Settle are atomic over all the purses named.
type Book interface {
	// Hold reserves amount in every purse or in none; a *SpentError names the purse that cannot cover it. The result settles it.
	Hold(ctx context.Context, purses []Purse, amount Amount) (Hold, error)
}

// Hold is a reservation.
type Hold interface {
	// Settle replaces the reservation by what was spent. Only the first call counts.
	Settle(ctx context.Context, spent Amount) error
}

// SpentError says which budget cannot cover a request.
type SpentError struct {
	Purse  string
	Kind   string // nano-USD, tokens or requests
	Limit  int64
	Spent  int64 // spent and reserved
	Wanted int64
}

func (e *SpentError) Error() string {
	return fmt.Sprintf("the budget %s is spent: this request may take %s, and %s of %s are spent or reserved",
		e.Purse, e.amount(e.Wanted), e.amount(e.Spent), e.amount(e.Limit))
}

func (e *SpentError) amount(n int64) string {
	if e.Kind == kindMoney {
		return fmt.Sprintf("$%d.%06d", n/1e9, n%1e9/1000)
	}
	return fmt.Sprintf("%d %s", n, e.Kind)
}

const kindMoney = "nano-USD"
