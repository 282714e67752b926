package operator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// kernel is the authority of one kernel, with its ledger and clock.
type kernel struct {
	t     *testing.T
	log   *memory
	clock *clock
	files SecretFiles
	*Authority
	nonces int
}

func newKernel(t *testing.T) *kernel {
	t.Helper()
	k := &kernel{t: t, log: &memory{}, clock: &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, files: SecretFiles{Dir: filepath.Join(t.TempDir(), "secrets")}}
	k.open()
	return k
}

// open starts the kernel anew from its ledger.
func (k *kernel) open() {
	k.t.Helper()
	a, err := Open(k.t.Context(), k.log, Options{Now: k.clock.now, Secrets: k.files, Page: "http://localhost:4000"})
	if err != nil {
		k.t.Fatal(err)
	}
	k.Authority = a
}

func (k *kernel) nonce() string { k.nonces++; return fmt.Sprintf("%032x", k.nonces) }

func (k *kernel) order(change func(*Order)) string {
	k.t.Helper()
	o := Order{APIVersion: OrderVersion, Action: ActionEnrol, Operator: "ada", Nonce: k.nonce(), At: k.clock.at, Expires: k.clock.at.Add(10 * time.Minute)}
	change(&o)
	text, err := o.Text()
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

// by is a proof of an order by an enrolled key.
func by(id string, s signer, text string) desk.Proof {
	p := s.prove(text, NamespaceOrder)
	p.Statement, p.Key = text, id
	return p
}

func asOwner(text string) desk.Proof { return desk.Proof{Statement: text, Method: MethodOwner} }

// enrol enrols a signer's key, allowed by the proof that allow makes.
func (k *kernel) enrol(s signer, allow func(text string) desk.Proof, change ...func(*Order)) (desk.Enrolled, error) {
	k.t.Helper()
	text := k.order(func(o *Order) {
		o.Method, o.Public = s.method(), s.public()
		for _, f := range change {
			f(o)
		}
	})
	e := desk.Enrolment{Proof: allow(text)}
	if b, ok := s.(*browser); ok {
		invited, err := k.Order(k.t.Context(), e, true)
		if err != nil {
			return invited, err
		}
		ticket := invited.URL[strings.LastIndex(invited.URL, "/")+1:]
		return k.Accept(k.t.Context(), ticket, b.create(text))
	}
	e.New = s.prove(text, NamespaceOrder)
	return k.Order(k.t.Context(), e, true)
}

// first enrols the first key and gives its id and the recovery codes.
func (k *kernel) first(s signer) (string, []string) {
	k.t.Helper()
	got, err := k.enrol(s, asOwner)
	if err != nil {
		k.t.Fatal(err)
	}
	return got.Key.ID, got.Codes
}

func waiting(level risk.Level) *gate.Verdict {
	a := &gate.Assessment{Target: "main", Base: "b", Head: "h", MergedTree: "t", EffectiveDiff: "e", Governance: "g", Level: level, Digest: "d"}
	a.Gates = []gate.Gate{{Name: "approval", State: gate.Waiting}}
	if level == risk.Critical {
		a.Gates = []gate.Gate{{Name: "break-glass", State: gate.Waiting}, {Name: "mfa-approval", State: gate.Waiting}}
	}
	return gate.Decide(a, gate.Standing{Change: "c1", Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
}

func (k *kernel) statement(v *gate.Verdict, change func(*gate.Statement)) string {
	k.t.Helper()
	s := gate.Draft(v, nil)
	s.Reason, s.Nonce, s.At, s.Expires = "it was asked for in the ticket", k.nonce(), k.clock.at, k.clock.at.Add(time.Hour)
	if change != nil {
		change(&s)
	}
	text, err := s.Text()
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

// approve signs and gives an approval of v.
func (k *kernel) approve(id string, s signer, v *gate.Verdict) (gate.Approval, error) {
	k.t.Helper()
	text := k.statement(v, nil)
	p := s.prove(text, NamespaceApproval)
	p.Statement, p.Key = text, id
	return k.Approve(k.t.Context(), "c1", v, p)
}

func wantRefused(t *testing.T, err error, part string) {
	t.Helper()
	var no *RefusedError
	if !errors.As(err, &no) || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want a refusal with %q", err, part)
	}
}

// Every kind of key is enrolled, approves, and still does after the ledger was read again.
func TestKeys(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make     func(*testing.T) signer
		critical bool
	}{
		"ed25519":                  {func(t *testing.T) signer { return newSSH(t) }, false},
		"ecdsa":                    {func(t *testing.T) signer { return newECDSA(t) }, false},
		"rsa":                      {func(t *testing.T) signer { return newRSA(t) }, false},
		"security key, touched":    {func(t *testing.T) signer { return newSecurityKey(t, 1) }, false},
		"security key, with PIN":   {func(t *testing.T) signer { return newSecurityKey(t, 5) }, true},
		"browser, touched":         {func(t *testing.T) signer { return newBrowser(t, 1) }, false},
		"browser, with PIN":        {func(t *testing.T) signer { return newBrowser(t, 5) }, true},
		"browser of a synced pass": {func(t *testing.T) signer { return newBrowser(t, 0x1d) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, s := newKernel(t), tt.make(t)
			id, codes := k.first(s)
			if len(codes) != codeCount {
				t.Fatalf("%d recovery codes", len(codes))
			}
			if _, err := k.approve(id, s, waiting(risk.High)); err != nil {
				t.Fatal(err)
			}
			got, err := k.approve(id, s, waiting(risk.Critical))
			if tt.critical && (err != nil || !got.MFA) {
				t.Errorf("critical: %+v, %v", got, err)
			}
			if !tt.critical {
				wantRefused(t, err, "verifies its user")
			}
			before := k.Approvals("c1")
			k.open()
			if len(k.Problems()) != 0 || !slices.EqualFunc(before, k.Approvals("c1"), func(a, b gate.Approval) bool {
				return a.Key == b.Key && a.At.Equal(b.At) && a.MFA == b.MFA && a.Statement.Nonce == b.Statement.Nonce
			}) {
				t.Errorf("read again: %v, %+v, want %+v", k.Problems(), k.Approvals("c1"), before)
			}
		})
	}
}

func TestWhatNobodySigned(t *testing.T) {
	t.Parallel()
	k, s := newKernel(t), newSSH(t)
	id, _ := k.first(s)
	v := waiting(risk.High)
	other := newSSH(t)
	proof := func(by signer, text, namespace string) desk.Proof {
		p := by.prove(text, namespace)
		p.Statement, p.Key = text, id
		return p
	}
	good := k.statement(v, nil)
	tests := []struct {
		name  string
		proof desk.Proof
		want  string
	}{
		{"another's key", proof(other, good, NamespaceApproval), "not by the key that is named"},
		{"another namespace", proof(s, good, NamespaceOrder), "namespace"},
		{"git's namespace", proof(s, good, sshsig.NamespaceGit), "namespace"},
		{"other words", func() desk.Proof { p := proof(s, good, NamespaceApproval); p.Statement = k.statement(v, nil); return p }(), "does not verify"},
		{"an unknown key", func() desk.Proof { p := proof(s, good, NamespaceApproval); p.Key = "0"; return p }(), "no key 0 is enrolled"},
		{"another method", func() desk.Proof { p := proof(s, good, NamespaceApproval); p.Method = "sk-ssh"; return p }(), "not sk-ssh"},
		{"no signature", desk.Proof{Method: "ssh", Key: id, Statement: good}, "SSH SIGNATURE"},
		{"the owner's word", desk.Proof{Method: MethodOwner, Key: id, Statement: good}, "not owner"},
		{"a code of a key that has none", desk.Proof{Method: "totp", Key: id, Code: "123456", Statement: good}, "gives no codes"},
		{"another change", proof(s, k.statement(v, func(s *gate.Statement) { s.Change = "c2" }), NamespaceApproval), "another change"},
		{"lapsed", proof(s, k.statement(v, func(s *gate.Statement) { s.At, s.Expires = k.clock.at.Add(-2*time.Hour), k.clock.at }), NamespaceApproval), "lapsed"},
		{"of tomorrow", proof(s, k.statement(v, func(s *gate.Statement) {
			s.At, s.Expires = k.clock.at.Add(24*time.Hour), k.clock.at.Add(25*time.Hour)
		}), NamespaceApproval), "yet to come"},
		{"for ever", proof(s, k.statement(v, func(s *gate.Statement) { s.Expires = k.clock.at.Add(31 * 24 * time.Hour) }), NamespaceApproval), "longer than"},
		{"an old patch set", proof(s, k.statement(v, func(s *gate.Statement) { s.Scope.Head = "h0" }), NamespaceApproval), "new patch set"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := k.Approve(t.Context(), "c1", v, tt.proof)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if n := len(k.Approvals("c1")); n != 0 || len(k.log.entries) != 1 {
		t.Errorf("%d approvals, %d entries", n, len(k.log.entries))
	}
}

func TestStatementsWorkOnce(t *testing.T) {
	t.Parallel()
	k, s := newKernel(t), newSSH(t)
	id, _ := k.first(s)
	v := waiting(risk.High)
	p := s.prove(k.statement(v, nil), NamespaceApproval)
	p.Key = id
	k.nonces--
	p.Statement = k.statement(v, nil) // the same nonce, the same words
	if _, err := k.Approve(t.Context(), "c1", v, p); err != nil {
		t.Fatal(err)
	}
	_, err := k.Approve(t.Context(), "c1", v, p)
	wantRefused(t, err, "taken already")
	k.open()
	_, err = k.Approve(t.Context(), "c1", v, p)
	wantRefused(t, err, "taken already")
}

// What the ledger did not take gives no authority.
func TestNothingCountsUnwritten(t *testing.T) {
	t.Parallel()
	k, s := newKernel(t), newSSH(t)
	k.log.broken = errors.New("disk full")
	if _, err := k.enrol(s, asOwner); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Fatal(err)
	}
	if ops, _ := k.Operators(t.Context()); len(ops.Keys) != 0 {
		t.Fatalf("%+v", ops)
	}
	k.log.broken = nil
	id, _ := k.first(s)
	k.log.broken = errors.New("disk full")
	if _, err := k.approve(id, s, waiting(risk.High)); err == nil || len(k.Approvals("c1")) != 0 {
		t.Errorf("%v, %d approvals", err, len(k.Approvals("c1")))
	}
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	t.Run("the owner enrols the first key only", func(t *testing.T) {
		t.Parallel()
		k := newKernel(t)
		text := k.order(func(o *Order) { s := newSSH(t); o.Method, o.Public = s.method(), s.public() })
		_, err := k.Order(t.Context(), desk.Enrolment{Proof: asOwner(text)}, false)
		wantRefused(t, err, "not the owner")
		k.first(newSSH(t))
		_, err = k.enrol(newSSH(t), asOwner)
		wantRefused(t, err, "only the first key")
	})
	t.Run("a later one by a key", func(t *testing.T) {
		t.Parallel()
		k, a, b := newKernel(t), newSSH(t), newSSH(t)
		id, _ := k.first(a)
		if _, err := k.enrol(b, func(text string) desk.Proof { return by(id, b, text) }); err == nil {
			t.Error("a key enrolled itself")
		}
		got, err := k.enrol(b, func(text string) desk.Proof { return by(id, a, text) })
		if err != nil || len(got.Codes) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		_, err = k.enrol(b, func(text string) desk.Proof { return by(id, a, text) })
		wantRefused(t, err, "enrolled already")
		if _, err := k.approve(got.Key.ID, b, waiting(risk.High)); err != nil {
			t.Error(err)
		}
	})
	t.Run("who asks holds the key", func(t *testing.T) {
		t.Parallel()
		k, a, b := newKernel(t), newSSH(t), newSSH(t)
		id, _ := k.first(a)
		text := k.order(func(o *Order) { o.Method, o.Public = "ssh", b.public() })
		_, err := k.Order(t.Context(), desk.Enrolment{Proof: by(id, a, text), New: a.prove(text, NamespaceOrder)}, false)
		if err == nil || !strings.Contains(err.Error(), "the new key did not sign") {
			t.Error(err)
		}
	})
	t.Run("an order works once", func(t *testing.T) {
		t.Parallel()
		k, a := newKernel(t), newSSH(t)
		id, _ := k.first(a)
		text := k.order(func(o *Order) { o.Action = ActionCodes })
		if _, err := k.Order(t.Context(), desk.Enrolment{Proof: by(id, a, text)}, false); err != nil {
			t.Fatal(err)
		}
		_, err := k.Order(t.Context(), desk.Enrolment{Proof: by(id, a, text)}, false)
		wantRefused(t, err, "carried out already")
	})
	t.Run("a plain key makes no stronger one once there was one", func(t *testing.T) {
		t.Parallel()
		k, plain, strong := newKernel(t), newSSH(t), newSecurityKey(t, 5)
		id, codes := k.first(plain)
		byPlain := func(text string) desk.Proof { return by(id, plain, text) }
		first, err := k.enrol(strong, byPlain)
		if err != nil {
			t.Fatal(err)
		}
		for _, thief := range []signer{newSecurityKey(t, 5), newBrowser(t, 5)} {
			_, err = k.enrol(thief, byPlain)
			wantRefused(t, err, "verifies its user was enrolled before")
		}
		text := k.order(func(o *Order) { o.Action, o.Revokes = ActionRevoke, []string{first.Key.ID} })
		if _, err := k.Order(t.Context(), desk.Enrolment{Proof: byPlain(text)}, false); err != nil {
			t.Fatal(err)
		}
		_, err = k.enrol(newSecurityKey(t, 5), byPlain) // revoking does not open the way
		wantRefused(t, err, "verifies its user was enrolled before")
		text = k.order(func(o *Order) { o.Action = ActionCodes })
		_, err = k.Order(t.Context(), desk.Enrolment{Proof: byPlain(text)}, false)
		wantRefused(t, err, "recovery codes open everything")
		if _, err := k.enrol(newSecurityKey(t, 5), func(text string) desk.Proof {
			return desk.Proof{Statement: text, Method: MethodRecovery, Code: codes[0]}
		}); err != nil {
			t.Errorf("by a recovery code: %v", err)
		}
	})
	t.Run("a key that could not verify its user never does", func(t *testing.T) {
		t.Parallel()
		k, b := newKernel(t), newBrowser(t, 1)
		id, _ := k.first(b)
		b.flags = 5
		got, err := k.approve(id, b, waiting(risk.High))
		if err != nil || got.MFA {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("a security key that nobody touched", func(t *testing.T) {
		t.Parallel()
		k := newKernel(t)
		_, err := k.enrol(newSecurityKey(t, 4), asOwner)
		if err == nil || !strings.Contains(err.Error(), "not touched") {
			t.Error(err)
		}
	})
	t.Run("a copied security key", func(t *testing.T) {
		t.Parallel()
		k, s := newKernel(t), newSecurityKey(t, 5)
		id, _ := k.first(s)
		s.counter = 0
		_, err := k.approve(id, s, waiting(risk.High))
		wantRefused(t, err, "there may be a copy")
	})
}

func TestBrowserKeys(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*browser)
		want   string
	}{
		"another site":                  {func(b *browser) { b.origin, b.site = "https://evil.example", "evil.example" }, "enrol no keys here"},
		"a page that is not secure":     {func(b *browser) { b.origin, b.site = "http://adamant.example", "adamant.example" }, "neither https"},
		"an authenticator of elsewhere": {func(b *browser) { b.site = "evil.example" }, "does not verify"},
		"nobody touched it":             {func(b *browser) { b.flags = 0 }, "does not verify"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, b := newKernel(t), newBrowser(t, 5)
			tt.change(b)
			_, err := k.enrol(b, asOwner)
			wantRefused(t, err, tt.want)
			good := newBrowser(t, 5)
			id, _ := k.first(good)
			tt.change(good)
			if _, err := k.approve(id, good, waiting(risk.High)); err == nil {
				t.Error("and it approved")
			}
		})
	}
	t.Run("the right key on a page of elsewhere", func(t *testing.T) {
		t.Parallel()
		k, b := newKernel(t), newBrowser(t, 5)
		id, _ := k.first(b)
		b.origin = "https://evil.example" // and the authenticator still says localhost
		_, err := k.approve(id, b, waiting(risk.High))
		wantRefused(t, err, "for another site")
	})
	t.Run("the page works once and for ten minutes", func(t *testing.T) {
		t.Parallel()
		k, b := newKernel(t), newBrowser(t, 5)
		text := k.order(func(o *Order) { o.Method = "webauthn" })
		invited, err := k.Order(t.Context(), desk.Enrolment{Proof: asOwner(text)}, true)
		if err != nil {
			t.Fatal(err)
		}
		ticket := invited.URL[strings.LastIndex(invited.URL, "/")+1:]
		if o, ok := k.Invitation(ticket); !ok || o.Operator != "ada" {
			t.Fatalf("%+v, %v", o, ok)
		}
		k.clock.at = k.clock.at.Add(ticketLife)
		_, err = k.Accept(t.Context(), ticket, b.create(text))
		wantRefused(t, err, "older than ten minutes")
		k.clock.at = k.clock.at.Add(-time.Second)
		if _, err := k.Accept(t.Context(), ticket, b.create(text)); err != nil {
			t.Fatal(err)
		}
		_, err = k.Accept(t.Context(), ticket, b.create(text))
		wantRefused(t, err, "was used")
	})
}

func TestRecoveryCodes(t *testing.T) {
	t.Parallel()
	k, lost := newKernel(t), newSSH(t)
	id, codes := k.first(lost)
	if _, err := k.approve(id, lost, waiting(risk.High)); err != nil {
		t.Fatal(err)
	}
	for _, e := range k.log.entries {
		if strings.Contains(string(e.Body), codes[0][3:8]) {
			t.Fatal("a recovery code is in the ledger")
		}
	}
	k.clock.at = k.clock.at.Add(time.Minute)
	recover := func(code string) (desk.Enrolled, error) {
		return k.enrol(newSSH(t), func(text string) desk.Proof { return desk.Proof{Statement: text, Method: MethodRecovery, Code: code} },
			func(o *Order) { o.Revokes, o.Reason = []string{id}, "lost with the laptop" })
	}
	_, err := recover(codes[0][:len(codes[0])-1] + "~")
	wantRefused(t, err, "wrong, or was used")
	if _, err := recover(strings.ToLower(strings.ReplaceAll(codes[3], "-", " "))); err != nil {
		t.Fatal(err)
	}
	if n := len(k.Approvals("c1")); n != 0 {
		t.Errorf("%d approvals by a lost key still count", n)
	}
	if got := k.Revoked(); !slices.Equal(got, []string{id}) {
		t.Errorf("revoked %v", got)
	}
	_, err = k.approve(id, lost, waiting(risk.High))
	wantRefused(t, err, "was revoked")
	_, err = recover(codes[3])
	wantRefused(t, err, "wrong, or was used")
	text := k.order(func(o *Order) { o.Action = ActionCodes })
	body, err := json.Marshal(record{At: k.clock.at, Order: text, By: evidence{Method: MethodRecovery, Code: 4}})
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, k.state.Apply(Entry{Kind: KindCodes, Body: body}), "no such recovery code, or it was used") // as the ledger is read
	k.open()
	_, err = recover(codes[3])
	wantRefused(t, err, "wrong, or was used")
	if ops, _ := k.Operators(t.Context()); ops.Codes != codeCount-1 || ops.Keys[0].Why != "lost with the laptop" || len(k.Problems()) != 0 {
		t.Errorf("%+v, %v", ops, k.Problems())
	}
	for range maxFailures - 3 {
		_, err = recover("01-AAAAA-AAAAA-AAAAA-AAAAA")
		wantRefused(t, err, "wrong")
	}
	_, err = recover(codes[4])
	wantRefused(t, err, "too many wrong codes")
}

// Main moves without a judgement by a strong proof only.
func TestOrderToLand(t *testing.T) {
	t.Parallel()
	for flags, want := range map[byte]bool{1: false, 5: true} {
		k, s := newKernel(t), newSecurityKey(t, flags)
		id, _ := k.first(s)
		text := k.order(func(o *Order) {
			o.Action, o.Onto, o.Lands, o.Reason = ActionLand, "1111", "2222", "payments are down since nine"
		})
		_, err := k.Order(t.Context(), desk.Enrolment{Proof: by(id, s, text)}, true)
		if want && (err != nil || len(k.Broken()) != 1) {
			t.Errorf("with PIN: %v", err)
		}
		if !want {
			wantRefused(t, err, "breaking the glass needs")
		}
	}
}

func TestLastKeyStays(t *testing.T) {
	t.Parallel()
	k, s := newKernel(t), newSSH(t)
	id, codes := k.first(s)
	k.state.spent = map[int]bool{}
	for n := range codes {
		k.state.spent[n+1] = true
	}
	text := k.order(func(o *Order) { o.Action, o.Revokes = ActionRevoke, []string{id} })
	_, err := k.Order(t.Context(), desk.Enrolment{Proof: by(id, s, text)}, false)
	wantRefused(t, err, "the last key")
	k.state.spent = map[int]bool{}
	if _, err := k.Order(t.Context(), desk.Enrolment{Proof: by(id, s, text)}, false); err != nil {
		t.Errorf("with codes left: %v", err)
	}
}

func TestCodeGenerator(t *testing.T) {
	t.Parallel()
	k, s := newKernel(t), newSSH(t)
	owner, _ := k.first(s)
	secret, url, err := NewTOTP("ada", "demo")
	if err != nil || !strings.Contains(url, "otpauth://totp/") {
		t.Fatal(url, err)
	}
	code := func() string {
		c, err := totp.GenerateCode(secret, k.clock.at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	sum := sha256.Sum256([]byte(secret))
	order := func() desk.Enrolment {
		text := k.order(func(o *Order) { o.Method, o.Public = "totp", hex.EncodeToString(sum[:]) })
		return desk.Enrolment{Proof: by(owner, s, text), Secret: secret, New: desk.Proof{Method: "totp", Code: code()}}
	}
	wrong := order()
	wrong.New.Code = "000000"
	_, err = k.Order(t.Context(), wrong, false)
	wantRefused(t, err, "does not work")
	got, err := k.Order(t.Context(), order(), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range k.log.entries {
		if strings.Contains(string(e.Body), secret) {
			t.Fatal("the secret is in the ledger")
		}
	}
	give := func(level risk.Level, code string) error {
		v := waiting(level)
		_, err := k.Approve(t.Context(), "c1", v, desk.Proof{Statement: k.statement(v, nil), Method: "totp", Key: got.Key.ID, Code: code})
		return err
	}
	wantRefused(t, give(risk.Critical, code()), "verifies its user")
	if err := give(risk.High, code()); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, give(risk.High, code()), "this code was used")
	k.open()
	wantRefused(t, give(risk.High, code()), "this code was used")
	k.clock.at = k.clock.at.Add(30 * time.Second)
	if err := give(risk.High, code()); err != nil {
		t.Fatalf("the next code: %v", err)
	}
	k.clock.at = k.clock.at.Add(time.Minute)
	for range maxFailures {
		wantRefused(t, give(risk.High, "000000"), "wrong")
	}
	wantRefused(t, give(risk.High, code()), "too many wrong codes")
	k.open()
	wantRefused(t, give(risk.High, code()), "too many wrong codes")
	k.clock.at = k.clock.at.Add(failureWindow)
	if err := give(risk.High, code()); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	text := k.order(func(o *Order) { o.Action = ActionCodes })
	_, err = k.Order(t.Context(), desk.Enrolment{Proof: desk.Proof{Statement: text, Method: "totp", Key: got.Key.ID, Code: code()}}, false)
	wantRefused(t, err, "signs nothing")
	file := filepath.Join(k.files.Dir, hex.EncodeToString(sum[:]))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	k.clock.at = k.clock.at.Add(time.Minute)
	if err := give(risk.High, code()); err == nil || !strings.Contains(err.Error(), "others may read its secret") {
		t.Error(err)
	}
}

// A ledger that somebody edited gives no authority that its signatures do not.
func TestEditedLedger(t *testing.T) {
	t.Parallel()
	k, a, b := newKernel(t), newSSH(t), newSSH(t)
	id, _ := k.first(a)
	if _, err := k.enrol(b, func(text string) desk.Proof { return by(id, a, text) }); err != nil {
		t.Fatal(err)
	}
	if _, err := k.approve(id, a, waiting(risk.High)); err != nil {
		t.Fatal(err)
	}
	good := slices.Clone(k.log.entries)
	edit := func(n int, old, new string) {
		t.Helper()
		k.log.entries = slices.Clone(good)
		body := strings.ReplaceAll(string(good[n].Body), old, new)
		if body == string(good[n].Body) {
			t.Fatalf("%q is not in entry %d", old, n)
		}
		k.log.entries[n].Body = []byte(body)
		k.open()
		if len(k.Problems()) == 0 {
			t.Errorf("%s for %s in entry %d: no problem", new, old, n)
		}
	}
	edit(1, "ada", "eve")
	edit(1, `"method":"ssh","key":"`+id, `"method":"owner","key":"`+id)
	edit(1, `"verifies":false`, `"verifies":true`)
	edit(2, `"h\"`, `"h2\"`)
	k.log.entries = slices.Clone(good)
	k.log.entries[2].Change = "c2"
	if k.open(); len(k.Problems()) != 1 || len(k.Approvals("c2")) != 0 {
		t.Errorf("another change: %v, %d approvals", k.Problems(), len(k.Approvals("c2")))
	}
	k.log.entries = append(slices.Clone(good), good[2])
	k.open()
	if len(k.Problems()) != 1 || len(k.Approvals("c1")) != 1 {
		t.Errorf("an entry twice: %v, %d approvals", k.Problems(), len(k.Approvals("c1")))
	}
	k.log.entries = append(slices.Clone(good), Entry{Kind: "operator.crowned", Body: []byte("{}")})
	if k.open(); len(k.Problems()) != 1 || !errors.Is(k.Problems()[0], ErrUnknownEntry) {
		t.Errorf("%v", k.Problems())
	}
}

// What counts for the gate: main moves, the approval is kept; a finding appears, it is not.
func TestApprovalReachesTheGate(t *testing.T) {
	t.Parallel()
	k, s := newKernel(t), newSSH(t)
	id, _ := k.first(s)
	v := waiting(risk.High)
	if _, err := k.approve(id, s, v); err != nil {
		t.Fatal(err)
	}
	moved := *v.Assessment
	moved.Base, moved.MergedTree = "b2", "t2"
	standing := gate.Standing{Change: "c1", Approvals: k.Approvals("c1"), Now: k.clock.at}
	if got := gate.Decide(&moved, standing); got.Decision != gate.Allow {
		t.Errorf("%+v", got.Reasons)
	}
	moved.Findings = []finding.Finding{{Rule: "r", Fingerprint: "f", Severity: finding.Note, State: finding.New}}
	if got := gate.Decide(&moved, standing); got.Decision != gate.Hold {
		t.Errorf("%s", got.Decision)
	}
}
