package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
)

// records is a kernel's repository as far as a report reads it.
type records struct {
	t       *testing.T
	repo    *git.Repo
	changes *change.Store
	tasks   *task.Store
	ledger  *ledger.Writer
	now     time.Time
	n       int
}

func newRecords(t *testing.T) *records {
	t.Helper()
	repo := must(git.InitBare(t.Context(), filepath.Join(t.TempDir(), "kernel.git"), git.InitOptions{}))(t)
	r := &records{t: t, repo: repo, changes: change.NewStore(repo, repo, change.Options{}), tasks: task.NewStore(repo, repo), now: at(1, 0)}
	r.ledger = must(ledger.Open(t.Context(), repo, repo, "k-1", ledger.Options{Now: func() time.Time { return r.now }, Delay: time.Millisecond}))(t)
	t.Cleanup(func() {
		if err := errors.Join(r.ledger.Close(context.Background()), repo.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (r *records) entry(at time.Time, actor, kind string, body any) {
	r.t.Helper()
	r.now = at
	must(r.ledger.AppendSync(r.t.Context(), ledger.Record{Actor: actor, Kind: kind, Body: body}))(r.t)
}

// commit is a commit of main with some files.
func (r *records) commit(files map[string]string) git.OID {
	r.t.Helper()
	ctx := r.t.Context()
	var root, dot []git.Entry
	r.n++
	for name, text := range files {
		dot = append(dot, git.Entry{Path: name, Mode: git.ModeFile, OID: must(r.repo.WriteBlob(ctx, []byte(text)))(r.t)})
	}
	if len(dot) > 0 {
		root = append(root, git.Entry{Path: ".adamant", Mode: git.ModeTree, OID: must(r.repo.WriteTree(ctx, dot))(r.t)})
	}
	root = append(root, git.Entry{Path: "n", Mode: git.ModeFile, OID: must(r.repo.WriteBlob(ctx, fmt.Append(nil, r.n)))(r.t)})
	who := git.Signature{Name: "a", Email: "a@example.com", When: at(1, 0)}
	return must(r.repo.WriteCommit(ctx, git.NewCommit{Tree: must(r.repo.WriteTree(ctx, root))(r.t), Author: who, Committer: who, Message: "work"}))(r.t)
}

func (r *records) open(at time.Time, actor string, o change.Opening) change.Change {
	r.t.Helper()
	o.Target, o.Head = "main", r.commit(nil)
	return must(r.changes.Create(r.t.Context(), actor, change.Operation{Time: at, Body: o}))(r.t)
}

func (r *records) add(c change.Change, at time.Time, actor string, body change.Body, attach ...[]byte) change.Change {
	r.t.Helper()
	return must(r.changes.Append(r.t.Context(), c, []change.Operation{{Time: at, Actor: actor, Body: body}}, attach...))(r.t)
}

// judge has the gate run on a change and answer.
func (r *records) judge(c change.Change, at time.Time, a gate.Assessment) change.Change {
	r.t.Helper()
	head, base := c.State.Head(), r.commit(nil)
	c = r.add(c, at, change.Actor, change.CheckStart{Head: head, Base: base, Attempt: 1, Why: "new"})
	a.Head, a.Base, a.Merge.Mode = string(head), string(base), gate.ModeAuto
	a.Digest = must(gate.Digest(&a))(r.t)
	data := must(manifest.CanonicalJSON(a))(r.t)
	said := change.Assessed{Head: head, Base: base, Attempt: 1, Digest: a.Digest, Blob: change.BlobName(data), Decision: gate.Allow, Level: a.Level,
		MergedTree: base, EffectiveDiff: strings.Repeat("e", 64), Governance: strings.Repeat("f", 64), Merge: a.Merge, Gates: []change.GateState{}}
	for _, g := range a.Gates {
		said.Gates = append(said.Gates, change.GateState{Name: g.Name, State: g.State})
		if g.State == gate.Failed {
			said.Decision = gate.Deny
		}
	}
	return r.add(c, at, change.Actor, said, data)
}

func (r *records) land(c change.Change, at time.Time) change.Change {
	r.t.Helper()
	return r.add(c, at, change.Actor, change.Landed{Head: c.State.Head(), Commit: r.commit(nil), Base: c.State.Assessment.Base, Assessment: c.State.Assessment.Digest})
}

const waiverText = `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: %s}
spec: {rule: secrets, resource: docs/**, justification: an example in the handbook, owner: ada, approvedBy: ada, created: "2026-10-01", expires: "2026-10-20"}
`

func collected(t *testing.T, r *records) *Report {
	t.Helper()
	return must(Collect(t.Context(), r.repo, Options{Since: at(5, 0), Until: at(25, 0), Unverified: "it is a test"}))(t)
}

// What landed within the period is in the report with what controlled it, as it was at the end; what was before and after is not.
func TestChanges(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	r.entry(at(1, 0), "kernel", ledger.KernelCreated, map[string]any{"main": r.commit(nil)})
	allowed := gate.Assessment{Level: risk.Low, Score: 120, Gates: []gate.Gate{{Name: "unit", State: gate.Passed}, {Name: "fuzz", State: gate.Accepted}, {Name: "load", State: gate.NotApplicable}},
		Waivers: []gate.UsedWaiver{{ID: "old", Rule: "secrets", Owner: "ada"}}}
	early := r.land(r.judge(r.open(at(2, 0), "person:ada", change.Opening{Title: "before"}), at(2, 1), allowed), at(2, 2))
	made := r.open(at(6, 0), "agent:coder", change.Opening{Title: "within", Agent: "coder", Model: "m-1", Push: "1"})
	made = r.land(r.judge(made, at(6, 1), allowed), at(6, 2))
	r.add(made, at(26, 0), change.Actor, change.TakenBack{Change: early.ID, Commit: r.commit(nil)})
	r.land(r.judge(r.open(at(26, 0), "person:ada", change.Opening{Title: "after", Push: "2"}), at(26, 1), allowed), at(26, 2))
	denied := gate.Assessment{Level: risk.High, Gates: []gate.Gate{{Name: "unit", State: gate.Failed}}}
	refused := r.judge(r.open(at(7, 0), "person:ada", change.Opening{Title: "refused", Push: "3"}), at(7, 1), denied)
	r.add(refused, at(7, 2), "operator:ada", change.Refused{Head: refused.State.Head(), Reason: "not this way"})

	got := collected(t, r)
	if len(got.Landed) != 1 {
		t.Fatalf("landed: %+v", got.Landed)
	}
	c := got.Landed[0]
	if c.ID != made.ID || c.Title != "within" || c.Agent != "coder" || c.Level != risk.Low || c.Score != 120 || strings.Join(c.Gates, " ") != "unit" ||
		strings.Join(c.Accepted, " ") != "fuzz" || len(c.Open) != 0 || strings.Join(c.Waivers, " ") != "old" || c.Unread {
		t.Errorf("%+v", c)
	}
	if c.Reverted {
		t.Error("it was taken back after the end of the period")
	}
	if len(got.Waivers) != 1 || got.Waivers[0].State != "gone" || strings.Join(got.Waivers[0].Used, " ") != made.ID {
		t.Errorf("waivers: %+v", got.Waivers)
	}
	if len(got.Refused) != 2 || got.Refused[0].What != "denied by the gate: unit" || got.Refused[1].What != "rejected: not this way" {
		t.Errorf("refused: %+v", got.Refused)
	}
	if len(got.Agents) != 1 || got.Agents[0].Name != "coder" || got.Agents[0].Landed != 1 {
		t.Errorf("agents: %+v", got.Agents)
	}
	if len(got.Gaps) != 0 || len(got.Failures) != 0 {
		t.Errorf("gaps %v, failures %v", got.Gaps, got.Failures)
	}
	again := collected(t, r)
	one, two := must(json.Marshal(got))(t), must(json.Marshal(again))(t)
	if string(one) != string(two) {
		t.Error("two reports on the same records differ")
	}
}

// Entries of the ledger come where they belong, with their line, and no others.
func TestEntries(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	main := r.commit(nil)
	r.entry(at(1, 0), "kernel", ledger.KernelCreated, map[string]any{"main": main})
	r.entry(at(4, 0), "ada", ledger.QueuePaused, map[string]string{"reason": "before"})
	order := must(operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionLand, Operator: "ada", Onto: string(main), Lands: string(main), Reason: "the site is down and nobody can book",
		Nonce: strings.Repeat("0", 32), At: at(6, 0), Expires: at(6, 1)}.Text())(t)
	r.entry(at(6, 0), "ada", operator.KindBroken, map[string]string{"order": order})
	r.entry(at(6, 0), "kernel", ledger.MovedByHand, map[string]any{"ref": "refs/heads/main", "from": main, "to": main})
	r.entry(at(6, 1), "kernel:change", "main.judged", map[string]any{"decision": "deny", "level": "high", "why": []string{"x"}})
	r.entry(at(7, 0), "ada", ledger.QueuePaused, map[string]string{"reason": "a holiday"})
	r.entry(at(7, 1), "ada", ledger.TokenNew, map[string]any{"role": "agent", "agent": "coder", "write": true})
	r.entry(at(8, 0), "kernel", ledger.LandingAborted, map[string]any{"reason": "main had moved"})
	r.entry(at(8, 0), "kernel", "waiver.swept", map[string]any{"overdue": []map[string]string{{"rule": "secrets", "path": "docs/a.md"}}})
	r.entry(at(8, 1), "kernel", "waiver.swept", map[string]any{"overdue": []string{}})
	r.entry(at(9, 0), "builder/workstation/local", notary.KindBuilt, notary.Built{Builder: "https://adamant.dev/id/shop/builder/workstation/local",
		Artifacts: []notary.Subject{{Name: "shop", SHA256: "abc"}, {Name: "tool", SHA256: "def"}}})
	r.entry(at(9, 0), "coder", "agent.action", nil)
	r.entry(at(9, 1), "kernel:admission", admit.KindDecided, admit.Decided{Digest: "sha256:abc", Environment: "prod", Asked: "shop",
		Codes: []admit.Code{admit.ProvenanceMissing, admit.ScanMissing}})
	r.entry(at(9, 2), "kernel:admission", admit.KindDecided, admit.Decided{Digest: "sha256:abc", Environment: "prod", Component: "shop", Commit: string(main), Allowed: true,
		Warnings: []admit.Code{admit.ScanMissing}})
	r.entry(at(25, 0), "ada", ledger.QueueResumed, nil)

	got := collected(t, r)
	for name, list := range map[string]struct {
		have []Event
		want string
	}{
		"exceptions": {got.Exceptions, "k-1:3 break-glass: order to land by ada landing " + string(main)[:12] + " past the gate: the site is down and nobody can book\n" +
			"k-1:4 main was moved by hand from " + main.Short() + " to " + main.Short() + "\nk-1:5 judged afterwards: deny, high\n"},
		"authority": {got.Authority, "k-1:6 landing was paused: a holiday\nk-1:7 a token for agent coder, it may push\n"},
		"failures":  {got.Failures, "k-1:8 a landing was aborted: main had moved\nk-1:9 main has 1 findings that no waiver covers any more, first secrets docs/a.md\n"},
		"artifacts": {got.Artifacts, "k-1:11 built by https://adamant.dev/id/shop/builder/workstation/local: shop sha256:abc, tool sha256:def\n" +
			"k-1:13 refused in prod, PROVENANCE_MISSING, SCAN_MISSING: shop, sha256:abc\n" +
			"k-1:14 admitted to prod (warnings: SCAN_MISSING): shop, sha256:abc of commit " + main.Short() + "\n"},
	} {
		var have strings.Builder
		for _, e := range list.have {
			fmt.Fprintf(&have, "%s %s\n", e.Record, e.What)
		}
		if have.String() != list.want {
			t.Errorf("%s:\n%swant:\n%s", name, have.String(), list.want)
		}
	}
	if len(got.Ledgers) != 1 || got.Ledgers[0].First != 3 || got.Ledgers[0].Last != 14 || got.Main != main {
		t.Errorf("%+v, main %s", got.Ledgers, got.Main)
	}
}

// A ledger that was changed makes no report.
func TestBrokenLedger(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	r.entry(at(6, 0), "ada", ledger.QueuePaused, map[string]string{"reason": "x"})
	strange := r.commit(nil) // its tree holds no segments
	head := must(r.repo.Ref(t.Context(), ledger.RefPrefix+"k-1"))(t)
	if err := r.repo.UpdateRefs(t.Context(), []git.RefUpdate{{Name: ledger.RefPrefix + "k-1", Old: head, New: strange}}); err != nil {
		t.Fatal(err)
	}
	_, err := Collect(t.Context(), r.repo, Options{Since: at(5, 0), Until: at(25, 0)})
	if alarm := (*ledger.Alarm)(nil); !errors.As(err, &alarm) {
		t.Errorf("%v", err)
	}
	if err := r.repo.UpdateRefs(t.Context(), []git.RefUpdate{{Name: ledger.RefPrefix + "k-1", Old: strange, New: head}}); err != nil {
		t.Fatal(err)
	}
}

// Waivers are told as they stood at the end; what attempts cost is added up by agent and feature.
func TestWaiversAndCost(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	ctx := t.Context()
	config := "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: clinic}\nspec: {phase: 3}\n"
	folder := must(r.repo.WriteTree(ctx, []git.Entry{{Path: "w-1.yaml", Mode: git.ModeFile, OID: must(r.repo.WriteBlob(ctx, fmt.Appendf(nil, waiverText, "w-1")))(t)}}))(t)
	dot := must(r.repo.WriteTree(ctx, []git.Entry{{Path: "waivers", Mode: git.ModeTree, OID: folder},
		{Path: "adamant.yaml", Mode: git.ModeFile, OID: must(r.repo.WriteBlob(ctx, []byte(config)))(t)}}))(t)
	who := git.Signature{Name: "a", Email: "a@example.com", When: at(1, 0)}
	tree := must(r.repo.WriteTree(ctx, []git.Entry{{Path: ".adamant", Mode: git.ModeTree, OID: dot}}))(t)
	main := must(r.repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Author: who, Committer: who, Message: "start"}))(t)
	r.entry(at(1, 0), "kernel", ledger.KernelCreated, map[string]any{"main": main})

	made := must(r.tasks.Create(ctx, task.Operation{Time: at(6, 0), Actor: "operator:ada", Body: task.Opening{Title: "x", Agent: "coder", Target: "main", Feature: "booking", Nonce: "1"}}))(t)
	for n, day := range []int{2, 6, 7} {
		start := task.Started{N: n + 1, Role: "coder", Agent: "coder", Main: main, Base: main, Epoch: 1, Why: "x", Prompt: strings.Repeat("0", 64)}
		end := task.Ended{N: n + 1, Finish: task.FinishDone, Spent: task.Spent{NanoUSD: 5_000_000_000, Tokens: 100, Requests: 2}, Models: []task.Model{{Name: "m-1", Temperature: -1}}}
		if day == 7 {
			end.Finish, end.Why = task.FinishFailed, "it could not be run"
		}
		made = must(r.tasks.Append(ctx, made, task.Operation{Time: at(day, 1), Actor: "kernel:task", Body: start}))(t)
		made = must(r.tasks.Append(ctx, made, task.Operation{Time: at(day, 2), Actor: "kernel:task", Body: end}))(t)
	}

	got := collected(t, r)
	if got.Repository != "clinic" || len(got.Waivers) != 1 || got.Waivers[0].ID != "w-1" || got.Waivers[0].State != "lapsed" {
		t.Errorf("%s: %+v", got.Repository, got.Waivers)
	}
	want := task.Spent{NanoUSD: 10_000_000_000, Tokens: 200, Requests: 4}
	if len(got.Agents) != 1 || got.Agents[0].Attempts != 2 || got.Agents[0].Bad != 1 || got.Agents[0].Spent != want || strings.Join(got.Agents[0].Models, " ") != "m-1" {
		t.Errorf("%+v", got.Agents)
	}
	if len(got.Features) != 1 || got.Features[0] != (Feature{"booking", want}) {
		t.Errorf("%+v", got.Features)
	}
}

// An assessment that is not the one that allowed the landing is a gap, and the change is in the report all the same.
func TestStrangeAssessment(t *testing.T) {
	t.Parallel()
	r := newRecords(t)
	c := r.judge(r.open(at(6, 0), "person:ada", change.Opening{Title: "within"}), at(6, 1), gate.Assessment{Level: risk.Low})
	r.add(c, at(6, 2), change.Actor, change.Landed{Head: c.State.Head(), Commit: r.commit(nil), Base: c.State.Assessment.Base, Assessment: strings.Repeat("d", 64)})
	got := collected(t, r)
	if len(got.Landed) != 1 || !got.Landed[0].Unread || len(got.Gaps) != 1 {
		t.Errorf("%+v, gaps %v", got.Landed, got.Gaps)
	}
	forged := gate.Assessment{Level: risk.Low, Digest: strings.Repeat("d", 64)}
	if err := decode(must(manifest.CanonicalJSON(forged))(t), forged.Digest, &gate.Assessment{}); err == nil {
		t.Error("an assessment with another digest than its own was read")
	}
}
