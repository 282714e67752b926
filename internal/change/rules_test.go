package change

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/risk"
)

// kinds are the operations that happened, in order.
func (c *changeSim) kinds() string {
	var out []string
	for _, p := range c.packs {
		for _, op := range p.Operations {
			out = append(out, string(op.Body.Kind()))
		}
	}
	return strings.Join(out, " ")
}

func (c *changeSim) count(kind Kind) int {
	n := 0
	for _, k := range strings.Fields(c.kinds()) {
		if k == string(kind) {
			n++
		}
	}
	return n
}

func expect(t *testing.T, c *changeSim, n Next, status Status, on Wait) {
	t.Helper()
	if c.s.Status != status || n.Wait != on {
		t.Fatalf("%s, waits for %q (%s), want %s and %q\n%s", c.s.Status, n.Wait, n.Why, status, on, c.kinds())
	}
}

func TestTrivialLands(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	expect(t, c, c.serve(), Merged, WaitNothing)
	if got := c.kinds(); got != "open check assess enqueue land" {
		t.Error(got)
	}
}

func TestProvedWhereItLands(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	for c.s.Status != Queued {
		c.answer()
		c.step(0)
	}
	k.moveMain(k.next(), "g1")
	expect(t, c, c.serve(), Merged, WaitNothing)
	if got := c.kinds(); got != "open check assess enqueue merge assess land" {
		t.Error(got)
	}
}

// TestHundredMovesUnderAnApproval: main's moves neither ask the operator again nor void what was said.
func TestHundredMovesUnderAnApproval(t *testing.T) {
	t.Parallel()
	for _, moved := range []string{"", "a.go"} {
		k := newKernelSim(t)
		c := k.open(profile{level: risk.High, approval: true}, false)
		expect(t, c, c.serve(), NeedsOperator, WaitOperator)
		for range 50 {
			k.moveMain(k.next(), "g1")
			c.moved = moved
			expect(t, c, c.serve(), NeedsOperator, WaitOperator)
		}
		if len(c.told) != 1 || c.count(KindAsk) != 1 {
			t.Errorf("told %d times, asked %d times", len(c.told), c.count(KindAsk))
		}
		k.paused = "fleet"
		c.approve()
		for range 50 {
			k.moveMain(k.next(), "g1")
			expect(t, c, c.serve(), c.s.Status, WaitUnpaused)
		}
		k.paused = ""
		expect(t, c, c.serve(), Merged, WaitNothing)
		if c.count(KindApprove) != 1 || len(c.told) != 1 {
			t.Errorf("%d approvals, told %d times", c.count(KindApprove), len(c.told))
		}
	}
}

func TestSoak(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		grow    func(*profile)
		restart bool
	}{
		"nothing grew":    {func(*profile) {}, false},
		"diff of the tip": {func(p *profile) { p.diffOfTip = true }, false},
		"level fell":      {func(p *profile) { p.level = risk.Trivial }, false},
		"level rose":      {func(p *profile) { p.level = risk.Medium }, true},
		"one more gate":   {func(p *profile) { p.gates++ }, true},
		"one finding":     {func(p *profile) { p.findings++ }, true},
	} {
		k := newKernelSim(t)
		c := k.open(profile{level: risk.Low, soak: time.Hour, gates: 1}, false)
		start := k.now
		if n := c.serve(); n.Wait != WaitClock || !n.Wake.Equal(start.Add(time.Hour)) {
			t.Fatalf("%s: %+v", name, n)
		}
		k.now = start.Add(40 * time.Minute)
		test.grow(&c.profile)
		k.moveMain(k.next(), "g2") // new policy: judged again
		want := start.Add(time.Hour)
		if test.restart {
			want = k.now.Add(time.Hour)
		}
		if n := c.serve(); n.Wait != WaitClock || !n.Wake.Equal(want) {
			t.Errorf("%s: soaks until %s, want %s", name, n.Wake, want)
		}
		c.crash()
		k.now = want
		expect(t, c, c.serve(), Merged, WaitNothing)
	}
}

func TestSoakEndsWithItsPatchSet(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Low, soak: time.Hour}, false)
	c.serve()
	k.now = k.now.Add(30 * time.Minute)
	c.add("kernel:door", NewPatchSet{Head: k.next()})
	if c.s.Soak != nil {
		t.Errorf("the soak of the last patch set goes on: %+v", c.s.Soak)
	}
	if n := c.serve(); !n.Wake.Equal(k.now.Add(time.Hour)) {
		t.Errorf("soaks until %s", n.Wake)
	}
}

func TestWaiverEnds(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	end := k.now.Add(30 * time.Minute)
	c := k.open(profile{level: risk.Low, soak: time.Hour, waiver: end}, false)
	c.serve()
	k.now = end.Add(-time.Second)
	expect(t, c, c.serve(), Soaking, WaitClock)
	k.now = end
	expect(t, c, c.serve(), Rejected, WaitPatchSet)
}

func TestHandsOff(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	k.paused = "lunch"
	expect(t, c, c.serve(), Queued, WaitUnpaused)
	k.paused = ""
	k.freeze = []Window{{From: k.now.Add(-time.Hour), Until: k.now.Add(time.Hour), Why: "release"}, {From: k.now, Until: k.now.Add(2 * time.Hour), Why: "fair"}}
	if n := c.serve(); n.Wait != WaitClock || !n.Wake.Equal(k.now.Add(2*time.Hour)) {
		t.Errorf("frozen: %+v", n)
	}
	hot := k.open(profile{level: risk.Low, soak: time.Hour}, true)
	expect(t, hot, hot.serve(), Merged, WaitNothing)
	k.now = k.now.Add(2 * time.Hour)
	expect(t, c, c.serve(), Merged, WaitNothing)
}

func TestHotfixIsNotForAgents(t *testing.T) {
	t.Parallel()
	for actor, want := range map[string]bool{"agent:a": false, "person:b": false, "operator:c": true, "kernel:door": true} {
		p, err := NewPack(1, []Operation{{Time: time.Unix(0, 0), Actor: actor, Body: Opening{Target: "main", Head: oid(1), Hotfix: true}}})
		if err != nil {
			t.Fatal(err)
		}
		if s := Fold([]Pack{p}); s.Origin.Hotfix != want {
			t.Errorf("%s: hotfix %v", actor, s.Origin.Hotfix)
		}
	}
}

func TestFailuresSuspend(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Low, failed: true}, false)
	for range 2 {
		expect(t, c, c.serve(), Rejected, WaitPatchSet)
		k.moveMain(k.next(), "g"+fmt.Sprint(k.serial)) // judged again: the same patch set counts once
		expect(t, c, c.serve(), Rejected, WaitPatchSet)
		c.add("kernel:door", NewPatchSet{Head: k.next()})
	}
	expect(t, c, c.serve(), Suspended, WaitResume)
	if len(c.told) != 1 {
		t.Errorf("told %d times", len(c.told))
	}
	c.profile.failed = false
	c.add("kernel:door", NewPatchSet{Head: k.next()})
	expect(t, c, Next{}, Suspended, "")
	expect(t, c, c.serve(), Suspended, WaitResume)
	c.add("operator:ada", Continued{})
	expect(t, c, c.serve(), Merged, WaitNothing)
}

// TestQueueFailuresSuspend: a change that passes on main and fails in the queue does not go round for ever.
func TestQueueFailuresSuspend(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	for range 100 {
		n := c.step(0)
		c.answer()
		if n.Wait == WaitQueue && c.place.In {
			c.place.Ejected = "failed twice"
		}
		if n.Wait == WaitClock {
			k.now = n.Wake
		}
	}
	if c.s.Status != Suspended || c.count(KindEnqueue) != 3 || c.count(KindAssess) != 3 {
		t.Errorf("%s after %d times in the queue and %d judgements", c.s.Status, c.count(KindEnqueue), c.count(KindAssess))
	}
}

// TestNobodyIsBlamedForOthers: refused behind changes that have not landed, it stays; refused on main, it goes.
func TestNobodyIsBlamedForOthers(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	for !c.place.In {
		c.answer()
		c.step(0)
	}
	ahead := Tip{OID: k.next(), Governance: "g1"}
	c.place.Base, c.place.Root = ahead, k.main.OID
	c.profile.failed = true
	var n Next
	for range 10 {
		n = c.step(0)
		c.answer()
	}
	if n.Wait != WaitQueue || c.s.Status != Merging || len(c.s.Failures) != 0 {
		t.Fatalf("%s, %+v", c.s.Status, n)
	}
	k.moveMain(ahead.OID, "g1") // what was before it landed
	expect(t, c, c.serve(), Rejected, WaitPatchSet)
	if len(c.s.Failures) != 1 {
		t.Errorf("%d failures", len(c.s.Failures))
	}
}

// TestRunsWithoutAnswer: a job that kills its daemon every time does so five times.
func TestRunsWithoutAnswer(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{}, false)
	for range 50 {
		c.step(2)
	}
	if c.s.Status != Suspended || c.count(KindCheck) != 5 {
		t.Errorf("%s after %d runs", c.s.Status, c.count(KindCheck))
	}
	c.add("operator:ada", Continued{})
	expect(t, c, c.serve(), Merged, WaitNothing)

	broken := k.open(profile{approval: true, level: risk.High}, false)
	broken.serve()
	broken.profile.broken = true
	k.moveMain(k.next(), "g2") // judged again, in vain
	for broken.s.Status != Suspended {
		if n := broken.serve(); n.Wait == WaitClock {
			k.now = n.Wake
		}
	}
	broken.profile.broken = false
	broken.add("operator:ada", Continued{})
	expect(t, broken, broken.serve(), NeedsOperator, WaitOperator)
}

func TestErrorsAreTriedAgainAndThenAsked(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Low, errored: true}, false)
	var waits []time.Duration
	for range 20 {
		n := c.serve()
		if n.Wait != WaitClock {
			break
		}
		waits = append(waits, n.Wake.Sub(k.now))
		k.now = n.Wake
	}
	expect(t, c, c.serve(), NeedsOperator, WaitOperator)
	if want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute}; !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
	}
}

// TestClockBack: a clock that was set back prolongs no pause between runs.
func TestClockBack(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Low, errored: true}, false)
	if n := c.serve(); n.Wait != WaitClock {
		t.Fatalf("%+v", n)
	}
	k.now = k.now.Add(-2 * time.Hour)
	if n := c.step(0); n.Operation == nil || n.Operation.Body.Kind() != KindCheck {
		t.Errorf("%+v", n)
	}
}

// TestFastBranchStarvesNobody: main moves while the gate judges, every time.
func TestFastBranchStarvesNobody(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.High, approval: true}, false)
	c.moved = "a.go"
	for range 10 {
		c.step(0)
		k.moveMain(k.next(), "g1")
		c.step(0)
		c.answer()
		c.step(0)
		c.step(0)
	}
	if c.s.Status != NeedsOperator || len(c.told) != 1 || c.count(KindCheck) != 1 {
		t.Errorf("%s, told %d times:\n%s", c.s.Status, len(c.told), c.kinds())
	}
}

func TestReviewer(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	k.review = true
	c := k.open(profile{level: risk.Trivial}, false)
	expect(t, c, c.serve(), Reviewing, WaitReviewer)
	c.crash()
	expect(t, c, c.serve(), Reviewing, WaitReviewer)
	if !c.reviewing {
		t.Error("the reviewer was forgotten in the crash")
	}
	c.add("reviewer:r", Reviewed{Head: c.s.Head(), Outcome: ReviewChanges})
	expect(t, c, c.serve(), Reviewing, WaitPatchSet)
	c.add("operator:ada", Reviewed{Head: c.s.Head(), Outcome: ReviewOK})
	expect(t, c, c.serve(), Merged, WaitNothing)

	silent := k.open(profile{level: risk.Trivial}, false)
	n := silent.serve()
	k.now = n.Wake
	expect(t, silent, silent.serve(), NeedsOperator, WaitOperator)
	if !strings.Contains(silent.s.Asks[0].Reasons[0], "no reviewer answered") {
		t.Errorf("asked %q", silent.s.Asks[0].Reasons)
	}
}

func TestLandedByHand(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.High, approval: true}, false)
	c.serve()
	w := c.world()
	w.OnMain = true
	n := Step(c.s, w)
	if n.Operation == nil || n.Operation.Body.Kind() != KindLand || !n.Operation.Body.(Landed).ByHand {
		t.Fatalf("%+v", n)
	}
	c.record(*n.Operation)
	if c.s.Status != Merged || !c.s.Landing.ByHand {
		t.Errorf("%s", c.s.Status)
	}
}

func TestAfterLanding(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	c.serve()
	c.add("kernel:deploy", InEnvironment{Environment: "prod", Commit: k.main.OID})
	c.add("kernel:change", RevertOpened{Change: "abc"})
	c.add("kernel:change", TakenBack{Change: "abc", Commit: k.next()})
	if c.s.Status != Reverted || len(c.s.RevertedBy) != 1 || len(c.s.Releases) != 1 {
		t.Errorf("%+v", c.s)
	}
	for _, body := range []Body{NewPatchSet{Head: k.next()}, Continued{}, GivenUp{}, Stopped{}, InEnvironment{Environment: "x", Commit: oid(1)}} {
		c.add("operator:ada", body)
	}
	if c.s.Status != Reverted {
		t.Errorf("a closed change became %s", c.s.Status)
	}
}

// TestStepFailsClosed: a world of which nothing is known lets nothing through.
func TestStepFailsClosed(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	for c.s.Status != Queued {
		c.answer()
		c.step(0)
	}
	good := c.world()
	good.Queue = Place{In: true, Base: k.main, Root: k.main.OID, Ready: true}
	lands := func(w World) bool {
		return slices.ContainsFunc(Step(c.s, w).Do, func(e Effect) bool { return e.Kind == DoLand })
	}
	if !lands(good) {
		t.Fatal("it does not land at all")
	}
	for name, spoil := range map[string]func(*World){
		"no main":           func(w *World) { w.Main = Tip{} },
		"no governance":     func(w *World) { w.Main.Governance, w.Queue.Base.Governance = "", "" },
		"queue's is empty":  func(w *World) { w.Queue.Base.Governance = "" },
		"another main":      func(w *World) { w.Main.OID = oid(9) },
		"another root":      func(w *World) { w.Queue.Root = oid(9) },
		"another base":      func(w *World) { w.Queue.Base.OID = oid(9) },
		"another policy":    func(w *World) { w.Queue.Base.Governance = "g9" },
		"no base":           func(w *World) { w.Queue.Base = Tip{} },
		"not ready":         func(w *World) { w.Queue.Ready = false },
		"not in the queue":  func(w *World) { w.Queue.In = false },
		"no assessment":     func(w *World) { w.Assessment = nil },
		"another's":         func(w *World) { a := *w.Assessment; a.Digest = "x"; w.Assessment = &a },
		"paused":            func(w *World) { w.Paused = "x" },
		"frozen":            func(w *World) { w.Freeze = []Window{{From: w.Now, Until: w.Now.Add(time.Second)}} },
		"the queue ejected": func(w *World) { w.Queue.Ejected = "x" },
	} {
		w := good
		spoil(&w)
		if lands(w) {
			t.Errorf("%s: it lands", name)
		}
	}
}

// TestPageAndCodeAgree: docs/lifecycle.md names every status, operation and wait.
func TestPageAndCodeAgree(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/lifecycle.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, s := range []Status{Opened, Checking, Rejected, Reviewing, NeedsOperator, Soaking, Queued, Merging, Merged, Released, Reverted, Abandoned, Suspended} {
		if !strings.Contains(page, "| `"+string(s)+"` |") {
			t.Errorf("status %s is not on the page", s)
		}
	}
	for _, k := range allKinds() {
		row := ""
		for line := range strings.Lines(page) {
			if first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | "); strings.HasPrefix(line, "| ") && strings.Contains(first, "`"+string(k)+"`") {
				row = line
			}
		}
		for _, role := range []string{RoleOperator, RolePerson, RoleAgent, RoleReviewer, RoleKernel} {
			cells := strings.Split(row, " | ")
			if len(cells) < 3 {
				t.Errorf("operation %s is not on the page", k)
				break
			}
			said := strings.Contains(cells[1], role) || cells[1] == "anybody" || strings.HasPrefix(cells[1], "as open") && role != RoleReviewer
			if said != May(role, k) {
				t.Errorf("%s by %s: the page says %v, the code %v", k, role, said, May(role, k))
			}
		}
	}
	for _, w := range []Wait{WaitGate, WaitPatchSet, WaitReviewer, WaitOperator, WaitResume, WaitClock, WaitQueue, WaitLanding, WaitUnpaused, WaitNothing} {
		if !strings.Contains(page, "`"+string(w)+"`") {
			t.Errorf("wait %s is not on the page", w)
		}
	}
}

func allKinds() []Kind {
	return []Kind{KindOpen, KindPatchSet, KindCheck, KindCheckFailed, KindAssess, KindAskReview, KindReview, KindComment, KindAsk, KindApprove, KindReject,
		KindAccept, KindSoakStart, KindEnqueue, KindDequeue, KindMerge, KindLand, KindRelease, KindRevertOpened, KindRevert, KindAbandon, KindSuspend, KindResume}
}

// TestOldPatchSet: what is said about a patch set ends with it.
func TestOldPatchSet(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.High, approval: true}, false)
	c.serve()
	old := c.s.Head()
	c.add("kernel:door", NewPatchSet{Head: k.next()})
	before := mustJSON(t, struct {
		A any
		R any
		S Status
	}{c.s.Approvals, c.s.Refusal, c.s.Status})
	for _, b := range everyBody() {
		switch b := b.(type) {
		case Approved:
			b.Head = old
			c.add("operator:ada", b)
		case Refused:
			b.Head = old
			c.add("operator:ada", b)
		case Reviewed:
			b.Head, b.Outcome = old, ReviewChanges
			c.add("operator:ada", b)
		case Enqueued:
			b.Head = old
			c.add("kernel:change", b)
		}
	}
	after := mustJSON(t, struct {
		A any
		R any
		S Status
	}{c.s.Approvals, c.s.Refusal, c.s.Status})
	if after != before || len(c.s.Reviews) != 0 || len(c.s.Ignored) != 4 {
		t.Errorf("before\n%s\nafter\n%s\n%+v", before, after, c.s.Ignored)
	}
}

// TestAnswersCountOnce: a result that comes twice, late, or from another run is not recorded.
func TestAnswersCountOnce(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.High, approval: true}, false)
	c.serve()
	first := c.old[len(c.old)-1]
	deliver := func(name string, r Result) {
		c.inbox = append(c.inbox, &r)
		before := len(c.packs)
		c.step(0)
		if len(c.packs) != before {
			t.Errorf("%s was recorded: %s", name, c.kinds())
		}
	}
	deliver("a doubled result", *first)
	k.moveMain(k.next(), "g2")
	c.step(0) // judged again
	deliver("the last run's result", *first)
	other := *first
	other.Base, other.Attempt = c.judging.Base, c.judging.Attempt+1
	deliver("a result of a run that was not started", other)
	c.answer()
	expect(t, c, c.serve(), NeedsOperator, WaitOperator)
	if c.count(KindAssess) != 2 {
		t.Errorf("%d assessments", c.count(KindAssess))
	}
}

// TestAnswerAboutSomethingElse: an assessment of another head or base is an error of the run, never a verdict.
func TestAnswerAboutSomethingElse(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	c.step(0)
	job := *c.judging
	for _, wrong := range []Job{{Head: oid(5), Base: job.Base, Attempt: 1}, {Head: job.Head, Base: oid(6), Attempt: 1}} {
		w := c.world()
		w.Result = &Result{Job: job, Assessment: c.profile.assess(c, wrong, "g1", k.now)}
		n := Step(c.s, w)
		if n.Operation == nil || n.Operation.Body.Kind() != KindCheckFailed {
			t.Errorf("%+v was taken: %+v", wrong, n.Operation)
		}
	}
	w := c.world()
	w.Result = &Result{Job: job}
	if n := Step(c.s, w); n.Operation == nil || n.Operation.Body.Kind() != KindCheckFailed {
		t.Errorf("no assessment was taken for one: %+v", n.Operation)
	}
}

// TestWaitingBesideABusyBranch: 30 days beside 48 landings an hour that all touch the same file.
func TestWaitingBesideABusyBranch(t *testing.T) {
	t.Parallel()
	for level, most := range map[risk.Level]int{risk.High: 150, risk.Critical: 700} {
		k := newKernelSim(t)
		c := k.open(profile{level: level, approval: true}, false)
		c.moved = "go.sum"
		c.serve()
		for range 30 * 24 * 6 { // every ten minutes will do: nothing happens in between
			k.now = k.now.Add(10 * time.Minute)
			k.moveMain(k.next(), "g1")
			expect(t, c, c.serve(), NeedsOperator, WaitOperator)
		}
		if n := c.count(KindAssess); n > most || n < most/3 || len(c.told) != 1 {
			t.Errorf("%s: judged %d times, want at most %d; told %d times", level, n, most, len(c.told))
		}
	}
}

// TestEndsInTheQueue: what may be ending the daemon is suspended, in the queue only, and once.
func TestEndsInTheQueue(t *testing.T) {
	t.Parallel()
	k := newKernelSim(t)
	c := k.open(profile{level: risk.Trivial}, false)
	for c.s.Status != Queued {
		c.answer()
		c.step(0)
	}
	for ends, want := range map[int]string{4: "", 5: "suspend"} {
		w := c.world()
		w.Ends = ends
		n := Step(c.s, w)
		if got := n.Operation != nil && n.Operation.Body.Kind() == KindSuspend; got != (want != "") {
			t.Errorf("after %d ends: %+v", ends, n)
		}
	}
	fresh := k.open(profile{level: risk.Trivial}, false)
	w := fresh.world()
	w.Ends = 5
	if n := Step(fresh.s, w); n.Operation == nil || n.Operation.Body.Kind() != KindCheck {
		t.Errorf("outside of the queue: %+v", n)
	}
}
