package task

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// What one operation may hold, in bytes and items.
const (
	maxName    = 1 << 10
	maxText    = 64 << 10
	MaxForeign = 256 << 10 // of Opening.Foreign
	maxItems   = 10_000
	maxPaths   = 1_000
)

func checkOID(field string, id git.OID) error {
	if _, err := hex.DecodeString(string(id)); err != nil || (len(id) != 40 && len(id) != 64) || strings.ToLower(string(id)) != string(id) {
		return fmt.Errorf("%s: %q is not a full object name", field, id)
	}
	return nil
}

func optionalOID(field string, id git.OID) error {
	if id == "" {
		return nil
	}
	return checkOID(field, id)
}

// line refuses what cannot be one line of text.
func line(field, text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%s: %q holds a control character", field, text)
	}
	return within(field, text, maxName)
}

func within(field, text string, limit int) error {
	switch {
	case len(text) > limit:
		return fmt.Errorf("%s: longer than %d bytes", field, limit)
	case !utf8.ValidString(text):
		return fmt.Errorf("%s: not UTF-8", field)
	}
	return nil
}

func needed(field, text string) error {
	if text == "" {
		return fmt.Errorf("%s: missing", field)
	}
	return line(field, text)
}

func oneOf(field, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s: %q is not %s", field, value, strings.Join(allowed, ", "))
	}
	return nil
}

func number(field string, n int) error {
	if n < 1 || n > maxItems {
		return fmt.Errorf("%s: %d is not between 1 and %d", field, n, maxItems)
	}
	return nil
}

func paths(field string, list []string) error {
	if len(list) > maxPaths {
		return fmt.Errorf("%s: more than %d", field, maxPaths)
	}
	for _, p := range list {
		if err := needed(field, p); err != nil {
			return err
		}
	}
	return nil
}

// CheckPath says what is wrong with a path that a task is granted or expected to work in: repository-relative, with slashes, no way out.
func CheckPath(p string) error {
	if p == "" || strings.HasPrefix(p, "/") || strings.Contains(p, "\\") || slices.Contains(strings.Split(p, "/"), "..") {
		return fmt.Errorf("%q is not a path of the repository: write it from its root, with slashes", p)
	}
	return line("path", p)
}

// check says what is wrong with an operation by itself.
func (o Operation) check() error {
	if o.Body == nil {
		return errors.New("an operation without a kind")
	}
	if o.Time.IsZero() || o.Time.Year() > 9998 || o.Time.Year() < 1970 {
		return fmt.Errorf("%s: time: %s is no date of this format", o.Body.Kind(), o.Time)
	}
	if err := needed("actor", o.Actor); err != nil {
		return fmt.Errorf("%s: %w", o.Body.Kind(), err)
	}
	if err := o.Body.check(); err != nil {
		return fmt.Errorf("%s: %w", o.Body.Kind(), err)
	}
	return nil
}

func (b Opening) check() error {
	errs := []error{needed("title", b.Title), within("text", b.Text, maxText), kernel.CheckName(b.Agent), needed("target", b.Target), line("feature", b.Feature),
		line("source", b.Source), within("foreign", b.Foreign, MaxForeign), needed("nonce", b.Nonce)}
	if b.Priority < -100 || b.Priority > 100 {
		errs = append(errs, fmt.Errorf("priority: %d is not between -100 and 100", b.Priority))
	}
	for _, p := range b.Grants {
		errs = append(errs, CheckPath(p))
	}
	return errors.Join(append(errs, paths("grants", b.Grants), paths("paths", b.Paths))...)
}

func (b Started) check() error {
	return errors.Join(number("n", b.N), oneOf("role", b.Role, RoleCoder, RoleReviewer), kernel.CheckName(b.Agent), checkOID("main", b.Main), checkOID("base", b.Base),
		optionalOID("head", b.Head), line("why", b.Why), paths("avoid", b.Avoid), needed("prompt", b.Prompt))
}

func (b Ended) check() error {
	errs := []error{number("n", b.N), optionalOID("head", b.Head), within("why", b.Why, maxText), line("rule", b.Rule), b.Spent.check(),
		oneOf("finish", b.Finish, FinishDone, FinishEscalated, FinishStopped, FinishFailed, FinishLost, FinishCancelled),
		oneOf("independent", b.Independent, "", ByFamily, ByModel, ByTemperature)}
	if len(b.Models) > maxPaths {
		errs = append(errs, fmt.Errorf("models: more than %d", maxPaths))
	}
	for _, m := range b.Models {
		errs = append(errs, line("models.family", m.Family), line("models.name", m.Name))
	}
	if b.Review != nil {
		errs = append(errs, b.Review.check())
	}
	return errors.Join(errs...)
}

func (s Spent) check() error {
	if s.NanoUSD < 0 || s.Tokens < 0 || s.Requests < 0 || s.Seconds < 0 {
		return errors.New("spent: less than nothing")
	}
	return nil
}

func (r Review) check() error {
	if len(r.Comments) > maxPaths {
		return fmt.Errorf("review.comments: more than %d", maxPaths)
	}
	for _, c := range r.Comments {
		if c.Text == "" || c.Line < 0 {
			return errors.New("review.comments: one without a text, or on a negative line")
		}
		if err := errors.Join(line("review.comments.path", c.Path), within("review.comments.text", c.Text, maxText), optionalOID("review.comments.head", c.Head)); err != nil {
			return err
		}
	}
	return errors.Join(oneOf("review.outcome", r.Outcome, change.ReviewOK, change.ReviewChanges, change.ReviewComments), within("review.message", r.Message, maxText))
}

func (b Proposed) check() error {
	return errors.Join(number("n", b.N), CheckID(b.Change), checkOID("head", b.Head))
}

func (b Returned) check() error {
	if len(b.Findings) > maxPaths {
		return fmt.Errorf("findings: more than %d", maxPaths)
	}
	errs := []error{oneOf("by", b.By, ByGate, ByReviewer, ByOperator, ByNobody), checkOID("head", b.Head), within("why", b.Why, maxText)}
	for _, f := range b.Findings {
		errs = append(errs, line("findings.rule", f.Rule), line("findings.path", f.Path), within("findings.message", f.Message, maxText), within("findings.fix", f.Fix, maxText))
	}
	return errors.Join(errs...)
}

func (b Followed) check() error {
	return errors.Join(oneOf("phase", string(b.Phase), string(Gating), string(Waiting)), line("for", string(b.For)), within("why", b.Why, maxText))
}

func (b Landed) check() error {
	return errors.Join(CheckID(b.Change), checkOID("commit", b.Commit))
}

func (b Noted) check() error {
	if b.Text == "" {
		return errors.New("text: missing")
	}
	return within("text", b.Text, maxText)
}

func (b Stopped) check() error {
	return errors.Join(within("reason", b.Reason, maxText), line("rule", b.Rule))
}
func (b Resumed) check() error { return within("note", b.Note, maxText) }
func (b Retried) check() error {
	if b.Agent != "" {
		if err := kernel.CheckName(b.Agent); err != nil {
			return err
		}
	}
	return within("note", b.Note, maxText)
}
func (b Failure) check() error      { return within("reason", b.Reason, maxText) }
func (b Cancellation) check() error { return within("reason", b.Reason, maxText) }
