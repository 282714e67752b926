package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/risk"
)

// on is a commit whose parent is another one.
func (r *records) on(parent git.OID) git.OID {
	r.t.Helper()
	c := must(r.repo.Commit(r.t.Context(), r.commit(nil)))(r.t)
	who := git.Signature{Name: "a", Email: "a@example.com", When: at(1, 0)}
	return must(r.repo.WriteCommit(r.t.Context(), git.NewCommit{Tree: c.Tree, Parents: []git.OID{parent}, Author: who, Committer: who, Message: "work"}))(r.t)
}

// A change that an order or a hand put on main says so, and its level is what was judged, else the highest.
func TestPastTheGate(t *testing.T) {
	t.Parallel()
	nonce := strings.Repeat("0", 32)
	for name, test := range map[string]struct {
		before        *gate.Assessment // what the gate had said of the change
		kind          string           // of the ledger's line that moved main; "" = none
		day           int              // of that line
		after         map[string]any
		level         risk.Level
		rated         string
		who, controls string
	}{
		"judged afterwards": {kind: operator.KindBroken, day: 6, after: map[string]any{"nonce": nonce, "decision": "deny", "level": "high", "why": []string{"unit: it fails"}}, level: risk.High, rated: "high",
			who: "break-glass, landed past the gate by order of ada at 2026-10-06 00:00 (k-1:2): payments are down since nine", controls: "nobody judged it before; judged afterwards: deny, high (k-1:3)"},
		"not judged": {kind: operator.KindBroken, day: 6, level: risk.Critical, rated: "not judged", who: "by order of ada", controls: "nobody judged it before; not judged afterwards"},
		"it cannot be judged": {kind: operator.KindBroken, day: 6, after: map[string]any{"nonce": nonce, "why": []string{"no"}}, level: risk.Critical, rated: "not judged",
			who: "by order of ada", controls: "judged afterwards: it cannot be judged, no level"},
		"another order was judged": {kind: operator.KindBroken, day: 6, after: map[string]any{"nonce": strings.Repeat("1", 32), "decision": "allow", "level": "low"}, level: risk.Critical, rated: "not judged",
			who: "by order of ada", controls: "not judged afterwards"},
		"an order of the month before": {kind: operator.KindBroken, day: 2, level: risk.Critical, rated: "not judged", who: "by order of ada at 2026-10-02", controls: "nobody judged it before"},
		"judged before and lower afterwards": {before: &gate.Assessment{Level: risk.High}, kind: operator.KindBroken, day: 6, after: map[string]any{"nonce": nonce, "decision": "allow", "level": "low"},
			level: risk.High, rated: "high", who: "by order of ada", controls: "the gate had said allow, high; judged afterwards: allow, low"},
		"by hand":   {kind: ledger.MovedByHand, day: 6, after: map[string]any{"decision": "allow", "level": "low"}, level: risk.Low, rated: "low", who: "main was moved by hand", controls: "judged afterwards: allow, low"},
		"no record": {level: risk.Critical, rated: "not judged", who: "no record says who put it there", controls: "none let it land"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecords(t)
			onto := r.commit(nil)
			lands := r.on(onto)
			r.entry(at(1, 0), "kernel", ledger.KernelCreated, map[string]any{"main": onto})
			switch test.kind {
			case operator.KindBroken:
				order := must(operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionLand, Operator: "ada", Onto: string(onto), Lands: string(lands),
					Reason: "payments are down since nine", Nonce: nonce, At: at(test.day, 0), Expires: at(test.day, 1)}.Text())(t)
				r.entry(at(test.day, 0), "operator:ada", test.kind, map[string]string{"order": order})
			case ledger.MovedByHand:
				r.entry(at(test.day, 0), "kernel", test.kind, map[string]any{"from": onto, "to": lands})
			}
			if test.after != nil {
				test.after["from"], test.after["to"] = onto, lands
				r.entry(at(7, 0), "kernel:change", "main.judged", test.after)
			}
			c := must(r.changes.Create(t.Context(), "person:ada", change.Operation{Time: at(5, 1), Body: change.Opening{Title: "hot", Target: "main", Head: lands}}))(t)
			if test.before != nil {
				c = r.judge(c, at(5, 2), *test.before)
			}
			r.add(c, at(6, 2), change.Actor, change.Landed{Head: lands, Commit: lands, Base: lands, ByHand: true})

			got := collected(t, r)
			if len(got.Landed) != 1 || len(got.Gaps) != 0 {
				t.Fatalf("landed %+v, gaps %v", got.Landed, got.Gaps)
			}
			row := got.Landed[0]
			if row.Level != test.level || rating(row) != test.rated || !strings.Contains(approvers(row), test.who) || !strings.Contains(controls(row), test.controls) {
				t.Errorf("level %s, %s; %s; %s", row.Level, rating(row), approvers(row), controls(row))
			}
			var md bytes.Buffer
			if err := Markdown(&md, got); err != nil {
				t.Fatal(err)
			}
			high, glass := "- 0 of high", "- 0 of these by break-glass"
			if test.level >= risk.High {
				high = "- 1 of high"
			}
			if test.kind == operator.KindBroken {
				glass = "- 1 of these by break-glass"
			}
			if text := strings.ReplaceAll(md.String(), `\`, ""); !strings.Contains(text, high) || !strings.Contains(text, glass) || strings.Contains(text, "the gate lets it land") {
				t.Errorf("%s", text)
			}
		})
	}
}

// Of two moves that brought a commit, the one before it was found on main counts; one from where it was already brought nothing.
func TestLaterMove(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	onto := r.commit(nil)
	lands := r.on(onto)
	for _, day := range []int{6, 8} {
		r.entry(at(day, 0), "kernel", ledger.MovedByHand, map[string]any{"from": onto, "to": lands})
		r.entry(at(day, 1), "kernel", ledger.MovedByHand, map[string]any{"from": lands, "to": r.on(lands)})
		r.entry(at(day, 3), "kernel", ledger.MovedByHand, map[string]any{"from": lands, "to": onto})
	}
	c := must(r.changes.Create(t.Context(), "person:ada", change.Operation{Time: at(5, 1), Body: change.Opening{Title: "hot", Target: "main", Head: lands}}))(t)
	r.add(c, at(6, 2), change.Actor, change.Landed{Head: lands, Commit: lands, Base: lands, ByHand: true})
	if got := collected(t, r); len(got.Landed) != 1 || !got.Landed[0].Past.At.Equal(at(6, 0)) {
		t.Errorf("%+v", got.Landed[0].Past)
	}
}
