package landing_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/mergequeue"
	"github.com/adamant-os/adamant/internal/mergequeue/simulation"
)

// The same stream of changes goes through the scheduler and the composer on real repositories, once for each strategy. A
// check is a real look at a real tree: it fails when a file of a component says BROKEN, or when two files that do not
// go together are both there. ADAMANT_QUEUE_CHANGES makes the stream longer (make test-queue).
func TestStrategiesOnRealRepositories(t *testing.T) {
	t.Parallel()
	n := 10
	if text := os.Getenv("ADAMANT_QUEUE_CHANGES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	order := []string{"serial", "batch", "chain", "lanes", "adamant"}
	took := make([]time.Duration, len(order))
	for _, s := range simulation.Strategies(8) {
		i := slices.Index(order, s.Name)
		if i < 0 {
			continue
		}
		y := newYard(t, n, s.Queue)
		y.run()
		y.everyCommitIsGood()
		took[i] = y.now.Sub(now)
		t.Logf("%-8s %3d landed, %2d ejected of %d; %3d runs; %s until the last (%.1f landed/h)", s.Name, y.landed, y.ejected, n, y.runs,
			took[i], float64(y.landed)/took[i].Hours())
	}
	for i := 1; i < len(order) && n >= 24; i++ { // a short stream says nothing about throughput
		if before := took[i-1]; took[i] > before && order[i] != "adamant" || took[i] > took[0]/2 && order[i] == "adamant" {
			t.Errorf("%s took %s, %s %s", order[i], took[i], order[i-1], before)
		}
	}
}

// yard is a repository with a queue in front of it, in simulated time.
type yard struct {
	*lab
	queue                 *mergequeue.Queue
	items                 map[string]landing.Item
	arrivals              []mergequeue.Change
	now                   time.Time
	main                  git.OID
	ends                  []runEnd
	landed, ejected, runs int
	trees                 map[git.OID]bool // what checks said
}

type runEnd struct {
	at   time.Time
	run  mergequeue.RunID
	tree git.OID
	ok   bool
	note string
}

const yardCheck = 10 * time.Minute

// newYard makes a stream of changes: each adds a file to one of four components; one in eight is broken, one in ten does
// not go with its neighbour, and one in eight edits a line that others edit too.
func newYard(t *testing.T, n int, opt mergequeue.Options) *yard {
	t.Helper()
	y := &yard{lab: newLab(t, "sha1"), items: map[string]landing.Item{}, now: now, trees: map[git.OID]bool{}}
	dice := rand.New(rand.NewPCG(1, 2))
	for c := range 4 {
		y.Write(fmt.Sprintf("c%d/shared.txt", c), lines("shared", 6))
	}
	y.main = git.OID(y.Commit("components"))
	y.queue = mergequeue.New(opt, string(y.main))
	for i := range n {
		id, component := fmt.Sprintf("change%04d", i), dice.IntN(4)
		kind, place := dice.IntN(40), dice.IntN(3)
		item := y.change(id, func() {
			text := "fine\n"
			switch {
			case kind < 5:
				text = "BROKEN\n"
			case kind < 9:
				text = fmt.Sprintf("not with c%d/%d\n", component, place)
			case kind < 13:
				text = fmt.Sprintf("is c%d/%d\n", component, place)
			case kind < 18:
				y.Write(fmt.Sprintf("c%d/shared.txt", component), strings.Replace(lines("shared", 6), fmt.Sprintf("shared %d\n", place*2), id+"\n", 1))
			}
			y.Write(fmt.Sprintf("c%d/%s.txt", component, id), text)
		})
		item.Change = id
		y.items[id] = item
		y.arrivals = append(y.arrivals, mergequeue.Change{ID: id, Eligible: now.Add(time.Duration(i) * time.Minute), Risk: dice.IntN(1001),
			Affected: mergequeue.Affected{By: "components", IDs: []string{strconv.Itoa(component)}}})
	}
	return y
}

// run plays the stream until nothing is left.
func (y *yard) run() {
	for len(y.arrivals) > 0 || len(y.ends) > 0 {
		if len(y.arrivals) > 0 && (len(y.ends) == 0 || y.arrivals[0].Eligible.Before(y.ends[0].at)) {
			c := y.arrivals[0]
			y.arrivals, y.now = y.arrivals[1:], c.Eligible
			y.apply(mergequeue.Arrived{Change: c})
			continue
		}
		end := y.ends[0]
		y.ends, y.now = y.ends[1:], end.at
		outcome := mergequeue.Failed
		if end.ok {
			outcome = mergequeue.Passed
		}
		y.apply(mergequeue.Finished{Run: end.run, Outcome: outcome, Note: end.note})
		if len(y.ends) == 0 && len(y.arrivals) == 0 {
			y.now = y.now.Add(yardCheck)
			y.apply(mergequeue.Clock{})
		}
	}
	if y.landed+y.ejected != len(y.items) {
		y.t.Fatalf("%d landed and %d ejected of %d", y.landed, y.ejected, len(y.items))
	}
}

func (y *yard) apply(e mergequeue.Event) {
	for _, a := range y.queue.Apply(y.now, e) {
		switch a := a.(type) {
		case mergequeue.Start:
			y.start(a)
		case mergequeue.Cancel:
			y.ends = slices.DeleteFunc(y.ends, func(r runEnd) bool { return r.run == a.Run })
		case mergequeue.Land:
			y.landBatch(a)
		case mergequeue.Eject:
			y.ejected++
		}
	}
}

// on composes changes on a commit with the composer.
func (y *yard) on(base git.OID, ids []string) (*landing.Composition, error) {
	var items []landing.Item
	for _, id := range ids {
		items = append(items, y.items[id])
	}
	return landing.Compose(y.t.Context(), y.repo, base, items, landing.Options{Judge: y.judge, Committer: git.Signature{Name: "adamant", When: y.now}})
}

// start composes what a run proves and looks at the tip. What cannot be composed fails at once.
func (y *yard) start(a mergequeue.Start) {
	y.runs++
	end := runEnd{at: y.now.Add(yardCheck), run: a.Run}
	c, err := y.on(git.OID(a.Base), slices.Concat(a.Chain, a.Batch))
	var refusal *landing.Refusal
	switch {
	case errors.As(err, &refusal):
		end.note = refusal.Error()
	case err != nil:
		y.t.Fatal(err)
	default:
		end.tree = c.Commits[len(c.Commits)-1].Tree
		end.ok = y.good(end.tree)
	}
	y.ends = append(y.ends, end)
}

// landBatch puts a batch on main, and looks at each commit: a proof of other lanes must hold here too.
func (y *yard) landBatch(a mergequeue.Land) {
	c, err := y.on(git.OID(a.Main), a.Changes)
	if err != nil || git.OID(a.Main) != y.main {
		y.t.Fatalf("landing %+v on %s: %v", a, y.main, err)
	}
	k := c.Landing(nil)
	if err := y.repo.UpdateRefs(y.t.Context(), []git.RefUpdate{k.Main}); err != nil {
		y.t.Fatal(err)
	}
	y.main = c.Tip()
	y.landed += len(a.Changes)
	y.apply(mergequeue.Landed{Run: a.Run, Main: string(y.main)})
}

// good is the check: it reads the files of a tree.
func (y *yard) good(tree git.OID) bool {
	if ok, known := y.trees[tree]; known {
		return ok
	}
	entries, err := y.repo.Tree(context.Background(), tree)
	if err != nil {
		y.t.Fatal(err)
	}
	ids := make([]git.OID, len(entries))
	for i, e := range entries {
		ids[i] = e.OID
	}
	ok, is, not := true, map[string]bool{}, map[string]bool{}
	err = y.repo.Blobs(context.Background(), ids, 1<<20, func(_ int, data []byte, err error) error {
		text := strings.TrimSpace(string(data))
		ok = ok && text != "BROKEN"
		if who, found := strings.CutPrefix(text, "is "); found {
			is[who] = true
		}
		if who, found := strings.CutPrefix(text, "not with "); found {
			not[who] = true
		}
		return err
	})
	if err != nil {
		y.t.Fatal(err)
	}
	for who := range not {
		ok = ok && !is[who]
	}
	y.trees[tree] = ok
	return ok
}

// everyCommitIsGood looks at the whole history of main: the tip of each landing was proven, and so must be the rest.
func (y *yard) everyCommitIsGood() {
	y.t.Helper()
	for oid := range strings.FieldsSeq(y.Git("rev-list", "main")) {
		c, err := y.repo.Commit(y.t.Context(), git.OID(oid))
		if err != nil {
			y.t.Fatal(err)
		}
		if !y.good(c.Tree) {
			y.t.Errorf("main is red at %s: %s", oid, c.Subject())
		}
		if len(c.Parents) > 1 {
			y.t.Errorf("%s has %d parents", oid, len(c.Parents))
		}
	}
}
