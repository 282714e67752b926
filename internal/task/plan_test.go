package task

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func cone(writes ...string) Cone { return Cone{Writes: Places(writes)} }

func TestPlan(t *testing.T) {
	t.Parallel()
	coder := func(id string, c Cone) Contender {
		return Contender{Task: id, Role: RoleCoder, Agent: "coder", Since: at(0), Group: id, Cone: c}
	}
	early := func(c Contender, minutes int) Contender {
		c.Since = at(-minutes)
		return c
	}
	ranked := func(c Contender, priority int) Contender {
		c.Priority = priority
		return c
	}
	runs := func(id string, c Cone) Holder {
		return Holder{Task: id, Role: RoleCoder, Agent: "coder", Group: id, Cone: c, Writing: true}
	}
	wide := Caps{Running: 10}
	for _, test := range []struct {
		name    string
		waiting []Contender
		holders []Holder
		caps    Caps
		want    map[string]string // what each waits for; "" = it starts
	}{
		{"free", []Contender{coder("a", Cone{}), coder("b", Cone{})}, nil, wide, map[string]string{"a": "", "b": ""}},
		{"both write", []Contender{coder("a", cone("x/y.go"))}, []Holder{runs("b", cone("x"))}, wide, map[string]string{"a": "after task b: both write x/y.go"}},
		{"it breaks what the other writes", []Contender{coder("a", Cone{Writes: []string{"lib"}, Reach: []string{"app/main.go"}})}, []Holder{runs("b", cone("app"))}, wide,
			map[string]string{"a": "after task b: it writes app/main.go, which depends on what this one writes"}},
		{"it stands on what the other writes", []Contender{coder("a", cone("app"))}, []Holder{runs("b", Cone{Writes: []string{"lib"}, Reach: []string{"app/main.go"}})}, wide,
			map[string]string{"a": "after task b: this one writes app/main.go, which depends on what it writes"}},
		{"both break the same", []Contender{coder("a", Cone{Writes: []string{"l1"}, Reach: []string{"app/main.go"}})},
			[]Holder{runs("b", Cone{Writes: []string{"l2"}, Reach: []string{"app/main.go"}})}, wide, map[string]string{"a": ""}},
		{"the first takes what the second wants", []Contender{early(coder("b", cone("x")), 1), coder("a", cone("x"))}, nil, wide, map[string]string{"b": "", "a": "after task b: both write x"}},
		{"who waits for files keeps them", []Contender{early(coder("a", cone("x", "y")), 9), coder("b", cone("y"))}, []Holder{runs("c", cone("x"))}, wide,
			map[string]string{"a": "after task c: both write x", "b": "after task a: both write y"}},
		{"full", []Contender{coder("a", Cone{})}, []Holder{runs("b", Cone{})}, Caps{Running: 1}, map[string]string{"a": "1 attempt runs already (spec.fleet.maxRunning)"}},
		{"role full", []Contender{coder("a", Cone{}), {Task: "r", Role: RoleReviewer, Agent: "reader", Since: at(0)}}, []Holder{runs("b", Cone{})},
			Caps{Running: 9, Roles: map[string]int{RoleCoder: 1}}, map[string]string{"a": "1 attempt runs of coders already (spec.fleet.perRole)", "r": ""}},
		{"agent full", []Contender{coder("a", Cone{})}, []Holder{runs("b", Cone{})}, Caps{Running: 9, Agents: map[string]int{"coder": 1}},
			map[string]string{"a": "1 attempt runs of coder already (its concurrency)"}},
		{"broke", []Contender{coder("a", Cone{})}, nil, Caps{Running: 9, Day: 25_000_000_000, Spent: 25_010_000_000},
			map[string]string{"a": "today's budget of $25.00 is spent ($25.01); it is there again at 00:00 UTC"}},
		{"held", []Contender{coder("a", Cone{})}, nil, Caps{Running: 9, Held: "paused"}, map[string]string{"a": "paused"}},
		{"priority", []Contender{coder("a", cone("x")), ranked(coder("b", cone("x")), 5)}, nil, wide, map[string]string{"b": "", "a": "after task b: both write x"}},
		{"waiting is worth more in the end", []Contender{early(coder("a", cone("x")), 60*4), ranked(coder("b", cone("x")), 5)}, nil, wide,
			map[string]string{"a": "", "b": "after task a: both write x"}},
		{"squeezed in when idle", []Contender{ranked(coder("a", Cone{}), -1)}, nil, wide, map[string]string{"a": ""}},
		{"not squeezed in beside others", []Contender{ranked(early(coder("a", Cone{}), 9999), -1), coder("b", Cone{})}, nil, wide,
			map[string]string{"a": "it is started when nothing else is going on", "b": ""}},
		{"not squeezed in while something is on its way", []Contender{ranked(coder("a", Cone{}), -1)}, []Holder{{Task: "b", Writing: true}}, wide,
			map[string]string{"a": "it is started when nothing else is going on"}},
		{"readers are in nobody's way", []Contender{{Task: "a", Role: RoleReviewer, Agent: "reader", Since: at(0), Cone: cone("x")}}, []Holder{runs("b", cone("x"))}, wide, map[string]string{"a": ""}},
		{"its own result is not in its way", []Contender{coder("a", cone("x"))}, []Holder{{Task: "a", Cone: cone("x"), Writing: true}}, wide, map[string]string{"a": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for id, turn := range Plan(test.waiting, test.holders, test.caps, at(0)) {
				if turn.Why != test.want[id] || turn.OK != (turn.Why == "") {
					t.Errorf("%s: %+v, want %q", id, turn, test.want[id])
				}
			}
		})
	}
}

// TestGroupsShare lets one feature's ten tasks not keep another's one waiting.
func TestGroupsShare(t *testing.T) {
	t.Parallel()
	var waiting []Contender
	for i := range 10 {
		waiting = append(waiting, Contender{Task: fmt.Sprintf("a%d", i), Role: RoleCoder, Agent: "coder", Since: at(0), Group: "big"})
	}
	waiting = append(waiting, Contender{Task: "z", Role: RoleCoder, Agent: "coder", Since: at(0), Group: "small"})
	turns := Plan(waiting, nil, Caps{Running: 2}, at(1))
	if !turns["z"].OK {
		t.Errorf("the other feature waits: %s", turns["z"].Why)
	}
}

// TestPlanHolds: whatever waits and runs, what may start breaks no cap and meets nobody, the answer does not depend on the order of
// its arguments, and when all that may start is started and ends, everybody has had their turn after a while.
func TestPlanHolds(t *testing.T) {
	t.Parallel()
	places := []string{"a", "a/b", "a/b/c.go", "d", "d/e.go", "f", "."}
	rapid.Check(t, func(t *rapid.T) {
		caps := Caps{Running: rapid.IntRange(1, 4).Draw(t, "running"), Roles: map[string]int{RoleCoder: rapid.IntRange(1, 3).Draw(t, "coders")},
			Agents: map[string]int{"c0": rapid.IntRange(1, 2).Draw(t, "c0")}}
		var waiting []Contender
		for i := range rapid.IntRange(1, 9).Draw(t, "tasks") {
			c := Contender{Task: fmt.Sprintf("t%d", i), Role: rapid.SampledFrom([]string{RoleCoder, RoleCoder, RoleReviewer}).Draw(t, "role"),
				Agent: rapid.SampledFrom([]string{"c0", "c1"}).Draw(t, "agent"), Priority: rapid.IntRange(-1, 3).Draw(t, "priority"),
				Since: at(-rapid.IntRange(0, 300).Draw(t, "since")), Group: rapid.SampledFrom([]string{"g", "h"}).Draw(t, "group"),
				Cone: Cone{Writes: Places(rapid.SliceOfN(rapid.SampledFrom(places), 0, 2).Draw(t, "writes")),
					Reach: Places(rapid.SliceOfN(rapid.SampledFrom(places[:6]), 0, 2).Draw(t, "reach"))}}
			waiting = append(waiting, c)
		}
		var running []Holder
		for round := 0; len(waiting) > 0; round++ {
			if round > 60 {
				t.Fatalf("%d tasks never had their turn: %+v", len(waiting), waiting)
			}
			turns := Plan(waiting, running, caps, at(round*10))
			slices.Reverse(waiting)
			if again := Plan(waiting, running, caps, at(round*10)); !reflect.DeepEqual(turns, again) {
				t.Fatalf("another order, another plan:\n%+v\n%+v", turns, again)
			}
			waiting = slices.DeleteFunc(waiting, func(c Contender) bool {
				turn := turns[c.Task]
				if turn.OK == (turn.Why != "") {
					t.Fatalf("%s: %+v", c.Task, turn)
				}
				if turn.OK {
					running = append(running, Holder{Task: c.Task, Role: c.Role, Agent: c.Agent, Group: c.Group, Cone: c.Cone, Writing: c.Role == RoleCoder})
				}
				return turn.OK
			})
			holds(t, running, caps)
			if len(running) > 0 { // the oldest ends
				running = running[1:]
			}
		}
	})
}

func holds(t *rapid.T, running []Holder, caps Caps) {
	coders, c0 := 0, 0
	for i, h := range running {
		if h.Role == RoleCoder {
			coders++
		}
		if h.Agent == "c0" {
			c0++
		}
		for _, o := range running[:i] {
			if why := h.Cone.Meets(o.Cone); why != "" && h.Writing && o.Writing {
				t.Fatalf("%s and %s run: %s", h.Task, o.Task, why)
			}
		}
	}
	if len(running) > caps.Running || coders > caps.Roles[RoleCoder] || c0 > caps.Agents["c0"] {
		t.Fatalf("%d attempts run, %d of coders, %d of c0: %+v", len(running), coders, c0, caps)
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	names := map[string][]string{"billing": {"services/billing"}, "docs/a.md": {"docs/a.md"}, "go": {"go"}, "rate": {"lib/rate"}}
	for text, want := range map[string]string{
		"Add rate limiting to Billing.":  "lib/rate services/billing",
		"Mend docs/a.md, please":         "docs/a.md",
		"Go on":                          "",
		"rebilling is no word we know":   "",
		"(billing)":                      "services/billing",
		"the billing-service is another": "",
	} {
		if got := strings.Join(Mentions(text, names), " "); got != want {
			t.Errorf("%q mentions %q, want %q", text, got, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	if got := Places([]string{"a/", "./b", "c/**/*.go", "**", "a", "d/e*.go"}); !slices.Equal(got, []string{".", "a", "b", "c", "d"}) {
		t.Errorf("%v", got)
	}
}

func TestUSD(t *testing.T) {
	t.Parallel()
	for nano, want := range map[int64]string{0: "$0.00", 500_000: "$0.0005", 20_000_000: "$0.02", 1_234_000_000: "$1.23", 25_000_000_000: "$25.00"} {
		if got := USD(nano); got != want {
			t.Errorf("%d is %s, want %s", nano, got, want)
		}
	}
}

// BenchmarkPlan ranks 100 tasks with large cones.
func BenchmarkPlan(b *testing.B) {
	var waiting []Contender
	for i := range 100 {
		c := Contender{Task: fmt.Sprint(i), Role: RoleCoder, Since: at(i), Cone: Cone{Writes: []string{fmt.Sprintf("p%03d", i)}}}
		for k := range 2000 {
			c.Cone.Reach = append(c.Cone.Reach, fmt.Sprintf("q%d/%05d.go", i, k))
		}
		slices.Sort(c.Cone.Reach)
		waiting = append(waiting, c)
	}
	for b.Loop() {
		Plan(waiting, nil, Caps{Running: 100}, time.Time{})
	}
}
