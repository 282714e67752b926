package finding

import (
	"cmp"
	"fmt"
	"strings"
)

// readSARIF reads every run of a log.
func readSARIF(data []byte, p *placer) ([]Finding, error) {
	var log sarifLog
	if err := parseJSON("sarif", data, &log); err != nil {
		return nil, err
	}
	if log.Version != sarifVersion {
		return nil, sarifError("version", "it is %q; only %s is read", log.Version, sarifVersion)
	}
	if log.Runs == nil || len(*log.Runs) == 0 {
		return nil, sarifError("runs", "there is none, so nothing was looked at")
	}
	var out []Finding
	for i := range *log.Runs {
		r := newRunReader(&(*log.Runs)[i], i, p)
		fs, err := r.findings()
		if err != nil {
			return nil, err
		}
		out = append(out, fs...)
	}
	return out, nil
}

func sarifError(where, format string, args ...any) error {
	return &FormatError{Format: "sarif", Where: where, Reason: fmt.Sprintf(format, args...)}
}

// runReader reads one run.
type runReader struct {
	run    *sarifRun
	where  string // "runs[0]"
	tool   string // slug of the driver's name
	rules  map[string]*sarifRule
	placer *placer
}

func newRunReader(run *sarifRun, n int, p *placer) *runReader {
	r := &runReader{run: run, where: fmt.Sprintf("runs[%d]", n), tool: slug(run.Tool.Driver.Name), placer: p}
	r.rules = make(map[string]*sarifRule, len(run.Tool.Driver.Rules))
	for c := len(run.Tool.Extensions) - 1; c >= -1; c-- { // the driver's own rules win
		component := r.component(c)
		for i := range component.Rules {
			r.rules[component.Rules[i].ID] = &component.Rules[i]
		}
	}
	return r
}

// slug turns a tool's name into the first part of a rule id.
func slug(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "-")
}

// component returns an extension, or the driver for -1.
func (r *runReader) component(i int) *sarifComponent {
	if i < 0 {
		return &r.run.Tool.Driver
	}
	return &r.run.Tool.Extensions[i]
}

func (r *runReader) findings() ([]Finding, error) {
	switch {
	case r.tool == "":
		return nil, sarifError(r.where+".tool.driver.name", "it is missing, so nobody knows whose findings these are")
	case r.run.ExternalReferences != nil && len(r.run.ExternalReferences.Results) > 0:
		return nil, sarifError(r.where+".externalPropertyFileReferences", "results in other files are not read; write them into this one")
	}
	out, err := r.failures()
	if err != nil {
		return nil, err
	}
	if r.run.Results == nil {
		if len(out) > 0 {
			return out, nil
		}
		return nil, sarifError(r.where+".results", "it is missing or null: %s did not get as far as looking; an empty list is written []", r.tool)
	}
	for i := range *r.run.Results {
		f, counts, err := r.finding(&(*r.run.Results)[i], fmt.Sprintf("%s.results[%d]", r.where, i))
		if err != nil {
			return nil, err
		}
		if counts {
			out = append(out, f)
		}
	}
	return out, nil
}

// failures are findings about the tool itself: it says that it did not finish.
func (r *runReader) failures() ([]Finding, error) {
	var out []Finding
	for i, inv := range r.run.Invocations {
		if inv.Successful != nil && !*inv.Successful {
			out = append(out, r.failure(strings.TrimSpace(r.tool+" says that it did not finish. "+inv.StartFailure)))
		}
		for _, n := range append(inv.Notifications, inv.Configurations...) {
			if n.Level != string(Error) {
				continue
			}
			f := r.failure(r.tool + " failed while running: " + cmp.Or(n.Message.Text, n.Message.ID, "no message"))
			if err := r.locate(&f, n.Locations, fmt.Sprintf("%s.invocations[%d]", r.where, i)); err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

func (r *runReader) failure(message string) Finding {
	return Finding{
		Rule: r.tool + "/execution", Severity: Error, Tool: r.tool, Message: message,
		Fix: "run the tool again and mend what it reports",
	}
}

// finding reads one result; false means that it is none: it passed, does not apply, or is gone.
func (r *runReader) finding(res *sarifResult, where string) (Finding, bool, error) {
	switch res.Kind {
	case "pass", "notApplicable":
		return Finding{}, false, nil
	case "", "fail", "open", "review", "informational":
	default:
		return Finding{}, false, sarifError(where+".kind", "%q is none of SARIF's", res.Kind)
	}
	rule, id, err := r.rule(res, where)
	if err != nil {
		return Finding{}, false, err
	}
	f := Finding{Rule: r.tool + "/" + id, Tool: r.tool, Message: message(&res.Message, rule, r.run.Tool.Driver.GlobalStrings)}
	if f.Severity, err = r.severity(res, rule, where); err != nil {
		return Finding{}, false, err
	}
	if f.State, err = baseline(res, where); err != nil {
		return Finding{}, false, err
	}
	opt := &r.placer.opt
	if !opt.Own && !opt.Baseline { // claims of age are not believed, but what is gone is not there
		if f.State == Absent {
			return Finding{}, false, nil
		}
		f.State = ""
	}
	f.Suppress = suppressed(res.Suppressions)
	if err := r.locate(&f, res.Locations, where); err != nil {
		return Finding{}, false, err
	}
	if opt.Own {
		r.own(&f, res, id)
	}
	return f, true, nil
}

// own takes over what only adamant may say.
func (r *runReader) own(f *Finding, res *sarifResult, id string) {
	f.Rule, f.Tool = id, r.run.Tool.Driver.Name
	f.Fingerprint = res.PartialFingerprints[FingerprintVersion]
	if p := res.Properties; p != nil {
		f.Fix, f.Tool = p.Fix, cmp.Or(p.Tool, f.Tool)
		if p.Pathless {
			f.Path = ""
		}
	}
	f.Suppress = ""
	for _, s := range res.Suppressions {
		if s.Properties != nil && s.Properties.Waiver != "" {
			f.Waiver = s.Properties.Waiver
		} else {
			f.Suppress = s.Kind
		}
	}
}

// rule returns the descriptor of a result, nil when the log has none, and the rule's id (§3.27.5 to §3.27.7).
func (r *runReader) rule(res *sarifResult, where string) (*sarifRule, string, error) {
	ref := sarifRuleRef{}
	if res.Rule != nil {
		ref = *res.Rule
	}
	if ref.Index == nil {
		ref.Index = res.RuleIndex
	}
	id := cmp.Or(res.RuleID, ref.ID)
	component, err := r.referenced(ref.Component, where)
	if err != nil {
		return nil, "", err
	}
	if ref.Index != nil && *ref.Index >= 0 {
		if *ref.Index >= len(component.Rules) {
			return nil, "", sarifError(where+".ruleIndex", "it is %d, but %s has %d rules", *ref.Index, cmp.Or(component.Name, "the driver"), len(component.Rules))
		}
		rule := &component.Rules[*ref.Index]
		return rule, cmp.Or(id, rule.ID, "unnamed"), nil
	}
	return r.byID(id), cmp.Or(id, "unnamed"), nil
}

// byID finds a rule by its id, or by the part of a hierarchical id that the log describes (§3.27.5).
func (r *runReader) byID(id string) *sarifRule {
	for id != "" {
		if rule := r.rules[id]; rule != nil {
			return rule
		}
		id = id[:max(strings.LastIndexByte(id, '/'), 0)]
	}
	return nil
}

func (r *runReader) referenced(ref *sarifComponentRef, where string) (*sarifComponent, error) {
	if ref == nil {
		return &r.run.Tool.Driver, nil
	}
	if ref.Index != nil && *ref.Index >= 0 {
		if *ref.Index >= len(r.run.Tool.Extensions) {
			return nil, sarifError(where+".rule.toolComponent.index", "it is %d, but the tool has %d extensions", *ref.Index, len(r.run.Tool.Extensions))
		}
		return r.component(*ref.Index), nil
	}
	for i := range r.run.Tool.Extensions {
		e := &r.run.Tool.Extensions[i]
		if ref.GUID != "" && ref.GUID == e.GUID || ref.GUID == "" && ref.Name != "" && ref.Name == e.Name {
			return e, nil
		}
	}
	return &r.run.Tool.Driver, nil
}

// severity follows §3.27.10: the result, the invocation's override, the rule's default, and otherwise warning. Results
// that are not failures have no level: what a person must look at is a warning, what informs a note.
func (r *runReader) severity(res *sarifResult, rule *sarifRule, where string) (Severity, error) {
	switch res.Kind {
	case "open", "review":
		return Warning, nil
	case "informational":
		return Note, nil
	}
	word := res.Level
	if word == "" {
		word = r.override(res, rule)
	}
	if word == "" && rule != nil && rule.Default != nil {
		word = rule.Default.Level
	}
	switch s := Severity(cmp.Or(word, string(Warning))); s {
	case Error, Warning, Note:
		return s, nil
	case "none":
		return Note, nil
	}
	return "", sarifError(where+".level", "%q is none of SARIF's", word)
}

func (r *runReader) override(res *sarifResult, rule *sarifRule) string {
	if res.Provenance == nil || res.Provenance.InvocationIndex == nil || rule == nil {
		return ""
	}
	i := *res.Provenance.InvocationIndex
	if i < 0 || i >= len(r.run.Invocations) {
		return ""
	}
	for _, o := range r.run.Invocations[i].Overrides {
		if o.Descriptor.ID == rule.ID {
			return o.Configuration.Level
		}
	}
	return ""
}

func baseline(res *sarifResult, where string) (State, error) {
	switch s := State(res.BaselineState); s {
	case "", New, Unchanged, Updated, Absent:
		return s, nil
	}
	return "", sarifError(where+".baselineState", "%q is none of SARIF's", res.BaselineState)
}

// suppressed returns the kind of a suppression that is in force (§3.27.23): one that is rejected or under review lifts all.
func suppressed(all []sarifSuppression) string {
	kind := ""
	for _, s := range all {
		if s.Status == "rejected" || s.Status == "underReview" {
			return ""
		}
		if kind == "" || s.Kind == inSource {
			kind = s.Kind
		}
	}
	return kind
}
