package door

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/kernel"
)

// Secret is a token in clear: adm_ and 32 random bytes in base64url. It prints as adm_..., so that no log can hold it.
type Secret string

const (
	secretPrefix = "adm_"
	secretBytes  = 32
)

// String hides the secret. Use Reveal where the user must see it.
func (Secret) String() string { return secretPrefix + "..." }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// Reveal returns the token itself.
func (s Secret) Reveal() string { return string(s) }

func newSecret(random io.Reader) (Secret, error) {
	var raw [secretBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	return Secret(secretPrefix + base64.RawURLEncoding.EncodeToString(raw[:])), nil
}

// isSecret says that text has the form of a token.
func isSecret(text string) bool {
	body, ok := strings.CutPrefix(text, secretPrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	return ok && err == nil && len(raw) == secretBytes
}

// The roles a token can have. Those of agents are the roles of their personas.
const (
	RoleOperator   = "operator"    // the human; reads everything that may leave the kernel
	RolePerson     = "person"      // somebody else; proposes changes
	RoleWorker     = "worker"      // a machine that runs checks; reads changes
	RoleCoder      = "coder"       // an agent that writes code
	RoleSRE        = "sre"         // an agent that mends what is live
	RoleReviewer   = "reviewer"    // agents that read
	RoleAuditor    = "auditor"     //
	RoleRedTeam    = "red-team"    //
	RoleRiskScorer = "risk-scorer" //
)

// Grant is what a token may do, without the token. It is the body of the ledger's token.new.
type Grant struct {
	ID      string    `json:"id"`
	SHA256  string    `json:"sha256"` // of the token's text, hex
	Role    string    `json:"role"`
	Name    string    `json:"name,omitempty"`   // of a person, operator or worker
	Agent   string    `json:"agent,omitempty"`  // of an agent's token
	Task    string    `json:"task,omitempty"`   // the only task it serves; empty = every task of the agent
	Topic   string    `json:"topic,omitempty"`  // topic of the changes it proposes
	Write   bool      `json:"write"`            // may push
	Force   bool      `json:"force"`            // may rewrite its own branches
	Emails  []string  `json:"emails,omitempty"` // the only identities of its commits; empty = any
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Note    string    `json:"note,omitempty"`
}

// Holder is who uses the token, for people.
func (g Grant) Holder() string {
	holder := g.Role
	if g.Agent != "" {
		holder += " " + g.Agent
	} else if g.Name != "" {
		holder += " " + g.Name
	}
	if g.Task != "" {
		holder += ", task " + g.Task
	}
	return holder
}

// Expired says that the token is of no use any more at now.
func (g Grant) Expired(now time.Time) bool { return !now.Before(g.Expires) }

// maxLife is the longest a token may live.
const maxLife = 366 * 24 * time.Hour

// check refuses a grant that makes no sense.
func (g Grant) check(now time.Time) error {
	agent, known := roles[g.Role]
	switch {
	case !known:
		return fmt.Errorf("there is no role %q: want %s", g.Role, strings.Join(Roles(), ", "))
	case agent.agent != (g.Agent != ""):
		return fmt.Errorf("a token of role %s %s", g.Role, map[bool]string{true: "needs the agent's name", false: "belongs to no agent"}[agent.agent])
	case g.Agent != "" && !isName(g.Agent):
		return kernel.CheckName(g.Agent)
	case g.Name != "" && !isName(g.Name):
		return kernel.CheckName(g.Name)
	case g.Task != "" && (g.Agent == "" || !isName(g.Task)):
		return fmt.Errorf("%q cannot be the task: it belongs to an agent and has a name in lower case", g.Task)
	case g.Write && !agent.writes:
		return fmt.Errorf("role %s only reads", g.Role)
	case g.Force && !g.Write:
		return errors.New("a token that may rewrite must be one that may write")
	case !g.Expires.After(now):
		return errors.New("the token would have expired already")
	case g.Expires.Sub(now) > maxLife:
		return errors.New("a token lives no longer than 366 days")
	}
	return nil
}

// The ledger's kinds of entries about tokens.
const (
	KindNew    = "token.new"    // body: a Grant
	KindRevoke = "token.revoke" // body: a Revocation
)

// Revocation is the body of token.revoke.
type Revocation struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"`
}

// Journal is the ledger as tokens need it.
type Journal interface {
	// Record appends an entry and returns when it is durable.
	Record(ctx context.Context, kind, actor string, body json.RawMessage) error
}

// Tokens is a projection of the ledger's entries about tokens. It is safe for concurrent use.
type Tokens struct {
	journal Journal
	now     func() time.Time
	random  io.Reader

	mu      sync.RWMutex
	grants  map[string]Grant      // by id
	hashes  map[[32]byte]string   // id by sha256 of the token
	revoked map[string]Revocation // by id
}

// NewTokens makes an empty projection. Replay the ledger's entries with Apply before it is used.
func NewTokens(journal Journal, now func() time.Time, random io.Reader) *Tokens {
	return &Tokens{journal: journal, now: now, random: random,
		grants: map[string]Grant{}, hashes: map[[32]byte]string{}, revoked: map[string]Revocation{}}
}

// Apply takes one entry of the ledger over. Kinds that are not about tokens are passed by. A grant whose id or hash is known
// already changes nothing: what was granted first stands.
func (t *Tokens) Apply(kind string, body json.RawMessage) error {
	switch kind {
	case KindNew:
		var g Grant
		if err := json.Unmarshal(body, &g); err != nil {
			return fmt.Errorf("reading %s: %w", kind, err)
		}
		return t.add(g)
	case KindRevoke:
		var r Revocation
		if err := json.Unmarshal(body, &r); err != nil {
			return fmt.Errorf("reading %s: %w", kind, err)
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.revoked[r.ID] = r
	}
	return nil
}

func (t *Tokens) add(g Grant) error {
	raw, err := hex.DecodeString(g.SHA256)
	if err != nil || len(raw) != sha256.Size || g.ID == "" {
		return fmt.Errorf("token %q: the ledger's entry has no hash", g.ID)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	hash := [32]byte(raw)
	if _, known := t.grants[g.ID]; known || t.hashes[hash] != "" {
		return nil
	}
	t.grants[g.ID], t.hashes[hash] = g, g.ID
	return nil
}

// Issue makes a token and records it. ID, SHA256 and Issued of the wish are set here. The secret is nowhere else: who loses it
// needs a new one.
func (t *Tokens) Issue(ctx context.Context, actor string, wish Grant) (Secret, Grant, error) {
	now := t.now().UTC().Truncate(time.Second)
	if err := wish.check(now); err != nil {
		return "", Grant{}, fmt.Errorf("issuing a token: %w", err)
	}
	secret, err := newSecret(t.random)
	if err != nil {
		return "", Grant{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	wish.SHA256, wish.ID = hex.EncodeToString(sum[:]), hex.EncodeToString(sum[:6])
	wish.Issued, wish.Expires = now, wish.Expires.UTC().Truncate(time.Second)
	if err := t.record(ctx, KindNew, actor, wish); err != nil {
		return "", Grant{}, fmt.Errorf("issuing a token: %w", err)
	}
	return secret, wish, nil
}

// ErrUnknownToken says that no token has the id.
var ErrUnknownToken = errors.New("no such token")

// Revoke ends a token at once: also a push that is under way with it.
func (t *Tokens) Revoke(ctx context.Context, actor, id, reason string) error {
	t.mu.RLock()
	_, known := t.grants[id]
	_, done := t.revoked[id]
	t.mu.RUnlock()
	if !known {
		return fmt.Errorf("revoking %q: %w", id, ErrUnknownToken)
	}
	if done {
		return nil
	}
	if err := t.record(ctx, KindRevoke, actor, Revocation{ID: id, Reason: reason}); err != nil {
		return fmt.Errorf("revoking %s: %w", id, err)
	}
	return nil
}

func (t *Tokens) record(ctx context.Context, kind, actor string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if err := t.journal.Record(ctx, kind, actor, data); err != nil {
		return err
	}
	return t.Apply(kind, data)
}

// Listed is a grant and what became of it.
type Listed struct {
	Grant
	State  string `json:"state"` // active, expired, revoked
	Reason string `json:"reason,omitempty"`
}

// List returns every token that was ever granted, the newest first.
func (t *Tokens) List() []Listed {
	t.mu.RLock()
	defer t.mu.RUnlock()
	now := t.now()
	out := make([]Listed, 0, len(t.grants))
	for id, g := range t.grants {
		l := Listed{Grant: g, State: "active"}
		if g.Expired(now) {
			l.State = "expired"
		}
		if r, ok := t.revoked[id]; ok {
			l.State, l.Reason = "revoked", r.Reason
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Listed) int {
		if c := b.Issued.Compare(a.Issued); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// AuthError says why a token does not open the door. It never holds the token.
type AuthError struct {
	ID      string // of the token, when it is known
	Problem string
}

func (e *AuthError) Error() string {
	if e.ID == "" {
		return e.Problem
	}
	return "token " + e.ID + " " + e.Problem
}

// Authenticate finds the grant of a token that is valid now. The error is an *AuthError.
func (t *Tokens) Authenticate(text string) (Grant, error) {
	if !isSecret(text) {
		return Grant{}, &AuthError{Problem: "this is not a token of this kernel"}
	}
	sum := sha256.Sum256([]byte(text)) // nobody can steer a hash, so looking it up tells nothing; the comparison below takes the same time for all
	t.mu.RLock()
	g, known := t.grants[t.hashes[sum]]
	t.mu.RUnlock()
	if want := hex.EncodeToString(sum[:]); !known || subtle.ConstantTimeCompare([]byte(g.SHA256), []byte(want)) != 1 {
		return Grant{}, &AuthError{Problem: "this is not a token of this kernel"}
	}
	return g, t.valid(g.ID)
}

// valid says whether a token may still be used.
func (t *Tokens) valid(id string) error {
	t.mu.RLock()
	g, known := t.grants[id]
	_, revoked := t.revoked[id]
	t.mu.RUnlock()
	switch {
	case !known:
		return &AuthError{ID: id, Problem: "is not known"}
	case revoked:
		return &AuthError{ID: id, Problem: "was revoked"}
	case g.Expired(t.now()):
		return &AuthError{ID: id, Problem: "expired at " + g.Expires.Format(time.RFC3339)}
	}
	return nil
}
