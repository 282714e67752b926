package gate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/source"
)

// Assessor is a compiled constitution and configuration. It is safe for concurrent use and serves every change that is judged
// by the same governance.
type Assessor struct {
	config     manifest.Repository
	engine     *policy.Scoped
	governance string
}

// NewAssessor compiles the configuration and constitution of a document. The error names file:line:column of what is wrong
// with them.
func NewAssessor(ctx context.Context, config json.RawMessage, constitution facts.Policy) (*Assessor, error) {
	return NewAssessorFor(ctx, nil, config, constitution)
}

// NewAssessorFor is NewAssessor for documents of some kinds (policy.KindsOf): it is ready sooner, and later when it is asked
// about others. The answers are the same.
func NewAssessorFor(ctx context.Context, kinds []string, config json.RawMessage, constitution facts.Policy) (*Assessor, error) {
	var repo manifest.Repository
	if err := json.Unmarshal(config, &repo); err != nil {
		return nil, fmt.Errorf("reading the configuration of the input document: %w", err)
	}
	deadline, err := time.ParseDuration(repo.Spec.Limits.PolicyTime)
	if err != nil {
		return nil, fmt.Errorf("reading limits.policyTime: %w", err)
	}
	engine, err := policy.CompileFor(ctx, kinds, constitution.Modules, policy.Options{Settings: repo.Spec.Policy, Data: constitution.Data,
		Constraints: constitution.Constraints, Deadline: deadline})
	if err != nil {
		return nil, err
	}
	return &Assessor{config: repo, engine: engine, governance: GovernanceDigest(config, constitution)}, nil
}

// Covers says that the assessor is ready for documents of these kinds.
func (r *Assessor) Covers(kinds []string) bool { return r.engine.Covers(kinds) }

// Config is the configuration the assessor was made of.
func (r *Assessor) Config() manifest.Repository { return r.config }

// Assess judges one document. An error means that nothing was decided (law 4): a broken document, a policy that failed or
// ran out of time.
func (r *Assessor) Assess(ctx context.Context, in *facts.Input) (*Assessment, error) {
	a, err := r.Plan(ctx, in)
	if err != nil {
		return nil, err
	}
	return a, Seal(a, in)
}

// Plan is Assess without the digests: it says which gates a change needs before their evidence is there.
func (r *Assessor) Plan(ctx context.Context, in *facts.Input) (*Assessment, error) {
	return r.Replan(ctx, in, &Assessment{})
}

// Replan is Plan for the document that before was made of, to which nothing but evidence, findings and what the ratchet
// measured was added since. What the constitution cannot have seen is not asked again.
func (r *Assessor) Replan(ctx context.Context, in *facts.Input, before *Assessment) (*Assessment, error) {
	if in.APIVersion != facts.APIVersion {
		return nil, fmt.Errorf("input document has apiVersion %q, want %q", in.APIVersion, facts.APIVersion)
	}
	if got := GovernanceDigest(in.Config, in.Policy); got != r.governance {
		return nil, fmt.Errorf("input document was collected under governance %.12s, this assessor holds %.12s", got, r.governance)
	}
	changed := []string{"evidence", "ratchet"}
	if len(in.Findings) != before.found {
		changed = append(changed, "findings")
	}
	ruled, err := r.engine.Again(ctx, in, in.Now, before.ruled, changed...)
	if err != nil {
		return nil, fmt.Errorf("evaluating the constitution: %w", err)
	}
	refused, held := markEdits(in)
	waived := waive(in, append(r.findings(in, ruled), refused...), ruled)
	counted := r.ratchet(in, waived.findings)
	rated := risk.Rate(in, r.config)
	a := &Assessment{
		APIVersion: AssessmentVersion,
		Change:     changeID(in.Change), Target: in.Change.Target, Base: in.Change.Base, Head: in.Change.Head,
		MergeBase: in.Change.MergeBase, MergedTree: in.Change.MergedTree,
		EffectiveDiff: effectiveDiff(in.Files), Diffstat: diffstat(in.Files),
		Level: rated.Level, Band: rated.Band, Score: rated.Score, Floor: list(rated.Floor), Factors: list(rated.Factors),
		Findings: waived.findings, Holds: list(slices.Concat(unread(in.Files), waived.holds, held, unreadMarks(in))), Waivers: waived.used,
		Ratchet: counted.standings, Marks: counted.marks, unmeasured: counted.unmeasured, ruled: ruled, found: len(in.Findings),
		Governance: r.governance, ValidUntil: validUntil(in, r.config, waived.used),
	}
	required, row := Required(r.config, a.Level)
	for _, r := range ruled.Requires {
		if !slices.Contains(required, r.Gate) {
			required = append(required, r.Gate)
		}
	}
	if err := r.setMerge(a, row); err != nil {
		return nil, err
	}
	a.Gates = gates(in, r.config, required, a)
	demandCoverage(a, in)
	a.Findings, a.Holds = foldFindings(a.Findings), foldHolds(a.Holds)
	return a, nil
}

// list makes an empty list of no list: readers of the JSON need not know both.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// findings unites what checks, catalog and constitution found, switched as the operator configured, in stable order.
func (r *Assessor) findings(in *facts.Input, ruled *policy.Result) []finding.Finding {
	out := slices.Concat(in.Findings, in.Catalog.Findings)
	for i := range out {
		out[i].Severity = switched(r.config.Spec.Policy, out[i])
	}
	for _, v := range ruled.Violations {
		if v.Kind != policy.Hold && !r.countedElsewhere(v.Rule) {
			out = append(out, v.Finding)
		}
	}
	out = append(out, ruled.Gone...)
	for _, path := range in.Change.Conflicts {
		out = append(out, finding.Finding{Rule: "merge/conflict", Severity: finding.Error, State: finding.New, Path: path, Tool: "adamant",
			Message: "both sides changed this file in ways git cannot join", Fix: "git merge " + in.Change.Target,
			Fingerprint: finding.Fingerprint("merge/conflict", path, "", 0)})
	}
	out = slices.DeleteFunc(out, func(f finding.Finding) bool { return f.Severity == "" })
	finding.Sort(out)
	return out
}

// switched is a finding's severity after the operator's switches; empty when the rule is off. A ratcheted rule stays an
// error: what was there before is unchanged and blocks nobody.
func switched(settings manifest.PolicySettings, f finding.Finding) finding.Severity {
	switch settings.Mode(f.Rule) {
	case manifest.RuleOff:
		return ""
	case manifest.RuleWarn:
		return finding.Warning
	case manifest.RuleDeny, manifest.RuleRatchet:
		return finding.Error
	}
	return f.Severity
}

// unread lists the changed files that may act and whose content or name nobody looked at: they are never waved through (law 4).
// Pictures and the like, and test data, do nothing by themselves.
func unread(files []facts.File) []Reason {
	out := []Reason{}
	for _, f := range files {
		if strings.HasPrefix(f.Path, `"`) || strings.HasPrefix(f.OldPath, `"`) {
			out = append(out, Reason{Code: "unread", Effect: Hold, Subject: "files/name", Path: f.Path,
				Message: "its name is not UTF-8 or begins with a quotation mark, so no rule for paths applies to it", Next: "rename the file"})
		}
		if f.Symlink != "" && slices.Contains([]string{source.ClassInfra, source.ClassConfig, source.ClassPolicy}, f.Class) {
			out = append(out, Reason{Code: "unread", Effect: Hold, Subject: "files/symlink", Path: f.Path,
				Message: "what it leads to was judged under another name, by other rules: " + f.Symlink, Next: "make it a file of its own"})
		}
		switch {
		case f.Unread == "" || f.Status == "deleted" || f.Class == source.ClassBinary:
		case f.Class == source.ClassTest && f.Language == "" && f.Unread != facts.UnreadSubmodule:
		case f.Class == source.ClassOther && f.Unread == facts.UnreadLFS:
		default:
			out = append(out, Reason{Code: "unread", Effect: Hold, Subject: "files/unread", Path: f.Path,
				Message: "its content was not looked at: " + f.Unread, Next: "read it yourself, or make it a text file under the size limit"})
		}
	}
	return out
}

func (r *Assessor) setMerge(a *Assessment, row manifest.MatrixRow) error {
	a.Merge = Merge{Mode: row.Merge, DiffCoverage: row.DiffCoverage}
	if row.Merge != ModeSoak {
		return nil
	}
	soak, err := time.ParseDuration(row.Soak)
	if err != nil {
		return fmt.Errorf("matrix row %s: soak: %w", a.Level, err)
	}
	a.Merge.SoakSeconds = int64(soak / time.Second)
	return nil
}

// demandCoverage turns an automatic landing into the operator's decision when the added lines are not tested well enough.
func demandCoverage(a *Assessment, in *facts.Input) {
	if a.Merge.DiffCoverage == 0 || a.Merge.Mode != ModeAuto {
		return
	}
	least, known := diffCoverage(in)
	gate := Gate{Name: gateCoverage, State: Passed, Reason: fmt.Sprintf("more than %d %% of the added lines must be tested", a.Merge.DiffCoverage)}
	switch {
	case !known && !touchesCode(in):
		gate.State, gate.Reason = NotApplicable, "no executable line was added"
	case !known:
		gate.State, gate.Reason = Pending, "no check reported coverage of the added lines"
	case unmeasured(in) != "":
		gate.State, gate.Reason = Pending, "no check reported coverage of the added "+unmeasured(in)
	case least >= 0 && least <= a.Merge.DiffCoverage*1000:
		a.Merge.Mode = ModeManual
		gate.Name, gate.State = gateApproval, Waiting
		gate.Reason = fmt.Sprintf("%d.%d %% of the added lines are tested; above %d %% it would land by itself", least/1000, least%1000/100, a.Merge.DiffCoverage)
	case least >= 0:
		gate.Reason = fmt.Sprintf("%d.%d %% of the added lines are tested", least/1000, least%1000/100)
	default:
		gate.State, gate.Reason = NotApplicable, "no executable line was added"
	}
	a.Gates = append(a.Gates, gate)
}

// diffCoverage is the least diff coverage that any check measured, in milli-percent; -1 when nothing executable was added.
// Checks measure different parts of a change, so the best of them says nothing about the rest.
func diffCoverage(in *facts.Input) (least int, known bool) {
	least = -1
	for _, e := range in.Evidence {
		if e.Coverage == nil || e.State != facts.Passed || stale(e, in.Now) {
			continue
		}
		known = true
		if diff := e.Coverage.Diff; diff >= 0 && (least < 0 || diff < least) {
			least = diff
		}
	}
	return least, known
}

// unmeasured names a language that the change adds code of and no profile holds, "" when there is none. Languages that nobody
// measures are left out.
func unmeasured(in *facts.Input) string {
	known := map[string]bool{}
	for _, e := range in.Evidence {
		if e.Coverage == nil || e.State != facts.Passed || stale(e, in.Now) {
			continue
		}
		for _, language := range e.Coverage.Languages {
			known[measuredAs(language)] = true
		}
	}
	for _, f := range in.Files {
		language := measuredAs(f.Language)
		if f.Class == source.ClassSource && f.Added > 0 && f.Effect == source.EffectCode && measurable(language) && !known[language] && !known["*"] {
			return language
		}
	}
	return ""
}

// measurable says that a language's coverage is commonly measured.
func measurable(language string) bool {
	return slices.Contains([]string{"c", "cpp", "csharp", "dart", "elixir", "go", "groovy", "java", "javascript", "kotlin", "php", "python", "ruby", "rust",
		"scala", "svelte", "swift", "typescript", "vue"}, language)
}

// measuredAs joins the languages that one instrument measures.
func measuredAs(language string) string {
	switch language {
	case "jsx":
		return "javascript"
	case "tsx":
		return "typescript"
	}
	return language
}

func touchesCode(in *facts.Input) bool {
	return slices.ContainsFunc(in.Files, func(f facts.File) bool {
		return f.Class == "source" && f.Added > 0 && f.Effect == "code"
	})
}

// validUntil is the earliest instant at which a used waiver, an accepted gate or a network fact lapses.
func validUntil(in *facts.Input, cfg manifest.Repository, waivers []UsedWaiver) *time.Time {
	var first *time.Time
	lapse := func(t time.Time) {
		if t.After(in.Now) && (first == nil || t.Before(*first)) {
			first = &t
		}
	}
	for _, e := range in.Evidence {
		if e.MaxAge > 0 {
			lapse(e.ObservedAt.Add(time.Duration(e.MaxAge) * time.Second))
		}
	}
	for _, w := range waivers {
		lapse(w.Until)
	}
	for _, a := range cfg.Spec.Accept {
		if end, ok := acceptedUntil(a); ok {
			lapse(end)
		}
	}
	return first
}

func diffstat(files []facts.File) Diffstat {
	d := Diffstat{Files: len(files)}
	for _, f := range files {
		d.Added += f.Added
		d.Deleted += f.Deleted
	}
	return d
}

// Seal writes the digests, last.
func Seal(a *Assessment, in *facts.Input) error {
	data, err := manifest.CanonicalDocument(in)
	if err != nil {
		return fmt.Errorf("encoding the input document: %w", err)
	}
	sum := sha256.Sum256(data)
	a.Input = hex.EncodeToString(sum[:])
	a.Digest, err = Digest(a)
	return err
}

// Digest names an assessment by the sha256 of its canonical JSON with the digest left empty.
func Digest(a *Assessment) (string, error) {
	bare := *a
	bare.Digest = ""
	data, err := manifest.CanonicalJSON(bare)
	if err != nil {
		return "", fmt.Errorf("encoding the assessment: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

func changeID(c facts.Change) string {
	h := sha256.New()
	put(h, c.Target, c.Head)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func effectiveDiff(files []facts.File) string {
	h := sha256.New()
	for _, f := range files {
		put(h, f.Path, f.OldPath, f.Mode, f.Before, f.After)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// GovernanceDigest names a configuration and constitution: the sha256 over both and the engine's version.
func GovernanceDigest(config json.RawMessage, p facts.Policy) string {
	h := sha256.New()
	put(h, string(config), p.Engine)
	for _, m := range slices.Concat(p.Modules, p.Data, p.Constraints) {
		put(h, m.Path, m.Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// put hashes length-prefixed strings, so that no two lists of strings give the same bytes.
func put(h hash.Hash, parts ...string) {
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
}
