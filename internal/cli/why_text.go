package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
	because "github.com/adamant-os/adamant/internal/why"
)

// whyText prints an account: the answer first, then what the agent did, then what is missing, then where it is on record.
type whyText struct {
	*because.Account
	w    io.Writer
	s    style
	now  time.Time
	full bool
}

func printWhy(env *Env, a *because.Account, full bool) {
	t := whyText{a, env.Stdout, styleFor(env, env.Stdout), env.Now(), full}
	t.head()
	t.answer()
	t.attempts()
	t.missing()
	t.records()
}

const (
	whyName  = 10 // columns of a row's name
	whyWidth = 86 // of its text
)

func (t *whyText) row(name, format string, args ...any) {
	text := printable(fmt.Sprintf(format, args...))
	fmt.Fprintf(t.w, "  %s  %s\n", t.s.dim(pad(name, whyName-2)), wrapped(text, whyWidth, whyName+2))
}

func (t *whyText) head() {
	if l := t.Line; l != nil {
		was := ""
		if l.Was != "" {
			was = ", then " + l.Was
		}
		fmt.Fprintf(t.w, "%s  %s%s\n\n", t.s.bold(fmt.Sprintf("%s:%d", printable(l.Path), l.Line)), clip(strings.TrimSpace(l.Text), 70), printable(was))
	}
	switch {
	case t.Change != nil:
		fmt.Fprintf(t.w, "%s\n", t.s.bold(clip(t.Change.Title, 98)))
	case t.Commit != nil:
		fmt.Fprintf(t.w, "%s\n", t.s.bold(clip(t.Commit.Subject, 98)))
	case t.Intent != nil:
		fmt.Fprintf(t.w, "%s\n", t.s.bold(clip(t.Intent.Title, 98)))
	}
}

// answer is why in a few lines.
func (t *whyText) answer() {
	t.asked()
	t.made()
	if said, from := t.because(); said != "" {
		t.row("because", "%q (%s)", said, from)
	}
	t.judged()
	t.nodded()
	t.landed()
}

func (t *whyText) asked() {
	i := t.Intent
	if i == nil {
		return
	}
	text := fmt.Sprintf("by %s, %s", person(i.By), t.when(i.At))
	if i.Feature != "" {
		text += ", for feature " + i.Feature
	}
	if t.Change != nil && i.Title != t.Change.Title {
		text += ": " + i.Title
	}
	if words := firstWords(i.Text, 300, t.full); words != "" {
		text += ": " + words
	}
	t.row("asked", "%s", text)
	if i.Source != "" {
		t.row("", "from %s", i.Source)
	}
	if len(i.Grants) > 0 {
		t.row("", "granted %s", strings.Join(i.Grants, ", "))
	}
}

func person(actor string) string {
	role, name, _ := strings.Cut(actor, ":")
	switch {
	case role == "kernel":
		return "adamant"
	case role == "operator" && (name == "local" || name == "operator"):
		return "the operator"
	}
	return cmp.Or(name, actor)
}

func (t *whyText) made() {
	switch {
	case t.Change == nil && t.Commit != nil:
		t.row("made", "by %s, %s", t.Commit.Author, t.when(t.Commit.Time))
		if t.Made.Before {
			t.row("", "before there was a kernel: nobody recorded why, and nobody had to")
		}
		if words := firstWords(t.Commit.Body, 600, t.full); words != "" {
			t.row("says", "%s", words)
		}
	case t.Change == nil:
		t.unproposed()
	case t.Made.Human:
		t.row("made", "by %s, a person: nobody asks people to record why", person(t.Change.By))
		if t.Commit != nil {
			if words := firstWords(dropTrailers(t.Commit.Body), 600, t.full); words != "" {
				t.row("says", "%s", words)
			}
		}
	case t.Intent == nil:
		t.row("made", "by agent %s", t.Change.Agent)
	default:
		t.row("made", "by agent %s%s: %s, %s, %s", t.Change.Agent, t.with(), plural(len(t.Made.Attempts), "attempt"), plural(t.Made.Reasoning.Entries, "action"), task.USD(t.Made.Spent.NanoUSD))
	}
}

// unproposed is how far a task is that no change holds anything of.
func (t *whyText) unproposed() {
	agent, actions := "nobody so far", 0
	for _, at := range t.Made.Attempts {
		agent = "agent " + at.Agent
		for _, a := range at.Actions {
			if a.Action.Kind != thought.ActResult {
				actions++
			}
		}
	}
	t.row("made", "by %s: %s, %s, %s", agent, plural(len(t.Made.Attempts), "attempt"), plural(actions, "action"), task.USD(t.Made.Spent.NanoUSD))
	for _, id := range t.Intent.Left {
		t.row("", "begun again; what was made before: adamant why %.16s", id)
	}
}

// with are the models that did it.
func (t *whyText) with() string {
	var names []string
	for _, m := range t.Made.Reasoning.Models {
		name := m.Name
		if m.Family != "" && !strings.Contains(m.Name, m.Family) {
			name += " (" + m.Family + ")"
		}
		names = append(names, name)
	}
	names = slices.Compact(names)
	if len(names) == 0 {
		return ""
	}
	return " with " + strings.Join(names, ", ")
}

func dropTrailers(body string) string {
	at := strings.LastIndex(body, "\n\n")
	if rest := body[at+1:]; strings.Contains(rest, "Change-Id: ") {
		return body[:max(at, 0)]
	}
	return body
}

// because is the thought that explains most: of the action that wrote what was asked about, else the longest of those that wrote.
func (t *whyText) because() (said, from string) {
	best, rank := "", -1
	for _, at := range t.Made.Attempts {
		if !at.In {
			continue
		}
		for _, a := range at.Actions {
			words, source := thoughtOf(a.Entry)
			n := len(words)
			if words == "" || !a.Action.Writes && !a.Here {
				continue
			}
			if a.Here {
				n += 1 << 20
			}
			if n > rank {
				best, rank, from = words, n, source
			}
		}
	}
	return firstWords(best, 320, t.full), from
}

// thoughtOf is what an entry says of its reasons, and where that is from.
func thoughtOf(e thought.Entry) (words, from string) {
	for _, s := range slices.Backward(e.Thoughts) {
		if s.Reasoning != "" {
			return s.Reasoning, map[thought.Source]string{thought.Provider: "its model's reasoning", thought.Summary: "a summary of its model's reasoning"}[e.Source]
		}
		if s.Decision != "" {
			words = s.Decision
		}
	}
	return words, "what it said"
}

func (t *whyText) judged() {
	v := t.Verdict
	if v == nil || v.Digest == "" {
		return
	}
	text := fmt.Sprintf("%s risk", v.Level)
	if !v.Unread {
		text += fmt.Sprintf(", score %d", v.Score)
	}
	text += ", " + said(v.Decision)
	for _, state := range []string{gate.Passed, gate.Failed, gate.Accepted, gate.Unavailable, gate.Pending} {
		var names []string
		for _, g := range v.Gates {
			if g.State == state {
				names = append(names, g.Name)
			}
		}
		if len(names) > 0 {
			text += "; " + state + ": " + strings.Join(names, ", ")
		}
	}
	t.row("verdict", "%s", text)
	for _, r := range v.Floor[:min(len(v.Floor), 2)] {
		if r.Level == v.Level {
			t.row("", "%s because %s (%s)", v.Level, r.Message, cmp.Or(spot(r.Path, r.Line), r.Rule))
		}
	}
	for _, h := range v.Holds {
		t.row("", "you were asked: %s (%s)", h.Message, h.Subject)
	}
	for _, f := range v.Findings {
		switch {
		case f.Waiver != "":
			t.row("", "waived by %s: %s (%s)", f.Waiver, f.Message, cmp.Or(spot(f.Path, f.Line), f.Rule))
		case f.Severity == "error" || t.full:
			t.row("", "%s: %s (%s)", f.Severity, f.Message, cmp.Or(spot(f.Path, f.Line), f.Rule))
		}
	}
	for _, line := range v.Refused[:min(len(v.Refused), 5)] {
		t.row("", "before: %s", line)
	}
}

func said(decision string) string {
	switch decision {
	case gate.Allow:
		return "allowed"
	case gate.Hold:
		return "held for you"
	case gate.Deny:
		return "refused"
	}
	return cmp.Or(decision, "not decided")
}

func spot(path string, line int) string {
	if path != "" && line > 0 {
		return fmt.Sprintf("%s:%d", path, line)
	}
	return path
}

func (t *whyText) nodded() {
	for _, r := range t.Reviews {
		text := fmt.Sprintf("by %s, %s: %s", person(r.By), t.when(r.At), r.Outcome)
		if words := firstWords(r.Message, 200, t.full); words != "" {
			text += ", " + words
		}
		t.row("reviewed", "%s", text)
	}
	for _, n := range t.Approvals {
		text := fmt.Sprintf("by %s, %s, with %s", person(n.By), t.when(n.At), credential(n.Method))
		if n.MFA {
			text += " that verified its user"
		}
		if n.Reason != "" {
			text += ": " + n.Reason
		}
		if n.Voided {
			text += " (a later patch set took it away)"
		}
		t.row("approved", "%s", text)
	}
	if len(t.Approvals) == 0 && t.Landing != nil && !t.Landing.ByHand {
		t.row("approved", "by nobody: the gate lets a change of this risk land by itself")
	}
}

// credential is a method of approval in words.
func credential(method string) string {
	switch method {
	case gate.MethodSSH:
		return "an SSH key"
	case gate.MethodSK:
		return "a security key"
	case gate.MethodWebAuthn:
		return "the browser's key"
	case gate.MethodTOTP:
		return "a code"
	}
	return method
}

func (t *whyText) landed() {
	switch l := t.Landing; {
	case t.Change == nil && t.Commit == nil && t.Intent.Why != "":
		t.row("landed", "no: the task is %s: %s", t.Intent.Status, t.Intent.Why)
	case t.Change == nil && t.Commit == nil:
		t.row("landed", "no: the task is %s", t.Intent.Status)
	case t.Change == nil:
	case l == nil:
		t.row("landed", "no: it is %s", t.Change.Status)
	case l.ByHand:
		t.row("landed", "as %.12s on %s, %s, by hand", l.Commit, t.Change.Target, t.when(l.At))
	default:
		t.row("landed", "as %.12s on %s, %s", l.Commit, t.Change.Target, t.when(l.At))
	}
	if t.Change != nil {
		for _, id := range t.Change.Undone {
			t.row("undone", "by change %.16s", id)
		}
	}
}

// attempts tell what the agent did, in its order.
func (t *whyText) attempts() {
	for _, at := range t.Made.Attempts {
		title := fmt.Sprintf("Attempt %d: %s", at.N, at.Agent)
		if at.Role != at.Agent {
			title += ", " + at.Role
		}
		about := []string{plural(int(at.Spent.Requests), "request"), task.USD(at.Spent.NanoUSD)}
		if len(at.Models) > 0 {
			about = append([]string{at.Models[0].Name}, about...)
		}
		if at.Took > 0 {
			about = append(about, at.Took.Round(time.Second).String())
		}
		fmt.Fprintf(t.w, "\n%s  %s\n", t.s.bold(printable(title)), t.s.dim(printable(strings.Join(about, ", "))))
		t.actions(at)
		t.outcome(at)
	}
}

const whyActions = 12 // shown of an attempt, without --full

func (t *whyText) actions(at because.Attempt) {
	shown, left := 0, 0
	for _, a := range at.Actions {
		if a.Action.Kind == thought.ActResult {
			continue
		}
		if !t.full && (shown >= whyActions || t.Line != nil && !a.Here && !a.Action.Writes) {
			left++
			continue
		}
		shown++
		t.action(a)
	}
	if left > 0 {
		fmt.Fprintf(t.w, "      %s\n", t.s.dim(plural(left, "action")+" more; --full shows all"))
	}
}

func (t *whyText) action(a because.Action) {
	mark := " "
	if a.Here {
		mark = "*"
	}
	what := cmp.Or(a.Tool, a.Action.Kind)
	if len(a.Action.Paths) > 0 {
		what += " " + strings.Join(a.Action.Paths, " ")
	} else if args := strings.Trim(string(a.Action.Args), "{}"); args != "" {
		what += " " + args
	}
	if a.ToolValid != nil && !*a.ToolValid {
		what += " (not valid: " + a.Problem + ")"
	}
	fmt.Fprintf(t.w, " %s%3d  %s\n", t.s.yellow(mark), a.Seq, clip(what, 92))
	for _, s := range a.Thoughts {
		switch {
		case !s.Told:
			t.step("saw", s.Observation, 160)
		case t.full || len(s.Observation) < 400: // a nudge; facts to go by are longer, and the same for all
			t.step("told", s.Observation, 160)
		}
		t.step("thought", s.Reasoning, 330)
		t.step("said", s.Decision, 330)
	}
	if a.With > 0 {
		t.step("with", fmt.Sprintf("action %d: one thought led to both", a.With), 200)
	}
	if len(a.Thoughts) == 0 && a.With == 0 && a.Source == thought.None {
		t.step("thought", "nothing is on record", 200)
	}
	if a.Action.Kind == thought.ActMessage && len(a.Thoughts) == 0 {
		t.step("said", a.Action.Text, 330)
	}
	if a.Action.Kind == thought.ActFailure {
		t.step("failed", a.Action.Text, 330)
	}
	if t.full && len(a.Redacted) > 0 {
		t.step("without", strings.Join(a.Redacted, ", "), 300)
	}
}

func (t *whyText) step(name, text string, limit int) {
	if text = firstWords(text, limit, t.full); text != "" {
		fmt.Fprintf(t.w, "      %s  %s\n", t.s.dim(pad(name, 7)), wrapped(printable(text), 82, 15))
	}
}

func (t *whyText) outcome(at because.Attempt) {
	text := at.Finish
	switch {
	case text == "":
		text = "under way"
	case at.Head != "":
		text += fmt.Sprintf(", commit %.12s", at.Head)
		if !at.In && t.Change != nil {
			text += ", which the change does not have"
		}
	case at.Role == task.RoleCoder:
		text += ", nothing changed"
	}
	if r := at.Review; r != nil {
		text += ": " + r.Outcome
		if at.Distance != "" {
			text += fmt.Sprintf(" (a model of another %s)", at.Distance)
		}
	}
	if at.Why != "" && at.Review == nil {
		text += ": " + firstWords(at.Why, 160, t.full)
	}
	if at.Returned != nil {
		text += "; sent back " + firstWords(at.Returned.From(), 220, t.full)
	}
	fmt.Fprintf(t.w, "   =  %s\n", wrapped(printable(text), 92, 6))
}

func (t *whyText) missing() {
	if len(t.Missing) == 0 {
		return
	}
	fmt.Fprintf(t.w, "\n%s\n", t.s.bold("What is missing"))
	for _, m := range t.Missing {
		fmt.Fprintf(t.w, "  %s %s\n", t.s.yellow("?"), wrapped(printable(m), 94, 4))
	}
}

// records name what the account stands on.
func (t *whyText) records() {
	var parts []string
	if t.Change != nil {
		parts = append(parts, "change "+t.Change.ID[:16])
	}
	if t.Intent != nil {
		parts = append(parts, "task "+task.Short(t.Intent.Task))
	}
	if t.Verdict != nil && t.Verdict.Digest != "" {
		parts = append(parts, fmt.Sprintf("assessment %.12s", t.Verdict.Digest))
	}
	if t.Landing != nil {
		parts = append(parts, t.Landing.Records...)
	}
	if len(parts) == 0 {
		return
	}
	fmt.Fprintf(t.w, "\n%s\n", t.s.dim("On record: "+wrapped(strings.Join(parts, ", "), 86, 11)))
}

func (t *whyText) when(at time.Time) string {
	if d := t.now.Sub(at); d >= 0 && d < 48*time.Hour {
		return ago(t.now, at) + " ago"
	}
	return "on " + at.UTC().Format("2006-01-02 15:04")
}

// firstWords is a text in one line, cut where it gets long.
func firstWords(text string, limit int, full bool) string {
	text = strings.Join(strings.Fields(text), " ")
	if full {
		return text
	}
	return clip(text, limit)
}
