package task

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Contender is an attempt that wants to start.
type Contender struct {
	Task     string
	Role     string
	Agent    string
	Priority int       // of its task; below 0 = only while nothing else goes on
	Since    time.Time // it waits
	Group    string    // that shares fairly with others: the feature, else who opened the task
	Cone     Cone
}

// Holder is a task that is on its way: its attempt runs, or its result is not on main yet and may meet others there.
type Holder struct {
	Task    string
	Role    string // of the attempt that runs; "" = none does
	Agent   string
	Group   string
	Cone    Cone
	Writing bool // it has, or is making, a result that is not on main
}

// Caps bound what runs at a time.
type Caps struct {
	Running int            // attempts; 0 = none may start
	Roles   map[string]int // attempts of a role; a role that is not named has no limit of its own
	Agents  map[string]int // attempts of an agent; likewise
	Day     int64          // nano-USD that may be spent in a day; 0 = no limit
	Spent   int64          // today, reservations of what runs included
	Held    string         // why nothing starts at all; "" = nothing does
}

const aging = 30 * time.Minute // of waiting that is worth one step of priority

// Plan says for each contender whether it may start now, and if not, why. It is a pure function: who asks twice gets the same
// answer, and who starts all that may start breaks no cap and has no two tasks at work on the same files. Nobody waits for ever:
// waiting raises priority, and who waits for files keeps them from those who come later.
func Plan(waiting []Contender, holders []Holder, caps Caps, now time.Time) map[string]Turn {
	p := planner{caps: caps, holders: slices.Clone(holders), roles: map[string]int{}, agents: map[string]int{}, groups: map[string]int{}}
	for _, h := range holders {
		p.count(h)
	}
	p.urgent = slices.ContainsFunc(waiting, func(c Contender) bool { return c.Priority >= 0 })
	turns := map[string]Turn{}
	rest := slices.Clone(waiting)
	for len(rest) > 0 {
		slices.SortFunc(rest, func(a, b Contender) int { return p.compare(a, b, now) })
		c := rest[0]
		rest = rest[1:]
		why, files := p.refuses(c)
		turns[c.Task] = Turn{OK: why == "", Why: why}
		switch {
		case why == "":
			h := Holder{Task: c.Task, Role: c.Role, Agent: c.Agent, Group: c.Group, Cone: c.Cone, Writing: c.Role == RoleCoder}
			p.count(h)
			p.holders = append(p.holders, h)
		case files: // those behind it do not take what it waits for
			p.holders = append(p.holders, Holder{Task: c.Task, Cone: c.Cone, Writing: true})
		}
	}
	return turns
}

// planner is one evaluation: what is taken already.
type planner struct {
	caps    Caps
	holders []Holder
	total   int
	roles   map[string]int
	agents  map[string]int
	groups  map[string]int
	urgent  bool // somebody waits who is not to be squeezed in
}

func (p *planner) count(h Holder) {
	if h.Role == "" {
		return
	}
	p.total++
	p.roles[h.Role]++
	p.agents[h.Agent]++
	p.groups[h.Group]++
}

// compare ranks contenders: by priority, which waiting raises; readers first, since they finish what was begun; groups that have less
// at work first; then who waits longest.
func (p *planner) compare(a, b Contender, now time.Time) int {
	return cmp.Or(
		cmp.Compare(weight(b, now), weight(a, now)),
		cmp.Compare(rank(a.Role), rank(b.Role)),
		cmp.Compare(p.groups[a.Group], p.groups[b.Group]),
		a.Since.Compare(b.Since),
		strings.Compare(a.Task, b.Task))
}

func weight(c Contender, now time.Time) int {
	if c.Priority < 0 { // squeezed in between; it never overtakes
		return c.Priority
	}
	return c.Priority + int(max(now.Sub(c.Since), 0)/aging)
}

func rank(role string) int {
	if role == RoleReviewer {
		return 0
	}
	return 1
}

// refuses says why a contender has to wait, and whether it is for files.
func (p *planner) refuses(c Contender) (why string, files bool) {
	switch limit, limited := p.caps.Roles[c.Role]; {
	case p.caps.Held != "":
		return p.caps.Held, false
	case p.caps.Day > 0 && p.caps.Spent >= p.caps.Day:
		return fmt.Sprintf("today's budget of %s is spent (%s); it is there again at 00:00 UTC", USD(p.caps.Day), USD(p.caps.Spent)), false
	case c.Priority < 0 && c.Role == RoleCoder && (p.urgent || p.busy(c.Task)):
		return "it is started when nothing else is going on", false
	case p.total >= p.caps.Running:
		return fmt.Sprintf("%s already (spec.fleet.maxRunning)", attempts(p.total)), false
	case limited && p.roles[c.Role] >= limit:
		return fmt.Sprintf("%s of %ss already (spec.fleet.perRole)", attempts(p.roles[c.Role]), c.Role), false
	}
	if limit, limited := p.caps.Agents[c.Agent]; limited && p.agents[c.Agent] >= limit {
		return fmt.Sprintf("%s of %s already (its concurrency)", attempts(p.agents[c.Agent]), c.Agent), false
	}
	if c.Role != RoleCoder { // who reads is in nobody's way
		return "", false
	}
	for _, h := range p.holders {
		if h.Task == c.Task || !h.Writing {
			continue
		}
		if why := c.Cone.Meets(h.Cone); why != "" {
			return fmt.Sprintf("after task %s: %s", Short(h.Task), why), true
		}
	}
	return "", false
}

// busy says that anything but a task itself is going on.
func (p *planner) busy(task string) bool {
	return slices.ContainsFunc(p.holders, func(h Holder) bool { return h.Task != task && (h.Role != "" || h.Writing) })
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt runs"
	}
	return fmt.Sprintf("%d attempts run", n)
}

// USD shows an amount of nano-USD, in cents at least.
func USD(nano int64) string {
	if nano != 0 && nano < 10_000_000 && nano > -10_000_000 {
		return fmt.Sprintf("$%d.%04d", nano/1_000_000_000, nano%1_000_000_000/100_000)
	}
	return fmt.Sprintf("$%d.%02d", nano/1_000_000_000, nano%1_000_000_000/10_000_000)
}
