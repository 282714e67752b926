package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/verify"
)

// document is a report as both formats show it.
type document struct {
	Title    string
	Period   string
	Good     bool
	Headline string
	Figures  []figure
	Sections []section
}

type figure struct{ Value, Name string }

type section struct {
	Title   string
	Text    []string // paragraphs before the table
	Columns []string
	Narrow  []bool // columns that are not to be broken
	Rows    [][]string
	None    string // what is said when there are no rows
}

const (
	dayForm  = "2006-01-02"
	timeForm = "2006-01-02 15:04"
)

// lay turns a report into sections.
func lay(r *Report) document {
	d := document{Title: "Change and control report: " + r.Repository, Period: period(r), Figures: figures(r)}
	d.Good, d.Headline = conclude(r)
	d.Sections = []section{verification(r), landed(r), approvals(r), waivers(r), exceptions(r), refused(r), failures(r), authority(r), artifacts(r), agents(r), features(r), basis(r)}
	d.clean()
	return d
}

// clean goes over all text: much of it was written by others.
func (d *document) clean() {
	d.Title, d.Period, d.Headline = clean(d.Title), clean(d.Period), clean(d.Headline)
	for _, s := range d.Sections {
		for i := range s.Text {
			s.Text[i] = clean(s.Text[i])
		}
		for _, row := range s.Rows {
			for i := range row {
				row[i] = clean(row[i])
			}
		}
	}
}

func period(r *Report) string {
	return fmt.Sprintf("%s to %s (UTC), the end not included", moment(r.Since), moment(r.Until))
}

func moment(at time.Time) string {
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(dayForm)
	}
	return at.Format(timeForm)
}

func conclude(r *Report) (bool, string) {
	v := r.Verified
	switch {
	case v == nil:
		return false, "The history was not verified: " + cmp.Or(r.Unverified, "nobody asked for it") + "."
	case !v.Holds():
		return false, fmt.Sprintf("The history does not hold: %s. Trust nothing below before they are explained.", count(len(v.Failures), "failure"))
	case len(r.Exceptions) == 0 && glassBroken(r):
		return true, "The history holds. Not every commit on main came through the gate: see the changes and warnings below."
	case len(r.Exceptions) > 0:
		return true, fmt.Sprintf("The history holds. It has %s of main moving past the gate: they are listed below.", count(len(r.Exceptions), "record"))
	}
	return true, "The history holds: each commit on main since genesis came through the gate."
}

// glassBroken says that a commit since genesis, or a change of the period, is on main without the gate's word.
func glassBroken(r *Report) bool {
	return slices.ContainsFunc(r.Landed, func(c Change) bool { return c.Past != nil }) ||
		slices.ContainsFunc(r.Verified.Warnings, func(p verify.Problem) bool { return p.Code == verify.BreakGlass })
}

func figures(r *Report) []figure {
	agent, high, glass, past := 0, 0, 0, 0
	for _, c := range r.Landed {
		if c.Agent != "" {
			agent++
		}
		if c.Level >= risk.High {
			high++
		}
		if c.Past != nil {
			past++
			if c.Past.How == ByOrder {
				glass++
			}
		}
	}
	var spent task.Spent
	for _, a := range r.Agents {
		spent = spent.Add(a.Spent)
	}
	return []figure{
		tally(len(r.Landed), "change landed", "changes landed"), tally(agent, "of them by an agent", "of them by agents"),
		tally(high, "of high or critical risk, or not judged", "of high or critical risk, or not judged"),
		tally(past, "that the gate did not let land", "that the gate did not let land"), tally(glass, "of these by break-glass", "of these by break-glass"),
		tally(len(r.Approvals), "approval", "approvals"),
		tally(len(r.Waivers), "waiver", "waivers"), tally(len(r.Exceptions), "record of main past the gate", "records of main past the gate"),
		tally(len(r.Refused), "refusal", "refusals"), tally(len(r.Failures), "failure of a control", "failures of controls"),
		{money(spent.NanoUSD), "spent on models"},
	}
}

func tally(n int, one, many string) figure {
	if n == 1 {
		return figure{"1", one}
	}
	return figure{grouped(int64(n)), many}
}

func verification(r *Report) section {
	s := section{Title: "Verification of the history", Columns: []string{"Code", "Where", "What", "What to do"}, Narrow: []bool{true, true, false, false}}
	v := r.Verified
	if v == nil {
		s.None = "Not verified: " + cmp.Or(r.Unverified, "nobody asked for it") + "."
		return s
	}
	s.Text = []string{fmt.Sprintf("%s on main since %s, up to %s; %s, each decided again from its assessment and approvals; %s verified; %s of the transparency log compared with the ledger.",
		count(v.Commits, "commit"), v.Genesis.Short(), v.Main.Short(), count(v.Landings, "landing"), count(v.Bundles, "attestation"), count(int(v.Log), "leaf"))}
	for _, l := range v.Ledgers {
		s.Text = append(s.Text, fmt.Sprintf("Ledger %s: %d entries in an unbroken chain, the last with the hash %s, signed by %s.", l.Writer, l.Entries, l.Hash, strings.Join(l.Keys, ", ")))
	}
	if v.Root != "" {
		s.Text = append(s.Text, "Trust root: "+v.Root+".")
	}
	s.None = "No failures and no warnings."
	for _, list := range []struct {
		word     string
		problems []verify.Problem
	}{{"", v.Failures}, {"warning: ", v.Warnings}} {
		for _, p := range list.problems {
			s.Rows = append(s.Rows, []string{list.word + p.Code, cmp.Or(p.Commit.Short(), p.Place, "-"), p.What, p.Do})
		}
	}
	return s
}

func landed(r *Report) section {
	s := section{Title: "Changes that landed", Columns: []string{"When", "Change", "What", "By", "Risk", "Controls", "Approved by", "Commit"},
		Narrow: []bool{true, true, false, false, true, false, false, true}, None: "None."}
	for _, c := range r.Landed {
		what := c.Title
		if c.Reverts != "" {
			what += " (takes back " + short(c.Reverts) + ")"
		}
		if c.Reverted {
			what += " (was taken back)"
		}
		s.Rows = append(s.Rows, []string{c.At.Format(timeForm), short(c.ID), what, author(c), rating(c), controls(c), approvers(c), c.Commit.Short()})
	}
	return s
}

func author(c Change) string {
	if c.Agent == "" {
		return c.By
	}
	if c.Model != "" {
		return "agent " + c.Agent + ", " + c.Model
	}
	return "agent " + c.Agent
}

func rating(c Change) string {
	switch {
	case c.NotJudged:
		return "not judged"
	case c.Mode == "" && c.Past == nil:
		return "not known"
	}
	return c.Level.String()
}

func controls(c Change) string {
	var parts []string
	if c.Past != nil {
		parts = append(parts, c.Past.judgements())
	}
	for _, part := range []struct {
		word string
		list []string
	}{{"", c.Gates}, {"answered by the approval: ", c.Answered}, {"accepted, though nothing could answer: ", c.Accepted}, {"not passed: ", c.Open}, {"waivers: ", c.Waivers}} {
		if len(part.list) > 0 {
			parts = append(parts, part.word+strings.Join(part.list, ", "))
		}
	}
	if c.Unread {
		parts = append(parts, "its assessment is not here")
	}
	return strings.Join(parts, "; ")
}

func approvers(c Change) string {
	if c.Past != nil {
		return c.Past.who()
	}
	if len(c.Approved) > 0 {
		return strings.Join(c.Approved, ", ")
	}
	return "nobody: the gate lets it land (" + cmp.Or(c.Mode, "not known") + ")"
}

func approvals(r *Report) section {
	s := section{Title: "Approvals", Columns: []string{"When", "By", "Method", "User verified", "Change", "What it answers", "Landed"},
		Narrow: []bool{true, true, true, true, true, false, true}, None: "None were given."}
	for _, a := range r.Approvals {
		answers := strings.Join(a.Answers, ", ")
		if len(a.Accepts) > 0 {
			answers = strings.TrimPrefix(answers+"; although nothing could answer for "+strings.Join(a.Accepts, ", "), "; ")
		}
		if a.Reason != "" {
			answers += "; reason: " + a.Reason
		}
		s.Rows = append(s.Rows, []string{a.At.UTC().Format(timeForm), a.By, a.Method, yes(a.MFA), short(a.Change), a.Title + ": " + cmp.Or(answers, "the change"), yes(a.Landed)})
	}
	return s
}

func waivers(r *Report) section {
	s := section{Title: "Waivers", Text: []string{"Exceptions to rules that stood on main in the end, and those that a change of the period used."},
		Columns: []string{"Waiver", "Rule", "Where", "Why", "Owner", "Approved by", "Expires", "State", "Used by"},
		Narrow:  []bool{false, false, false, false, false, false, true, true, false}, None: "None."}
	for _, w := range r.Waivers {
		used := make([]string, len(w.Used))
		for i, id := range w.Used {
			used[i] = short(id)
		}
		s.Rows = append(s.Rows, []string{w.ID, w.Rule, w.Resource, w.Justification, w.Owner, w.ApprovedBy, w.Expires, w.State, cmp.Or(strings.Join(used, ", "), "none")})
	}
	return s
}

// events is a section of things on record.
func events(title, none string, list []Event) section {
	s := section{Title: title, Columns: []string{"When", "Who", "Change", "What", "Record"}, Narrow: []bool{true, true, true, false, true}, None: none}
	for _, e := range list {
		s.Rows = append(s.Rows, []string{e.At.UTC().Format(timeForm), e.Who, cmp.Or(short(e.Change), "-"), e.What, cmp.Or(e.Record, "-")})
	}
	return s
}

func exceptions(r *Report) section {
	return events("Break-glass and moves past the gate", "None: main moved through the gate only.", r.Exceptions)
}

func refused(r *Report) section {
	return events("What was not let through", "Nothing was refused.", r.Refused)
}

func failures(r *Report) section {
	return events("Failures", "None: no run without an answer, no aborted landing, nothing taken back, nothing overdue.", r.Failures)
}

func authority(r *Report) section {
	return events("Authority, keys and pauses", "Nothing changed.", r.Authority)
}

func artifacts(r *Report) section {
	return events("Builds and admissions", "None on record.", r.Artifacts)
}

func agents(r *Report) section {
	s := section{Title: "Agents", Text: []string{"Attempts that ended in the period, by the gateway's count."},
		Columns: []string{"Agent", "Models", "Attempts", "Ended without finishing", "Changes landed", "Requests", "Tokens", "Time", "Cost"},
		Narrow:  []bool{true, false, true, true, true, true, true, true, true}, None: "No agent worked."}
	for _, a := range r.Agents {
		s.Rows = append(s.Rows, []string{a.Name, cmp.Or(strings.Join(a.Models, ", "), "not known"), strconv.Itoa(a.Attempts), strconv.Itoa(a.Bad), strconv.Itoa(a.Landed),
			grouped(a.Spent.Requests), grouped(a.Spent.Tokens), (time.Duration(a.Spent.Seconds) * time.Second).String(), money(a.Spent.NanoUSD)})
	}
	return s
}

func features(r *Report) section {
	s := section{Title: "Cost by feature", Columns: []string{"Feature", "Requests", "Tokens", "Cost"}, Narrow: []bool{false, true, true, true}, None: "Nothing was spent."}
	for _, f := range r.Features {
		s.Rows = append(s.Rows, []string{cmp.Or(f.Name, "(booked to none)"), grouped(f.Spent.Requests), grouped(f.Spent.Tokens), money(f.Spent.NanoUSD)})
	}
	return s
}

func basis(r *Report) section {
	s := section{Title: "What this stands on", Columns: []string{"Ledger", "First line", "Last line", "SHA-256 of the last line"}, Narrow: []bool{true, true, true, false},
		None: "The ledger has no line of the period.",
		Text: []string{"Everything above is read from the repository's own records: the ledger, and the operations and assessments of changes and tasks. Main was at " +
			cmp.Or(r.Main.Short(), "no commit") + " in the end. To check it: adamant sync, adamant verify, adamant log --since " + r.Since.Format(dayForm) + ".",
			"Who a record names is who held the key or token then. What an agent says about its own work is its word; its cost is the gateway's count. Approvals of " +
				"method totp are the gate's word, others carry a signature. Without a witness the records prove nothing against whoever holds all keys."}}
	for _, gap := range r.Gaps {
		s.Text = append(s.Text, "Missing: "+gap+".")
	}
	for _, l := range r.Ledgers {
		s.Rows = append(s.Rows, []string{l.Writer, strconv.FormatUint(l.First, 10), strconv.FormatUint(l.Last, 10), l.Hash})
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "leaf"):
		noun = strings.TrimSuffix(noun, "f") + "ve"
	}
	return fmt.Sprintf("%s %ss", grouped(int64(n)), noun)
}

// grouped writes a number with a comma between its thousands.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// money writes billionths of a dollar in cents, rounded up: nothing that was spent looks like nothing.
func money(nano int64) string {
	cents := (nano + 9_999_999) / 10_000_000
	return fmt.Sprintf("$%s.%02d", grouped(cents/100), cents%100)
}
