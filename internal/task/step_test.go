package task

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"pgregory.net/rapid"
)

// outcomes draws how an attempt ends.
func (m *sim) outcome(t *rapid.T, a Attempt) Outcome {
	o := Outcome{Finish: rapid.SampledFrom([]string{FinishDone, FinishDone, FinishDone, FinishFailed, FinishStopped, FinishEscalated, FinishCancelled}).Draw(t, "finish"),
		Models: rapid.SampledFrom([][]Model{{claude}, {gpt}, {claude, gpt}, nil}).Draw(t, "models"), Spent: Spent{NanoUSD: 5, Tokens: 10, Requests: 1, Seconds: 2}}
	if a.Role == RoleReviewer {
		if rapid.Bool().Draw(t, "spoke") {
			o.Review = &Review{Outcome: rapid.SampledFrom([]string{change.ReviewOK, change.ReviewChanges, change.ReviewComments}).Draw(t, "review")}
		}
		return o
	}
	switch rapid.SampledFrom([]string{"new", "new", "new", "none", "same"}).Draw(t, "head") {
	case "new":
		o.Head = m.next()
	case "same":
		o.Head = a.Base
	}
	return o
}

// TestEveryInterleaving drives one task through random events; the invariants are in the simulation.
func TestEveryInterleaving(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newSim(t)
		m.agents[0].Models = rapid.IntRange(1, 2).Draw(t, "models")
		step := func(t *rapid.T) { m.step(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 1, 2}).Draw(t, "crash")) }
		ends := func(t *rapid.T) {
			if len(m.running) > 0 {
				m.end(m.running[0].ID, m.outcome(t, m.running[0]))
			}
		}
		moves := func(t *rapid.T) {
			type place struct {
				status change.Status
				on     change.Wait
			}
			p := rapid.SampledFrom([]place{{change.Checking, change.WaitGate}, {change.Rejected, change.WaitPatchSet}, {change.Reviewing, change.WaitReviewer},
				{change.Reviewing, change.WaitReviewer}, {change.NeedsOperator, change.WaitOperator}, {change.Soaking, change.WaitClock}, {change.Queued, change.WaitQueue},
				{change.Checking, ""}, {change.Suspended, change.WaitResume}}).Draw(t, "place")
			m.judged(p.status, p.on)
		}
		t.Repeat(map[string]func(*rapid.T){
			"step": step, "step2": step, "step3": step, "step4": step, "step5": step, "step6": step,
			"ends": ends, "ends2": ends, "moves": moves, "moves2": moves,
			"late": func(t *rapid.T) {
				if len(m.old) > 0 && len(m.inbox) == 0 {
					m.inbox = append(m.inbox, rapid.SampledFrom(m.old).Draw(t, "old"))
				}
			},
			"lands": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "lands") == 0 {
					m.land()
				}
			},
			"push": func(*rapid.T) { // by somebody else, to the task's change
				if m.change != nil && !m.change.State.Status.Closed() {
					m.handIn(m.next())
				}
			},
			"main": func(*rapid.T) { m.main = m.next() },
			"turn": func(t *rapid.T) { m.turn = Turn{OK: rapid.Bool().Draw(t, "turn"), Why: "after another"} },
			"clock": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(-30, 90).Draw(t, "minutes")) * time.Minute)
			},
			"operator": func(t *rapid.T) {
				bodies := []Body{Noted{Text: "mind the tests"}, Stopped{Reason: "wait"}, Resumed{Note: "go on"}, Resumed{}, Resumed{}, Retried{Agent: "coder"}, Retried{}, Cancellation{}}
				m.add("operator:ada", rapid.SampledFrom(bodies).Draw(t, "body"))
			},
			"abandon": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "abandon") == 0 && m.change != nil && !m.change.State.Status.Closed() {
					m.do(Effect{Kind: DoAbandon, Why: "not wanted"})
				}
			},
			"agent": func(t *rapid.T) { // none of this may have an effect
				before := mustJSON(t, m.s.Status)
				bodies := []Body{Resumed{}, Retried{}, Landed{Change: m.s.ID, Commit: oid(3)}, Cancellation{}, Noted{Text: "x"}, Ended{N: max(1, len(m.s.Attempts)), Finish: FinishDone, Head: oid(9)}}
				m.add("agent:eve", rapid.SampledFrom(bodies).Draw(t, "body"))
				if mustJSON(t, m.s.Status) != before {
					t.Fatalf("an agent led the task from %s to %s", before, m.s.Status)
				}
			},
			"": func(t *rapid.T) { sameInAnyOrder(t, m) },
		})
		settles(m)
	})
}

// sameInAnyOrder folds the packs shuffled and doubled.
func sameInAnyOrder(t *rapid.T, m *sim) {
	order := make([]int, len(m.packs)+1)
	for i := range order {
		order[i] = i % len(m.packs)
	}
	var shuffled []Pack
	for _, i := range rapid.Permutation(order).Draw(t, "order") {
		shuffled = append(shuffled, m.packs[i])
	}
	if got, want := mustJSON(t, Fold(shuffled)), mustJSON(t, m.s); got != want {
		t.Fatalf("another order, another state:\n%s\n%s", got, want)
	}
}

func mustJSON(t tester, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(data)
}

// settles: once agents work, the gate answers and it is everybody's turn, a task soon is done, or waits for the operator.
func settles(m *sim) {
	m.turn = Turn{OK: true}
	for range 300 {
		n := m.step(0)
		if n.Operation != nil || len(n.Do) > 0 || len(m.inbox) > 0 {
			continue
		}
		switch {
		case n.Wait == WaitNothing, n.Wait == WaitResume:
			if len(m.running) > 0 {
				m.t.Fatalf("an attempt is left running: %s", n.Why)
			}
			return
		case n.Wait == WaitAgent && len(m.running) > 0:
			a := m.running[0]
			o := Outcome{Finish: FinishDone, Models: []Model{claude}}
			if a.Role == RoleReviewer {
				o.Models, o.Review = []Model{gpt}, &Review{Outcome: change.ReviewOK}
				if m.s.Head == "" || m.change.State.Head() != a.Head {
					o.Review = nil
				}
			} else {
				o.Head = m.next()
			}
			m.end(a.ID, o)
		case n.Wait == WaitClock:
			if !n.Wake.After(m.now) {
				m.t.Fatalf("waits for %s, which has passed: %s", n.Wake, n.Why)
			}
			m.now = n.Wake
		case n.Wait == WaitChange && m.change.Wait == change.WaitOperator:
			return
		case n.Wait == WaitChange && m.change.Wait == change.WaitReviewer:
			m.t.Fatalf("nobody reads it: %s", n.Why)
		case n.Wait == WaitChange && (m.change.Wait == change.WaitClock || m.change.Wait == change.WaitQueue):
			m.land()
		case n.Wait == WaitChange:
			m.judged(change.Reviewing, change.WaitReviewer)
			if len(m.change.State.Reviews) > 0 {
				m.judged(change.Soaking, change.WaitClock)
			}
		default:
			m.t.Fatalf("it does not move: %+v", n)
		}
	}
	m.t.Fatalf("no end after 300 steps: %s", mustJSON(m.t, m.s))
}
