package change

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
)

// What one operation may hold. Text is in bytes.
const (
	maxName  = 1 << 10
	maxText  = 64 << 10
	maxItems = 10_000
)

func checkOID(field string, id git.OID) error {
	if _, err := hex.DecodeString(string(id)); err != nil || (len(id) != 40 && len(id) != 64) || strings.ToLower(string(id)) != string(id) {
		return fmt.Errorf("%s: %q is not a full object name", field, id)
	}
	return nil
}

// checkName refuses what cannot be one line of text.
func checkName(field, text string) error {
	switch {
	case len(text) > maxName:
		return fmt.Errorf("%s: longer than %d bytes", field, maxName)
	case !utf8.ValidString(text):
		return fmt.Errorf("%s: not UTF-8", field)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%s: %q holds a control character", field, text)
	}
	return nil
}

func checkText(field, text string) error {
	if len(text) > maxText {
		return fmt.Errorf("%s: longer than %d bytes", field, maxText)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s: not UTF-8", field)
	}
	return nil
}

func needed(field, text string) error {
	if text == "" {
		return fmt.Errorf("%s: missing", field)
	}
	return checkName(field, text)
}

func checkCount(field string, n int) error {
	if n > maxItems {
		return fmt.Errorf("%s: more than %d", field, maxItems)
	}
	return nil
}

func checkAttempt(n int) error {
	if n < 1 || n > maxItems {
		return fmt.Errorf("attempt: %d is not between 1 and %d", n, maxItems)
	}
	return nil
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
	names := errors.Join(checkName("title", b.Title), checkName("author", b.Author), checkName("agent", b.Agent), checkName("task", b.Task),
		checkName("role", b.Role), checkName("model", b.Model), checkName("feature", b.Feature), checkName("topic", b.Topic),
		checkName("alias", b.Alias), checkName("reverts", b.Reverts), checkName("imported", b.Imported), checkName("push", b.Push))
	return errors.Join(needed("target", b.Target), checkOID("head", b.Head), names)
}

func (b NewPatchSet) check() error {
	return errors.Join(checkOID("head", b.Head), checkName("note", b.Note))
}

func (b CheckStart) check() error {
	return errors.Join(checkOID("head", b.Head), checkOID("base", b.Base), checkAttempt(b.Attempt), checkName("why", b.Why))
}

func (b CheckError) check() error {
	return errors.Join(checkOID("head", b.Head), checkOID("base", b.Base), checkAttempt(b.Attempt), checkText("error", b.Error))
}

func (b Assessed) check() error {
	if b.Decision != gate.Allow && b.Decision != gate.Hold && b.Decision != gate.Deny {
		return fmt.Errorf("decision: %q is not allow, hold or deny", b.Decision)
	}
	return errors.Join(checkOID("head", b.Head), checkOID("base", b.Base), checkAttempt(b.Attempt), needed("digest", b.Digest), checkName("blob", b.Blob),
		checkCount("gates", len(b.Gates)))
}

func (b ReviewAsked) check() error { return checkOID("head", b.Head) }

func (b Reviewed) check() error {
	if b.Outcome != ReviewOK && b.Outcome != ReviewChanges && b.Outcome != ReviewComments {
		return fmt.Errorf("outcome: %q is not ok, request-changes or comments", b.Outcome)
	}
	errs := []error{checkOID("head", b.Head), checkText("message", b.Message), checkCount("comments", len(b.Comments))}
	for i, c := range b.Comments {
		if err := c.check(); err != nil {
			errs = append(errs, fmt.Errorf("comments[%d].%w", i, err))
			break
		}
	}
	return errors.Join(errs...)
}

func (b Comment) check() error {
	if b.Head != "" {
		if err := checkOID("head", b.Head); err != nil {
			return err
		}
	}
	if b.Line < 0 {
		return fmt.Errorf("line: %d is negative", b.Line)
	}
	if b.Text == "" {
		return errors.New("text: missing")
	}
	return errors.Join(checkName("path", b.Path), checkText("text", b.Text))
}

func (b Asked) check() error {
	errs := []error{checkOID("head", b.Head), needed("cause", b.Cause), checkCount("reasons", len(b.Reasons))}
	for _, r := range b.Reasons {
		errs = append(errs, checkText("reasons", r))
	}
	return errors.Join(errs...)
}

func (b Approved) check() error {
	if b.Approval.Void != "" {
		return errors.New("approval.void: whether an approval counts is decided each time anew")
	}
	return errors.Join(checkOID("head", b.Head), needed("approval.by", b.Approval.By))
}

func (b Refused) check() error {
	return errors.Join(checkOID("head", b.Head), checkText("reason", b.Reason))
}

func (b Accepted) check() error { return Approved(b).check() }

func (b SoakStarted) check() error {
	if b.Since.IsZero() || b.Since.Year() > 9998 {
		return fmt.Errorf("since: %s is no date of this format", b.Since)
	}
	return checkOID("head", b.Head)
}

func (b Enqueued) check() error {
	if b.Lane != LaneNormal && b.Lane != LaneHotfix {
		return fmt.Errorf("lane: %q is not normal or hotfix", b.Lane)
	}
	return checkOID("head", b.Head)
}

func (b Dequeued) check() error {
	return errors.Join(checkOID("head", b.Head), checkText("why", b.Why))
}

func (b MergeStarted) check() error {
	return errors.Join(checkOID("head", b.Head), checkOID("base", b.Base), checkAttempt(b.Attempt))
}

func (b Landed) check() error {
	return errors.Join(checkOID("head", b.Head), checkOID("commit", b.Commit), checkOID("base", b.Base), checkName("assessment", b.Assessment))
}

func (b InEnvironment) check() error {
	return errors.Join(needed("environment", b.Environment), checkOID("commit", b.Commit))
}

func (b RevertOpened) check() error { return needed("change", b.Change) }

func (b TakenBack) check() error {
	return errors.Join(needed("change", b.Change), checkOID("commit", b.Commit))
}

func (b GivenUp) check() error   { return checkText("reason", b.Reason) }
func (b Stopped) check() error   { return checkText("reason", b.Reason) }
func (b Continued) check() error { return checkText("reason", b.Reason) }
