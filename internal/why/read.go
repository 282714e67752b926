package why

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
)

// UnknownError says that nothing answers to a name.
type UnknownError struct{ Name, Hint string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%q is no change, no commit and no FILE:LINE here%s", e.Name, e.Hint)
}

// Reader answers from a kernel, or from a lens on a clone. Code is where commits and files are looked up: the clone, or the same.
type Reader struct {
	kernel, code *git.Repo
	changes      *change.Store
	tasks        *task.Store
}

// NewReader reads from a kernel's repository, which may be nil: then only commits are explained.
func NewReader(kern, code *git.Repo) *Reader {
	r := &Reader{kernel: kern, code: code}
	if kern != nil {
		r.changes, r.tasks = change.NewStore(kern, kern, change.Options{}), task.NewStore(kern, kern)
	}
	return r
}

var lineForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(.+):([0-9]+)$`) })

// Explain answers for a change (its id, at least 8 digits of it, or its Change-Id), a task, a commit, or FILE:LINE as it is at a
// commit.
func (r *Reader) Explain(ctx context.Context, name string, at git.OID) (*Account, error) {
	if m := lineForm().FindStringSubmatch(name); m != nil {
		return r.line(ctx, name, m[1], m[2], at)
	}
	if r.changes != nil {
		c, err := r.changes.Find(ctx, name)
		var none *change.NotFoundError
		if err == nil {
			return r.change(ctx, name, c, "")
		}
		if !errors.As(err, &none) {
			return nil, err
		}
		if a, err := r.task(ctx, name); a != nil || err != nil {
			return a, err
		}
	}
	id, err := r.code.Resolve(ctx, name)
	var missing *git.MissingError
	if errors.As(err, &missing) || errors.Is(err, git.ErrBadRevision) {
		return nil, &UnknownError{Name: name}
	}
	if err != nil {
		return nil, err
	}
	return r.commit(ctx, name, id, "")
}

// task answers for the change of a task, or for the task where no change holds it, nil for a name that is none's.
func (r *Reader) task(ctx context.Context, name string) (*Account, error) {
	t, err := r.tasks.Find(ctx, name)
	var none *task.NotFoundError
	switch {
	case errors.As(err, &none):
		return nil, nil
	case err != nil:
		return nil, err
	case t.State.Change == "":
		return r.unproposed(ctx, name, t)
	}
	c, err := r.changes.Load(ctx, t.State.Change)
	if err != nil {
		return nil, err
	}
	return r.change(ctx, name, c, "")
}

// unproposed tells what is known of a task that no change holds anything of.
func (r *Reader) unproposed(ctx context.Context, asked string, t task.Task) (*Account, error) {
	a := begin(asked)
	records, err := a.began(ctx, r.kernel, t)
	if err != nil {
		return nil, err
	}
	a.Intent.Why, a.Intent.Left = t.State.Why, t.State.Left
	if t.State.Stop != nil {
		a.Intent.Why = t.State.Stop.Reason
	}
	a.tried(t, records, nil, "")
	a.Missing = append(a.unrecorded(), "no change holds anything of it: there is no verdict, approval or landing; what is next: adamant task show "+task.Short(t.ID))
	return a, nil
}

// unrecorded names attempts that asked a model and of which no action is on record.
func (a *Account) unrecorded() []string {
	var out []string
	for _, at := range a.Made.Attempts {
		if at.Finish != "" && at.Spent.Requests > 0 && len(at.Actions) == 0 {
			out = append(out, at.ID+": nothing of what it did is on record")
		}
	}
	return out
}

func (r *Reader) line(ctx context.Context, asked, path, number string, at git.OID) (*Account, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil, &UnknownError{Name: asked, Hint: ": the number is too large"}
	}
	b, err := r.code.Blame(ctx, at, path, n)
	if err != nil {
		return nil, err
	}
	a, err := r.commit(ctx, asked, b.Commit, b.Path)
	if err != nil {
		return nil, err
	}
	a.Line = &Line{Path: path, Line: n, Text: b.Text}
	if b.Path != path {
		a.Line.Was = b.Path
	}
	return a, nil
}

// commit finds the change that landed as a commit, or that has it in a patch set.
func (r *Reader) commit(ctx context.Context, asked string, id git.OID, path string) (*Account, error) {
	commit, err := r.code.Commit(ctx, id)
	if err != nil {
		return nil, err
	}
	about := describe(commit)
	c, found, err := r.holder(ctx, commit)
	if err != nil {
		return nil, err
	}
	if !found {
		return r.unheld(ctx, asked, about)
	}
	a, err := r.change(ctx, asked, c, path)
	if err == nil {
		a.Commit = &about
	}
	return a, err
}

func describe(c git.Commit) Commit {
	_, body, _ := strings.Cut(c.Message, "\n")
	return Commit{OID: c.OID, Author: c.Author.Name + " <" + c.Author.Email + ">", Time: c.Author.When.UTC(), Subject: c.Subject(), Body: strings.TrimSpace(body)}
}

// unheld is a commit that no change of this kernel holds.
func (r *Reader) unheld(ctx context.Context, asked string, about Commit) (*Account, error) {
	a := begin(asked)
	a.Commit, a.Made.Human = &about, true
	if r.kernel == nil {
		a.Missing = append(a.Missing, "there is no ledger here, so nothing but the commit itself is known: run adamant sync")
		return a, nil
	}
	before, err := r.before(ctx, about.OID)
	if err != nil {
		return nil, err
	}
	if a.Made.Before = before; !before {
		a.Missing = append(a.Missing, "no change of this kernel holds the commit: it is not on main, or came past the gate (adamant log --kind ref.moved-by-hand)")
	}
	return a, nil
}

// before says that main held a commit when the kernel was made.
func (r *Reader) before(ctx context.Context, id git.OID) (bool, error) {
	for e, err := range ledger.Read(ctx, r.kernel, ledger.Filter{Kinds: []string{ledger.KernelCreated}}) {
		if err != nil {
			return false, fmt.Errorf("reading the ledger: %w", err)
		}
		var body struct {
			Main git.OID `json:"main"`
		}
		if err := json.Unmarshal(e.Body, &body); err != nil {
			return false, fmt.Errorf("%s: %w", e.Place, err)
		}
		in, err := r.code.IsAncestor(ctx, id, body.Main)
		if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
			continue
		}
		if in || err != nil {
			return in, err
		}
	}
	return false, nil
}

func begin(asked string) *Account {
	return &Account{APIVersion: Version, Asked: asked, Reviews: []Review{}, Approvals: []Nod{}, Missing: []string{}, Made: Made{Attempts: []Attempt{},
		Reasoning: facts.Reasoning{Families: []string{}, Models: []facts.Model{}}}}
}

// holder finds the change of a commit. What the commit's trailer claims counts only when the change says so too.
func (r *Reader) holder(ctx context.Context, commit git.Commit) (change.Change, bool, error) {
	if r.changes == nil {
		return change.Change{}, false, nil
	}
	if id := trailer(commit.Message, "Change-Id"); kernel.CheckID(id) == nil {
		c, err := r.changes.Load(ctx, id)
		var none *change.NotFoundError
		if err == nil && has(c, commit.OID) {
			return c, true, nil
		}
		if err != nil && !errors.As(err, &none) {
			return c, false, err
		}
	}
	open, _, err := r.changes.List(ctx)
	if err != nil {
		return change.Change{}, false, err
	}
	for _, c := range open {
		if has(c, commit.OID) {
			return c, true, nil
		}
	}
	for c, err := range r.changes.Archived(ctx) {
		if err != nil {
			return c, false, err
		}
		if has(c, commit.OID) {
			return c, true, nil
		}
	}
	return change.Change{}, false, nil
}

// has says that a change landed as a commit, or has it as a patch set.
func has(c change.Change, id git.OID) bool {
	return c.State.Landing != nil && c.State.Landing.Commit == id ||
		slices.ContainsFunc(c.State.PatchSets, func(p change.PatchSet) bool { return p.Head == id })
}

// trailer is the value of a key in the last paragraph of a message.
func trailer(message, key string) string {
	paragraphs := strings.Split(strings.TrimSpace(message), "\n\n")
	for line := range strings.SplitSeq(paragraphs[len(paragraphs)-1], "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok && strings.EqualFold(name, key) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// change tells all that is known of a change. Path is the file that was asked about.
func (r *Reader) change(ctx context.Context, asked string, c change.Change, path string) (*Account, error) {
	a, s := begin(asked), c.State
	a.Change = &Change{ID: c.ID, Title: s.Origin.Title, Status: string(s.Status), By: s.By, Agent: s.Origin.Agent, Target: s.Origin.Target, PatchSet: len(s.PatchSets),
		Head: s.Head(), Opened: s.OpenedAt, Reverts: s.Origin.Reverts, Undone: s.RevertedBy}
	a.Made.Human = s.Origin.Agent == ""
	for _, tell := range []func(context.Context, *Account, change.Change) error{r.verdict, r.landing, r.consent} {
		if err := tell(ctx, a, c); err != nil {
			return nil, err
		}
	}
	if err := r.making(ctx, a, c, path); err != nil {
		return nil, err
	}
	if a.Commit == nil && s.Landing != nil {
		if commit, err := r.code.Commit(ctx, s.Landing.Commit); err == nil {
			about := describe(commit)
			a.Commit = &about
		}
	}
	a.miss(s)
	return a, nil
}

// verdict is the last assessment, and why earlier ones refused.
func (r *Reader) verdict(ctx context.Context, a *Account, c change.Change) error {
	c.Timeline(func(_ uint64, op change.Operation) bool {
		if b, ok := op.Body.(change.Assessed); ok && b.Decision == gate.Deny {
			refused := fmt.Sprintf("%s refused at %s", b.Head.Short(), op.Time.Format("2006-01-02 15:04"))
			for _, g := range b.Gates {
				if g.State == gate.Failed {
					refused += ", " + g.Name + " failed"
				}
			}
			if a.Verdict == nil {
				a.Verdict = &Verdict{}
			}
			a.Verdict.Refused = append(a.Verdict.Refused, refused)
		}
		return true
	})
	has := c.State.Assessment
	if has == nil {
		return nil
	}
	v := &Verdict{Digest: has.Digest, Decision: has.Decision, Level: has.Level, Base: has.Base, At: has.At, Gates: []gate.Gate{}, Findings: []Finding{}, Holds: []gate.Reason{}}
	if a.Verdict != nil {
		v.Refused = a.Verdict.Refused
	}
	a.Verdict = v
	doc, err := r.changes.Assessment(ctx, c)
	if err != nil { // archived changes may have left it behind
		v.Unread = true
		for _, g := range has.Gates {
			v.Gates = append(v.Gates, gate.Gate{Name: g.Name, State: g.State})
		}
		return nil
	}
	v.Score, v.Floor, v.Gates, v.Holds = doc.Score, doc.Floor, doc.Gates, doc.Holds
	for _, f := range doc.Findings {
		if f.State == "new" || f.State == "" || f.Waiver != "" {
			v.Findings = append(v.Findings, Finding{Rule: f.Rule, Severity: string(f.Severity), Path: f.Path, Line: f.Line, Message: f.Message, Waiver: f.Waiver})
		}
	}
	return nil
}

// landing is how it came to its branch, with the lines of the ledger that say so.
func (r *Reader) landing(ctx context.Context, a *Account, c change.Change) error {
	l := c.State.Landing
	if l == nil {
		return nil
	}
	a.Landing = &Landing{Landed: l.Landed, At: l.At}
	for e, err := range ledger.Read(ctx, r.kernel, ledger.Filter{Kinds: []string{"landing.*"}}) {
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		if e.Change == c.ID || strings.Contains(string(e.Body), c.ID) {
			a.Landing.Records = append(a.Landing.Records, fmt.Sprintf("%s:%d %s", e.Writer, e.Seq, e.Kind))
		}
	}
	return nil
}

// consent are the reviews and approvals, of all patch sets.
func (r *Reader) consent(_ context.Context, a *Account, c change.Change) error {
	head := c.State.Head()
	c.Timeline(func(_ uint64, op change.Operation) bool {
		switch b := op.Body.(type) {
		case change.Reviewed:
			if b.Head == head {
				a.Reviews = append(a.Reviews, Review{By: op.Actor, At: op.Time, Outcome: b.Outcome, Message: b.Message})
			}
		case change.Approved:
			a.Approvals = append(a.Approvals, nod(op, change.Approved(b), head))
		case change.Accepted:
			a.Approvals = append(a.Approvals, nod(op, change.Approved(b), head))
		}
		return true
	})
	return nil
}

func nod(op change.Operation, b change.Approved, head git.OID) Nod {
	return Nod{By: op.Actor, At: op.Time, Method: b.Approval.Method, MFA: b.Approval.MFA, Reason: b.Approval.Statement.Reason, Head: b.Head, Voided: b.Head != head}
}

// making is the intent, the attempts and their actions.
func (r *Reader) making(ctx context.Context, a *Account, c change.Change, path string) error {
	id := c.State.Origin.Task
	if task.CheckID(id) != nil {
		return nil
	}
	t, err := r.tasks.Load(ctx, id)
	var none *task.NotFoundError
	if errors.As(err, &none) {
		a.Missing = append(a.Missing, fmt.Sprintf("task %s is not here", task.Short(id)))
		return nil
	}
	if err != nil {
		return err
	}
	records, err := a.began(ctx, r.kernel, t)
	if err != nil {
		return err
	}
	lineage, err := t.State.Lineage(func(head git.OID) (bool, error) { return r.kernel.IsAncestor(ctx, head, c.State.Head()) })
	if err != nil {
		return err
	}
	a.tried(t, records, lineage, path)
	var made []thought.Made
	for _, rec := range lineage {
		made = append(made, thought.Made{Attempt: task.AttemptID(t.ID, rec.N), Head: rec.Ended.Head})
	}
	a.Made.Reasoning = thought.Account(thought.Entries(records), made, r.silent(ctx, c.State.Origin.Agent))
	return nil
}

// began tells what a task wants and has cost, and reads the actions of its agents.
func (a *Account) began(ctx context.Context, kern *git.Repo, t task.Task) ([]thought.Record, error) {
	s, o := t.State, t.State.Origin
	a.Intent = &Intent{Task: t.ID, By: s.By, At: s.OpenedAt, Title: o.Title, Text: o.Text, Feature: o.Feature, Source: o.Source, Grants: o.Grants, Status: string(s.Status)}
	a.Made.Spent = s.Spent
	return thought.ReadTask(ctx, kern, t.ID)
}

// tried tells the attempts of a task. Lineage are those whose work the change has, path the file that was asked about.
func (a *Account) tried(t task.Task, records []thought.Record, lineage []task.Record, path string) {
	returns := map[git.OID]task.Sent{}
	t.Timeline(func(_ uint64, op task.Operation) bool {
		if b, ok := op.Body.(task.Returned); ok {
			returns[b.Head] = task.Sent{Returned: b, At: op.Time}
		}
		return true
	})
	for _, rec := range t.State.Attempts {
		at := Attempt{ID: task.AttemptID(t.ID, rec.N), N: rec.N, Role: rec.Role, Agent: rec.Agent, At: rec.At, Actions: []Action{}}
		if e := rec.Ended; e != nil {
			at.Finish, at.Why, at.Head, at.Spent, at.Models, at.Review, at.Distance = e.Finish, e.Why, e.Head, e.Spent, e.Models, e.Review, e.Independent
			if sent, ok := returns[cmp.Or(e.Head, rec.Head)]; ok && (rec.Role == task.RoleCoder) == (sent.By != task.ByReviewer || e.Head != "") {
				at.Returned = &sent
			}
		}
		if rec.Until != nil {
			at.Took = rec.Until.Sub(rec.At)
		}
		at.In = slices.ContainsFunc(lineage, func(in task.Record) bool { return in.N == rec.N })
		for _, e := range records {
			if e.Attempt == at.ID {
				at.Actions = append(at.Actions, Action{Entry: e.Entry, Writer: e.Line.Writer, Number: e.Line.Seq, Here: path != "" && slices.Contains(e.Action.Paths, path)})
			}
		}
		a.Made.Attempts = append(a.Made.Attempts, at)
	}
}

// silent says which models main's personas declare to show no reasoning.
func (r *Reader) silent(ctx context.Context, agent string) func(string) bool {
	main, err := r.kernel.Ref(ctx, kernel.RefMain)
	if err != nil || main == "" {
		return nil
	}
	set, err := persona.Load(ctx, r.kernel, main)
	if err != nil {
		return nil
	}
	p, err := set.Get(agent)
	if err != nil {
		return nil
	}
	return p.IsSilent
}

// miss says what no record answers.
func (a *Account) miss(s change.State) {
	say := func(format string, args ...any) { a.Missing = append(a.Missing, fmt.Sprintf(format, args...)) }
	switch {
	case a.Made.Human:
	case a.Intent == nil:
		say("agent %s worked outside of this kernel (task %q): nothing of what it saw, thought and did is on record", s.Origin.Agent, cmp.Or(s.Origin.Task, "none"))
	default:
		for _, gap := range a.Made.Reasoning.Gaps {
			say("%s", gap)
		}
		if n := a.Made.Reasoning.Sources.None; n > 0 {
			say("%d of %d actions have no reasoning on record: the model showed none", n, a.Made.Reasoning.Entries)
		}
		if n := a.Made.Reasoning.Sources.SelfReport; n > 0 && n == a.Made.Reasoning.Entries-a.Made.Reasoning.Sources.None {
			say("the reasons are what the agent said it does; its model's own reasoning was not shown")
		}
	}
	if s.Landing != nil && s.Landing.ByHand {
		say("it came to %s by hand, past the gate: no verdict stands behind it", s.Origin.Target)
	} else if s.Landing != nil && a.Verdict != nil && s.Landing.Assessment != "" && s.Landing.Assessment != a.Verdict.Digest {
		say("it landed on assessment %.12s, and the one on record is %.12s", s.Landing.Assessment, a.Verdict.Digest)
	}
	switch {
	case a.Verdict == nil && s.Landing == nil:
		say("the gate has not judged it yet")
	case a.Verdict == nil:
		say("no assessment of it is on record")
	case a.Verdict.Unread:
		say("the assessment's document is not here: its reasons and findings are not shown")
	}
}
