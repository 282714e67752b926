package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
)

// readLedger goes through the ledger from its beginning, each line checked, and keeps what the period is about.
func (c *collector) readLedger(ctx context.Context) error {
	lines := map[string]Ledger{}
	for e, err := range ledger.Read(ctx, c.repo, ledger.Filter{Until: c.Until}) {
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		if main := mainOf(e); main != "" {
			c.Main = main
		}
		c.remember(e)
		if !c.within(e.Time) {
			continue
		}
		l := lines[e.Writer]
		hash := sha256.Sum256(e.Line())
		lines[e.Writer] = Ledger{Writer: e.Writer, First: cmp.Or(l.First, e.Seq), Last: e.Seq, Hash: hex.EncodeToString(hash[:])}
		c.entry(e)
	}
	for _, l := range lines {
		c.Ledgers = append(c.Ledgers, l)
	}
	return nil
}

// said are the fields that bodies of entries have for people. What a kind does not have stays empty.
type said struct {
	Main       git.OID           `json:"main"`
	From       git.OID           `json:"from"`
	To         git.OID           `json:"to"`
	Ref        string            `json:"ref"`
	By         json.RawMessage   `json:"by"`
	Decision   string            `json:"decision"`
	Nonce      string            `json:"nonce"`
	Assessment string            `json:"assessment"`
	Level      string            `json:"level"`
	Why        json.RawMessage   `json:"why"`
	Reason     string            `json:"reason"`
	Order      string            `json:"order"`
	Role       string            `json:"role"`
	Name       string            `json:"name"`
	Agent      string            `json:"agent"`
	ID         string            `json:"id"`
	Write      bool              `json:"write"`
	Remote     string            `json:"remote"`
	Refused    []json.RawMessage `json:"refused"`
	Overdue    []struct {
		Rule string `json:"rule"`
		Path string `json:"path"`
	} `json:"overdue"`
	Key       string `json:"key"`
	Landing   string `json:"landing"`
	Builder   string `json:"builder"`
	Artifacts []struct {
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	} `json:"artifacts"`
	Digest      string   `json:"digest"`
	Environment string   `json:"environment"`
	Component   string   `json:"component"`
	Asked       string   `json:"asked"`
	Commit      git.OID  `json:"commit"`
	Allowed     bool     `json:"allowed"`
	Codes       []string `json:"codes"`
	Warnings    []string `json:"warnings"`
}

func read(e ledger.Entry) said {
	var s said
	if e.Body != nil {
		// A body of another form says nothing here; the line is cited all the same.
		_ = json.Unmarshal(e.Body, &s)
	}
	return s
}

// mainOf is where an entry says that main is, "" for one that does not.
func mainOf(e ledger.Entry) git.OID {
	switch e.Kind {
	case ledger.KernelCreated, ledger.KernelRestored, ledger.LandingDone:
		return read(e).Main
	case ledger.MovedByHand:
		return read(e).To
	}
	return ""
}

// entry puts an entry of the period where it belongs.
func (c *collector) entry(e ledger.Entry) {
	s := read(e)
	event := Event{At: e.Time, Kind: e.Kind, Who: e.Actor, Change: e.Change, Record: record(e)}
	add := func(list *[]Event, format string, args ...any) {
		event.What = fmt.Sprintf(format, args...)
		*list = append(*list, event)
	}
	family, _, _ := strings.Cut(e.Kind, ".")
	switch e.Kind {
	case operator.KindBroken:
		add(&c.Exceptions, "break-glass: %s", ordered(s.Order))
	case ledger.MovedByHand:
		add(&c.Exceptions, "main was moved by hand from %s to %s", s.From.Short(), s.To.Short())
	case kindJudged:
		add(&c.Exceptions, "judged afterwards: %s, %s", cmp.Or(s.Decision, "it cannot be judged"), cmp.Or(s.Level, "no level"))
	case ledger.LandingAborted:
		add(&c.Failures, "a landing was aborted: %s", s.Reason)
	case ledger.MirrorRefused:
		add(&c.Failures, "the mirror %s did not take %d references", s.Remote, len(s.Refused))
	case "queue.flaky":
		add(&c.Failures, "its checks failed once in the queue and passed when they were run again")
	case "waiver.swept":
		if len(s.Overdue) > 0 {
			add(&c.Failures, "main has %d findings that no waiver covers any more, first %s %s", len(s.Overdue), s.Overdue[0].Rule, s.Overdue[0].Path)
		}
	case operator.KindEnrolled, operator.KindRevoked, operator.KindCodes:
		add(&c.Authority, "%s", ordered(s.Order))
	case operator.KindFailed:
		add(&c.Failures, "a wrong code of an operator's key")
	case ledger.TokenNew:
		add(&c.Authority, "a token for %s %s, %s", s.Role, cmp.Or(s.Agent, s.Name, "(no name)"), access(s.Write))
	case ledger.TokenRevoke:
		add(&c.Authority, "a token was revoked")
	case ledger.QueuePaused:
		add(&c.Authority, "landing was paused: %s", s.Reason)
	case ledger.QueueResumed:
		add(&c.Authority, "landing went on")
	case ledger.KeyAdded:
		add(&c.Authority, "another key signs the ledger: %s", s.Key)
	case ledger.KernelCreated:
		add(&c.Authority, "the kernel was made, main at %s", s.Main.Short())
	case ledger.KernelRestored:
		add(&c.Authority, "the kernel was restored, main at %s", s.Main.Short())
	case ledger.KernelEjected:
		add(&c.Authority, "the kernel was ejected")
	case "build.done":
		add(&c.Artifacts, "built by %s: %s", s.Builder, products(s))
	case "admit.decided":
		add(&c.Artifacts, "%s", admission(s))
	case ledger.KernelRecover:
		if s.Landing != "" {
			add(&c.Failures, "a landing that a crash interrupted was ended by the next start")
		}
	default:
		if family == "trust" && e.Kind != "trust.logged" {
			add(&c.Authority, "signing keys: %s", strings.TrimPrefix(e.Kind, "trust."))
		}
	}
}

func access(write bool) string {
	if write {
		return "it may push"
	}
	return "it may read"
}

// products are the artifacts of a build.
func products(s said) string {
	names := make([]string, len(s.Artifacts))
	for i, a := range s.Artifacts {
		names[i] = a.Name + " sha256:" + a.SHA256
	}
	return strings.Join(names, ", ")
}

// admission is a question whether an artifact may run, and the answer.
func admission(s said) string {
	what := s.Digest
	if name := cmp.Or(s.Component, s.Asked); name != "" {
		what = name + ", " + what
	}
	if s.Commit != "" {
		what += " of commit " + s.Commit.Short()
	}
	answer := "admitted to " + s.Environment
	if !s.Allowed {
		answer = "refused in " + s.Environment + ", " + strings.Join(s.Codes, ", ")
	}
	if len(s.Warnings) > 0 {
		answer += " (warnings: " + strings.Join(s.Warnings, ", ") + ")"
	}
	return answer + ": " + what
}

// ordered says what an operator's signed order was.
func ordered(text string) string {
	o, err := operator.ParseOrder(text)
	if err != nil {
		return "an order that cannot be read"
	}
	words := []string{"order to " + o.Action, "by", o.Operator}
	if o.Label != "" {
		words = append(words, "key", o.Label)
	}
	if len(o.Revokes) > 0 {
		words = append(words, "revoking", strings.Join(o.Revokes, ", "))
	}
	if o.Lands != "" {
		words = append(words, "landing", o.Lands[:min(12, len(o.Lands))], "past the gate")
	}
	what := strings.Join(words, " ")
	if o.Reason != "" {
		what += ": " + o.Reason
	}
	return what
}

// sort puts every list in its order.
func (c *collector) sort() {
	events := func(list []Event) {
		slices.SortStableFunc(list, func(a, b Event) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Change, b.Change), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What))
		})
	}
	for _, list := range [][]Event{c.Exceptions, c.Refused, c.Failures, c.Authority, c.Artifacts} {
		events(list)
	}
	slices.SortFunc(c.Landed, func(a, b Change) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	slices.SortStableFunc(c.Approvals, func(a, b Approval) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Change, b.Change)) })
	slices.SortFunc(c.Waivers, func(a, b Waiver) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Agents, func(a, b Agent) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Features, func(a, b Feature) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Ledgers, func(a, b Ledger) int { return cmp.Compare(a.Writer, b.Writer) })
	slices.Sort(c.Gaps)
	for _, w := range c.Waivers {
		slices.Sort(w.Used)
	}
}
