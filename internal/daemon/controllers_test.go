package daemon

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// clock is a clock that a test moves on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) set(h *house) {
	h.now = func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
}

// kernelGit is the folder of the kernel's repository.
func (h *house) kernelGit() string { return filepath.Join(h.dir, "kernel.git") }

// until waits until a condition holds.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !holds(); {
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
	h.until("the move is in the inbox", func() bool { return len(h.inbox()) == 1 })
	item := h.inbox()[0]
	if !strings.Contains(item.Why, "would have said deny") || !strings.Contains(item.Why, "unit") || item.Next != "adamant inbox --seen "+item.ID {
		t.Errorf("item %+v", item)
	}
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
