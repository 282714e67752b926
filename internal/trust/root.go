package trust

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/sshsig"
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

// NumberedRoot is the file of one version of the root; none is ever deleted.
func NumberedRoot(version int) string { return fmt.Sprintf("roots/%d.json", version) }

// Root is the signed part of a root.json: who may do what in the repository.
type Root struct {
	APIVersion  string    `json:"apiVersion"`
	Version     int       `json:"version"` // 1, 2, 3 ...
	Created     time.Time `json:"created"` // UTC, whole seconds, like all times here
	Expires     time.Time `json:"expires"`
	Repository  string    `json:"repository"`
	Genesis     Genesis   `json:"genesis"`
	Keys        []Key     `json:"keys"` // sorted by id
	Roles       Roles     `json:"roles"`
	TrustedRoot string    `json:"trustedRoot"`    // SHA-256 of trusted_root.json, hex
	Prev        string    `json:"prev,omitempty"` // SHA-256 of the file of the version before, hex
}

// Genesis is where verification begins: everything on main after Commit came through the gate.
type Genesis struct {
	Commit string `json:"commit"`
}

// Key is an SSH key of an operator or of the gate. It stays in later roots after End: what it signed before stays good.
type Key struct {
	ID     string     `json:"id"`     // SHA256:..., as ssh-keygen -l prints it
	Name   string     `json:"name"`   // an operator's, or "gate"
	Public string     `json:"public"` // as in authorized_keys, without comment
	Start  time.Time  `json:"start"`
	End    *time.Time `json:"end,omitempty"` // exclusive; only ever brought forward
}

// ValidAt reports whether the key was good at a moment.
func (k Key) ValidAt(t time.Time) bool {
	return !t.Before(k.Start) && (k.End == nil || t.Before(*k.End))
}

// NewKey reads a line of authorized_keys.
func NewKey(name, public string, start time.Time) (Key, error) {
	parsed, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(public))
	if err != nil || len(options) > 0 || len(strings.TrimSpace(string(rest))) > 0 {
		return Key{}, errors.Join(err, fmt.Errorf("the key of %s is not one line of an SSH public key", name))
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(parsed)))
	return Key{ID: sshsig.Fingerprint(parsed), Name: name, Public: line, Start: second(start)}, nil
}

func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// Roles say which keys and identities may do what.
type Roles struct {
	Operator Signatures `json:"operator"` // signs roots
	Gate     Signatures `json:"gate"`     // signs landing commits and the ledger
	Builder  []Grant    `json:"builder"`  // may sign provenance, up to a level
	Agent    []Grant    `json:"agent"`    // may sign testimony about their own work, and nothing else
}

// Signatures is a role of keys: Threshold of KeyIDs have to sign.
type Signatures struct {
	KeyIDs    []string `json:"keyids"` // sorted
	Threshold int      `json:"threshold"`
}

// Grant is a role of identities.
type Grant struct {
	Identity string `json:"identity"`           // a URI; ending in "/*": every identity below
	MaxLevel int    `json:"maxLevel,omitempty"` // of a builder: the highest SLSA Build level its provenance may claim
}

// Covers reports whether the grant is for that identity.
func (g Grant) Covers(identity string) bool {
	below, all := strings.CutSuffix(g.Identity, "*")
	return g.Identity == identity || all && len(identity) > len(below) && strings.HasPrefix(identity, below)
}

const (
	nameGate       = "gate"
	maxBuildLevel  = 3 // SLSA v1.2 has no Build L4
	workstationCap = 1 // an individual's workstation is no hosted platform: L2 is out of reach
)

// Check says what is wrong with a root in itself.
func (r Root) Check() error {
	switch {
	case r.APIVersion != RootAPIVersion:
		return fmt.Errorf("apiVersion is %q, not %q", r.APIVersion, RootAPIVersion)
	case r.Version < 1 || r.Version > maxRoots:
		return fmt.Errorf("version %d", r.Version)
	case (r.Version == 1) != (r.Prev == ""):
		return errors.New("prev is for the versions after the first, and for all of them")
	case !r.Expires.After(r.Created) || r.Created != second(r.Created) || r.Expires != second(r.Expires):
		return errors.New("created and expires are whole seconds of UTC, in this order")
	case !isHex(r.TrustedRoot, 64) || r.Prev != "" && !isHex(r.Prev, 64):
		return errors.New("trustedRoot and prev are SHA-256 digests in lower-case hex")
	case !isHex(r.Genesis.Commit, 40) && !isHex(r.Genesis.Commit, 64):
		return errors.New("genesis.commit is no commit's id")
	}
	if err := Gate(r.Repository).Check(); err != nil {
		return err
	}
	return errors.Join(r.checkKeys(), r.checkRole("operator", r.Roles.Operator), r.checkRole("gate", r.Roles.Gate), r.checkGrants())
}

func isHex(s string, digits int) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == digits && s == strings.ToLower(s)
}

func (r Root) checkKeys() error {
	for i, k := range r.Keys {
		same, err := NewKey(k.Name, k.Public, k.Start)
		switch {
		case err != nil:
			return err
		case same.ID != k.ID || same.Public != k.Public || same.Start != k.Start:
			return fmt.Errorf("the key %s is not written as it should be", k.ID)
		case i > 0 && r.Keys[i-1].ID >= k.ID:
			return errors.New("the keys are not sorted by id, or one is there twice")
		case !word().MatchString(k.Name):
			return fmt.Errorf("the key %s has the name %q", k.ID, k.Name)
		case k.End != nil && *k.End != second(*k.End):
			return fmt.Errorf("the key %s ends at %s, no whole second of UTC", k.ID, k.End)
		}
	}
	return nil
}

func (r Root) checkRole(role string, s Signatures) error {
	if s.Threshold < 1 || s.Threshold > len(s.KeyIDs) {
		return fmt.Errorf("the role %s needs %d of %d keys", role, s.Threshold, len(s.KeyIDs))
	}
	if !slices.IsSorted(s.KeyIDs) || len(slices.Compact(slices.Clone(s.KeyIDs))) != len(s.KeyIDs) {
		return fmt.Errorf("the keys of the role %s are not sorted, or one is there twice", role)
	}
	for _, id := range s.KeyIDs {
		k, ok := r.key(id)
		switch {
		case !ok || k.End != nil:
			return fmt.Errorf("the role %s has the key %s, which is not among the keys or has an end", role, id)
		case (k.Name == nameGate) != (role == nameGate):
			return fmt.Errorf("the key %s of %s is in the role %s", id, k.Name, role)
		}
	}
	return nil
}

func (r Root) key(id string) (Key, bool) {
	i := slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return r.Keys[i], true
}

// checkGrants refuses levels that the specification does not allow to be claimed.
func (r Root) checkGrants() error {
	if r.Roles.Builder == nil || r.Roles.Agent == nil {
		return errors.New("the roles builder and agent are lists; write [] for nobody")
	}
	own := Gate(r.Repository).String()
	workstations := strings.TrimSuffix(own, string(RoleGate)) + string(RoleBuilder) + "/" + BuilderWorkstation + "/"
	for _, g := range r.Roles.Builder {
		switch {
		case !strings.HasPrefix(g.Identity, "https://") || strings.Contains(strings.TrimSuffix(g.Identity, "/*"), "*"):
			return fmt.Errorf("%q is no builder: want a URI, or one that ends in /*", g.Identity)
		case g.MaxLevel < 1 || g.MaxLevel > maxBuildLevel:
			return fmt.Errorf("the builder %s has the level %d, not 1 to %d", g.Identity, g.MaxLevel, maxBuildLevel)
		case g.MaxLevel > workstationCap && (g.Covers(workstations+"any") || strings.HasPrefix(g.Identity, workstations)):
			return fmt.Errorf("the builder %s has the level %d; an individual's workstation has %d at most (SLSA v1.2, Build L2)", g.Identity, g.MaxLevel, workstationCap)
		}
	}
	for _, g := range r.Roles.Agent {
		if !strings.HasPrefix(g.Identity, strings.TrimSuffix(own, string(RoleGate))+string(RoleAgent)+"/") || g.MaxLevel != 0 {
			return fmt.Errorf("%q with the level %d is no agent of this repository", g.Identity, g.MaxLevel)
		}
	}
	return nil
}

// BuilderLevel is the highest SLSA Build level that provenance of a builder may claim, 0 for a builder that the root does not know.
func (r Root) BuilderLevel(builder string) int {
	level := 0
	for _, g := range r.Roles.Builder {
		if g.Covers(builder) {
			level = max(level, g.MaxLevel)
		}
	}
	return level
}

// FirstRoot is version 1, to be completed by the caller's wishes and signed by Publish: the operators' keys may all sign, one is
// enough, the gate has one key, workstations may claim L1, every agent may testify.
func FirstRoot(repository, genesis string, operators []Key, gate Key, created, expires time.Time) Root {
	ids := make([]string, len(operators))
	for i, k := range operators {
		ids[i] = k.ID
	}
	slices.Sort(ids)
	r := Root{
		APIVersion: RootAPIVersion, Version: 1, Created: second(created), Expires: second(expires),
		Repository: repository, Genesis: Genesis{Commit: genesis}, Keys: append(slices.Clone(operators), gate),
		Roles: Roles{
			Operator: Signatures{KeyIDs: ids, Threshold: 1}, Gate: Signatures{KeyIDs: []string{gate.ID}, Threshold: 1},
			Builder: []Grant{{Identity: Builder(repository, BuilderWorkstation, "*").String(), MaxLevel: workstationCap}},
			Agent:   []Grant{{Identity: Agent(repository, "*", "", "").String()}},
		},
	}
	r.sort()
	return r
}

func (r *Root) sort() {
	slices.SortFunc(r.Keys, func(a, b Key) int { return strings.Compare(a.ID, b.ID) })
	slices.Sort(r.Roles.Operator.KeyIDs)
	slices.Sort(r.Roles.Gate.KeyIDs)
}

// end gives a key an end, unless it has an earlier one.
func (r *Root) end(id string, at time.Time) {
	at = second(at)
	for i, k := range r.Keys {
		if k.ID == id && (k.End == nil || k.End.After(at)) {
			r.Keys[i].End = &at
		}
	}
}

// AddOperator lets one more key sign roots.
func (r *Root) AddOperator(k Key) {
	if _, known := r.key(k.ID); !known {
		r.Keys = append(r.Keys, k)
	}
	if !slices.Contains(r.Roles.Operator.KeyIDs, k.ID) {
		r.Roles.Operator.KeyIDs = append(r.Roles.Operator.KeyIDs, k.ID)
	}
	r.sort()
}

// EndOperator takes a key out of the role and gives it an end. It reports whether an operator had it.
func (r *Root) EndOperator(id string, at time.Time) bool {
	i := slices.Index(r.Roles.Operator.KeyIDs, id)
	if i < 0 {
		return false
	}
	r.Roles.Operator.KeyIDs = slices.Delete(r.Roles.Operator.KeyIDs, i, i+1)
	r.end(id, at)
	return true
}

// SetGate makes k the gate's key; the ones before end at that moment.
func (r *Root) SetGate(k Key, at time.Time) {
	if slices.Equal(r.Roles.Gate.KeyIDs, []string{k.ID}) {
		return
	}
	for _, id := range r.Roles.Gate.KeyIDs {
		r.end(id, at)
	}
	if _, known := r.key(k.ID); !known {
		r.Keys = append(r.Keys, k)
	}
	r.Roles.Gate = Signatures{KeyIDs: []string{k.ID}, Threshold: 1}
	r.sort()
}

// SetBuilder says what level a builder may claim; 0: it may claim nothing.
func (r *Root) SetBuilder(identity string, level int) {
	r.Roles.Builder = slices.DeleteFunc(r.Roles.Builder, func(g Grant) bool { return g.Identity == identity })
	if level > 0 {
		r.Roles.Builder = append(r.Roles.Builder, Grant{Identity: identity, MaxLevel: level})
	}
	slices.SortFunc(r.Roles.Builder, func(a, b Grant) int { return strings.Compare(a.Identity, b.Identity) })
}
