package operator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
)

// State is who has authority, and what they consented to: the fold of the ledger's entries by Apply. The zero value is a
// kernel that has no operator yet. It is not safe for concurrent use.
type State struct {
	keys      map[string]*holding
	codes     []codeHash
	spent     map[int]bool // recovery codes of this set
	raised    bool         // a key that verifies its user was enrolled once
	nonces    map[string]bool
	broken    []Order
	approvals map[string][]approval
	failures  map[string][]time.Time // wrong codes, by key
}

type holding struct {
	Key
	revoked *time.Time
	why     string
	counter uint32 // the highest seen
	step    int64  // totp: the last taken
}

type approval struct {
	gate.Approval
	text string
	by   evidence
}

// ErrUnknownEntry says that an entry is of no kind that this package writes.
var ErrUnknownEntry = errors.New("not an entry about operators")

// Apply takes one entry, verifying all that it claims by what came before it. An entry that does not hold changes nothing and
// is a *RefusedError.
func (s *State) Apply(e Entry) error {
	s.init()
	switch e.Kind {
	case KindEnrolled, KindRevoked, KindCodes, KindBroken:
		var r record
		if err := json.Unmarshal(e.Body, &r); err != nil {
			return fmt.Errorf("reading an entry %s: %w", e.Kind, err)
		}
		return s.order(e.Kind, r)
	case KindApproved:
		var g given
		if err := json.Unmarshal(e.Body, &g); err != nil {
			return fmt.Errorf("reading an entry %s: %w", e.Kind, err)
		}
		return s.approve(e.Change, g)
	case KindFailed:
		var f failed
		if err := json.Unmarshal(e.Body, &f); err != nil {
			return fmt.Errorf("reading an entry %s: %w", e.Kind, err)
		}
		s.failures[f.Key] = append(s.recent(f.Key, f.At), f.At)
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUnknownEntry, e.Kind)
}

func (s *State) init() {
	if s.keys != nil {
		return
	}
	s.keys, s.spent, s.nonces = map[string]*holding{}, map[int]bool{}, map[string]bool{}
	s.approvals, s.failures = map[string][]approval{}, map[string][]time.Time{}
}

// kindOf is the kind of entry that an action makes.
func kindOf(action string) string {
	return map[string]string{ActionEnrol: KindEnrolled, ActionRevoke: KindRevoked, ActionCodes: KindCodes, ActionLand: KindBroken}[action]
}

func (s *State) order(kind string, r record) error {
	o, err := ParseOrder(r.Order)
	if err != nil {
		return err
	}
	if kindOf(o.Action) != kind {
		return refused("an order to " + o.Action + " is no entry " + kind)
	}
	who, err := s.authorise(o, r)
	if err != nil {
		return err
	}
	next := changes{now: r.At, who: who}
	if o.Action == ActionEnrol {
		if err := s.admit(o, r, who, &next); err != nil {
			return err
		}
	}
	if o.Action == ActionCodes && s.raised && !who.strong() {
		return refused("recovery codes open everything: sign with a key that verifies its user, or with a recovery code")
	}
	if o.Action == ActionLand && !who.strong() {
		return refused("breaking the glass needs a key that verifies its user (PIN or fingerprint), or a recovery code")
	}
	if err := s.revoke(o, &next); err != nil {
		return err
	}
	if len(r.Codes) > 0 {
		if o.Action != ActionCodes && len(s.codes) > 0 {
			return refused("recovery codes are replaced by an order of their own")
		}
		next.codes = r.Codes
	}
	s.commit(o, next)
	return nil
}

// changes is what an order does once all of it holds.
type changes struct {
	now     time.Time
	who     authority
	key     *holding
	revoked []*holding
	codes   []codeHash
}

func (s *State) commit(o Order, c changes) {
	s.nonces[o.Nonce] = true
	if o.Action == ActionLand {
		s.broken = append(s.broken, o)
	}
	if c.who.key != nil {
		c.who.key.counter = max(c.who.key.counter, c.who.counter)
	}
	if c.who.code != 0 {
		s.spent[c.who.code] = true
	}
	if c.key != nil {
		s.keys[c.key.ID] = c.key
		s.raised = s.raised || c.key.canBreakGlass()
	}
	for _, k := range c.revoked {
		k.revoked, k.why = &c.now, o.Reason
	}
	if len(c.codes) > 0 {
		s.codes, s.spent = c.codes, map[int]bool{}
	}
}

// authority is what stands behind an order.
type authority struct {
	owner bool
	code  int
	key   *holding
	shown
}

// strong says that it may do anything to keys.
func (a authority) strong() bool { return a.code != 0 || a.verified && a.key != nil }

func (s *State) authorise(o Order, r record) (authority, error) {
	if err := inTime(o.At, o.Expires, r.At, maxOrderLife); err != nil {
		return authority{}, err
	}
	if s.nonces[o.Nonce] {
		return authority{}, refused("this order was carried out already")
	}
	switch r.By.Method {
	case MethodOwner:
		if len(s.keys) > 0 {
			return authority{}, refused("only the first key is enrolled by the owner of the kernel: sign with a key that is enrolled, or use a recovery code")
		}
		if o.Action != ActionEnrol || len(o.Revokes) > 0 {
			return authority{}, refused("the owner of the kernel enrols the first key, nothing else")
		}
		return authority{owner: true}, nil
	case MethodRecovery:
		if n := r.By.Code; n < 1 || n > len(s.codes) || s.spent[n] {
			return authority{}, refused("there is no such recovery code, or it was used")
		}
		return authority{code: r.By.Code}, nil
	}
	k, saw, err := s.signed(r.Order, NamespaceOrder, r.By)
	if err != nil {
		return authority{}, err
	}
	if k.Operator != o.Operator && o.Action != ActionEnrol {
		return authority{}, refused("the key is " + k.Operator + "'s, the order is in the name of " + o.Operator)
	}
	return authority{key: k, shown: saw}, nil
}

// signed verifies a signature by an enrolled key and that the key's counter went on.
func (s *State) signed(text, namespace string, by evidence) (*holding, shown, error) {
	k, err := s.active(by.Key)
	if err != nil {
		return nil, shown{}, err
	}
	if by.Method != k.Method {
		return nil, shown{}, refused("the key " + k.ID + " is of method " + k.Method + ", not " + by.Method)
	}
	saw, err := k.verify(text, namespace, by)
	if err != nil {
		return nil, saw, err
	}
	if saw.counter != 0 && saw.counter <= k.counter {
		return nil, saw, refused("the security key counts fewer signatures than it did: there may be a copy of it. Revoke it")
	}
	saw.verified = saw.verified && k.Verifies // what it claims now and could not show when it was enrolled counts for nothing
	return k, saw, nil
}

func (s *State) active(id string) (*holding, error) {
	k := s.keys[id]
	switch {
	case k == nil:
		return nil, refused("no key " + id + " is enrolled: adamant operator list")
	case k.revoked != nil:
		return nil, refused("the key " + id + " was revoked at " + k.revoked.UTC().Format(time.RFC3339))
	}
	return k, nil
}

// admit makes the new key of an order. A key that verifies its user opens critical changes, so once there was one, only such
// a key or a recovery code enrols another.
func (s *State) admit(o Order, r record, who authority, next *changes) error {
	k, saw, err := enrolled(o, r.Order, r.Held, r.At)
	if err != nil {
		return err
	}
	if r.Key == nil || *r.Key != k {
		return refused("the entry's key is not the one that the order and its proof give")
	}
	if s.keys[k.ID] != nil {
		return refused("the key " + k.ID + " is, or was, enrolled already")
	}
	if k.canBreakGlass() && s.raised && !who.strong() {
		return refused("a key that verifies its user was enrolled before: sign with one, or use a recovery code")
	}
	if k.Method == gate.MethodTOTP && who.owner {
		return refused("the first key has to sign: enrol an SSH or security key")
	}
	next.key = &holding{Key: k, counter: saw.counter}
	return nil
}

func (s *State) revoke(o Order, next *changes) error {
	for _, id := range o.Revokes {
		k, err := s.active(id)
		if err != nil {
			return err
		}
		next.revoked = append(next.revoked, k)
	}
	left := s.signers()
	for _, k := range next.revoked {
		if k.Method != gate.MethodTOTP {
			left--
		}
	}
	if next.key != nil {
		left++
	}
	if len(o.Revokes) > 0 && left <= 0 && s.codesLeft() == 0 {
		return refused("that is the last key that signs, and no recovery code is left: enrol another first")
	}
	return nil
}

// signers counts the keys that can sign an order.
func (s *State) signers() int {
	n := 0
	for _, k := range s.keys {
		if k.revoked == nil && k.Method != gate.MethodTOTP {
			n++
		}
	}
	return n
}

func (s *State) codesLeft() int { return len(s.codes) - len(s.spent) }

func (s *State) approve(change string, g given) error {
	statement, err := gate.ParseStatement([]byte(g.Statement))
	if err != nil {
		return refused(err.Error())
	}
	longest := maxLife
	if statement.Scope.Level == risk.Critical {
		longest = maxCritical
	}
	switch err := inTime(statement.At, statement.Expires, g.At, longest); {
	case err != nil:
		return err
	case statement.Change != change:
		return refused("the statement is about another change")
	case s.nonces[statement.Nonce]:
		return refused("this statement was taken already: sign anew")
	}
	k, saw, err := s.consent(g)
	if err != nil {
		return err
	}
	s.nonces[statement.Nonce] = true
	k.counter, k.step = max(k.counter, saw.counter), max(k.step, g.By.Step)
	s.approvals[change] = append(s.approvals[change], approval{text: g.Statement, by: g.By, Approval: gate.Approval{
		By: k.Operator, Key: k.ID, Method: k.Method, MFA: saw.verified, At: g.At.UTC().Truncate(time.Second), Statement: statement}})
	return nil
}

func (s *State) consent(g given) (*holding, shown, error) {
	if g.By.Method != gate.MethodTOTP {
		return s.signed(g.Statement, NamespaceApproval, g.By)
	}
	k, err := s.active(g.By.Key)
	switch {
	case err != nil:
		return nil, shown{}, err
	case k.Method != gate.MethodTOTP:
		return nil, shown{}, refused("the key " + k.ID + " gives no codes")
	case g.By.Step <= k.step:
		return nil, shown{}, refused("this code was used: wait for the next one")
	}
	return k, shown{}, nil
}

// NamespaceApproval is the SSHSIG namespace of approvals.
const NamespaceApproval = "adamant-approval"

// Approvals are those given to a change, oldest first, by keys that still have authority. Whether one counts for what the
// change is now, gate.Decide says.
func (s *State) Approvals(change string) []gate.Approval {
	out := []gate.Approval{}
	for _, a := range s.approvals[change] {
		if k := s.keys[a.Key]; k != nil && k.revoked == nil {
			out = append(out, a.Approval)
		}
	}
	return out
}

// Broken are the orders by which main was moved without a judgement, oldest first.
func (s *State) Broken() []Order { return slices.Clone(s.broken) }

// list is every key that ever was, the oldest first.
func (s *State) list() []holding {
	out := make([]holding, 0, len(s.keys))
	for _, id := range slices.Sorted(maps.Keys(s.keys)) {
		out = append(out, *s.keys[id])
	}
	slices.SortStableFunc(out, func(a, b holding) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return out
}

const (
	maxFailures   = 5
	failureWindow = 15 * time.Minute
)

// recent are the wrong codes within the window before an instant.
func (s *State) recent(key string, at time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(s.failures[key]), func(t time.Time) bool { return at.Sub(t) >= failureWindow })
}

// locked says until when no more codes are tried; zero when they are.
func (s *State) locked(key string, at time.Time) time.Time {
	if wrong := s.recent(key, at); len(wrong) >= maxFailures {
		return wrong[len(wrong)-maxFailures].Add(failureWindow)
	}
	return time.Time{}
}

// clone is a copy that shares nothing that changes.
func (s *State) clone() State {
	s.init()
	out := *s
	out.keys = make(map[string]*holding, len(s.keys))
	for id, k := range s.keys {
		copied := *k
		out.keys[id] = &copied
	}
	out.spent, out.nonces, out.failures, out.approvals = maps.Clone(s.spent), maps.Clone(s.nonces), maps.Clone(s.failures), maps.Clone(s.approvals)
	return out
}
