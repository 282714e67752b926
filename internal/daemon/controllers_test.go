package daemon

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// clock is a clock that a test moves on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) set(h *house) {
	h.now = func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
}

// hang is longer than anything takes that a test waits for, on whatever machine.
const hang = 5 * time.Minute

// kernelGit is the folder of the kernel's repository.
func (h *house) kernelGit() string { return filepath.Join(h.dir, "kernel.git") }

// until waits until a condition holds.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(hang); !holds(); {
		if time.Now().After(deadline) {
			h.t.Fatalf("never: %s", what)
		}
		if err := sleep(h.t.Context(), 20*time.Millisecond); err != nil {
			h.t.Fatal(err)
		}
	}
}

// inbox is what needs the operator.
func (h *house) inbox() []desk.Item {
	h.t.Helper()
	var in desk.Inbox
	h.call("GET", desk.PathInbox, "", nil, &in)
	return in.Items
}

// ledger counts the ledger's lines of a kind.
func (h *house) ledger(kind string) int {
	h.t.Helper()
	out, err := h.git("--git-dir", h.kernelGit(), "grep", "-h", `"kind":"`+kind+`"`, "refs/adamant/ledger/"+ledgerName(h))
	if err != nil {
		return 0
	}
	return strings.Count(out, `"kind":"`+kind+`"`)
}

const noDebts = `package adamant.rules.debts

# METADATA
# title: No debts
# custom:
#   id: team/no-debts
deny contains {"message": "a debt", "path": doc.path} if {
	some doc in input.documents
	doc.value.debt
}
`

// TestSweep brings up what a lapsed waiver leaves on main, tells of it once, over a restart too, and takes it back when
// main is clean again.
func TestSweep(t *testing.T) {
	t.Parallel()
	var c clock
	today := time.Now().UTC()
	h := newHouse(t, func(h *house) {
		c.set(h)
		h.clone.Write(".adamant/policy/debts.rego", noDebts)
		h.clone.Write("app.json", "{\"debt\": true}\n")
		h.clone.Write(".adamant/waivers/debts.yaml", `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: debts}
spec:
  rule: team/no-debts
  resource: /app.json
  justification: the bank needs a little longer
  owner: operator
  approvedBy: operator
  created: `+today.Format(time.DateOnly)+`
  expires: `+today.AddDate(0, 0, 3).Format(time.DateOnly)+`
`)
		h.clone.Commit("a debt with a waiver")
	})
	h.until("the first sweep", func() bool { return h.ledger(kindSwept) == 1 })
	if in := h.inbox(); len(in) != 0 {
		t.Fatalf("a waiver in force is in the inbox: %+v", in)
	}
	c.ahead.Store(int64(5 * 24 * time.Hour))
	h.until("the lapse is in the inbox", func() bool { return len(h.inbox()) == 1 })
	item := h.inbox()[0]
	if item.Change != "" || !strings.Contains(item.What, "debts: it lapsed on") || !strings.Contains(item.Next, "adamant waiver renew debts") {
		t.Errorf("item %+v", item)
	}
	h.until("the notice", func() bool { return h.ledger(kindNotified) == 1 })
	h.down()
	h.up()
	if in := h.inbox(); len(in) != 1 {
		t.Errorf("after a restart: %+v", in)
	}
	if err := h.client.Call(t.Context(), "POST", desk.PathSeen, item.ID, desk.Seen{}, &desk.Answer{}); err == nil {
		t.Error("what stands on main was acknowledged away")
	}
	h.edit("mend", "app.json", "{\"name\": \"app\"}\n", "Mend it")
	h.clone.Git("push", "-q", h.kernelGit(), "HEAD:refs/heads/main") // past the gate: quicker
	h.down()
	h.up()
	h.until("main is clean", func() bool {
		for _, i := range h.inbox() {
			if i.ID == item.ID {
				return false
			}
		}
		return true
	})
	if n := h.ledger(kindSwept); n != 3 {
		t.Errorf("%d sweeps are in the ledger, want 3", n)
	}
}

// TestMovedMainIsJudged judges what was put on main by hand, keeps it in the inbox over a restart, and takes it off when the
// operator says that they know.
func TestMovedMainIsJudged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.down()
	h.edit("hand", "broken", "", "Break it")
	h.clone.Git("push", "-q", h.kernelGit(), "HEAD:refs/heads/main")
	h.up()
	h.until("the move is in the inbox", h.moveJudged)
	item := h.inbox()[0]
	if !strings.Contains(item.Why, "would have said deny") || !strings.Contains(item.Why, "unit") || item.Next != "adamant inbox --seen "+item.ID {
		t.Errorf("item %+v", item)
	}
	h.until("the notice", func() bool { return h.ledger(kindNotified) == 1 }) // written after the item is there; what the operator has seen is not told
	h.down()
	h.up()
	h.until("it is there after a restart", func() bool { return len(h.inbox()) == 1 })
	var a desk.Answer
	h.call("POST", desk.PathSeen, item.ID, desk.Seen{Reason: "it was me"}, &a)
	if len(h.inbox()) != 0 {
		t.Error("it is still there")
	}
	h.down()
	h.up()
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	h.await(h.push(h.writer("ada"), "HEAD"), change.Merged)
	if len(h.inbox()) != 0 || h.ledger(kindJudged) != 1 || h.ledger(kindSeen) != 1 || h.ledger(kindNotified) != 1 {
		t.Errorf("inbox %+v, judged %d, seen %d, told %d", h.inbox(), h.ledger(kindJudged), h.ledger(kindSeen), h.ledger(kindNotified))
	}
}

// TestBrokenGlassIsJudged: what break-glass --land put on main while no daemon ran is judged by the next one, once, and told with whose
// order it was and why. It is no move by hand beside that.
func TestBrokenGlassIsJudged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	codes := h.enrol(newOperatorKey(t)).Codes
	h.down()
	h.edit("hot", "broken", "", "Payments are back")
	onto, lands := h.clone.Git("rev-parse", "main"), h.clone.Git("rev-parse", "hot")
	h.breakGlass(strings.TrimSpace(onto), strings.TrimSpace(lands), "payments are down since nine", codes[0])
	for range 2 {
		h.up()
		h.until("the order is in the inbox", h.moveJudged)
		item := h.inbox()[0]
		if item.Title != "main was moved by order of ada" || !strings.Contains(item.What, `"payments are down since nine"`) ||
			!strings.Contains(item.Why, "would have said deny") || !strings.Contains(item.Why, "unit") || item.Next != "adamant inbox --seen "+item.ID {
			t.Errorf("item %+v", item)
		}
		h.until("the notice", func() bool { return h.ledger(kindNotified) == 1 })
		h.down()
	}
	found := h.entries(kindJudged)
	if len(found) != 1 || found[0]["by"] != "ada" || found[0]["decision"] != gate.Deny || found[0]["to"] != strings.TrimSpace(lands) || found[0]["assessment"] == "" {
		t.Errorf("the ledger says %v, want one judgement of ada's order", found)
	}
	if n := h.ledger(ledger.MovedByHand); n != 0 {
		t.Errorf("%d lines say that main was moved by hand", n)
	}
	h.up()
	var a desk.Answer
	h.until("it can be seen", func() bool { return len(h.inbox()) == 1 })
	h.call("POST", desk.PathSeen, h.inbox()[0].ID, desk.Seen{Reason: "mended next"}, &a)
	h.edit("mend", "docs/a.md", "# A\n\nA word.\n", "Mend it")
	h.clone.Git("rebase", "-q", "hot")
	h.clone.Git("rm", "-q", "broken")
	h.clone.Commit("Take it away")
	c := h.await(h.push(h.writer("ada"), "HEAD"), change.NeedsOperator) // for gates that this repository does not have
	if v, err := c.Judged(); err != nil || v.Assessment.Base != strings.TrimSpace(lands) {
		t.Errorf("the next change is judged on %+v, %v; want what the order left", v, err)
	}
	if in := h.inbox(); len(in) != 1 || in[0].Change != c.ID {
		t.Errorf("it is still there: %+v", in)
	}
}

// moveJudged says that a move of main is all that the inbox has, and that it was judged.
func (h *house) moveJudged() bool {
	in := h.inbox()
	return len(in) == 1 && in[0].Status == "moved"
}

// breakGlass moves main by an order of ada's, as adamant break-glass --land does, while no daemon runs.
func (h *house) breakGlass(onto, lands, reason, code string) {
	h.t.Helper()
	ctx := h.t.Context()
	k, err := kernel.Open(ctx, h.dir)
	must(h.t, err)
	_, err = k.Acquire(ctx)
	must(h.t, err)
	authority, err := operator.Open(ctx, operator.LedgerLog{Repo: k.Repo(), Writer: k.Ledger()}, operator.Options{Now: h.now})
	must(h.t, err)
	must(h.t, k.Repo().Fetch(ctx, filepath.Join(h.clone.Dir, ".git"), []string{lands}, git.FetchOptions{}))
	now := h.now().UTC().Truncate(time.Second)
	text, err := operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionLand, Operator: "ada", Onto: onto, Lands: lands, Reason: reason,
		Nonce: nonce(h.t), At: now, Expires: now.Add(hang)}.Text()
	must(h.t, err)
	_, err = authority.Order(ctx, desk.Enrolment{Proof: desk.Proof{Statement: text, Method: operator.MethodRecovery, Code: code}}, false)
	must(h.t, err)
	err = k.Land(ctx, kernel.Landing{Main: git.RefUpdate{Name: kernel.RefMain, Old: git.OID(onto), New: git.OID(lands)}})
	must(h.t, errors.Join(err, k.Close()))
}
