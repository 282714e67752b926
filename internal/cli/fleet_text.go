package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/task"
)

const (
	fleetRight = 27 // columns of id, cost and time
	leastWidth = 60
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
			fmt.Fprintf(&b, "  %s  %s  %.8s %8s %7s\n", taskStatus(s, t.Status, 9), pad(clip(t.Title, width-fleetRight-13), width-fleetRight-13), t.ID,
				task.USD(t.Spent.NanoUSD), ago(f.Time, t.Updated))
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

// fleetRow is a task: its title and what it costs, then its status, who is at it, and what is to be said about it.
func fleetRow(b *strings.Builder, t api.FleetTask, f api.Fleet, width int, s style) {
	agent, since, spent := t.Agent, t.Updated, t.Spent.NanoUSD
	if w := t.Works; w != nil {
		agent, since, spent = w.Agent, w.Since, spent+w.Spent.NanoUSD
	}
	cost := ""
	if t.Attempts > 0 {
		cost = task.USD(spent)
		agent = fmt.Sprintf("%s #%d", clip(agent, 12), t.Attempts)
	}
	title := clip(t.Title, width-fleetRight-2)
	fmt.Fprintf(b, "%s %s%s  %.8s %8s %7s\n", fleetMark(t, s), s.bold(title), strings.Repeat(" ", width-fleetRight-2-len([]rune(title))), t.ID, cost, ago(f.Time, since))
	head := fmt.Sprintf("  %s  ", taskStatus(s, t.Status, 9)) + pad(clip(agent, 16), max(len([]rune(agent)), 8)+2)
	indent := 15 + max(len([]rune(clip(agent, 16))), 8)
	for i, line := range fleetNotes(t, width-indent, s) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		fmt.Fprintf(b, "%s%s\n", head, line)
	}
	if t.Next != "" && t.Works == nil {
		fmt.Fprintf(b, "%s%s\n", strings.Repeat(" ", 13), clip("next: "+t.Next, width-13))
	}
}

// fleetNotes are the lines beside a task's status.
func fleetNotes(t api.FleetTask, width int, s style) []string {
	var out []string
	note := func(text string, most int, paint func(string) string) {
		lines := wrap(printable(text), width)
		if len(lines) > most { // the whole of it is in task show
			lines = append(lines[:most-1], strings.Join(lines[most-1:], " "))
		}
		for _, line := range lines {
			out = append(out, paint(clip(line, width)))
		}
	}
	plain := func(text string) string { return text }
	if w := t.Works; w != nil {
		note(cmp.Or(w.Doing, "thinks"), 1, plain)
		if at := worksLine(w); at != "" {
			note(at, 1, s.dim)
		}
		if w.Alarm != "" {
			note("breaker: "+w.Alarm, 2, s.yellow)
		}
		return out
	}
	note(cmp.Or(t.Why, "nothing is known of why it waits"), 2, s.dim)
	return out
}

// worksLine is how far into its limits an agent is, and by which model.
func worksLine(w *task.RunningAttempt) string {
	var parts []string
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
