package risk

import (
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Floor returns every reason why the change is at least of a level, worst first. It reads nothing but its arguments.
func Floor(in *facts.Input, cfg manifest.Repository) []Reason { return nil }
