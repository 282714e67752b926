package change

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/risk"
)

// tester is what rapid.T and testing.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func oid(n int) git.OID { return git.OID(fmt.Sprintf("%040x", n)) }

// profile is what the simulated gate says about a patch set.
type profile struct {
	level     risk.Level
	soak      time.Duration
	failed    bool // a gate fails
	errored   bool // a gate has no answer
	approval  bool // a gate waits for the operator
	broken    bool // the run gives no assessment
	findings  int
	waiver    time.Time // when a waiver that it stands on ends; zero = none
	gates     int
	diffOfTip bool // the effective diff depends on base
}

func (p profile) assess(c *changeSim, job Job, governance string, now time.Time) *gate.Assessment {
	a := &gate.Assessment{APIVersion: gate.AssessmentVersion, Target: "main", Base: string(job.Base), Head: string(job.Head), MergedTree: string(oid(7)),
		EffectiveDiff: "diff-" + string(job.Head), Level: p.level, Governance: governance, Merge: gate.Merge{Mode: gate.ModeAuto},
		Input: fmt.Sprintf("%s-%d", now.Format(time.RFC3339), job.Attempt)}
	if p.diffOfTip {
		a.EffectiveDiff += string(job.Base)
	}
	if p.soak > 0 {
		a.Merge = gate.Merge{Mode: gate.ModeSoak, SoakSeconds: int64(p.soak / time.Second)}
	}
	for i := range p.gates {
		a.Gates = append(a.Gates, gate.Gate{Name: fmt.Sprintf("gate-%d", i), State: gate.Passed})
	}
	add := func(on bool, name, state string) {
		if on {
			a.Gates = append(a.Gates, gate.Gate{Name: name, State: state, Reason: name})
		}
	}
	add(p.failed, "unit", gate.Failed)
	add(p.errored, "network", gate.Errored)
	add(p.approval, "approval", gate.Waiting)
	if p.approval {
		a.Merge = gate.Merge{Mode: gate.ModeManual}
	}
	for i := range p.findings {
		a.Findings = append(a.Findings, finding.Finding{Rule: "r", Severity: finding.Warning, Fingerprint: fmt.Sprint(i), State: finding.New})
	}
	if p.waiver.After(now) {
		a.ValidUntil = &p.waiver
	} else if !p.waiver.IsZero() {
		a.Findings = append(a.Findings, finding.Finding{Rule: "waived", Severity: finding.Error, Fingerprint: "w", State: finding.New})
	}
	digest, err := gate.Digest(a)
	if err != nil {
		c.k.t.Fatalf("digest: %v", err)
	}
	a.Digest = digest
	return a
}

// kernelSim is the world of the tests: one branch, one clock, one queue.
type kernelSim struct {
	t          tester
	now        time.Time
	main       Tip
	past       []git.OID
	serial     int
	paused     string
	freeze     []Window
	review     bool
	rules      Rules
	changes    []*changeSim
	landings   []string
	operations int
}

// changeSim is one change. What is below volatile is lost in a crash.
type changeSim struct {
	k       *kernelSim
	packs   []Pack
	s       State
	docs    map[string]*gate.Assessment
	profile profile
	moved   string
	told    []string

	// volatile
	judging   *Job
	inbox     []*Result
	old       []*Result // answers that came in before, to deliver again
	reviewing bool
	place     Place
}

func newKernelSim(t tester) *kernelSim {
	return &kernelSim{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), main: Tip{OID: oid(1), Governance: "g1"}, serial: 100}
}

func (k *kernelSim) next() git.OID {
	k.serial++
	return oid(k.serial)
}

func (k *kernelSim) open(p profile, hotfix bool) *changeSim {
	c := &changeSim{k: k, docs: map[string]*gate.Assessment{}, profile: p}
	c.add("kernel:door", Opening{Target: "main", Head: k.next(), Hotfix: hotfix})
	k.changes = append(k.changes, c)
	return c
}

// add records an operation the way the store does: through its bytes.
func (c *changeSim) add(actor string, body Body) {
	c.record(Operation{Time: c.k.now, Actor: actor, Body: body})
}

func (c *changeSim) record(op Operation) {
	before := c.s
	p, err := NewPack(c.s.Lamport+1, []Operation{op})
	if err != nil {
		c.k.t.Fatalf("recording %s: %v", op.Body.Kind(), err)
	}
	c.packs = append(c.packs, p)
	c.s = Fold(c.packs)
	c.k.operations++
	c.checkSoak(before, op)
	if before.Status.Closed() && c.s.Status != before.Status && !(before.Status == Merged || before.Status == Released) && op.Body.Kind() != KindLand {
		c.k.t.Fatalf("%s led from %s to %s", op.Body.Kind(), before.Status, c.s.Status)
	}
}

// checkSoak: the start of a soak moves with a cause only.
func (c *changeSim) checkSoak(before State, op Operation) {
	after := c.s
	switch {
	case op.Body.Kind() == KindPatchSet && before.Head() != after.Head():
		if after.Soak != nil || len(after.Approvals) > 0 || after.Assessment != nil {
			c.k.t.Fatalf("a new patch set kept soak, approvals or assessment")
		}
	case before.Soak != nil && after.Soak != nil && !before.Soak.Since.Equal(after.Soak.Since):
		was, is := before.Soak.Scope, after.Soak.Scope
		grew := is.Level > was.Level || !contains(was.Gates, is.Gates) || !contains(was.Findings, is.Findings)
		if !grew {
			c.k.t.Fatalf("the soak of %+v restarted without cause for %+v", was, is)
		}
	case before.Soak != nil && after.Soak == nil:
		c.k.t.Fatalf("%s ended the soak", op.Body.Kind())
	}
}

func contains(large, small []string) bool {
	return !slices.ContainsFunc(small, func(s string) bool { return !slices.Contains(large, s) })
}

func (c *changeSim) world() World {
	w := World{Now: c.k.now, Main: c.k.main, Moved: c.moved, Judging: c.judging, Review: c.k.review, Reviewing: c.reviewing, Told: c.told, Queue: c.place,
		Paused: c.k.paused, Freeze: c.k.freeze, Rules: c.k.rules}
	if len(c.inbox) > 0 {
		w.Result = c.inbox[0]
	}
	if c.s.Assessment != nil {
		w.Assessment = c.docs[c.s.Assessment.Digest]
	}
	return w
}

// step runs Step once, as the daemon does. crash is 1 to forget before recording, 2 to forget after it.
func (c *changeSim) step(crash int) Next {
	w := c.world()
	n := Step(c.s, w)
	if again := Step(c.s, w); !reflect.DeepEqual(n, again) {
		c.k.t.Fatalf("Step said two things:\n%+v\n%+v", n, again)
	}
	if n.Operation == nil && len(n.Do) == 0 && n.Wait == "" {
		c.k.t.Fatalf("neither progress nor a wait in %s: %+v", c.s.Status, n)
	}
	if n.Why == "" {
		c.k.t.Fatalf("a step without a reason: %+v", n)
	}
	if len(c.inbox) > 0 {
		c.old = append(c.old, c.inbox[0])
		c.inbox = c.inbox[1:]
	}
	if crash == 1 {
		c.crash()
		return n
	}
	if n.Operation != nil {
		before := len(c.s.Ignored)
		if w.Result != nil && w.Result.Assessment != nil {
			c.docs[w.Result.Assessment.Digest] = w.Result.Assessment // attached in the same commit
		}
		c.record(*n.Operation)
		if len(c.s.Ignored) != before {
			c.k.t.Fatalf("Step's own %s was ignored: %s", n.Operation.Body.Kind(), c.s.Ignored[before].Why)
		}
	}
	if crash == 2 {
		c.crash()
		return n
	}
	for _, e := range n.Do {
		c.do(e)
	}
	return n
}

func (c *changeSim) crash() {
	c.judging, c.inbox, c.reviewing, c.place = nil, nil, false, Place{}
}

func (c *changeSim) do(e Effect) {
	switch e.Kind {
	case DoJudge:
		job := e.Job
		c.judging = &job
	case DoReview:
		c.reviewing = true
	case DoNotify:
		if slices.Contains(c.told, e.Cause) {
			c.k.t.Fatalf("the operator is told twice about %s", e.Cause)
		}
		c.told = append(c.told, e.Cause)
	case DoEnqueue:
		c.place.In = true
	case DoDequeue:
		c.place = Place{}
	case DoLand:
		c.land(e)
	}
}

// land checks by its own means that the landing may be, and carries it out.
func (c *changeSim) land(e Effect) {
	t := c.k.t
	a := c.docs[e.Assessment]
	if e.Job.Base != c.k.main.OID && e.Job.Base == c.place.Base.OID && c.place.Ready && c.place.Root == c.k.main.OID {
		c.k.moveMain(c.place.Base.OID, c.place.Base.Governance) // the rest of its batch lands before it, in the same transaction
	}
	switch {
	case a == nil:
		t.Fatalf("landed under an assessment that nobody has")
	case git.OID(a.Head) != c.s.Head() || e.Job.Head != c.s.Head():
		t.Fatalf("landed %s, judged %s, current %s", e.Job.Head, a.Head, c.s.Head())
	case git.OID(a.Base) != c.k.main.OID || a.Governance != c.k.main.Governance:
		t.Fatalf("landed on %s (%s), judged on %s (%s)", c.k.main.OID, c.k.main.Governance, a.Base, a.Governance)
	case c.k.paused != "":
		t.Fatalf("landed while paused")
	case c.s.Status != Queued && c.s.Status != Merging:
		t.Fatalf("landed from %s", c.s.Status)
	}
	if !c.s.Origin.Hotfix {
		for _, w := range c.k.freeze {
			if !c.k.now.Before(w.From) && c.k.now.Before(w.Until) {
				t.Fatalf("landed in a freeze window")
			}
		}
	}
	start := c.k.now.Add(-1000 * time.Hour)
	if c.s.Soak != nil {
		start = c.s.Soak.Since
	}
	if v := gate.Decide(a, gate.Standing{Change: c.s.ID, Approvals: c.s.Approvals, SoakStart: &start, Now: c.k.now}); v.Decision != gate.Allow {
		t.Fatalf("landed under %s: %+v", v.Decision, v.Reasons)
	}
	if a.Merge.Mode == gate.ModeSoak && c.s.Soak == nil && !c.s.Origin.Hotfix && a.Merge.SoakSeconds > 0 {
		t.Fatalf("landed without its soak")
	}
	commit := c.k.next()
	c.add("kernel:merger", Landed{Head: c.s.Head(), Commit: commit, Base: c.k.main.OID, Assessment: a.Digest})
	if c.s.Status != Merged {
		t.Fatalf("landed and is %s", c.s.Status)
	}
	c.k.landings = append(c.k.landings, c.s.ID)
	c.k.moveMain(commit, c.k.main.Governance)
}

func (k *kernelSim) moveMain(to git.OID, governance string) {
	k.past = append(k.past, k.main.OID)
	k.main = Tip{OID: to, Governance: governance}
}

// answer ends the run under way.
func (c *changeSim) answer() {
	if c.judging == nil {
		return
	}
	job := *c.judging
	c.judging = nil
	r := &Result{Job: job}
	if c.profile.broken {
		r.Error = "the runner died"
	} else {
		governance := c.k.main.Governance
		if job.Base == c.place.Base.OID && c.place.Base.Governance != "" {
			governance = c.place.Base.Governance
		}
		r.Assessment = c.profile.assess(c, job, governance, c.k.now)
	}
	c.inbox = append(c.inbox, r)
}

// approve answers all that waits for the operator.
func (c *changeSim) approve() {
	if c.s.Assessment == nil || c.docs[c.s.Assessment.Digest] == nil {
		return
	}
	a := c.docs[c.s.Assessment.Digest]
	v := gate.Decide(a, gate.Standing{Change: c.s.ID, Now: c.k.now})
	st := gate.Draft(v, nil)
	st.Reason, st.Nonce, st.At, st.Expires = "a reason of more than twenty characters", fmt.Sprintf("%032x", c.k.serial), c.k.now, c.k.now.Add(90*24*time.Hour)
	c.add("operator:ada", Approved{Head: c.s.Head(), Approval: gate.Approval{By: "ada", Key: "k", Method: gate.MethodSK, MFA: true, At: c.k.now, Statement: st}})
}

// serve is a benign daemon: everything that was asked for happens. It stops when the change waits for people or the clock.
func (c *changeSim) serve() Next {
	for range 200 {
		n := c.step(0)
		switch {
		case n.Operation != nil || len(n.Do) > 0:
		case n.Wait == WaitGate && c.judging != nil:
			c.answer()
		case n.Wait == WaitQueue && c.place.In && !c.place.Ready:
			c.place = Place{In: true, Base: c.k.main, Root: c.k.main.OID, Ready: true}
		case n.Wait == WaitQueue && c.place.In && c.place.Root != c.k.main.OID:
			c.place = Place{In: true, Base: c.k.main, Root: c.k.main.OID, Ready: true}
		default:
			return n
		}
	}
	b, _ := json.MarshalIndent(c.s, "", " ")
	c.k.t.Fatalf("no end after 200 steps: %s", b)
	return Next{}
}
