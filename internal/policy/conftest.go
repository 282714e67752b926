package policy

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// conftest is the unit of policies that are written for conftest: rules deny, violation and warn (and deny_NAME, ...) of
// packages main and main.*, each asked about each document. A rule exception names rules that do not count.
type conftest struct {
	settings manifest.PolicySettings
	scopes   []*conftestScope
	compiler *ast.Compiler
	names    names
	files    bool // policies ask for the name of the file
}

// conftestScope is the rules that see single documents, or those that see all at once.
type conftestScope struct {
	combined bool
	list     []*conftestRule // sorted by id
	query    rego.PreparedEvalQuery
	store    storage.Store
}

// conftestRule is all rules of one name in one package.
type conftestRule struct {
	Rule
	pkg  *ast.Package
	name string
}

// conftestData is the part of data that conftest writes itself: data.conftest.file.
const conftestData = "conftest"

var conftestName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(deny|violation|warn)((_[a-zA-Z0-9]+)*)$`)
})

func compileConftest(ctx context.Context, modules []facts.Module, opt Options) (unit, error) {
	s := opt.Settings.Conftest
	if err := checkNamespaces(s); err != nil {
		return nil, err
	}
	modules = slices.DeleteFunc(slices.Clone(modules), func(m facts.Module) bool { return matchesAny(s.Ignore, m.Path) })
	gates := slices.DeleteFunc(slices.Clone(modules), func(m facts.Module) bool { return !isNamespace(s, packageOf(m.Text)) })
	if len(gates) == 0 {
		return nil, nil
	}
	modules, trees, diags := withLibraries(gates, modules)
	if len(diags) > 0 {
		return nil, joined(diags)
	}
	c, diags := compileForeign(trees, modules, conftestFunctions()...)
	if len(diags) > 0 {
		return nil, joined(diags)
	}
	data, diags := loadData(PlaceData(opt.Data, s.Data))
	diags = append(diags, checkForeignData(c, data)...)
	rules, problems := conftestRules(c, gates, opt.Settings)
	if diags = append(diags, problems...); len(diags) > 0 {
		return nil, joined(diags)
	}
	u := &conftest{settings: opt.Settings, compiler: c, files: usesFile(c), names: shareNames(c)}
	return u, u.prepare(ctx, inmem.NewFromObject(data), rules)
}

// ConftestModules picks, of modules and their tests, what is written for conftest and judges, and what that looks at. Modules that
// cannot be read are among them.
func ConftestModules(modules []facts.Module, s manifest.Conftest) []facts.Module {
	foreign := slices.DeleteFunc(slices.Clone(modules), func(m facts.Module) bool { return !Foreign(m) || matchesAny(s.Ignore, m.Path) })
	gates := slices.DeleteFunc(slices.Clone(foreign), func(m facts.Module) bool { return !isNamespace(s, packageOf(m.Text)) })
	out, _, _ := withLibraries(gates, foreign) // what is wrong with them is said by whoever compiles them
	return out
}

// checkNamespaces refuses a glob that would match nothing because it is malformed.
func checkNamespaces(s manifest.Conftest) error {
	for _, pattern := range slices.Concat(s.Namespaces, s.Combine) {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return manifest.Join([]manifest.Diagnostic{{Path: facts.ConfigPath, Message: fmt.Sprintf("%q is no package, nor a glob of packages, for conftest's policies", pattern)}})
		}
	}
	return nil
}

// isNamespace says that the rules of a package judge.
func isNamespace(s manifest.Conftest, pkg string) bool {
	patterns := slices.Concat(s.Namespaces, s.Combine)
	if len(s.Namespaces) == 0 {
		patterns = append(patterns, "main", "main.*")
	}
	return pkg != "" && slices.ContainsFunc(patterns, func(p string) bool { return matchNamespace(p, pkg) })
}

func matchNamespace(pattern, pkg string) bool {
	ok, err := path.Match(pattern, pkg)
	return ok && err == nil
}

// conftestRules finds the rules that judge. A package of which none does is an error, and so is a rule that looks like one.
func conftestRules(c *ast.Compiler, gates []facts.Module, settings manifest.PolicySettings) ([]*conftestRule, []manifest.Diagnostic) {
	var diags []manifest.Diagnostic
	found := map[string]*conftestRule{}
	silent := map[string]*ast.Module{}
	judging := map[string]bool{}
	for _, m := range gates {
		tree := c.Modules[m.Path]
		pkg := strings.TrimPrefix(tree.Package.Path.String(), "data.")
		silent[pkg] = cmp.Or(silent[pkg], tree)
		for _, r := range tree.Rules {
			name, problem := judges(r)
			if problem != "" {
				diags = append(diags, at(r.Loc(), problem))
			}
			if name == "" {
				continue
			}
			judging[pkg] = true
			rule := newConftestRule(tree, r, pkg, name)
			rule.Mode = settings.Mode(rule.ID)
			found[rule.ID] = earlier(found[rule.ID], rule)
		}
	}
	for pkg, tree := range silent {
		if !judging[pkg] && !isUsed(c, pkg) && len(diags) == 0 {
			diags = append(diags, at(tree.Package.Loc(), fmt.Sprintf(
				"package %s has no rule deny, violation or warn, so it would never report anything; is it not for conftest, list it under spec.policy.conftest.ignore", pkg)))
		}
	}
	return sortedRules(found), diags
}

func sortedRules(found map[string]*conftestRule) []*conftestRule {
	out := make([]*conftestRule, 0, len(found))
	for _, r := range found {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *conftestRule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// earlier is the definition that comes first, with the words of the one that has some.
func earlier(a, b *conftestRule) *conftestRule {
	if a == nil {
		return b
	}
	if cmp.Or(strings.Compare(b.Path, a.Path), b.Line-a.Line) < 0 {
		a, b = b, a
	}
	if a.Description == "" && b.Description != "" {
		a.Title, a.Description = b.Title, b.Description
	}
	return a
}

// judges names the judging rule that r is a definition of. problem says what is wrong with one that cannot report.
func judges(r *ast.Rule) (name, problem string) {
	ref := r.Head.Ref()
	name = ref[0].Value.String()
	if len(r.Head.Args) > 0 {
		return "", ""
	}
	if !conftestName().MatchString(name) {
		if near := nearConftest(name); near != "" && r.Head.RuleKind() == ast.MultiValue {
			return "", fmt.Sprintf("rule %s is never evaluated; did you mean %s?", name, near)
		}
		return "", ""
	}
	if len(ref) > 1 || r.Head.RuleKind() == ast.SingleValue && !mayBeList(r) {
		return name, fmt.Sprintf("%s must be a set of messages, or nothing is ever reported; write: %s contains msg if { ... }", name, name)
	}
	return name, ""
}

// mayBeList says that the value of a rule that is no set is, or may be, a list or a set.
func mayBeList(r *ast.Rule) bool {
	switch r.Head.Value.Value.(type) {
	case ast.Boolean, ast.String, ast.Number, ast.Null, ast.Object, *ast.ObjectComprehension:
		return false
	}
	return true
}

// nearConftest is the judging rule that a name is a slip of the pen for.
func nearConftest(name string) string {
	first, _, _ := strings.Cut(name, "_")
	for _, known := range []string{"deny", "violation", "warn"} {
		slip := levenshtein.ComputeDistance(first, known) <= len(known)/4 && first[:min(3, len(first))] == known[:3]
		if strings.HasPrefix(name, known+"_") || first != known && (slip || first == known+"s") {
			return known
		}
	}
	return ""
}

func newConftestRule(tree *ast.Module, r *ast.Rule, pkg, name string) *conftestRule {
	kind := Deny
	if strings.HasPrefix(name, "warn") {
		kind = Warn
	}
	out := &conftestRule{pkg: tree.Package, name: name, Rule: Rule{ID: "conftest/" + pkg + "/" + name, Kind: kind,
		Title: fmt.Sprintf("%s of package %s", name, pkg), Severity: severityOf(kind), Path: r.Loc().File, Line: r.Loc().Row}}
	if a := annotation(tree, r); a != nil {
		out.Title, out.Description = cmp.Or(a.Title, out.Title), oneLine(a.Description)
	}
	return out
}

// isUsed says that some module looks at a package.
func isUsed(c *ast.Compiler, pkg string) bool {
	for _, tree := range c.Modules {
		if strings.TrimPrefix(tree.Package.Path.String(), "data.") == pkg {
			continue
		}
		if slices.ContainsFunc(uses(tree), func(ref ast.Ref) bool { return leadsInto(ref, pkg) }) {
			return true
		}
	}
	return false
}

// usesFile says that policies look at data.conftest.
func usesFile(c *ast.Compiler) bool {
	for _, tree := range c.Modules {
		if slices.ContainsFunc(uses(tree), func(ref ast.Ref) bool { return leadsInto(ref, conftestData) || len(ref) == 1 }) {
			return true
		}
	}
	return false
}

// prepare makes one query for the rules that see single documents and one for those that see them all.
func (u *conftest) prepare(ctx context.Context, store storage.Store, rules []*conftestRule) error {
	single, combined := &conftestScope{store: store}, &conftestScope{store: store, combined: true}
	for _, r := range rules {
		pkg := strings.TrimPrefix(r.pkg.Path.String(), "data.")
		scope := single
		if slices.ContainsFunc(u.settings.Conftest.Combine, func(p string) bool { return matchNamespace(p, pkg) }) {
			scope = combined
		}
		scope.list = append(scope.list, r)
	}
	for _, scope := range []*conftestScope{single, combined} {
		if len(scope.list) == 0 {
			continue
		}
		if err := scope.prepare(ctx, u.compiler, u.settings.Conftest.Strict); err != nil {
			return err
		}
		u.scopes = append(u.scopes, scope)
	}
	return nil
}

func (s *conftestScope) prepare(ctx context.Context, c *ast.Compiler, strict bool) error {
	query := ast.NewBody(ast.Equality.Expr(ast.VarTerm(resultVar), ast.ArrayTerm(s.terms()...)))
	options := append(implementations(append(functions(), conftestFunctions()...)), rego.Compiler(c), rego.ParsedQuery(query), rego.Store(s.store),
		rego.StrictBuiltinErrors(strict), rego.EnablePrintStatements(false), rego.GenerateJSON(keepTerm))
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return fmt.Errorf("preparing the policies for conftest: %w", err)
	}
	s.query = prepared
	return nil
}

// terms are, for every rule that is not off, its value and that of its package's exceptions: each a list that is empty when
// there is no value.
func (s *conftestScope) terms() []*ast.Term {
	var out []*ast.Term
	for _, r := range s.active() {
		for _, name := range []string{r.name, "exception"} {
			value := ast.VarTerm("value")
			ref := ast.NewTerm(r.pkg.Path.Append(ast.StringTerm(name)))
			out = append(out, ast.ArrayComprehensionTerm(value, ast.NewBody(ast.Equality.Expr(value, ref))))
		}
	}
	return out
}

func (s *conftestScope) active() []*conftestRule {
	return slices.DeleteFunc(slices.Clone(s.list), func(r *conftestRule) bool { return r.Mode == manifest.RuleOff })
}

func (u *conftest) reads(path string) bool { return u.compiler.Modules[path] != nil }

func (u *conftest) rules() []Rule {
	var out []Rule
	for _, scope := range u.scopes {
		for _, r := range scope.list {
			out = append(out, r.Rule)
		}
	}
	return out
}

func matchesAny(globs []string, p string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return manifest.MatchPath(g, p) })
}
