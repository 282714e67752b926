package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// gateLog counts what the gate says it does.
type gateLog struct {
	mu    sync.Mutex
	lines []string
	hook  func(change, line string) // called without the lock
}

func (g *gateLog) Enabled(context.Context, slog.Level) bool { return true }
func (g *gateLog) WithAttrs([]slog.Attr) slog.Handler       { return g }
func (g *gateLog) WithGroup(string) slog.Handler            { return g }
func (g *gateLog) Handle(_ context.Context, r slog.Record) error {
	said := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	})
	line, ok := said["progress"]
	if !ok {
		return nil
	}
	g.mu.Lock()
	g.lines = append(g.lines, line)
	hook := g.hook
	g.mu.Unlock()
	if hook != nil {
		hook(said["change"], line)
	}
	return nil
}

// runs counts how often a check was run in earnest.
func (g *gateLog) runs(check string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, line := range g.lines {
		if line == check+": run" {
			n++
		}
	}
	return n
}

// batchHouse is a house whose check answers for several changes at once: lists of lines, none of which may say broken, and no
// two of which may say half.
func batchHouse(t *testing.T) (*house, *gateLog) {
	t.Helper()
	return houseChecked(t, "! grep -rq broken src && test $(cat src/*.py | grep -c half) -lt 2")
}

// houseChecked is a house with one check, and more lines of its spec.
func houseChecked(t *testing.T, command string, spec ...string) (*house, *gateLog) {
	t.Helper()
	log := &gateLog{}
	return newHouse(t, func(h *house) {
		h.log = slog.New(log)
		h.clone.Write(".adamant/adamant.yaml", `apiVersion: adamant.dev/v1
kind: Repository
metadata: {name: sample}
spec:
  phase: 3
  risk: {matrix: {low: {gates: [unit], merge: auto}}}
  checks:
    - {name: test, kind: unit, baseTests: false, command: ["`+command+`"]}
`+strings.Join(spec, ""))
		h.clone.Write("src/list.py", list(nil))
		h.clone.Commit("a list")
	}), log
}

// list is a file of functions far apart, some of them edited.
func list(edits map[int]string) string {
	var b strings.Builder
	for i := range 12 {
		value := fmt.Sprint(i)
		if edits[i] != "" {
			value = edits[i]
		}
		fmt.Fprintf(&b, "def number_%d():\n    # one\n    # two\n    # three\n    # four\n    return %s\n\n\n", i, value)
	}
	return b.String()
}

// propose pushes one edit of the list.
func (h *house) propose(url string, at int, value string, options ...string) string {
	h.t.Helper()
	name := fmt.Sprintf("edit-%d", at)
	h.edit(name, "src/list.py", list(map[int]string{at: value}), "Change number "+fmt.Sprint(at))
	return h.push(url, "HEAD", append(options, "topic="+name)...)
}

func (h *house) hold(on bool) {
	h.t.Helper()
	path := api.PathResume
	if on {
		path = api.PathPause
	}
	var p api.Pause
	h.call("POST", path, "", api.Reason{Reason: "gathering"}, &p)
}

// gather waits until changes are in the queue that is on hold: their state says so a moment before.
func (h *house) gather(ids ...string) {
	h.t.Helper()
	for _, id := range ids {
		h.await(id, change.Queued)
	}
	h.until("all are in the queue", func() bool {
		var q api.Queue
		h.call("GET", api.PathQueue, "", nil, &q)
		return !slices.ContainsFunc(q.Entries, func(e api.Entry) bool { return e.State == "arriving" })
	})
}

func (h *house) inKernel(args ...string) string {
	h.t.Helper()
	return strings.TrimSpace(h.clone.Git(append([]string{"--git-dir", filepath.Join(h.dir, "kernel.git")}, args...)...))
}

// entries are the bodies of ledger entries of a kind.
func (h *house) entries(kind string) []map[string]any {
	h.t.Helper()
	var out []map[string]any
	for line := range strings.SplitSeq(h.inKernel("grep", "-h", `"kind":"`+kind+`"`, "refs/adamant/ledger/"+ledgerName(h)), "\n") {
		var e struct {
			Kind string         `json:"kind"`
			Body map[string]any `json:"body"`
		}
		if json.Unmarshal([]byte(line), &e) == nil && e.Kind == kind {
			out = append(out, e.Body)
		}
	}
	return out
}

// TestBatchLandsInOneMove lands three changes of one lane together: three commits, three assessments, each on the commit before, one
// run of the check.
func TestBatchLandsInOneMove(t *testing.T) {
	t.Parallel()
	h, log := batchHouse(t)
	url := h.writer("ada")
	h.hold(true)
	ids := []string{h.propose(url, 1, "100"), h.propose(url, 5, "500"), h.propose(url, 9, "900")}
	h.gather(ids...)
	before, main := log.runs("test"), h.inKernel("rev-parse", "main")
	h.hold(false)
	for _, id := range ids {
		h.await(id, change.Merged)
	}
	if n := log.runs("test") - before; n != 1 {
		t.Errorf("the check ran %d times for the batch, want 1", n)
	}
	if n := h.inKernel("rev-list", "--count", main+"..main"); n != "3" {
		t.Errorf("main has %s new commits, want 3", n)
	}
	if merges := h.inKernel("rev-list", "--min-parents=2", main+"..main"); merges != "" {
		t.Errorf("main has merges: %s", merges)
	}
	moves := 0
	for _, e := range h.entries("landing.intent") {
		moves++ // an intent is on disk before anything moves
		if changes, _ := e["changes"].([]any); len(changes) != 3 {
			t.Errorf("a landing of %v", e["changes"])
		}
	}
	if moves != 1 {
		t.Errorf("%d landings, want 1", moves)
	}
	digests := strings.Fields(h.inKernel("log", "--format=%(trailers:key=Assessment,valueonly)", main+"..main"))
	slices.Sort(digests)
	if len(slices.Compact(digests)) != 3 {
		t.Errorf("assessments %v, want three", digests)
	}
	shared := 0
	for _, id := range ids {
		v, err := h.await(id, change.Merged).Judged()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(v.Assessment.Gates, func(g gate.Gate) bool { return slices.Contains(g.Checks, "test") })
		if i >= 0 && v.Assessment.Gates[i].Source == "batch" && strings.Contains(v.Assessment.Gates[i].Reason, "run on tree") {
			shared++
		}
	}
	if shared != 2 { // the first one was judged on main as it is before, by itself
		t.Errorf("%d changes say that they were proven by the run at the tip, want 2", shared)
	}
}

// TestBatchIsMirrored tells whoever follows main of a batch, as of a single landing.
func TestBatchIsMirrored(t *testing.T) {
	t.Parallel()
	remote := filepath.Join(t.TempDir(), "mirror.git")
	if _, err := git.InitBare(t.Context(), remote, git.InitOptions{}); err != nil {
		t.Fatal(err)
	}
	h, _ := houseChecked(t, "true", fmt.Sprintf("  mirror: {remote: %q, every: 1s}\n", remote))
	atStart := h.status().Main
	h.until("the mirror is up to date", func() bool { return h.mirrored(remote) == atStart })
	url := h.writer("ada")
	h.hold(true)
	ids := []string{h.propose(url, 1, "100"), h.propose(url, 5, "500")}
	h.gather(ids...)
	idle := time.Now().Add(2 * time.Second) // after the first push the mirror looks once more, by the clock
	h.until("the mirror has no reason to look", func() bool { return time.Now().After(idle) })
	h.hold(false)
	for _, id := range ids {
		h.await(id, change.Merged)
	}
	if n := len(h.entries("landing.intent")); n != 1 {
		t.Fatalf("%d landings, want one of both", n)
	}
	h.until("the mirror has both", func() bool {
		return h.mirrored(remote) == h.status().Main
	})
}

// mirrored is the main that a remote has.
func (h *house) mirrored(remote string) string {
	tip, err := h.git("--git-dir", remote, "rev-parse", "--verify", "--quiet", "refs/adamant/main")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(tip)
}

// TestBadMemberIsEjected lands a batch without the one change that breaks it.
func TestBadMemberIsEjected(t *testing.T) {
	t.Parallel()
	h, _ := batchHouse(t)
	url := h.writer("ada")
	h.hold(true)
	good := []string{h.propose(url, 1, "'half'"), h.propose(url, 5, "500")}
	bad := h.propose(url, 9, "'half'") // each half passes by itself: only together they fail
	h.gather(append(good, bad)...)
	h.hold(false)
	h.await(good[1], change.Merged)
	settled := func(id string) string {
		for {
			var c desk.Change
			h.call("GET", desk.PathChange, id, nil, &c)
			if s := c.Status; s == string(change.Merged) || s == string(change.Rejected) {
				return s
			}
			if err := sleep(t.Context(), 20*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := []string{settled(good[0]), settled(bad)}
	slices.Sort(got)
	if want := []string{string(change.Merged), string(change.Rejected)}; !slices.Equal(got, want) {
		t.Errorf("the two halves are %v, want one merged and one rejected", got)
	}
	for _, commit := range strings.Fields(h.inKernel("rev-list", "main")) {
		if n := strings.Count(h.inKernel("grep", "-h", "-e", "half", "-e", "def", commit, "--", "src"), "'half'"); n > 1 {
			t.Errorf("commit %s of main is red", commit)
		}
	}
}

// TestTenWithAHotfixBetween lands ten changes, the hotfix among them first.
func TestTenWithAHotfixBetween(t *testing.T) {
	t.Parallel()
	h, log := batchHouse(t)
	url := h.writer("ada")
	first := h.propose(url, 11, "111")
	h.await(first, change.Merged)
	h.hold(true)
	var ids []string
	for i := range 9 {
		if i == 4 {
			var a desk.Answer
			h.call("POST", api.PathRevert, first, api.Reason{Reason: "the number is wrong"}, &a)
			ids = append(ids, a.Change)
		}
		ids = append(ids, h.propose(url, i, fmt.Sprint(100+i)))
	}
	h.gather(ids...)
	before := log.runs("test")
	h.hold(false)
	for _, id := range ids {
		h.await(id, change.Merged)
	}
	order := strings.Split(h.inKernel("log", "--reverse", "--format=%s", "main~10..main"), "\n")
	if !strings.HasPrefix(order[0], "Revert ") {
		t.Errorf("the hotfix is not first: %v", order)
	}
	if n := log.runs("test") - before; n > 5 {
		t.Errorf("the check ran %d times for ten changes", n)
	}
	t.Logf("%d runs for %d changes, %d landings", log.runs("test")-before, len(ids), len(h.entries("landing.intent")))
}

// TestHotfixOvertakes has a hotfix come to a queue that is busy: the checks of a batch are under way, others wait. It lands
// before all of them.
func TestHotfixOvertakes(t *testing.T) {
	t.Parallel()
	h, log := batchHouse(t)
	url := h.writer("ada")
	first := h.propose(url, 11, "111")
	h.await(first, change.Merged)
	h.hold(true)
	var ids []string
	for i := range 7 {
		ids = append(ids, h.propose(url, i, fmt.Sprint(100+i)))
	}
	h.gather(ids...)
	busy, goOn := make(chan bool, 1), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release) // before the house goes down
	log.mu.Lock()
	log.hook = func(change, line string) {
		if strings.Contains(change, " ") && line == "test: run" { // the check at the tip of a batch
			select {
			case busy <- true:
			default:
			}
			<-goOn
		}
	}
	log.mu.Unlock()
	h.hold(false)
	<-busy
	var a desk.Answer
	h.call("POST", api.PathRevert, first, api.Reason{Reason: "the number is wrong"}, &a)
	h.until("the hotfix has the queue to itself, or has left it", func() bool {
		var c desk.Change
		h.call("GET", desk.PathChange, a.Change, nil, &c)
		var q api.Queue
		h.call("GET", api.PathQueue, "", nil, &q)
		return c.Status == string(change.Merged) || slices.ContainsFunc(q.Runs, func(r api.Run) bool { return len(r.Batch) == 1 && strings.HasPrefix(r.Batch[0], a.Change[:16]) })
	})
	release()
	for _, id := range append(ids, a.Change) {
		h.await(id, change.Merged)
	}
	if order := strings.Split(h.inKernel("log", "--reverse", "--format=%s", "main~8..main"), "\n"); !strings.HasPrefix(order[0], "Revert ") {
		t.Errorf("the hotfix is not first: %v", order)
	}
}

// TestFlakyHeadIsRunAgain has a batch fail for a reason that goes away. The one that is left is run again in earnest, though a known
// result of the same tree says that it fails, and lands with that on record.
func TestFlakyHeadIsRunAgain(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp(".", "flaky-") // checks see this folder, and not /tmp
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	here, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	weather := filepath.Join(here, "rain")
	h, log := houseChecked(t, "test ! -e "+weather)
	url := h.writer("ada")
	h.hold(true)
	ids := []string{h.propose(url, 1, "100"), h.propose(url, 5, "500")}
	h.gather(ids...)
	if err := os.WriteFile(weather, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log.mu.Lock()
	log.hook = func(_, line string) {
		if strings.HasPrefix(line, "test: done failed") {
			_ = os.Remove(weather)
		}
	}
	log.mu.Unlock()
	before := log.runs("test")
	h.hold(false)
	for _, id := range ids {
		h.await(id, change.Merged)
	}
	h.down() // everything is in the ledger
	if log.runs("test")-before == 1 {
		t.Log("the halves of the batch were proven beside each other: nobody was accused, nothing was run again")
		return
	}
	found := h.entries(kindFlaky)
	if len(found) != 1 || found[0]["flaky"] != true {
		t.Errorf("the ledger says %v, want one flaky change", found)
	}
}

// TestStopBetweenProofAndLanding ends the daemon when a batch is about to land. The next one lands it, once.
func TestStopBetweenProofAndLanding(t *testing.T) {
	t.Parallel()
	h, _ := batchHouse(t)
	url := h.writer("ada")
	h.hold(true)
	ids := []string{h.propose(url, 1, "100"), h.propose(url, 5, "500"), h.propose(url, 9, "900")}
	h.gather(ids...)
	main := h.inKernel("rev-parse", "main")
	h.hold(false)
	h.until("a batch that lands", func() bool {
		var q api.Queue
		h.call("GET", api.PathQueue, "", nil, &q)
		return len(q.Entries) == 0 || slices.ContainsFunc(q.Entries, func(e api.Entry) bool { return e.State == "landing" })
	})
	h.down()
	h.up()
	for _, id := range ids {
		h.await(id, change.Merged)
	}
	if n := h.inKernel("rev-list", "--count", main+"..main"); n != "3" {
		t.Errorf("main has %s new commits, want 3", n)
	}
}
