package mergequeue_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/mergequeue"
)

// play gives a queue one event and renders what it does.
func play(q *mergequeue.Queue, at time.Time, e mergequeue.Event) string {
	var out []string
	for _, a := range q.Apply(at, e) {
		switch a := a.(type) {
		case mergequeue.Start:
			text := fmt.Sprintf("start %s: %s + %s", a.Run, strings.Join(append([]string{a.Base}, a.Chain...), " "), strings.Join(a.Batch, " "))
			if a.Rerun {
				text += " again"
			}
			out = append(out, text)
		case mergequeue.Cancel:
			out = append(out, "cancel "+string(a.Run))
		case mergequeue.Land:
			out = append(out, fmt.Sprintf("land %s: %s", a.Run, strings.Join(a.Changes, " ")))
		case mergequeue.Eject:
			out = append(out, "eject "+a.Change+": "+string(a.Code))
		case mergequeue.Wake:
			out = append(out, "wake "+a.At.Format("15:04"))
		}
	}
	return strings.Join(out, "; ")
}

func arrive(id string, lane mergequeue.Lane, ids ...string) mergequeue.Event {
	c := mergequeue.Change{ID: id, Eligible: monday, Lane: lane, Reason: "why", Affected: mergequeue.Affected{By: "graph", IDs: ids}}
	return mergequeue.Arrived{Change: c}
}

func end(run string, o mergequeue.Outcome) mergequeue.Event {
	return mergequeue.Finished{Run: mergequeue.RunID(run), Outcome: o}
}

func landed(run, main string) mergequeue.Event {
	return mergequeue.Landed{Run: mergequeue.RunID(run), Main: main}
}

type line struct {
	event mergequeue.Event
	want  string
}

// Each story is a row of events and what the queue does about each.
func TestStories(t *testing.T) {
	t.Parallel()
	pair := mergequeue.Options{Epoch: 1, Slots: 2, Batch: 3, Depth: 3, Lanes: true}
	stories := map[string]struct {
		opt   mergequeue.Options
		lines []line
	}{
		"lanes do not wait for each other": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{arrive("b", "", "y"), "start 1.2: m0 + b"},
			{end("1.2", mergequeue.Passed), "land 1.2: b"},
			{landed("1.2", "m1"), ""},
			{end("1.1", mergequeue.Passed), "land 1.1: a"},
		}},
		"a chain is built on what will probably land": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{arrive("b", "", "x"), "start 1.2: m0 a + b"},
			{end("1.2", mergequeue.Passed), ""},
			{end("1.1", mergequeue.Passed), "land 1.1: a"},
			{landed("1.1", "m1"), "land 1.2: b"},
		}},
		"a chain falls with what it is built on": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{arrive("b", "", "x"), "start 1.2: m0 a + b"},
			{end("1.1", mergequeue.Failed), "cancel 1.2; start 1.3: m0 + a again; start 1.4: m0 + b"},
			{end("1.3", mergequeue.Failed), "eject a: failed"},
			{end("1.4", mergequeue.Passed), "land 1.4: b"},
		}},
		"a flaky head lands at its second try": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{end("1.1", mergequeue.Failed), "start 1.2: m0 + a again"},
			{end("1.2", mergequeue.Passed), "land 1.2: a"},
		}},
		"a failed batch is halved, and the memory spares a run": {mergequeue.Options{Epoch: 1, Slots: 2, Batch: 3, Depth: 1, Lanes: true}, []line{
			{arrive("z", "", "x"), "start 1.1: m0 + z"},
			{arrive("a", "", "x"), ""},
			{arrive("b", "", "x"), ""},
			{end("1.1", mergequeue.Passed), "land 1.1: z"},
			{landed("1.1", "m1"), "start 1.2: m1 + a b"},
			{end("1.2", mergequeue.Failed), "start 1.3: m1 + a; start 1.4: m1 + b"},
			{end("1.4", mergequeue.Failed), ""}, // b is not run again: a is about to tell
			{end("1.3", mergequeue.Passed), "land 1.3: a"},
			{landed("1.3", "m2"), "eject b: failed"},
		}},
		"a hotfix takes a slot and the queue": {mergequeue.Options{Epoch: 1, Slots: 1, Lanes: true}, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{arrive("h", mergequeue.Hotfix, "y"), "cancel 1.1; start 1.2: m0 + h"},
			{end("1.2", mergequeue.Passed), "land 1.2: h"},
			{landed("1.2", "m1"), "start 1.3: m1 + a"},
		}},
		"a critical change keeps main where it was approved": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{arrive("c", mergequeue.Critical, "y"), "start 1.2: m0 + c"},
			{end("1.1", mergequeue.Passed), ""},
			{end("1.2", mergequeue.Passed), "land 1.2: c"},
			{landed("1.2", "m1"), "land 1.1: a"},
		}},
		"without a result nobody is blamed, and not for ever": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{end("1.1", mergequeue.Aborted), "start 1.2: m0 + a"},
			{end("1.2", mergequeue.Aborted), "start 1.3: m0 + a"},
			{end("1.3", mergequeue.Aborted), "start 1.4: m0 + a"},
			{end("1.4", mergequeue.Aborted), "eject a: no-result"},
		}},
		"a refused landing ejects one and tries the others again": {mergequeue.Options{Epoch: 1, Slots: 1, Batch: 3, Lanes: true}, []line{
			{arrive("z", "", "x"), "start 1.1: m0 + z"},
			{arrive("a", "", "x"), ""},
			{arrive("b", "", "x"), ""},
			{mergequeue.Cancelled{Change: "z"}, "cancel 1.1; start 1.2: m0 + a b"},
			{end("1.2", mergequeue.Passed), "land 1.2: a b"},
			{mergequeue.Cancelled{Change: "a"}, ""},
			{mergequeue.Refused{Run: "1.2", Change: "a", Note: "conflict"}, "eject a: refused; start 1.3: m0 + b"},
		}},
		"a main moved by hand voids what it touches": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{arrive("b", "", "y"), "start 1.2: m0 + b"},
			{mergequeue.Moved{Main: "m1", Affected: mergequeue.Affected{By: "graph", IDs: []string{"x"}}}, "cancel 1.1; start 1.3: m1 + a"},
			{mergequeue.Moved{Main: "m2"}, "cancel 1.2; cancel 1.3; start 1.4: m2 + a; start 1.5: m2 + b"},
		}},
		"a pause holds starts and landings": {pair, []line{
			{arrive("a", "", "x"), "start 1.1: m0 + a"},
			{mergequeue.Paused{}, ""},
			{arrive("b", mergequeue.Hotfix, "y"), ""},
			{end("1.1", mergequeue.Passed), ""},
			{mergequeue.Resumed{}, "start 1.2: m0 + b"},
			{end("1.2", mergequeue.Passed), "land 1.2: b"},
			{landed("1.2", "m1"), "land 1.1: a"},
		}},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := mergequeue.New(story.opt, "m0")
			for i, l := range story.lines {
				if got := play(q, monday, l.event); got != l.want {
					t.Fatalf("%d: %T%+v: got %q, want %q", i, l.event, l.event, got, l.want)
				}
			}
		})
	}
}

func TestHotfixNeedsAReasonAndIsAudited(t *testing.T) {
	t.Parallel()
	freeze, err := mergequeue.ParseWindow("year end", nil, "2026-01-01", "2026-01-31", "")
	if err != nil {
		t.Fatal(err)
	}
	q := mergequeue.New(mergequeue.Options{Calendar: mergequeue.Calendar{freeze}}, "m0")
	if got := play(q, monday, mergequeue.Arrived{Change: mergequeue.Change{ID: "h", Lane: mergequeue.Hotfix}}); got != "eject h: no-reason" {
		t.Error(got)
	}
	if got := play(q, monday, arrive("a", "", "x")); got != "wake 00:00" {
		t.Error(got)
	}
	if got := play(q, monday, arrive("c", mergequeue.Critical, "x")); got != "wake 00:00" {
		t.Errorf("a critical change in a freeze: %s", got)
	}
	for _, a := range q.Apply(monday, arrive("h", mergequeue.Hotfix, "x")) {
		if s, ok := a.(mergequeue.Start); ok && s.Audit != "hotfix lane: nothing else starts or lands meanwhile; why; started in freeze window year end" {
			t.Error(s.Audit)
		}
	}
	for _, a := range q.Apply(monday, end("0.1", mergequeue.Passed)) {
		if l, ok := a.(mergequeue.Land); ok && !strings.HasSuffix(l.Audit, "lands in freeze window year end") {
			t.Error(l.Audit)
		}
	}
	if got := play(q, monday, landed("0.1", "m1")); got != "wake 00:00" {
		t.Error(got)
	}
	if got := play(q, monday.AddDate(0, 1, 0), mergequeue.Clock{}); got != "start 0.2: m1 + c" {
		t.Error(got)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	opt := mergequeue.Options{RiskDelay: 10 * time.Minute, PriorityStep: 30 * time.Minute}
	q := mergequeue.New(opt, "m0")
	play(q, monday, arrive("now", "")) // takes the slot
	for _, c := range []mergequeue.Change{
		{ID: "risky", Risk: 1000, Eligible: monday}, {ID: "later", Eligible: monday.Add(5 * time.Minute)},
		{ID: "wanted", Priority: 1, Eligible: monday.Add(20 * time.Minute)}, {ID: "calm", Eligible: monday},
	} {
		play(q, monday, mergequeue.Arrived{Change: c})
	}
	var order []string
	run, main := "0.1", 0
	for range 5 {
		play(q, monday, end(run, mergequeue.Passed))
		main++
		got := play(q, monday, landed(run, fmt.Sprint("m", main)))
		if cut := strings.LastIndex(got, "+ "); cut >= 0 {
			order = append(order, got[cut+2:])
		}
		run = fmt.Sprint("0.", main+1)
	}
	if got := strings.Join(order, " "); got != "wanted calm later risky" {
		t.Errorf("order: %s", got)
	}
}

func TestSmallBatchWaitsForCompanyWhenSlotsAreScarce(t *testing.T) {
	t.Parallel()
	opt := mergequeue.Options{Slots: 2, Batch: 3, Depth: 1, Lanes: true, Hold: 4 * time.Minute}
	q := mergequeue.New(opt, "m0")
	if got := play(q, monday, arrive("a", "", "x")); got != "start 0.1: m0 + a" {
		t.Error(got)
	}
	if got := play(q, monday, arrive("b", "", "y")); got != "wake 11:24" {
		t.Error(got)
	}
	if got := play(q, monday, arrive("c", "", "y")); got != "start 0.2: m0 + b c" {
		t.Error(got)
	}
}

// What cannot share a run goes by itself, and what is behind it does not overtake it.
func TestAloneIsInNoBatch(t *testing.T) {
	t.Parallel()
	q := mergequeue.New(mergequeue.Options{Epoch: 1, Slots: 1, Batch: 3, Depth: 3, Lanes: true}, "m0")
	play(q, monday, mergequeue.Paused{})
	for _, id := range []string{"a", "b", "c", "d"} {
		e := arrive(id, mergequeue.Normal, "x").(mergequeue.Arrived)
		e.Change.Alone = id == "b"
		play(q, monday, e)
	}
	for _, step := range []line{
		{mergequeue.Resumed{}, "start 1.1: m0 + a"},
		{end("1.1", mergequeue.Passed), "land 1.1: a; start 1.2: m0 a + b"},
		{landed("1.1", "m1"), ""},
		{end("1.2", mergequeue.Passed), "land 1.2: b; start 1.3: m1 b + c d"},
	} {
		if got := play(q, monday, step.event); got != step.want {
			t.Fatalf("got %q, want %q", got, step.want)
		}
	}
}
