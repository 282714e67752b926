package operator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// Secrets keeps the shared secrets of code generators. They are the one thing of an operator that is not in the ledger,
// because the ledger is mirrored.
type Secrets interface {
	Put(name, secret string) error
	Get(name string) (string, error)
}

// Options of an Authority.
type Options struct {
	Now     func() time.Time
	Secrets Secrets  // nil: no code generators
	Sites   []string // hosts whose pages may enrol browsers' keys; default localhost
	Page    string   // origin of the approval page, for the URLs that are given out; empty: no browsers' keys
}

// Authority takes orders and approvals, writes down those that hold, and answers for them. It is safe for concurrent use.
type Authority struct {
	log Log
	opt Options

	mu       sync.Mutex
	state    State
	problems []error
	tickets  map[string]ticket
}

// Open reads the ledger. Entries that do not hold give no authority; Problems lists them.
func Open(ctx context.Context, log Log, opt Options) (*Authority, error) {
	if len(opt.Sites) == 0 {
		opt.Sites = []string{"localhost"}
	}
	a := &Authority{log: log, opt: opt, tickets: map[string]ticket{}}
	for e, err := range log.Entries(ctx) {
		if err != nil {
			return nil, fmt.Errorf("reading who has authority from the ledger: %w", err)
		}
		if err := a.state.Apply(e); err != nil {
			a.problems = append(a.problems, fmt.Errorf("ledger entry %s by %s: %w", e.Kind, e.Actor, err))
		}
	}
	return a, nil
}

// Problems are the entries of the ledger that claim authority and do not hold.
func (a *Authority) Problems() []error { return slices.Clone(a.problems) }

// Approvals are those given to a change by keys that still have authority, for gate.Standing.
func (a *Authority) Approvals(change string) []gate.Approval {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state.Approvals(change)
}

// Broken are the orders by which main was moved without a judgement, oldest first. Whoever runs the kernel judges main again
// and announces them.
func (a *Authority) Broken() []Order {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state.Broken()
}

// Revoked are the ids of the keys that were revoked, sorted. What they approved no longer counts, wherever a copy of it is kept.
func (a *Authority) Revoked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := []string{}
	for id, k := range a.state.keys {
		if k.revoked != nil {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Operators lists the keys, and how many recovery codes are left.
func (a *Authority) Operators(context.Context) (desk.Operators, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := desk.Operators{Keys: []desk.Key{}, Codes: a.state.codesLeft()}
	for _, h := range a.state.list() {
		out.Keys = append(out.Keys, shownKey(h))
	}
	return out, nil
}

func shownKey(h holding) desk.Key {
	k := desk.Key{ID: h.ID, Operator: h.Operator, Label: h.Label, Method: h.Method, Name: h.Name(), Verifies: h.Verifies, Since: h.Since, Revoked: h.revoked, Why: h.why}
	if h.Method == gate.MethodSSH || h.Method == gate.MethodSK {
		k.Public = h.Public
	}
	return k
}

// Credentials are the browsers' keys that may approve: id and site.
func (a *Authority) Credentials() []Key {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Key
	for _, h := range a.state.list() {
		if h.Method == gate.MethodWebAuthn && h.revoked == nil {
			out = append(out, h.Key)
		}
	}
	return out
}

// Approve verifies a proof for a change as it is judged now and writes it down. When it returns without an error, the approval
// is durable. A statement that would not count for v is refused, with the reason.
func (a *Authority) Approve(ctx context.Context, change string, v *gate.Verdict, p desk.Proof) (gate.Approval, error) {
	assertion, err := compact(p.Assertion)
	if err != nil {
		return gate.Approval{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	g := given{At: a.now(), Statement: p.Statement, By: evidence{Method: p.Method, Key: p.Key, Signature: p.Signature, Assertion: assertion}}
	if p.Method == gate.MethodTOTP {
		if g.By.Step, err = a.step(ctx, p.Key, p.Code); err != nil {
			return gate.Approval{}, err
		}
	}
	next := a.state.clone()
	if err := next.approve(change, g); err != nil {
		return gate.Approval{}, err
	}
	all := next.approvals[change]
	last := all[len(all)-1].Approval
	weighed := gate.Decide(v.Assessment, gate.Standing{Change: change, Approvals: []gate.Approval{last}, Now: g.At})
	if why := weighed.Approvals[0].Void; why != "" {
		return gate.Approval{}, refused("it would not count: " + why + ". Read the change again and sign anew")
	}
	if err := a.write(ctx, KindApproved, last.By, change, g); err != nil {
		return gate.Approval{}, err
	}
	a.state = next
	return last, nil
}

// step checks a code and says which time step it is of. A wrong one is written down, so that guesses stay counted when the
// process is started again.
func (a *Authority) step(ctx context.Context, key, code string) (int64, error) {
	k, err := a.state.active(key)
	if err != nil {
		return 0, err
	}
	if a.opt.Secrets == nil || k.Method != gate.MethodTOTP {
		return 0, refused("the key " + key + " gives no codes")
	}
	if err := a.unlocked(key); err != nil {
		return 0, err
	}
	secret, err := a.opt.Secrets.Get(k.Public)
	if err != nil {
		return 0, fmt.Errorf("reading the secret of the code generator %s: %w", key, err)
	}
	step, err := totpStep(secret, code, a.now())
	if errors.Is(err, errWrongCode) {
		return 0, a.fail(ctx, key, err)
	}
	return step, err
}

func (a *Authority) unlocked(key string) error {
	if until := a.state.locked(key, a.now()); !until.IsZero() {
		return refused("too many wrong codes: wait until " + until.UTC().Format(time.RFC3339))
	}
	return nil
}

// fail writes a wrong code down and gives the refusal.
func (a *Authority) fail(ctx context.Context, key string, why error) error {
	f := failed{At: a.now(), Key: key}
	if err := a.write(ctx, KindFailed, "", "", f); err != nil {
		return err
	}
	a.state.init()
	a.state.failures[key] = append(a.state.recent(key, f.At), f.At)
	return refused(why.Error())
}

// Order carries out an order about keys. owner says that the caller is the owner of the kernel's folder, which counts for the
// first key only. A browser's key is enrolled in two steps: the answer then holds the URL of the page that ends it.
func (a *Authority) Order(ctx context.Context, e desk.Enrolment, owner bool) (desk.Enrolled, error) {
	o, err := ParseOrder(e.Proof.Statement)
	if err != nil {
		return desk.Enrolled{}, refused(err.Error())
	}
	if e.Proof.Method == MethodOwner && !owner {
		return desk.Enrolled{}, refused("you are not the owner of the kernel's folder")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := record{At: a.now(), Order: e.Proof.Statement}
	if r.By, err = a.evidence(ctx, e.Proof); err != nil {
		return desk.Enrolled{}, err
	}
	if o.Action == ActionEnrol && o.Method == gate.MethodWebAuthn && len(e.New.Assertion) == 0 {
		return a.invite(o, r)
	}
	if o.Action == ActionEnrol && o.Method == gate.MethodTOTP {
		if err := a.keepSecret(o, e); err != nil {
			return desk.Enrolled{}, err
		}
	}
	if r.Held, err = heldBy(e.New); err != nil {
		return desk.Enrolled{}, err
	}
	return a.carryOut(ctx, o, r)
}

func heldBy(p desk.Proof) (evidence, error) {
	assertion, err := compact(p.Assertion)
	if err != nil {
		return evidence{}, err
	}
	return evidence{Method: p.Method, Signature: p.Signature, Assertion: assertion}, nil
}

// evidence turns a proof into what is kept of it. A recovery code is checked here, and only its number is kept.
func (a *Authority) evidence(ctx context.Context, p desk.Proof) (evidence, error) {
	assertion, err := compact(p.Assertion)
	if err != nil {
		return evidence{}, err
	}
	e := evidence{Method: p.Method, Key: p.Key, Signature: p.Signature, Assertion: assertion}
	if p.Method != MethodRecovery {
		return e, nil
	}
	if err := a.unlocked(MethodRecovery); err != nil {
		return e, err
	}
	number, text, err := splitCode(p.Code)
	if err != nil {
		return e, err
	}
	if number < 1 || number > len(a.state.codes) || a.state.spent[number] || !a.state.codes[number-1].matches(text) {
		return e, a.fail(ctx, MethodRecovery, errors.New("the recovery code is wrong, or was used"))
	}
	e.Code = number
	return e, nil
}

// keepSecret checks that the new generator works and keeps its secret.
func (a *Authority) keepSecret(o Order, e desk.Enrolment) error {
	sum := sha256.Sum256([]byte(e.Secret))
	if hex.EncodeToString(sum[:]) != o.Public {
		return refused("the secret is not the one that the order names")
	}
	if _, err := totpStep(e.Secret, e.New.Code, a.now()); err != nil {
		return refused("the new generator does not work: " + err.Error())
	}
	if a.opt.Secrets == nil {
		return refused("this kernel keeps no secrets of code generators")
	}
	return a.opt.Secrets.Put(o.Public, e.Secret)
}

// carryOut applies an order, gives recovery codes where they are due, and writes it down.
func (a *Authority) carryOut(ctx context.Context, o Order, r record) (desk.Enrolled, error) {
	var out desk.Enrolled
	if o.Action == ActionEnrol {
		k, _, err := enrolled(o, r.Order, r.Held, r.At)
		if err != nil {
			return out, err
		}
		if k.Site != "" && !slices.Contains(a.opt.Sites, k.Site) {
			return out, refused("pages of " + k.Site + " enrol no keys here")
		}
		r.Key = &k
	}
	if o.Action == ActionCodes || o.Action == ActionEnrol && len(a.state.codes) == 0 {
		var err error
		if out.Codes, r.Codes, err = newCodes(); err != nil {
			return out, err
		}
	}
	next := a.state.clone()
	if err := next.order(kindOf(o.Action), r); err != nil {
		return out, err
	}
	if err := a.write(ctx, kindOf(o.Action), o.Operator, "", r); err != nil {
		return desk.Enrolled{}, err
	}
	a.state = next
	if r.Key != nil {
		k := shownKey(*next.keys[r.Key.ID])
		out.Key = &k
	}
	out.Message = done(o)
	return out, nil
}

func done(o Order) string {
	switch o.Action {
	case ActionEnrol:
		return "enrolled a key of " + o.Operator
	case ActionRevoke:
		return fmt.Sprintf("revoked %d keys; approvals by them that have not landed no longer count", len(o.Revokes))
	case ActionLand:
		return "written down: main is moved by your order alone"
	}
	return "made new recovery codes; the old ones no longer work"
}

func (a *Authority) write(ctx context.Context, kind, actor, change string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding the ledger entry %s: %w", kind, err)
	}
	if err := a.log.Append(ctx, Entry{Kind: kind, Actor: actor, Change: change, Body: data}); err != nil {
		return fmt.Errorf("writing %s to the ledger: %w", kind, err)
	}
	return nil
}

func (a *Authority) now() time.Time { return a.opt.Now().UTC().Truncate(time.Millisecond) }

// ticketLife is how long a page that enrols a browser's key stays open.
const ticketLife = 10 * time.Minute

// ticket is an order for a browser's key that waits for the key.
type ticket struct {
	order   Order
	record  record
	expires time.Time
}

func (a *Authority) invite(o Order, r record) (desk.Enrolled, error) {
	if a.opt.Page == "" {
		return desk.Enrolled{}, refused("this daemon serves no pages, so browsers' keys cannot be enrolled: adamant up --listen localhost:PORT")
	}
	trial := a.state.clone()
	if _, err := trial.authorise(o, r); err != nil {
		return desk.Enrolled{}, err
	}
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		return desk.Enrolled{}, fmt.Errorf("making a ticket: %w", err)
	}
	name := hex.EncodeToString(raw)
	for old, t := range a.tickets {
		if !a.now().Before(t.expires) {
			delete(a.tickets, old)
		}
	}
	a.tickets[name] = ticket{order: o, record: r, expires: a.now().Add(ticketLife)}
	return desk.Enrolled{URL: a.opt.Page + "/operator/enrol/" + name, Message: "open the page within ten minutes and touch the key"}, nil
}

// Invitation is what the page of a ticket shows and asks the browser to sign: the order. It is false when there is no such
// ticket any more.
func (a *Authority) Invitation(name string) (Order, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.tickets[name]
	return t.order, ok && a.now().Before(t.expires)
}

// Accept ends the enrolment of a browser's key with what the browser gave. The ticket works once.
func (a *Authority) Accept(ctx context.Context, name string, credential json.RawMessage) (desk.Enrolled, error) {
	held, err := heldBy(desk.Proof{Method: gate.MethodWebAuthn, Assertion: credential})
	if err != nil {
		return desk.Enrolled{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.tickets[name]
	if !ok || !a.now().Before(t.expires) {
		return desk.Enrolled{}, refused("this page was used, or is older than ten minutes: adamant operator enrol --webauthn")
	}
	t.record.Held, t.record.At = held, a.now()
	out, err := a.carryOut(ctx, t.order, t.record)
	if err == nil {
		delete(a.tickets, name)
	}
	return out, err
}
