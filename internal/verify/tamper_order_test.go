package verify_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/verify"
)

// broken is the body of the entry that main is moved by the operator's order alone.
type broken struct {
	At    time.Time      `json:"at"`
	Order string         `json:"order"`
	By    map[string]any `json:"by"`
}

// breakGlass lands a commit by an order with a recovery code, after edit had its way with the entry; without one where it is left empty.
func (m *mutant) breakGlass(edit func(o *operator.Order, b *broken)) {
	m.Helper()
	was := m.git("rev-parse", main)
	m.set(main, m.commit(main, "in need", m.key, main))
	now := m.git("rev-parse", main)
	m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
		intent, done := all[lastOf(m.T, all, ledger.LandingIntent)], all[lastOf(m.T, all, ledger.LandingDone)]
		at := all[len(all)-1].Time.UTC().Truncate(time.Second)
		o := operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionLand, Operator: "ada", Onto: was, Lands: now, Reason: "the gate is down, and patients wait", Nonce: nonce(), At: at, Expires: at.Add(time.Hour)}
		b := broken{At: at, By: map[string]any{"method": operator.MethodRecovery, "code": 1}}
		edit(&o, &b)
		if o.Action != "" {
			text, err := o.Text()
			if err != nil {
				m.Fatal(err)
			}
			if b.By["method"] == "ssh" {
				armored, err := signer{m.f.house.keys}.Sign(context.Background(), operator.NamespaceOrder, text)
				if err != nil {
					m.Fatal(err)
				}
				b.By["key"], b.By["signature"] = m.enrolled(all), armored
			}
			b.Order = text
			all = append(all, ledger.Entry{Time: intent.Time, Actor: "operator:ada", Kind: operator.KindBroken, Body: encode(m.T, b)})
		}
		id := strings.Repeat("e", 32)
		intent.Change, intent.Body = "", encode(m.T, kernel.Intent{V: 1, ID: id, Main: kernel.Move{Ref: main, Old: git.OID(was), New: git.OID(now)}})
		done.Change, done.Body = "", encode(m.T, kernel.Outcome{V: 1, ID: id, Main: git.OID(now)})
		return append(all, intent, done)
	})
}

// enrolled is the id of the operator's key.
func (m *mutant) enrolled(all []ledger.Entry) string {
	m.Helper()
	var r struct {
		Key struct {
			ID string `json:"id"`
		} `json:"key"`
	}
	decode(m.T, all[lastOf(m.T, all, operator.KindEnrolled)].Body, &r)
	return r.Key.ID
}

func orderTamperings() []tampering {
	order := func(edit func(o *operator.Order, b *broken)) func(*mutant) {
		return func(m *mutant) { m.breakGlass(edit) }
	}
	return []tampering{
		{"order: none", false, order(func(o *operator.Order, _ *broken) { o.Action = "" }), []string{"VERDICT_MISSING"}},
		{"order: of another commit", false, order(func(o *operator.Order, _ *broken) { o.Lands = strings.Repeat("1", 40) }), []string{"VERDICT_MISSING"}},
		{"order: onto another commit", false, order(func(o *operator.Order, _ *broken) { o.Onto = strings.Repeat("1", 40) }), []string{"VERDICT_MISSING"}},
		{"order: by a recovery code that nobody has", false, order(func(_ *operator.Order, b *broken) { b.By["code"] = 99 }), []string{"APPROVAL_FORGED", "VERDICT_MISSING"}},
		{"order: by a key that does not verify its user", false, order(func(_ *operator.Order, b *broken) { b.By = map[string]any{"method": "ssh"} }), []string{"APPROVAL_FORGED", "VERDICT_MISSING"}},
		{"order: lapsed", false, order(func(_ *operator.Order, b *broken) { b.At = b.At.Add(2 * time.Hour) }), []string{"APPROVAL_FORGED", "VERDICT_MISSING"}},
		{"order: edited", false, func(m *mutant) {
			m.breakGlass(func(*operator.Order, *broken) {})
			m.edit(operator.KindBroken, func(e *ledger.Entry) {
				var b broken
				decode(m.T, e.Body, &b)
				b.Order = strings.Replace(b.Order, `{"action"`, `{ "action"`, 1)
				e.Body = encode(m.T, b)
			})
		}, []string{"APPROVAL_FORGED", "VERDICT_MISSING"}},
		{"order: carried out twice", false, func(m *mutant) {
			m.breakGlass(func(*operator.Order, *broken) {})
			m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
				return append(all, all[lastOf(m.T, all, operator.KindBroken)])
			})
		}, []string{"APPROVAL_FORGED"}},
	}
}

// TestBreakGlass: what landed by the operator's order alone holds, and is told.
func TestBreakGlass(t *testing.T) {
	t.Parallel()
	m := newMutant(t)
	m.breakGlass(func(*operator.Order, *broken) {})
	r := run(t, m.dir, verify.Options{})
	if !r.Holds() || !slices.ContainsFunc(r.Warnings, func(p verify.Problem) bool {
		return p.Code == verify.BreakGlass && strings.Contains(p.What, "the gate is down") && p.Commit == r.Main
	}) {
		t.Errorf("%v, %v", r.Failures, r.Warnings)
	}
	if text, err := json.Marshal(r); err != nil || !strings.Contains(string(text), `"BREAK_GLASS"`) {
		t.Error(string(text), err)
	}
}
