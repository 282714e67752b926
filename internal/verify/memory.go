package verify

import (
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// Memory is what a run saw and the next one must find again, by the name of the remote: a history that does not continue it was
// rewritten.
type Memory struct {
	V     int              `json:"v"`
	Views map[string]Sight `json:"views"`
}

// Sight is what was seen of one remote.
type Sight struct {
	Main   git.OID     `json:"main"`
	Root   string      `json:"root,omitempty"` // fingerprint of the first root
	Ledger ledger.Seen `json:"ledger"`
}
