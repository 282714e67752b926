//go:build linux

package daemon

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/task"
)

// pages are agents of which each attempt takes its time and writes one page. A reviewer says ok.
func pages(k *kernel.Kernel, gitDir string) func(context.Context) (task.Workforce, error) {
	return func(context.Context) (task.Workforce, error) {
		tr := newTroupe(gitDir, func(a task.Attempt) scene {
			s := scene{takes: time.Duration(20+rand.IntN(300)) * time.Millisecond}
			if a.Role == task.RoleReviewer {
				s.outcome.Review = &task.Review{Outcome: change.ReviewOK}
				return s
			}
			s.write = leaf(a.Task[:12], "By attempt "+a.ID+".")
			return s
		})
		tr.ledger = k.Ledger()
		return tr, nil
	}
}

// TestTaskCrash kills the daemon at random points while agents work. Whatever happens: every task ends on main, once, by one change;
// attempts are numbered without a gap, each has ended, those of dead daemons as lost, and the ledger verifies.
func TestTaskCrash(t *testing.T) {
	t.Parallel()
	kills, err := strconv.Atoi(cmp.Or(os.Getenv("ADAMANT_TASK_CRASHES"), "8"))
	if err != nil {
		t.Fatal(err)
	}
	d := newDen(t, func(r *gittest.Repo) { r.Write(".adamant/adamant.yaml", config+"  fleet: {review: trivial}\n") })
	d.order.Troupe = true
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p, _ := d.up()
	var ids []string
	for i := range 4 + kills/4 {
		var a api.TaskAnswer
		if err := d.client().Call(t.Context(), "POST", api.PathTasks, "", api.NewTask{Title: fmt.Sprintf("Page %d", i)}, &a); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, a.Task)
	}
	serves := []time.Duration{p.serves}
	for i := range kills {
		d.die(random, p, i, serves)
		p = d.start()
		if _, ok := <-p.ready; !ok {
			t.Fatalf("after kill %d the daemon did not come up:\n%s", i, p.log)
		}
		serves = append(serves, p.serves)
	}
	lost := d.tasksDone(ids)
	p.kill()
	d.inspectTasks(ids)
	t.Logf("%d kills, %d tasks, %d attempts lost and made again", kills, len(ids), lost)
}

// tasksDone waits until every task is done, and counts the attempts that were lost on the way. Who was lost too often is resumed.
func (d *den) tasksDone(ids []string) int {
	d.t.Helper()
	for deadline := time.Now().Add(2 * hang); ; {
		var all api.Tasks
		if err := d.client().Call(d.t.Context(), "GET", api.PathTasks+"?all=true", "", nil, &all); err != nil {
			d.t.Fatal(err)
		}
		if len(all.Tasks) != len(ids) {
			d.t.Fatalf("%d tasks were opened, %d are there", len(ids), len(all.Tasks))
		}
		var waiting []string
		for _, s := range all.Tasks {
			if s.Status == string(task.Suspended) {
				d.t.Logf("task %.16s is suspended: %s", s.ID, s.Why)
				if err := d.client().Call(d.t.Context(), "POST", api.PathTaskResume, s.ID, api.Reason{}, new(api.TaskAnswer)); err != nil {
					d.t.Error(err)
				}
			}
			if s.Status != string(task.Done) {
				waiting = append(waiting, fmt.Sprintf("%.16s is %s (%s)", s.ID, s.Status, s.Why))
			}
		}
		if len(waiting) == 0 {
			break
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("these tasks are not done: %s\nproblems %v", strings.Join(waiting, "\n"), d.problem())
		}
		if err := sleep(d.t.Context(), 200*time.Millisecond); err != nil {
			d.t.Fatal(err)
		}
	}
	lost := 0
	for _, id := range ids {
		var t api.TaskDetail
		if err := d.client().Call(d.t.Context(), "GET", api.PathTask, id, nil, &t); err != nil {
			d.t.Fatal(err)
		}
		for _, r := range t.Rounds {
			if r.Ended != nil && r.Ended.Finish == task.FinishLost {
				lost++
			}
		}
	}
	return lost
}

// inspectTasks looks at everything after the last crash, while no daemon runs.
func (d *den) inspectTasks(ids []string) {
	d.t.Helper()
	ctx := d.t.Context()
	k, err := kernel.Open(ctx, d.order.Kernel)
	if err != nil {
		d.t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.Acquire(ctx); err != nil { // a task may be done before the last entry of its landing is written (see inspect)
		d.t.Fatal(err)
	}
	report, err := ledger.Verify(ctx, k.Repo(), ledger.Seen{}, ledger.Policy{})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, alarm := range report.Alarms {
		d.t.Errorf("the ledger: %v", alarm)
	}
	landed := d.landings(k)
	d.checkMain(landed)
	changes, _, err := change.NewStore(k.Repo(), k, change.Options{}).List(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	tasks, broken, err := task.NewStore(k.Repo(), k).List(ctx)
	if err != nil || len(broken) > 0 {
		d.t.Fatalf("listing tasks: %v, broken %v", err, broken)
	}
	for _, t := range tasks {
		of := slices.DeleteFunc(slices.Clone(changes), func(c change.Change) bool { return c.State.Origin.Task != t.ID })
		if len(of) != 1 || of[0].ID != t.State.Change || len(of[0].State.PatchSets) != 1 {
			d.t.Errorf("task %s has %d changes", t.State.Short(), len(of))
		}
		if l := t.State.Landing; l == nil || landed[t.State.Change] != l.Commit {
			d.t.Errorf("task %s says it landed as %+v, its change as %s", t.State.Short(), l, landed[t.State.Change])
		}
		if len(t.State.Ignored) > 0 {
			d.t.Errorf("task %s has operations without effect: %+v", t.State.Short(), t.State.Ignored)
		}
		d.checkAttempts(t)
	}
	if len(tasks) != len(ids) || len(changes) != len(ids) {
		d.t.Errorf("%d tasks were opened; there are %d, and %d changes", len(ids), len(tasks), len(changes))
	}
}

func (d *den) checkAttempts(t task.Task) {
	d.t.Helper()
	good := map[string]int{}
	for i, r := range t.State.Attempts {
		if r.N != i+1 || r.Ended == nil {
			d.t.Errorf("task %s: attempt %d is %+v", t.State.Short(), i+1, r)
			continue
		}
		if i > 0 && r.Epoch < t.State.Attempts[i-1].Epoch {
			d.t.Errorf("task %s: attempt %d is of an older epoch", t.State.Short(), r.N)
		}
		if r.Ended.Finish == task.FinishDone {
			good[r.Role]++
		}
	}
	if good[task.RoleCoder] != 1 || good[task.RoleReviewer] != 1 {
		d.t.Errorf("task %s was done %d times and read %d times", t.State.Short(), good[task.RoleCoder], good[task.RoleReviewer])
	}
}
