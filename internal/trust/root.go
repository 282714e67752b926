package trust

import (
	"errors"
	"time"
)

// RootAPIVersion is the version of root.json.
const RootAPIVersion = "adamant.dev/root/v1"

// NamespaceRoot is the SSHSIG namespace of the signatures of root.json.
const NamespaceRoot = "adamant-root"

// The public files, all in Dir of the repository.
const (
	Dir                = ".adamant/trust"
	FileRoot           = "root.json"         // the newest root
	FileTrustedRoot    = "trusted_root.json" // for Sigstore verifiers
	FileAllowedSigners = "allowed_signers"   // for git and ssh-keygen
)

// Root is the signed part of a root.json: who may do what in the repository. Its fields are in the order of its canonical form.
type Root struct {
	APIVersion  string    `json:"apiVersion"`
	Created     time.Time `json:"created"` // UTC, whole seconds
	Expires     time.Time `json:"expires"` // UTC, whole seconds
	Genesis     Genesis   `json:"genesis"`
	Keys        []Key     `json:"keys"` // sorted by id
	Prev        string    `json:"prev,omitempty"`
	Repository  string    `json:"repository"`
	Roles       Roles     `json:"roles"`
	TrustedRoot string    `json:"trustedRoot"` // SHA-256 of trusted_root.json, hex
	Version     int       `json:"version"`     // 1, 2, 3 ...
}

// Genesis is where verification begins: everything on main after Commit came through the gate.
type Genesis struct {
	Commit string `json:"commit"`
}

// Key is an SSH key of the operator or of the gate. It stays in later roots after End: what it signed before stays good.
type Key struct {
	End    *time.Time `json:"end,omitempty"` // exclusive
	ID     string     `json:"id"`            // SHA256:..., as ssh-keygen -l prints it
	Name   string     `json:"name"`          // an operator's, or "gate"
	Public string     `json:"public"`        // as in authorized_keys, without comment
	Start  time.Time  `json:"start"`
}

// ValidAt reports whether the key was good at a moment.
func (k Key) ValidAt(t time.Time) bool {
	return !t.Before(k.Start) && (k.End == nil || t.Before(*k.End))
}

// Roles say which keys and identities may do what.
type Roles struct {
	Agent    []Grant    `json:"agent"`    // may sign testimony about their own work, and nothing else
	Builder  []Grant    `json:"builder"`  // may sign provenance, up to a level
	Gate     Signatures `json:"gate"`     // signs landing commits and the ledger
	Operator Signatures `json:"operator"` // signs roots
}

// Signatures is a role of keys: Threshold of KeyIDs have to sign.
type Signatures struct {
	KeyIDs    []string `json:"keyids"` // sorted
	Threshold int      `json:"threshold"`
}

// Grant is a role of identities.
type Grant struct {
	Identity string `json:"identity"`           // a URI of ParseIdentity; ending in "/*": every identity below
	MaxLevel int    `json:"maxLevel,omitempty"` // of a builder: the highest SLSA Build level its provenance may claim
}

// Chain is every version of a repository's root, each checked.
type Chain struct {
	Roots       []Root // version 1 first
	TrustedRoot []byte // the bytes of trusted_root.json, which the newest root names
	Fingerprint string // SHA-256 of roots/1.json, hex: what an outsider pins
}

// Current is the newest root.
func (c *Chain) Current() Root { return c.Roots[len(c.Roots)-1] }

// GateKey finds the key with that SSH fingerprint among the gate's keys of all versions; ok is false for a key that never was one.
func (c *Chain) GateKey(id string) (key Key, ok bool) { return Key{}, false }

// BuilderLevel is the highest SLSA Build level that the newest root lets provenance of that builder claim, 0 for a builder it does not know.
func (c *Chain) BuilderLevel(builder string) int { return 0 }

// ReadRoot reads root.json, roots/<n>.json, trusted_root.json and allowed_signers, whose names are relative to Dir, and checks all: the
// signatures of every version by the thresholds of itself and of the one before, the numbers, the chain of digests, one repository
// and one genesis. It does not look at the clock: whether Current has expired is the caller's to ask. A refusal is a *RootError.
func ReadRoot(read func(name string) ([]byte, error)) (*Chain, error) {
	return nil, errors.New("not written yet")
}

// RootError says why the files of the trust root are refused. Code is stable: docs/formats/reasons.md.
type RootError struct {
	Code string // ROOT_MISSING, ROOT_MALFORMED, ROOT_SIGNATURE, ROOT_VERSION, ROOT_CHAIN, ROOT_FILES
	File string // relative to Dir
	Why  string
	Err  error
}

func (e *RootError) Error() string { return Dir + "/" + e.File + ": " + e.Why }
func (e *RootError) Unwrap() error { return e.Err }
