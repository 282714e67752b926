package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
)

// StatementVersion is the apiVersion of what the operator signs.
const StatementVersion = "adamant.dev/approval/v1"

// The methods by which an operator's consent is proven.
const (
	MethodSSH      = "ssh"      // a signature by a key in a file or an agent
	MethodSK       = "sk-ssh"   // a signature by a security key over SSH
	MethodWebAuthn = "webauthn" // an assertion whose challenge is the statement
	MethodTOTP     = "totp"     // a code: it binds nothing, the gate attests that it was right; never for a critical change
)

// MinReason is how many characters a reason on record has at least.
const MinReason = 20

// Statement is what the operator consents to: exactly this content, at most this dangerous, with at most these gates and
// findings. Its canonical JSON is what is signed (docs/formats/approval.md).
type Statement struct {
	APIVersion string `json:"apiVersion"`
	Change     string `json:"change"` // canonical id of the change; empty outside a kernel
	Base       string `json:"base"`   // commit it was judged on; binds when the level is critical
	MergedTree string `json:"mergedTree"`
	Assessment string `json:"assessment"` // digest of what was read
	Scope      Scope  `json:"scope"`
	Governance string `json:"governance"`
	// Answers are the waiting gates that this answers, Accepts the unavailable ones whose absence it accepts, Clears the
	// holds (HoldKey) that it lifts. What is not named is not decided.
	Answers []string  `json:"answers"`
	Accepts []string  `json:"accepts"`
	Clears  []string  `json:"clears"`
	Reason  string    `json:"reason,omitempty"` // required to break the glass and to accept a missing gate
	Nonce   string    `json:"nonce"`            // 32 hex digits, used once
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"` // first instant at which it no longer counts
}

// Approval is the operator's consent, as it was verified. Verifying it is the operator package's work; the gate is never
// given one that was not.
type Approval struct {
	By        string    `json:"by"`        // operator
	Key       string    `json:"key"`       // id of the credential
	Method    string    `json:"method"`    // ssh, sk-ssh, webauthn, totp
	MFA       bool      `json:"mfa"`       // the credential verified its user, by PIN or body, not only a touch
	At        time.Time `json:"at"`        // when it was verified
	Statement Statement `json:"statement"` //
	Void      string    `json:"void,omitempty"`
}

// Draft is the statement that answers everything of a verdict that waits for the operator: waiting gates and holds. A missing
// gate is accepted only when accepts names it. Reason, nonce and times are the caller's to fill in.
func Draft(v *Verdict, accepts []string) Statement {
	a := v.Assessment
	s := Statement{
		APIVersion: StatementVersion, Change: v.Change, Base: a.Base, MergedTree: a.MergedTree, Assessment: a.Digest,
		Scope: ScopeOf(a), Governance: a.Governance, Answers: []string{}, Accepts: sorted(accepts), Clears: []string{},
	}
	for _, g := range a.Gates {
		if g.State == Waiting {
			s.Answers = append(s.Answers, g.Name)
		}
	}
	for _, h := range a.Holds {
		s.Clears = append(s.Clears, HoldKey(h))
	}
	s.Answers, s.Clears = sorted(s.Answers), sorted(s.Clears)
	return s
}

// Text is the statement's canonical JSON: the bytes to sign.
func (s Statement) Text() (string, error) {
	data, err := manifest.CanonicalJSON(s)
	if err != nil {
		return "", fmt.Errorf("encoding the statement: %w", err)
	}
	return string(data), s.check()
}

// sorted is a sorted copy without repetitions, never nil.
func sorted(l []string) []string {
	out := append([]string{}, l...)
	slices.Sort(out)
	return slices.Compact(out)
}

// HoldKey names what a hold asks, without the line it stands on: another message is another question.
func HoldKey(r Reason) string {
	h := sha256.New()
	put(h, r.Code, r.Subject, r.Path, r.Message)
	return r.Subject + "@" + hex.EncodeToString(h.Sum(nil))[:16]
}

// ParseStatement reads the text that was signed. It accepts canonical JSON only, so that nobody signs one thing and shows
// another, and refuses what no Draft would say.
func ParseStatement(text []byte) (Statement, error) {
	var s Statement
	if err := strict(text, &s); err != nil {
		return s, fmt.Errorf("reading the statement: %w", err)
	}
	canonical, err := manifest.CanonicalJSON(s)
	if err != nil {
		return s, fmt.Errorf("reading the statement: %w", err)
	}
	if string(canonical) != string(text) {
		return s, errors.New("reading the statement: it is not canonical JSON (docs/formats/approval.md)")
	}
	return s, s.check()
}

var nonceForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{32}$`) })

func (s Statement) check() error {
	switch {
	case s.APIVersion != StatementVersion:
		return fmt.Errorf("the statement has apiVersion %q, want %q", s.APIVersion, StatementVersion)
	case !nonceForm().MatchString(s.Nonce):
		return errors.New("the statement's nonce is not 32 hex digits")
	case !s.At.Before(s.Expires):
		return errors.New("the statement ends before it begins")
	case s.Scope.Head == "" || s.Scope.EffectiveDiff == "" || s.MergedTree == "":
		return errors.New("the statement does not say what is approved: head, effective diff or merged tree is empty")
	case len(s.Answers)+len(s.Accepts)+len(s.Clears) == 0:
		return errors.New("the statement decides nothing: answers, accepts and clears are empty")
	case (len(s.Accepts) > 0 || slices.Contains(s.Answers, gateBreakGlass)) && len([]rune(s.Reason)) < MinReason:
		return fmt.Errorf("the statement needs a reason of %d characters or more", MinReason)
	}
	return nil
}

// Scope is what a consent, or a soak, was begun for. It covers a later judgement of the same content that is no more
// dangerous, asks for no other gate and found nothing else.
type Scope struct {
	Target        string     `json:"target"`
	Head          string     `json:"head"`
	EffectiveDiff string     `json:"effectiveDiff"`
	Level         risk.Level `json:"level"`
	Gates         []string   `json:"gates"`    // names, sorted
	Findings      []string   `json:"findings"` // those of the change, as FindingKeys says, sorted
}

// ScopeOf is the scope of an assessment.
func ScopeOf(a *Assessment) Scope {
	s := Scope{Target: a.Target, Head: a.Head, EffectiveDiff: a.EffectiveDiff, Level: a.Level, Gates: []string{}, Findings: findingKeys(a.Findings)}
	for _, g := range a.Gates {
		s.Gates = append(s.Gates, g.Name)
	}
	if a.Merge.DiffCoverage != 0 {
		s.Gates = append(s.Gates, gateCoverage) // it asks for an approval when it fails
	}
	s.Gates = sorted(s.Gates)
	return s
}

// Covers says why a does not lie within the scope; "" when it does. It is monotone: what covers an assessment covers every one
// of the same content with a lower level, fewer gates or fewer findings.
func (s Scope) Covers(a *Assessment) string {
	now := ScopeOf(a)
	switch {
	case s.Head != now.Head:
		return "there is a new patch set"
	case s.Target != now.Target:
		return "it was for " + s.Target + ", not " + now.Target
	case s.EffectiveDiff != now.EffectiveDiff:
		return "what it changes on " + now.Target + " is no longer what was approved"
	case now.Level > s.Level:
		return "the level rose from " + s.Level.String() + " to " + now.Level.String()
	}
	if gate := firstMissing(now.Gates, s.covered()); gate != "" {
		return "the gate " + gate + " was not required then"
	}
	if found := firstMissing(now.Findings, s.Findings); found != "" {
		return "there is a finding that was not there: " + found
	}
	return ""
}

// covered are the gates of the scope and the weaker ones that they stand for.
func (s Scope) covered() []string {
	if slices.Contains(s.Gates, gateMFA) {
		return append(slices.Clone(s.Gates), gateApproval)
	}
	return s.Gates
}

func firstMissing(of, in []string) string {
	for _, x := range of {
		if !slices.Contains(in, x) {
			return x
		}
	}
	return ""
}

// void says why an approval does not count for an assessment at an instant; "" when it does.
func (p Approval) void(a *Assessment, change string, now time.Time) string {
	s := p.Statement
	if s.Change != change {
		return "it is for another change"
	}
	if why := s.Scope.Covers(a); why != "" {
		return why
	}
	switch {
	case s.Governance != a.Governance:
		return "configuration or policy is no longer what the change was judged by"
	case s.Scope.Level == risk.Critical && (s.Base != a.Base || s.MergedTree != a.MergedTree):
		return "a critical approval is for one base and one landing tree, and " + a.Target + " has moved"
	case !now.Before(s.Expires):
		return "it lapsed at " + s.Expires.UTC().Format(time.RFC3339)
	case !slices.Contains([]string{MethodSSH, MethodSK, MethodWebAuthn, MethodTOTP}, p.Method):
		return "nobody knows the method " + p.Method
	case p.MFA && p.Method != MethodSK && p.Method != MethodWebAuthn:
		return "the method " + p.Method + " cannot verify a user"
	case a.Level == risk.Critical && !p.MFA:
		return "a critical change needs a credential that verifies its user"
	}
	return ""
}

// weigh notes on every approval whether it counts.
func weigh(a *Assessment, s Standing, now time.Time) []Approval {
	out := append([]Approval{}, s.Approvals...)
	for i := range out {
		out[i].Void = out[i].void(a, s.Change, now)
	}
	return out
}

// answered says that an approval that counts answers a waiting gate. A stronger approval stands for the plain one.
func answered(gate string, approvals []Approval) bool {
	return anyOf(approvals, func(p Approval) bool {
		named := slices.Contains(p.Statement.Answers, gate) || gate == gateApproval && slices.Contains(p.Statement.Answers, gateMFA)
		strong := gate != gateMFA && gate != gateBreakGlass || p.MFA
		reasoned := gate != gateBreakGlass || len([]rune(p.Statement.Reason)) >= MinReason
		return named && strong && reasoned
	})
}

func acceptedAbsence(gate string, approvals []Approval) bool {
	return anyOf(approvals, func(p Approval) bool { return slices.Contains(p.Statement.Accepts, gate) })
}

func cleared(hold Reason, approvals []Approval) bool {
	key := HoldKey(hold)
	return anyOf(approvals, func(p Approval) bool { return slices.Contains(p.Statement.Clears, key) })
}

func anyOf(approvals []Approval, holds func(Approval) bool) bool {
	return slices.ContainsFunc(approvals, func(p Approval) bool { return p.Void == "" && holds(p) })
}

// lapsed says why the last approval given does not count, "" when there is none or it counts.
func lapsed(approvals []Approval) string {
	if len(approvals) == 0 || anyOf(approvals, func(Approval) bool { return true }) {
		return ""
	}
	last := slices.MaxFunc(approvals, func(a, b Approval) int { return a.At.Compare(b.At) })
	return last.By + "'s approval of " + last.At.UTC().Format(time.RFC3339) + " does not count: " + last.Void
}

// findingKeys names the findings of the change, sorted: those that base did not have already. The second of the same name gets
// a number, so that more of the same is not a subset.
func findingKeys(findings []finding.Finding) []string {
	keys, seen := []string{}, map[string]int{}
	for _, f := range findings {
		if f.State == finding.Unchanged || f.State == finding.Absent {
			continue
		}
		key := f.Rule + "@" + f.Fingerprint
		if f.Fingerprint == "" {
			key = f.Rule + "@" + f.Path + ":" + f.Message
		}
		if seen[key]++; seen[key] > 1 {
			key = fmt.Sprintf("%s#%d", key, seen[key])
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
