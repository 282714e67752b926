package change

import (
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
	"pgregory.net/rapid"
)

func profiles() *rapid.Generator[profile] {
	return rapid.Custom(func(t *rapid.T) profile {
		p := profile{level: risk.Level(rapid.IntRange(0, 4).Draw(t, "level")), gates: rapid.IntRange(0, 3).Draw(t, "gates"),
			findings: rapid.IntRange(0, 2).Draw(t, "findings"), diffOfTip: rapid.Bool().Draw(t, "diffOfTip")}
		switch rapid.SampledFrom([]string{"auto", "soak", "soak", "approval", "approval", "failed", "errored", "broken", "waiver"}).Draw(t, "profile") {
		case "soak":
			p.soak = time.Hour
		case "approval":
			p.approval = true
		case "failed":
			p.failed = true
		case "errored":
			p.errored = true
		case "broken":
			p.broken = true
		case "waiver":
			p.waiver = time.Date(2026, 3, 2, rapid.IntRange(9, 14).Draw(t, "waiver"), 30, 0, 0, time.UTC)
		}
		return p
	})
}

// TestEveryInterleaving drives one change through random events; the invariants are in the simulation.
func TestEveryInterleaving(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := newKernelSim(t)
		k.review = rapid.Bool().Draw(t, "review")
		c := k.open(profiles().Draw(t, "profile"), rapid.Bool().Draw(t, "hotfix"))
		step := func(t *rapid.T) { c.step(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 1, 2}).Draw(t, "crash")) }
		queue := func(t *rapid.T) {
			if !c.place.In {
				return
			}
			c.place = Place{In: true, Base: k.main, Root: k.main.OID, Ready: rapid.Bool().Draw(t, "ready")}
			switch rapid.IntRange(0, 6).Draw(t, "place") {
			case 0: // behind another change
				c.place.Base = Tip{OID: k.next(), Governance: "g" + rapid.SampledFrom([]string{"1", "2"}).Draw(t, "g")}
			case 1: // on what main was
				if len(k.past) > 0 {
					c.place.Base.OID = rapid.SampledFrom(k.past).Draw(t, "past")
					c.place.Root = c.place.Base.OID
				}
			case 2:
				c.place.Ejected = "failed twice"
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"step": step, "step2": step, "step3": step, "step4": step, "step5": step,
			"answer":  func(*rapid.T) { c.answer() },
			"answer2": func(*rapid.T) { c.answer() },
			"late": func(t *rapid.T) {
				if len(c.old) > 0 {
					c.inbox = append(c.inbox, rapid.SampledFrom(c.old).Draw(t, "old"))
				}
			},
			"push": func(t *rapid.T) {
				c.profile = profiles().Draw(t, "profile")
				c.add("kernel:door", NewPatchSet{Head: k.next()})
			},
			"grow":    func(t *rapid.T) { c.profile = profiles().Draw(t, "profile") },
			"approve": func(*rapid.T) { c.approve() },
			"main": func(t *rapid.T) {
				k.moveMain(k.next(), rapid.SampledFrom([]string{"g1", "g1", "g1", "g2"}).Draw(t, "governance"))
				c.moved = rapid.SampledFrom([]string{"", "a.go"}).Draw(t, "moved")
			},
			"clock": func(t *rapid.T) {
				k.now = k.now.Add(time.Duration(rapid.IntRange(-120, 240).Draw(t, "minutes")) * time.Minute)
			},
			"pause":  func(t *rapid.T) { k.paused = rapid.SampledFrom([]string{"", "", "lunch"}).Draw(t, "paused") },
			"freeze": func(*rapid.T) { k.freeze = []Window{{From: k.now, Until: k.now.Add(time.Hour), Why: "release"}} },
			"queue":  queue, "queue2": queue,
			"review": func(t *rapid.T) {
				c.reviewing = false
				c.add("reviewer:r1", Reviewed{Head: c.s.Head(), Outcome: rapid.SampledFrom([]string{ReviewOK, ReviewChanges, ReviewComments}).Draw(t, "outcome")})
			},
			"operator": func(t *rapid.T) {
				bodies := []Body{Refused{Head: c.s.Head(), Reason: "no"}, GivenUp{}, Stopped{Reason: "wait"}, Continued{}, Continued{},
					Dequeued{Head: c.s.Head(), Why: "later"}, Comment{Text: "hm"}, Reviewed{Head: c.s.Head(), Outcome: ReviewOK}}
				c.add("operator:ada", rapid.SampledFrom(bodies).Draw(t, "body"))
			},
			"agent": func(t *rapid.T) { // none of this may have an effect
				before := c.s.Status
				bodies := []Body{Approved{Head: c.s.Head(), Approval: gate.Approval{By: "ada"}}, Continued{}, Enqueued{Head: c.s.Head(), Lane: LaneHotfix},
					Landed{Head: c.s.Head(), Commit: oid(3), Base: oid(4)}, Dequeued{Head: c.s.Head()}, GivenUp{}, NewPatchSet{Head: k.next()}}
				c.add("agent:eve", rapid.SampledFrom(bodies).Draw(t, "body"))
				if c.s.Status != before {
					t.Fatalf("an agent led the change from %s to %s", before, c.s.Status)
				}
			},
			"": func(t *rapid.T) { sameInAnyOrder(t, c) },
		})
		settles(c)
	})
}

// sameInAnyOrder folds the packs shuffled and doubled.
func sameInAnyOrder(t *rapid.T, c *changeSim) {
	order := make([]int, len(c.packs)+1)
	for i := range order {
		order[i] = i % len(c.packs)
	}
	var shuffled []Pack
	for _, i := range rapid.Permutation(order).Draw(t, "order") {
		shuffled = append(shuffled, c.packs[i])
	}
	if got, want := mustJSON(t, Fold(shuffled)), mustJSON(t, c.s); got != want {
		t.Fatalf("another order, another state:\n%s\n%s", got, want)
	}
}

// settles: once the world stands still and serves what is asked for, a change soon waits for people, or is through.
func settles(c *changeSim) {
	c.k.paused, c.k.freeze, c.place.Ejected = "", nil, ""
	for range 100 {
		n := c.serve()
		if n.Wait != WaitClock && n.Wait != WaitReviewer {
			return
		}
		if !n.Wake.After(c.k.now) {
			c.k.t.Fatalf("waits for %s, which has passed: %s", n.Wake, n.Why)
		}
		c.k.now = n.Wake
	}
	c.k.t.Fatalf("still waits for the clock after 100 waits in %s", c.s.Status)
}
