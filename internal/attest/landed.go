package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Landed is all that is known about a commit that the gate landed: what the statements about it are made of.
type Landed struct {
	Repository string // as the identities name it
	Gate       string // identity of the gate
	Version    string // of adamant
	Target     string // full name of the branch
	Commit     string
	Base       string // its one parent
	Tree       string
	Change     Change
	Verdict    *gate.Verdict // as decided when it landed, with its assessment
	Consents   []Consent     // the verdict's approvals, in its order, with their proofs
	Record     Record
	Signed     bool // the gate's key signed the commit
	Linear     bool // from genesis to this commit the branch lost no commit that it had
	Unbroken   bool // and each of them was landed by the gate
}

// check refuses what does not fit together: nothing is stated about it.
func (l Landed) check() error {
	v := l.Verdict
	if v == nil || v.Assessment == nil {
		return fmt.Errorf("there is no verdict")
	}
	a := v.Assessment
	digest, err := gate.Digest(a)
	switch {
	case err != nil:
		return err
	case digest != a.Digest:
		return fmt.Errorf("the assessment is %.12s and says that it is %.12s", digest, a.Digest)
	case v.Decision != gate.Allow:
		return fmt.Errorf("the verdict is %s", v.Decision)
	case v.Change != l.Change.ID || a.Head != l.Change.Head:
		return fmt.Errorf("the verdict is about %.12s of change %.12s, not %.12s of %.12s", a.Head, v.Change, l.Change.Head, l.Change.ID)
	case a.Base != l.Base || "refs/heads/"+a.Target != l.Target && a.Target != l.Target:
		return fmt.Errorf("the verdict is about %.12s of %s, not %.12s of %s", a.Base, a.Target, l.Base, l.Target)
	case len(l.Consents) != len(v.Approvals):
		return fmt.Errorf("the verdict weighed %d approvals, %d are there", len(v.Approvals), len(l.Consents))
	}
	for i, c := range l.Consents {
		text, err := v.Approvals[i].Statement.Text()
		if err != nil {
			return err
		}
		if text != c.Statement || digestOfText(text) != c.Digest || c.Void != v.Approvals[i].Void {
			return fmt.Errorf("approval %d is not the one that the verdict weighed", i+1)
		}
	}
	return nil
}

// Consented is an approval as the verdict weighed it; its proof and key are the caller's to add.
func Consented(a gate.Approval) (Consent, error) {
	text, err := a.Statement.Text()
	if err != nil {
		return Consent{}, err
	}
	return Consent{By: a.By, Key: a.Key, Method: a.Method, MFA: a.MFA, At: a.At, Statement: text, Digest: digestOfText(text), Void: a.Void}, nil
}

func digestOfText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Decision states what the gate decided about the commit (DecisionType).
func (l Landed) Decision() (Statement, error) {
	if err := l.check(); err != nil {
		return Statement{}, fmt.Errorf("stating the decision about %.12s: %w", l.Commit, err)
	}
	d, err := l.decision()
	if err != nil {
		return Statement{}, fmt.Errorf("stating the decision about %.12s: %w", l.Commit, err)
	}
	return l.statement(DecisionType, d, l.subject())
}

func (l Landed) decision() (Decision, error) {
	v := l.Verdict
	d, err := groundsOf(v.Assessment)
	if err != nil {
		return d, err
	}
	d.Repository, d.Target, d.Commit, d.Base, d.Tree, d.Change = l.Repository, l.Target, l.Commit, l.Base, l.Tree, l.Change
	d.Approvals, d.Record = append([]Consent{}, l.Consents...), l.Record
	d.Verdict = Verdict{Decision: v.Decision, Mode: v.Merge.Mode, SoakStart: v.SoakStart, At: v.Now}
	d.Verdict.Digest, err = gate.VerdictDigest(v)
	return d, err
}

// Grounds is a digest of all that a decision takes from the assessment.
func (d Decision) Grounds() (string, error) {
	text, err := json.Marshal(Decision{Risk: d.Risk, Assessment: d.Assessment, Governance: d.Governance, Gates: d.Gates, Findings: d.Findings, Waivers: d.Waivers, Marks: d.Marks})
	return digestOfText(string(text)), err
}

// Grounds is what Decision.Grounds has to be of a decision by that assessment.
func Grounds(a *gate.Assessment) (string, error) {
	d, err := groundsOf(a)
	if err != nil {
		return "", err
	}
	return d.Grounds()
}

func groundsOf(a *gate.Assessment) (Decision, error) {
	d := Decision{
		Risk: Risk{Level: a.Level, Band: a.Band, Score: a.Score, Floor: floorOf(a)},
		Assessment: Judged{Digest: a.Digest, Input: a.Input, EffectiveDiff: a.EffectiveDiff, MergedTree: a.MergedTree, Files: a.Diffstat.Files,
			Added: a.Diffstat.Added, Deleted: a.Diffstat.Deleted},
		Governance: a.Governance, Gates: []Gate{}, Waivers: []Waiver{},
	}
	for _, g := range a.Gates {
		d.Gates = append(d.Gates, Gate{Name: g.Name, State: g.State, Source: g.Source})
	}
	for _, w := range a.Waivers {
		d.Waivers = append(d.Waivers, Waiver{ID: w.ID, Path: w.Path, Rule: w.Rule, ApprovedBy: w.ApprovedBy, Expires: w.Expires, Findings: w.Findings})
	}
	var err error
	if d.Findings, err = count(a.Findings); err != nil {
		return d, err
	}
	if len(a.Marks) > 0 {
		if d.Marks, err = digestOfJSON(a.Marks); err != nil {
			return d, err
		}
	}
	return d, nil
}

// floorOf are the rules that lifted the level, sorted, each once.
func floorOf(a *gate.Assessment) []string {
	rules := []string{}
	for _, r := range a.Floor {
		rules = append(rules, r.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

func count(found []finding.Finding) (Findings, error) {
	digest, err := digestOfJSON(append([]finding.Finding{}, found...))
	f := Findings{Digest: digest, Total: len(found)}
	for _, one := range found {
		if one.State != finding.Unchanged && one.State != finding.Absent {
			f.New++
		}
		if one.Waiver != "" {
			f.Waived++
		}
		if gate.Blocks(one) {
			f.Errors++
		}
	}
	return f, err
}

func digestOfJSON(v any) (string, error) {
	data, err := manifest.CanonicalJSON(v)
	return digestOfText(string(data)), err
}

// Approvals states each consent that counted (ApprovalType): about the commit that landed, and the patch set that was read.
func (l Landed) Approvals() ([]Statement, error) {
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("stating the approvals of %.12s: %w", l.Commit, err)
	}
	var out []Statement
	for i, c := range l.Consents {
		if c.Void != "" {
			continue
		}
		p := Approval{Repository: l.Repository, Change: l.Change.ID, Level: l.Verdict.Approvals[i].Statement.Scope.Level, Consent: c}
		head := Subject{Name: "patch-set", Digest: map[string]string{GitCommit: l.Change.Head}}
		s, err := l.statement(ApprovalType, p, l.subject(), head)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// subject is the commit, as SLSA's source track wants a revision named.
func (l Landed) subject() Subject {
	return Subject{URI: RepositoryURI(l.Repository) + "@" + l.Commit, Digest: map[string]string{GitCommit: l.Commit},
		Annotations: map[string]any{"sourceRefs": []string{l.Target}}}
}

// RepositoryURI is the name of a repository in statements, such as the source of a build.
func RepositoryURI(repository string) string { return "git+https://adamant.dev/id/" + repository }

func (l Landed) statement(kind string, predicate any, subjects ...Subject) (Statement, error) {
	text, err := manifest.CanonicalJSON(predicate)
	if err != nil {
		return Statement{}, fmt.Errorf("encoding a statement about %.12s: %w", l.Commit, err)
	}
	return Statement{Type: StatementType, Subject: subjects, PredicateType: kind, Predicate: json.RawMessage(text)}, nil
}

// Summary states what the commit amounts to in SLSA's source track (SummaryType), on the grounds of the signed decision, whose
// text it names.
func (l Landed) Summary(decision []byte) (Statement, error) {
	if err := l.check(); err != nil {
		return Statement{}, fmt.Errorf("summing up %.12s: %w", l.Commit, err)
	}
	a := l.Verdict.Assessment
	return l.statement(SummaryType, Summary{
		Verifier:     Verifier{ID: l.Gate, Version: map[string]string{"adamant": l.Version}},
		TimeVerified: l.Verdict.Now, ResourceURI: RepositoryURI(l.Repository),
		Policy: ResourceDescriptor{URI: RepositoryURI(l.Repository) + "@" + l.Base + "#.adamant", Digest: map[string]string{SHA256: a.Governance}},
		InputAttestations: []ResourceDescriptor{{URI: DecisionType, Digest: map[string]string{SHA256: digestOfText(string(decision))},
			MediaType: PayloadType}},
		VerificationResult: Passed, VerifiedLevels: append([]string{l.level()}, l.properties()...), SLSAVersion: "1.2",
	}, l.subject())
}

// level is the highest of SLSA's source levels that the facts allow. 1: it is in version control. 2: and the gate landed it on a
// branch that never lost a commit. 3: and nothing came past the gate since genesis, which is the control that is enforced without
// a break. 4 needs a second person.
func (l Landed) level() string {
	switch {
	case !l.Signed || !l.Linear:
		return SourceLevel1
	case !l.Unbroken:
		return SourceLevel2
	}
	return SourceLevel3
}

// The properties beside the level, in SLSA's name space for those of an organisation.
const (
	PropertyGate        = "ORG_SOURCE_ADAMANT_GATE"           // landed by an allowing verdict
	PropertySigned      = "ORG_SOURCE_SIGNED_BY_GATE"         // the commit carries the gate's signature
	PropertyLinear      = "ORG_SOURCE_LINEAR_SINCE_GENESIS"   // the branch lost no commit since verification began
	PropertyUnbroken    = "ORG_SOURCE_UNBROKEN_SINCE_GENESIS" // nothing came past the gate since verification began
	PropertyApproved    = "ORG_SOURCE_OPERATOR_APPROVED"      // the operator approved it
	PropertyApprovedMFA = "ORG_SOURCE_OPERATOR_APPROVED_MFA"  // with a key that verified them
	PropertyAgent       = "ORG_SOURCE_AGENT_AUTHORED"         // an agent wrote it
	PropertyWaived      = "ORG_SOURCE_WAIVERS_USED"           // it stands on exceptions
	PropertyOneOperator = "ORG_SOURCE_SINGLE_OPERATOR"        // always: nobody else has reviewed it
	propertyRisk        = "ORG_SOURCE_RISK_"                  // and the level in capitals
)

func (l Landed) properties() []string {
	a := l.Verdict.Assessment
	out := []string{PropertyGate, PropertyOneOperator, propertyRisk + strings.ToUpper(a.Level.String())}
	if l.Signed {
		out = append(out, PropertySigned)
	}
	if l.Linear {
		out = append(out, PropertyLinear)
	}
	if l.Linear && l.Unbroken {
		out = append(out, PropertyUnbroken)
	}
	if l.Change.Agent != "" {
		out = append(out, PropertyAgent)
	}
	if len(a.Waivers) > 0 {
		out = append(out, PropertyWaived)
	}
	for _, c := range l.Consents {
		if c.Void == "" {
			out = append(out, PropertyApproved)
			if c.MFA {
				out = append(out, PropertyApprovedMFA)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
