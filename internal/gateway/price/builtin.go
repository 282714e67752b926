package price

import (
	_ "embed"
	"fmt"

	"github.com/adamant-os/adamant/internal/manifest"
)

//go:embed prices.json
var builtin []byte

// Builtin is the table that is compiled in.
func Builtin() (*manifest.Prices, error) {
	p, problems := manifest.LoadPrices("prices.json", builtin)
	if err := manifest.Join(problems); err != nil {
		return nil, fmt.Errorf("the built-in price table: %w", err)
	}
	return p, nil
}

// Of is the table for a repository: its own prices, and behind them those that are built in unless it says extend: no. Own may be
// nil.
func Of(own *manifest.Prices) (*Table, error) {
	if own != nil && own.Spec.Extend == "no" {
		return New(own), nil
	}
	base, err := Builtin()
	if err != nil {
		return nil, err
	}
	return New(own, base), nil
}
