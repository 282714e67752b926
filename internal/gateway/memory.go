package gateway

import (
	"context"
	"math"
	"sync"
)

// Memory is a Book that forgets with the process. It is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	purses map[string]*Amount // spent and held
}

// NewBook makes an empty book.
func NewBook() *Memory { return &Memory{purses: map[string]*Amount{}} }

// Add notes what was spent before, such as what the ledger says of today.
func (m *Memory) Add(purse string, spent Amount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.purse(purse).add(spent)
}

func (m *Memory) purse(name string) *Amount {
	if m.purses[name] == nil {
		m.purses[name] = &Amount{}
	}
	return m.purses[name]
}

// add adds up; a sum that does not fit stays at the largest number.
func (a *Amount) add(b Amount) {
	a.NanoUSD, a.Tokens, a.Requests = sum(a.NanoUSD, b.NanoUSD), sum(a.Tokens, b.Tokens), sum(a.Requests, b.Requests)
}

func sum(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Hold is Book's.
func (m *Memory) Hold(_ context.Context, purses []Purse, amount Amount) (Hold, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range purses {
		if err := p.cover(*m.purse(p.Name), amount); err != nil {
			return nil, err
		}
	}
	for _, p := range purses {
		m.purse(p.Name).add(amount)
	}
	return &hold{book: m, purses: purses, amount: amount}, nil
}

// cover says whether a purse that has had spent can bear more.
func (p Purse) cover(spent, more Amount) error {
	for _, k := range []struct {
		kind               string
		limit, spent, more int64
	}{
		{kindMoney, p.Limit.NanoUSD, spent.NanoUSD, more.NanoUSD},
		{"tokens", p.Limit.Tokens, spent.Tokens, more.Tokens},
		{"requests", p.Limit.Requests, spent.Requests, more.Requests},
	} {
		if k.limit > 0 && sum(k.spent, k.more) > k.limit {
			return &SpentError{Purse: p.Name, Kind: k.kind, Limit: k.limit, Spent: k.spent, Wanted: k.more}
		}
	}
	return nil
}

// Spent is what a purse has spent, and what is held.
func (m *Memory) Spent(purse string) Amount {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.purse(purse)
}

type hold struct {
	book   *Memory
	purses []Purse
	amount Amount
	once   sync.Once
}

// Settle is Hold's.
func (h *hold) Settle(_ context.Context, spent Amount) error {
	h.once.Do(func() {
		h.book.mu.Lock()
		defer h.book.mu.Unlock()
		for _, p := range h.purses {
			purse := h.book.purse(p.Name)
			purse.NanoUSD -= h.amount.NanoUSD
			purse.Tokens -= h.amount.Tokens
			purse.Requests -= h.amount.Requests
			purse.add(spent)
		}
	})
	return nil
}
