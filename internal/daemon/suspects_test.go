//go:build linux

package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// deadly is a log that kills its daemon when the gate says that it works on a certain change.
type deadly struct {
	slog.Handler
	file string
}

func (d deadly) Enabled(ctx context.Context, l slog.Level) bool {
	return d.file != "" || d.Handler.Enabled(ctx, l)
}

func (d deadly) Handle(ctx context.Context, r slog.Record) error {
	if d.file != "" && r.Message == "gate" {
		r.Attrs(func(a slog.Attr) bool {
			if id, err := os.ReadFile(d.file); err == nil && a.Key == "change" && strings.Contains(a.Value.String(), string(id)) {
				_ = syscall.Kill(-os.Getpid(), syscall.SIGKILL) // its whole group
				select {}
			}
			return true
		})
	}
	if !d.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return d.Handler.Handle(ctx, r)
}

// restarted starts the daemon again and again until a change is suspended, and says how often it died before.
func (d *den) restarted(id string) (deaths int) {
	for ; ; deaths++ {
		p := d.start()
		for alive := true; alive; {
			select {
			case <-p.ended:
				alive = false
			case <-time.After(50 * time.Millisecond):
			}
			switch c, err := d.show(id); {
			case err != nil: // it is dead, or not up yet
			case c.Status == suspended:
				return deaths
			case c.Status == merged:
				d.t.Fatalf("after %d deaths it landed\n%s", deaths, p.log)
			}
		}
		if deaths > 10 {
			d.t.Fatalf("it died %d times and nothing is suspended\n%s", deaths+1, p.log)
		}
	}
}

// dies waits until a daemon has ended, which it has to before a change lands.
func (d *den) dies(p *process, id string) {
	d.t.Helper()
	for {
		select {
		case <-p.ended:
			return
		case <-time.After(50 * time.Millisecond):
		}
		if c, err := d.show(id); id != "" && err == nil && c.Status == merged {
			d.t.Fatalf("the change landed\n%s", p.log)
		}
	}
}

// item is what the inbox says about a change.
func (d *den) item(id string) desk.Item {
	d.t.Helper()
	var in desk.Inbox
	if err := d.client().Call(d.t.Context(), "GET", desk.PathInbox, "", nil, &in); err != nil {
		d.t.Fatal(err)
	}
	for _, item := range in.Items {
		if strings.HasPrefix(item.Change, id) {
			return item
		}
	}
	return desk.Item{}
}

func (d *den) arm(part string) {
	d.t.Helper()
	if err := os.WriteFile(d.order.Deadly, []byte(part), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *den) disarm() {
	d.t.Helper()
	if err := os.Remove(d.order.Deadly); err != nil {
		d.t.Fatal(err)
	}
}

// TestDeadlyChange: a change whose judging kills the daemon is suspended after five times and put to the operator; others go on.
func TestDeadlyChange(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	d.order.Deadly = filepath.Join(t.TempDir(), "deadly")
	p, _ := d.up()
	c := d.commits(2, func(n int) (string, string) {
		if n == 0 { // its checks are run
			return "src/m.py", "def f():\n    return 1\n"
		}
		return prose(n)
	})
	url := d.writer()
	d.arm("")
	_, _, _ = d.push(t.Context(), url, c[0], "topic=deadly") // the daemon may die before it answers
	d.dies(p, "")
	refs := strings.Fields(d.git("for-each-ref", "--format=%(refname)", "refs/adamant/changes/*/*/meta"))
	if len(refs) != 1 {
		t.Fatalf("changes %v, want one", refs)
	}
	id := filepath.Base(filepath.Dir(refs[0]))[:16]
	if deaths := 1 + d.restarted(id); deaths != 5 {
		t.Errorf("suspended after %d deaths, want 5", deaths)
	}
	if item := d.item(id); !strings.Contains(item.Why, "gave no assessment") || item.Next != "adamant resume "+id+" | adamant abandon "+id {
		t.Errorf("the inbox says %+v", item)
	}
	d.disarm()
	d.await(d.propose(url, c[1], "topic=other"), hang, merged)
	if err := d.client().Call(t.Context(), "POST", api.PathContinue, id, api.Reason{}, &desk.Answer{}); err != nil {
		t.Fatal(err)
	}
	d.await(id, hang, string(change.Soaking))
}

// TestDeadlyInTheQueue: the same where a batch is proven. The others of the batch land.
func TestDeadlyInTheQueue(t *testing.T) {
	t.Parallel()
	d := newDen(t, func(r *gittest.Repo) {
		r.Write(".adamant/adamant.yaml", strings.Replace(config, "{name: test,", "{name: test, baseTests: false,", 1)+"  risk: {matrix: {low: {gates: [unit], merge: auto}}}\n")
		r.Write("src/list.py", list(nil))
	})
	d.order.Deadly = filepath.Join(t.TempDir(), "deadly")
	p, _ := d.up()
	url := d.writer()
	c := d.commits(2, func(n int) (string, string) { return "src/list.py", list(map[int]string{1 + 5*n: "100"}) })
	d.post(api.PathPause)
	good := d.propose(url, c[0], "topic=good")
	d.await(good, hang, string(change.Queued))
	p.kill()
	d.order.Shift = 2 * time.Hour // so that the good one is in front of the bad one, which has to be judged again behind it
	p, _ = d.up()
	bad := d.propose(url, c[1], "topic=bad")
	d.await(bad, hang, string(change.Queued))
	d.arm(bad)
	d.post(api.PathResume)
	d.dies(p, bad)
	if deaths := 1 + d.restarted(bad); deaths != 5 {
		t.Errorf("suspended after %d deaths, want 5", deaths)
	}
	if item := d.item(bad); !strings.Contains(item.Why, "the daemon ended 5 times in a row") || item.Next != "adamant resume "+bad+" | adamant abandon "+bad {
		t.Errorf("the inbox says %+v", item)
	}
	d.await(good, hang, merged)
	d.disarm()
	if err := d.client().Call(t.Context(), "POST", api.PathContinue, bad, api.Reason{}, &desk.Answer{}); err != nil {
		t.Fatal(err)
	}
	d.await(bad, hang, merged)
}

// post sends an order. The daemon may die of it before it answers.
func (d *den) post(path string) {
	var p api.Pause
	_ = d.client().Call(d.t.Context(), "POST", path, "", api.Reason{Reason: "gathering"}, &p)
}

// TestSuspects counts ends in a row, for one patch set.
func TestSuspects(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "judged.json")
	reopen := func() *suspects {
		t.Helper()
		s, err := openSuspects(path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	of := func(id, head string) change.Change {
		return change.Change{ID: id, State: change.State{PatchSets: []change.PatchSet{{Head: git.OID(head)}}}}
	}
	a, b := of("a", "1"), of("b", "1")
	begin := func(s *suspects, c ...change.Change) func(bool) {
		t.Helper()
		over, err := s.begin(c)
		if err != nil {
			t.Fatal(err)
		}
		return over
	}
	s := reopen()
	begin(s, a, b)
	s = reopen() // it ended
	begin(s, a)
	s = reopen() // again
	if s.ends(a) != 2 || s.ends(b) != 1 || s.ends(of("a", "2")) != 0 {
		t.Errorf("a %d, b %d, a's next patch set %d; want 2, 1, 0", s.ends(a), s.ends(b), s.ends(of("a", "2")))
	}
	begin(s, a)(true) // a stop is no end by accident, and no run that ended
	if s = reopen(); s.ends(a) != 2 {
		t.Errorf("after a stop: %d, want 2", s.ends(a))
	}
	begin(s, a)(false)
	if s = reopen(); s.ends(a) != 0 || s.ends(b) != 1 {
		t.Errorf("after a run: a %d, b %d, want 0, 1", s.ends(a), s.ends(b))
	}
	s.keep(map[string]bool{})
	if s.ends(b) != 0 {
		t.Error("what left the queue is remembered")
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := openSuspects(path); err == nil || s == nil {
		t.Errorf("a file that is cut: %v, %v", s, err)
	}
}
