package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// Sandbox is what Gatekeeper's templates may do: what adamant's own rules may, but for the functions that only adamant has.
func Sandbox() gatekeeper.Sandbox {
	all := capabilities()
	for _, own := range declarations(functions()) {
		all.Builtins = slices.DeleteFunc(all.Builtins, func(b *ast.Builtin) bool { return b.Name == own.Name })
	}
	return gatekeeper.Sandbox{Capabilities: all, Explain: explain}
}

// constraints is the unit of Gatekeeper's policies: each constraint is one rule, asked about every Kubernetes document.
type constraints struct {
	library *gatekeeper.Library
	list    []Rule // in the library's order
	of      map[*gatekeeper.Constraint]Rule
	paths   map[string]bool
}

func compileConstraints(_ context.Context, _ []facts.Module, opt Options) (unit, error) {
	library, err := gatekeeper.Load(opt.Constraints, Sandbox())
	if err != nil {
		return nil, err
	}
	u := &constraints{library: library, of: map[*gatekeeper.Constraint]Rule{}, paths: map[string]bool{}}
	var problems []manifest.Diagnostic
	for _, c := range library.Constraints() {
		r := constraintRule(c, opt.Settings)
		if err := c.Usable(); err != nil && r.Mode != manifest.RuleOff {
			problems = append(problems, manifest.Diagnostic{Path: c.Path, Line: c.Line,
				Message: fmt.Sprintf("%v; to do without it, switch %s off in spec.policy.rules", err, r.ID)})
		}
		u.list, u.of[c], u.paths[c.Path], u.paths[c.Template.Path] = append(u.list, r), r, true, true
	}
	if len(problems) > 0 {
		return nil, joined(problems)
	}
	if len(u.list) == 0 {
		return nil, nil
	}
	return u, nil
}

// constraintRule makes a rule of a constraint. One whose scoped actions leave out the time before the cluster is off until the
// operator switches it.
func constraintRule(c *gatekeeper.Constraint, settings manifest.PolicySettings) Rule {
	r := Rule{ID: "gatekeeper/" + c.Name, Kind: Warn, Severity: string(finding.Warning), Title: c.Template.Title,
		Description: c.Template.Description, Path: c.Path, Line: c.Line}
	if r.Title == "" {
		r.Title = "Constraint of kind " + c.Kind
	}
	switch c.Action {
	case gatekeeper.ActionDeny:
		r.Kind, r.Severity = Deny, string(finding.Error)
	case gatekeeper.ActionDryRun:
		r.Severity = string(finding.Note)
	}
	if r.Mode = settings.Mode(r.ID); r.Mode == "" && c.Action == "" {
		r.Mode = manifest.RuleOff
	}
	return r
}

func (u *constraints) rules() []Rule { return u.list }

func (u *constraints) reads(path string) bool { return u.paths[path] }

// judge asks the constraints about every Kubernetes document. What templates see of other objects are the other documents, and
// those of unchanged files.
func (u *constraints) judge(ctx context.Context, in *facts.Input, now time.Time) ([]Violation, error) {
	docs, terms, err := clusterObjects(in.Documents)
	if err != nil {
		return nil, err
	}
	around, aroundTerms, err := clusterObjects(in.Around)
	if err != nil {
		return nil, err
	}
	inventory, known := gatekeeper.NewInventory(), slices.Concat(aroundTerms, terms)
	for i, doc := range slices.Concat(around, docs) { // of two with one name the changed one counts
		if err := inventory.Add(doc.Value, known[i]); err != nil && !errors.Is(err, gatekeeper.ErrNoKind) {
			return nil, fmt.Errorf("reading document %d of %s for Gatekeeper's policies: %w", doc.Index, doc.Path, err)
		}
	}
	judge, err := u.library.NewJudge(inventory, now)
	if err != nil {
		return nil, err
	}
	var out []Violation
	for i, doc := range docs {
		list, err := u.review(ctx, judge, doc, terms[i])
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func (u *constraints) review(ctx context.Context, judge *gatekeeper.Judge, doc *document.Document, term *ast.Term) ([]Violation, error) {
	r, err := gatekeeper.NewReview(doc.Value, term)
	if err != nil {
		return nil, fmt.Errorf("reviewing document %d of %s: %w", doc.Index, doc.Path, err)
	}
	found, err := judge.Review(ctx, r, func(c *gatekeeper.Constraint) bool { return u.of[c].Mode != manifest.RuleOff })
	var failed *gatekeeper.EvalError
	if errors.As(err, &failed) {
		return nil, &EvalError{Path: failed.Path, Line: failed.Line, Column: failed.Column, Code: failed.Code,
			Message: fmt.Sprintf("constraint %s on document %d of %s: %s", failed.Constraint.Name, doc.Index, doc.Path, failed.Message)}
	}
	var out []Violation
	for _, f := range found {
		out = append(out, u.violation(f, doc))
	}
	return out, err
}

// violation is about the document as a whole: Gatekeeper's policies name no place in it.
func (u *constraints) violation(f gatekeeper.Violation, doc *document.Document) Violation {
	const pointer = "/metadata/name"
	r := u.of[f.Constraint]
	message := strings.TrimSpace(f.Message)
	v := Violation{Kind: r.Kind, Title: r.Title, pointer: pointer, Finding: finding.Finding{Rule: r.ID, Severity: finding.Severity(r.Severity),
		Message: message, Path: doc.Path, Line: doc.LineOf(pointer), State: finding.New, Tool: Tool,
		Fingerprint: objectName(doc) + ": " + withoutPath(message, doc.Path)}}
	if v.Message == "" {
		v.Message = "violates " + r.Title
	}
	if f.Assumed {
		v.Fix = "mend it, or keep the object's Namespace in the repository: its labels are not known, so the constraint was taken to select it"
	}
	v.switchTo(r.Mode)
	return v
}

// objectName tells the objects of a file apart.
func objectName(doc *document.Document) string {
	value, _ := doc.Value.(map[string]any)
	metadata, _ := value["metadata"].(map[string]any)
	return fmt.Sprintf("%v %v/%v", value["kind"], metadata["namespace"], metadata["name"])
}

// clusterObjects are the documents that a cluster would be given, with their values for Rego.
func clusterObjects(all []document.Document) ([]*document.Document, []*ast.Term, error) {
	var p planner
	var docs []*document.Document
	var terms []*ast.Term
	for i := range all {
		doc := &all[i]
		if doc.Kind != document.KindKubernetes || doc.Value == nil || isForTools(doc.Value) {
			continue
		}
		term, err := p.any(doc.Value)
		if err != nil {
			return nil, nil, fmt.Errorf("converting document %d of %s: %w", doc.Index, doc.Path, err)
		}
		docs, terms = append(docs, doc), append(terms, term)
	}
	return docs, terms, nil
}

// isForTools knows documents that look like Kubernetes objects and that no cluster is given.
func isForTools(value any) bool {
	object, _ := value.(map[string]any)
	version, _ := object["apiVersion"].(string)
	return strings.HasPrefix(version, "kustomize.config.k8s.io/") || strings.HasPrefix(version, "test.gatekeeper.sh/")
}
