//go:build linux

package daemon

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// stream pushes small changes without end, by real git: most land at once, some are refused, some wait for the operator.
type stream struct {
	d       *den
	commits []string
	url     string
	pace    time.Duration // of each pusher

	mu    sync.Mutex
	next  int
	acked map[int]string // what the door acknowledged: the change that a commit became
}

// The kinds of changes in a stream.
func kindOf(n int) change.Status {
	switch n % 10 {
	case 3:
		return change.Rejected // it breaks the tests
	case 7:
		return change.NeedsOperator // it changes how changes are judged
	}
	return change.Merged
}

func streamFile(n int) (path, text string) {
	switch kindOf(n) {
	case change.Rejected:
		return "broken", strconv.Itoa(n) + "\n"
	case change.NeedsOperator:
		return ".adamant/adamant.yaml", strings.Replace(config, "phase: 3", fmt.Sprintf("phase: 3 # %d", n), 1)
	}
	return fmt.Sprintf("docs/page-%d.md", n), fmt.Sprintf("# Page %d\n\nA few words.\n", n)
}

// run pushes until ctx ends. What was not acknowledged is pushed again, like a person would.
func (s *stream) run(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		n := s.next
		s.next++
		s.mu.Unlock()
		if n >= len(s.commits) || sleep(ctx, s.pace) != nil {
			return
		}
		for try := 0; ctx.Err() == nil; try++ {
			id, out, err := s.d.push(ctx, s.url, s.commits[n], fmt.Sprintf("topic=t%d", n))
			if err == nil && id != "" {
				s.mu.Lock()
				s.acked[n] = id
				s.mu.Unlock()
				break
			}
			if err == nil {
				s.d.t.Errorf("push %d was accepted without a change:\n%s", n, out)
				return
			}
			if sleep(ctx, 100*time.Millisecond) != nil {
				return
			}
		}
	}
}

// crashes says how many times TestCrash kills: a few in every run, hundreds in make test-crash.
func crashes(t *testing.T) int {
	text := cmp.Or(os.Getenv("ADAMANT_CRASH_POINTS"), "15")
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCrash kills the daemon at random points while changes are pushed, judged and landed, and deletes its state folder now and then. Whatever
// happens: what the door acknowledged is there, each landed change is on main once with its operation, main is the sum of the landings, the
// ledger verifies, and no lock blocks. In a long run it also serves soon again.
func TestCrash(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p, _ := d.up()
	s := &stream{d: d, commits: d.commits(10+crashes(t)/2, streamFile), url: d.token(door.Grant{Role: door.RolePerson, Name: "ada", Write: true}),
		pace: time.Duration(min(crashes(t), 100)) * 15 * time.Millisecond, acked: map[int]string{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var pushers sync.WaitGroup
	for range 2 {
		pushers.Go(func() { s.run(ctx) })
	}
	serves := []time.Duration{p.serves}
	for i := range crashes(t) {
		if i%8 == 2 { // its index is made when it is asked for
			if err := d.client().Call(ctx, "GET", api.PathChanges+"?all=true", "", nil, new(api.Changes)); err != nil {
				t.Error(err)
			}
		}
		d.die(random, p, i, serves)
		switch i % 8 {
		case 2:
			d.forget()
		case 5:
			d.race()
		}
		p = d.start()
		if i%4 == 0 { // it dies while it starts
			early := time.Duration(random.Int64N(int64(serves[len(serves)-1]) + 1))
			if err := sleep(ctx, early); err != nil {
				t.Fatal(err)
			}
			p.kill()
			p = d.start()
		}
		if _, ok := <-p.ready; !ok {
			t.Fatalf("after kill %d the daemon did not come up:\n%s", i, p.log)
		}
		serves = append(serves, p.serves)
	}
	stop()
	pushers.Wait()
	if crashes(t) >= 100 && len(s.acked) < crashes(t)/10 {
		t.Errorf("only %d changes were acknowledged: the test tests little", len(s.acked))
	}
	d.settled(s)
	p.kill()
	d.inspect(s)
	report(t, "kill to serving", serves)
	if at := serves[len(serves)*95/100]; crashes(t) >= 100 && at > 5*time.Second {
		t.Errorf("one start in twenty takes more than %v", at)
	}
	t.Logf("%d kills, %d changes acknowledged", crashes(t)+(crashes(t)+3)/4, len(s.acked)) // every fourth dies while it starts, too
}

// die kills a daemon some way, a random time after it began to serve: long enough for pushes, also where everything takes long.
func (d *den) die(random *rand.Rand, p *process, i int, serves []time.Duration) {
	d.t.Helper()
	if err := sleep(d.t.Context(), time.Duration(random.Int64N(int64(time.Second+3*p.serves)))); err != nil {
		d.t.Fatal(err)
	}
	switch i % 8 {
	case 3: // alone: its children outlive it
		_ = p.cmd.Process.Kill()
		<-p.ended
	case 7: // stopped for a while first; nobody else gets in, and is told why
		if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGSTOP); err != nil {
			d.t.Error(err)
		}
		d.refused(p, "it is stopped: kill -CONT "+strconv.Itoa(p.cmd.Process.Pid))
		p.kill()
	default:
		p.kill()
	}
}

// forget deletes what is not git: JetStream's folder, the SQLite index and all else that the daemon keeps beside the kernel.
func (d *den) forget() {
	d.t.Helper()
	for _, name := range []string{"jobs", "changes.db"} {
		if _, err := os.Stat(filepath.Join(d.order.State, name)); err != nil {
			d.t.Errorf("there is nothing to delete: %v", err)
		}
	}
	eventually(d.t, hang, "deleted", func() bool { return os.RemoveAll(d.order.State) == nil }) // the dying may still be writing
}

// refused starts a second daemon, which must say who holds the kernel and end.
func (d *den) refused(holder *process, want string) {
	d.t.Helper()
	second := d.start()
	if _, ok := <-second.ready; ok {
		d.t.Error("two daemons serve one kernel")
	}
	<-second.ended
	if log := second.log.String(); !strings.Contains(log, want) || !strings.Contains(log, "held by process "+strconv.Itoa(holder.cmd.Process.Pid)) {
		d.t.Errorf("the second daemon does not say %q:\n%s", want, log)
	}
}

// race starts two at once: one serves, the other ends and has touched nothing.
func (d *den) race() {
	d.t.Helper()
	one, two := d.start(), d.start()
	_, ok1 := <-one.ready
	if ok1 {
		_, ok2 := <-two.ready
		if ok2 {
			d.t.Error("two daemons serve one kernel")
		}
		one.kill()
	} else if _, ok := <-two.ready; !ok {
		d.t.Errorf("of two daemons none serves:\n%s\n%s", one.log, two.log)
	}
	one.kill()
	two.kill()
}

// settled waits until every acknowledged change has come as far as it can.
func (d *den) settled(s *stream) {
	d.t.Helper()
	byID := map[string]int{}
	for n, id := range s.acked {
		byID[id] = n
	}
	var waiting []string
	for last, deadline := 0, time.Now().Add(hang); ; {
		var all api.Changes
		if err := d.client().Call(d.t.Context(), "GET", api.PathChanges+"?all=true", "", nil, &all); err != nil {
			d.t.Fatal(err)
		}
		waiting = waiting[:0]
		seen := map[string]bool{}
		for _, c := range all.Changes {
			n, ok := byID[c.ID[:16]]
			seen[c.ID[:16]] = true
			if ok && c.Status == suspended { // by five crashes while it was judged; the operator goes on
				d.t.Logf("change %d is suspended: %s", n, c.Why)
				if err := d.client().Call(d.t.Context(), "POST", api.PathContinue, c.ID, api.Reason{}, new(desk.Answer)); err != nil {
					d.t.Error(err)
				}
			}
			if ok && c.Status != string(kindOf(n)) {
				waiting = append(waiting, fmt.Sprintf("%d %s is %s (%s)", n, c.ID[:16], c.Status, c.Why))
			}
		}
		for id, n := range byID {
			if !seen[id] {
				d.t.Fatalf("change %s (%d) was acknowledged and is lost", id, n)
			}
		}
		if len(waiting) == 0 {
			return
		}
		if last != len(waiting) {
			last, deadline = len(waiting), time.Now().Add(hang)
		}
		if time.Now().After(deadline) {
			var st api.Status
			_ = d.client().Call(d.t.Context(), "GET", api.PathStatus, "", nil, &st)
			d.t.Fatalf("%d changes did not settle, such as %v\nproblems %+v", len(waiting), waiting[:min(5, len(waiting))], st.Problems)
		}
		if err := sleep(d.t.Context(), 300*time.Millisecond); err != nil {
			d.t.Fatal(err)
		}
	}
}

// inspect looks at everything after the last crash, while no daemon runs.
func (d *den) inspect(s *stream) {
	d.t.Helper()
	ctx := d.t.Context()
	k, err := kernel.Open(ctx, d.order.Kernel)
	if err != nil {
		d.t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.Acquire(ctx); err != nil { // the last kill may have come before the last entry of a landing: the next daemon writes it
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
	for n, id := range s.acked {
		on := 0
		for full := range landed {
			if strings.HasPrefix(full, id) {
				on++
			}
		}
		if want := kindOf(n) == change.Merged; on > 1 || (on == 1) != want {
			d.t.Errorf("change %s (%d) is on main %d times, want it there: %v", id, n, on, want)
		}
	}
	if out := d.git("fsck", "--no-dangling", "--no-progress"); out != "" {
		d.t.Errorf("git fsck: %s", out)
	}
	if a, b := d.git("rev-parse", kernel.RefMain), d.clone.Git("--git-dir", filepath.Join(d.order.Kernel, "main.git"), "rev-parse", kernel.RefMain); a != b {
		d.t.Errorf("kernel.git's main is %s, main.git's %s", a, b)
	}
}

// landings are the commits of changes by the changes' own operations.
func (d *den) landings(k *kernel.Kernel) map[string]git.OID {
	d.t.Helper()
	changes, broken, err := change.NewStore(k.Repo(), k, change.Options{}).List(d.t.Context())
	if err != nil || len(broken) > 0 {
		d.t.Fatalf("listing changes: %v, broken %v", err, broken)
	}
	landed := map[string]git.OID{}
	for _, c := range changes {
		if l := c.State.Landing; l != nil {
			landed[c.ID] = l.Commit
		}
	}
	return landed
}

// checkMain compares main's history with the operations of changes and with the ledger's landings.
func (d *den) checkMain(landed map[string]git.OID) {
	d.t.Helper()
	var main []git.OID
	byTrailer := map[string]git.OID{}
	for _, line := range strings.Split(d.git("log", "--reverse", "--format=%H|%P|%(trailers:key=Change-Id,valueonly,separator=%x2c)", kernel.RefMain), "\n") {
		parts := strings.Split(line, "|")
		if len(parts) != 3 || strings.Contains(parts[1], " ") {
			d.t.Errorf("main is not linear at %s", line)
			continue
		}
		if parts[1] == "" {
			continue
		}
		main = append(main, git.OID(parts[0]))
		if byTrailer[parts[2]] != "" {
			d.t.Errorf("change %s is on main twice", parts[2])
		}
		byTrailer[parts[2]] = git.OID(parts[0])
	}
	for id, commit := range landed {
		if byTrailer[id] != commit {
			d.t.Errorf("change %s says it landed as %s; main has %q", id, commit, byTrailer[id])
		}
	}
	if len(byTrailer) != len(landed) {
		d.t.Errorf("%d changes are on main, %d have a land operation", len(byTrailer), len(landed))
	}
	at := 0
	for _, l := range d.done() { // a landing may be a batch: as many commits as changes
		if at += len(l.Changes); at > len(main) || main[at-1] != l.Main {
			d.t.Errorf("the ledger's landing of %v at %s is not commit %d of main", l.Changes, l.Main, at)
			break
		}
	}
	if at != len(main) {
		d.t.Errorf("main has %d commits behind the first, the ledger's landings %d", len(main), at)
	}
	d.noLocks()
}

// done are the landings that the ledger says have ended.
func (d *den) done() []kernel.Outcome {
	d.t.Helper()
	repo, err := git.Open(d.t.Context(), filepath.Join(d.order.Kernel, "kernel.git"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer repo.Close()
	var done []kernel.Outcome
	for e, err := range ledger.Read(d.t.Context(), repo, ledger.Filter{Kinds: []string{ledger.LandingDone}}) {
		if err != nil {
			d.t.Fatal(err)
		}
		done = append(done, outcomeOf(d.t, e.Body))
	}
	return done
}

// noLocks finds locks that dead gits left and the next daemon did not clear. The kernel is not in use.
func (d *den) noLocks() {
	d.t.Helper()
	for _, repo := range []string{"kernel.git", "main.git"} {
		err := filepath.WalkDir(filepath.Join(d.order.Kernel, repo), func(path string, e fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".lock") {
				d.t.Logf("a lock of the last daemon is left, which the next clears: %s", path)
			}
			return err
		})
		if err != nil {
			d.t.Error(err)
		}
	}
}

// report logs how long something took.
func report(t testing.TB, what string, took []time.Duration) {
	t.Helper()
	slices.Sort(took)
	at := func(p int) time.Duration { return took[min(len(took)-1, len(took)*p/100)].Round(time.Millisecond) }
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("%s: p50 %v, p95 %v, max %v of %d; load %s", what, at(50), at(95), took[len(took)-1].Round(time.Millisecond), len(took), strings.Join(strings.Fields(string(load))[:3], " "))
}
