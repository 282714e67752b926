package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
)

// Export is built-in Kubernetes rules as policies of Gatekeeper. Lists are sorted by rule.
type Export struct {
	Rules   []ExportedRule   `json:"rules"`
	Skipped []UnexportedRule `json:"skipped"`
}

// ExportedRule is one rule as a folder: template.yaml, constraint.yaml, suite.yaml and samples.
type ExportedRule struct {
	Rule   string            `json:"rule"`
	Folder string            `json:"folder"`
	Files  map[string]string `json:"files"` // text by path below the folder
}

// UnexportedRule is a rule about Kubernetes that Gatekeeper cannot judge by.
type UnexportedRule struct {
	Rule   string `json:"rule"`
	Reason string `json:"reason"`
}

// UnknownRuleError names a rule that is not built in.
type UnknownRuleError struct{ Rule string }

func (e *UnknownRuleError) Error() string { return fmt.Sprintf("no built-in rule %q", e.Rule) }

// ExportGatekeeper turns built-in rules about Kubernetes documents into templates, constraints and suites, which Gatekeeper
// reads without adamant; all of them when ids is empty. Samples are objects of the rules' own tests. A rule that looks at
// something Gatekeeper does not have is skipped, with the reason. The error is an *UnknownRuleError for an id nobody has.
func ExportGatekeeper(ctx context.Context, ids []string) (*Export, error) {
	x, err := newExporter(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if _, known := x.entries[id]; !known {
			return nil, &UnknownRuleError{id}
		}
	}
	out := &Export{}
	for _, id := range x.order {
		if len(ids) > 0 && !slices.Contains(ids, id) || len(ids) == 0 && !x.isAboutKubernetes(id) {
			continue
		}
		rule, err := x.export(ctx, id)
		var cannot *notExportableError
		switch {
		case errors.As(err, &cannot):
			out.Skipped = append(out.Skipped, UnexportedRule{id, cannot.reason})
		case err != nil:
			return nil, fmt.Errorf("exporting rule %s: %w", id, err)
		default:
			out.Rules = append(out.Rules, *rule)
		}
	}
	return out, nil
}

// notExportableError says why a rule cannot leave adamant.
type notExportableError struct{ reason string }

func (e *notExportableError) Error() string { return e.reason }

func cannotExport(format string, args ...any) error {
	return &notExportableError{fmt.Sprintf(format, args...)}
}

// exporter holds the built-in constitution and the objects of its tests.
type exporter struct {
	engine  *Engine
	sources map[string]*ast.Module // as written, by path
	texts   map[string]string
	entries map[string][]*entry // by rule id
	order   []string            // ids, sorted
	objects []sample
}

func newExporter(ctx context.Context) (*exporter, error) {
	x := &exporter{sources: map[string]*ast.Module{}, texts: map[string]string{}, entries: map[string][]*entry{}}
	var rules, tests []facts.Module
	for _, m := range Builtin() {
		if IsTest(m.Path) {
			tests = append(tests, m)
			continue
		}
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", m.Path, err)
		}
		rules, x.sources[m.Path], x.texts[m.Path] = append(rules, m), tree, m.Text
	}
	var err error
	if x.engine, err = Compile(ctx, nil, Options{}); err != nil {
		return nil, err
	}
	for _, e := range x.engine.entries {
		if len(x.entries[e.ID]) == 0 {
			x.order = append(x.order, e.ID)
		}
		x.entries[e.ID] = append(x.entries[e.ID], e)
	}
	x.objects, err = testObjects(ctx, rules, tests)
	return x, err
}

// export makes one rule's folder.
func (x *exporter) export(ctx context.Context, id string) (*ExportedRule, error) {
	if err := x.check(id); err != nil {
		return nil, err
	}
	samples, err := x.samples(ctx, id)
	if err != nil {
		return nil, err
	}
	f := &folder{id: id, rule: x.entries[id][0].Rule, contrast: samples}
	if f.modules, err = x.modules(id); err != nil {
		return nil, err
	}
	return f.render(x.entries[id])
}

func (x *exporter) isAboutKubernetes(id string) bool {
	for _, ref := range x.inputs(id) {
		if isKubernetesRef(ref) {
			return true
		}
	}
	return false
}

// check says what of a rule Gatekeeper could not evaluate.
func (x *exporter) check(id string) error {
	for _, e := range x.entries[id] {
		if e.Kind == Require {
			return cannotExport("demands a gate, which Gatekeeper has not")
		}
	}
	for _, ref := range x.inputs(id) {
		if !isKubernetesRef(ref) {
			return cannotExport("looks at %s, which Gatekeeper has not", shortRef(ref))
		}
	}
	for _, r := range x.reach(id) {
		own := ""
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			if isFunction(ref.String()) {
				own = ref.String()
			}
			return false
		})
		if own != "" {
			return cannotExport("calls %s, which only adamant has", own)
		}
	}
	return nil
}

// isFunction says that a name is one of adamant's own built-in functions.
func isFunction(name string) bool {
	return slices.ContainsFunc(declarations(functions()), func(b *ast.Builtin) bool { return b.Name == name })
}

// reach lists the compiled rules that a rule's definitions are made of.
func (x *exporter) reach(id string) []*ast.Rule {
	var out []*ast.Rule
	seen := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		out = append(out, r)
		for used := range x.engine.compiler.Graph.Dependencies(r) {
			visit(used.(*ast.Rule))
		}
	}
	for _, e := range x.entries[id] {
		for _, r := range x.engine.compiler.GetRulesExact(e.ref()) {
			visit(r)
		}
	}
	return out
}

// inputs lists what a rule looks at of the input, sorted.
func (x *exporter) inputs(id string) []ast.Ref {
	var out []ast.Ref
	for _, r := range x.reach(id) {
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.Ref{ast.InputRootDocument}) {
				out = append(out, ref)
			}
			return false
		})
	}
	slices.SortFunc(out, func(a, b ast.Ref) int { return a.Compare(b) })
	return out
}

func isKubernetesRef(ref ast.Ref) bool {
	return len(ref) > 2 && ref[1].Equal(ast.StringTerm("byKind")) && ref[2].Equal(ast.StringTerm("kubernetes"))
}

// shortRef is the beginning of a reference, as far as its names are constant.
func shortRef(ref ast.Ref) string {
	return ref[:min(len(ref), 2)].ConstantPrefix().String()
}

// gatekeeperName is a rule id as the name of a Kubernetes object.
func gatekeeperName(id string) string {
	return strings.ToLower(strings.NewReplacer("/", "-", "_", "-", ".", "-").Replace(id))
}

// gatekeeperKind is a rule id as the kind of a constraint: kubernetes/host-path is AdamantKubernetesHostPath.
func gatekeeperKind(id string) string {
	kind := "Adamant"
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return strings.ContainsRune("/-_.", r) }) {
		kind += strings.ToUpper(part[:1]) + part[1:]
	}
	return kind
}
