package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/task"
)

const (
	fleetIndent = 11 // columns before what is said about a task
	leastWidth  = 60
)

// fleetText is the fleet as text of some width: a line about all of it, then each task with what it does or waits for.
func fleetText(f api.Fleet, width int, s style) string {
	width = max(width, leastWidth)
	var b strings.Builder
	left, right := printable(f.Name), fleetSum(f)
	fmt.Fprintf(&b, "%s%s%s\n", s.bold(left), strings.Repeat(" ", max(width-len([]rune(left))-len([]rune(right)), 1)), right)
	if f.Held != "" {
		fmt.Fprintf(&b, "%s\n", s.yellow(clip("nothing starts: "+f.Held, width)))
	}
	if len(f.Tasks) == 0 {
		fmt.Fprintf(&b, "\nNo task is open. Give one: adamant task \"Add rate limiting to billing\"\n")
	}
	for _, t := range f.Tasks {
		b.WriteByte('\n')
		fleetRow(&b, t, f, width, s)
	}
	if len(f.Recent) > 0 {
		fmt.Fprintf(&b, "\n%s\n", s.dim("closed today: "+closedToday(f.Recent)))
		for _, t := range f.Recent[:min(len(f.Recent), 3)] {
			fmt.Fprintf(&b, "  %.8s %s %s  %s\n", t.ID, taskStatus(s, t.Status, 10), fmt.Sprintf("%8s", task.USD(t.Spent.NanoUSD)), clip(t.Title, width-33))
		}
	}
	return b.String()
}

// fleetSum is how much runs and was spent.
func fleetSum(f api.Fleet) string {
	text := fmt.Sprintf("%d of %d attempts run   %s", f.Running, f.Limit, task.USD(f.DaySpent))
	if f.DayLimit > 0 {
		text += " of " + task.USD(f.DayLimit)
	}
	return text + " today"
}

// closedToday counts what was closed, by how.
func closedToday(recent []api.TaskSummary) string {
	count := map[string]int{}
	for _, t := range recent {
		count[t.Status]++
	}
	var parts []string
	for _, status := range []task.Status{task.Done, task.Failed, task.Cancelled} {
		if n := count[string(status)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}

// fleetMark says in one sign how a task is: ! it needs the operator, > an agent is at it, . it waits.
func fleetMark(t api.FleetTask, s style) string {
	switch {
	case t.Next != "":
		return s.red("!")
	case t.Works != nil:
		return s.green(">")
	}
	return s.dim(".")
}

func fleetRow(b *strings.Builder, t api.FleetTask, f api.Fleet, width int, s style) {
	agent, since, spent := t.Agent, t.Updated, t.Spent.NanoUSD
	if w := t.Works; w != nil {
		agent, since, spent = w.Agent, w.Since, spent+w.Spent.NanoUSD
	}
	try := ""
	if t.Attempts > 0 {
		try = fmt.Sprintf("#%d", t.Attempts)
	}
	fmt.Fprintf(b, "%s %.8s %s %-9s %3s %8s %7s  %s\n", fleetMark(t, s), t.ID, taskStatus(s, t.Status, 9), clip(agent, 9), try, task.USD(spent), ago(f.Time, since),
		s.bold(clip(t.Title, width-53)))
	note := func(text string, paint func(string) string) {
		for i, line := range wrap(printable(text), width-fleetIndent) {
			if i == 2 { // the whole of it is in task show
				break
			}
			fmt.Fprintf(b, "%s%s\n", strings.Repeat(" ", fleetIndent), paint(clip(line, width-fleetIndent)))
		}
	}
	plain := func(text string) string { return text }
	if w := t.Works; w != nil {
		note(worksLine(w), plain)
		if w.Alarm != "" {
			note("breaker: "+w.Alarm, s.yellow)
		}
		return
	}
	note(cmp.Or(t.Why, "nothing is known of why it waits"), s.dim)
	if t.Next != "" {
		note("next: "+t.Next, plain)
	}
}

// worksLine is what an agent does now, and how far into its limits it is.
func worksLine(w *task.RunningAttempt) string {
	parts := []string{cmp.Or(w.Doing, "thinks")}
	turn := fmt.Sprintf("turn %d", w.Turn)
	if w.Limit.Requests > 0 {
		turn += fmt.Sprintf(" of %d", w.Limit.Requests)
	}
	if w.Turn > 0 {
		parts = append(parts, turn)
	}
	if w.Limit.NanoUSD > 0 {
		parts = append(parts, task.USD(w.Spent.NanoUSD)+" of "+task.USD(w.Limit.NanoUSD))
	}
	if w.Model != "" {
		parts = append(parts, w.Model)
	}
	return strings.Join(parts, " · ")
}
