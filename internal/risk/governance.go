package risk

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// governanceRow is one row of the governance table: what decides how changes are judged, and what touching it costs.
type governanceRow struct {
	level  Level
	rule   string
	reason string
	globs  []string
}

// governanceTable is the built-in part; adamant.yaml adds rows to it.
var governanceTable = []governanceRow{
	{Critical, "governance/configuration", "configures the gate: checks, matrix, limits", []string{"/.adamant/adamant.yaml"}},
	{Critical, "governance/trust", "says whose signatures count", []string{"/.adamant/trust/**"}},
	{Critical, "governance/marks", "high water marks, which only the gate writes", []string{"/.adamant/ratchets/**", "/.adamant/ratchet/**"}},
	{Critical, "governance/break-glass", "configures the emergency procedure", []string{"/.adamant/break-glass*", "/.adamant/break-glass/**"}},
	{Critical, "governance/architecture", "rules of the architecture", []string{"/.adamant/architecture.yaml", "/.dependency-cruiser.{js,cjs,mjs,json,jsonc}"}},
	{High, "governance/policy-test", "tests of the constitution", []string{"/.adamant/policy/**_test.rego", "/policy/**_test.rego"}},
	{High, "governance/waivers", "exceptions from rules", []string{"/.adamant/waivers/**"}},
	{High, "governance/agents", "says what an agent may do", []string{"/.adamant/agents/**"}},
	{High, "governance/runbooks", "says what the operations agent may do", []string{"/.adamant/runbooks/**"}},
	{High, "governance/slo", "objectives that decide what agents may do", []string{"/.adamant/slo/**"}},
	{High, "governance/prices", "prices that budgets are counted with", []string{"/.adamant/prices.json"}},
	{High, "governance/incidents", "incidents that new changes are compared with", []string{"/docs/incidents/**"}},
	{High, "governance/owners", "says who reviews what", []string{"CODEOWNERS"}},
	{High, "governance/attributes", "says how files are read and merged", []string{".gitattributes"}},
	{High, "governance/linters", "decides what linters report", []string{
		".golangci.{yml,yaml,toml,json}", "{.,}revive.toml", "staticcheck.conf", ".eslintrc*", ".eslintignore", "eslint.config.*", "biome.{json,jsonc}", "tslint.json", ".oxlintrc*", ".jshintrc", ".jscsrc", ".xo-config*",
		".stylelintrc*", "stylelint.config.*", ".stylelintignore", "{.,}ruff.toml", ".flake8", ".pylintrc", "pylintrc", "{.,}mypy.ini", "pyrightconfig.json", ".bandit{,.yml,.yaml}", "{.,}pycodestyle",
		"{.,}clippy.toml", "{.,}deny.toml", "audit.toml", ".rubocop*.yml", "{.,}checkstyle*.xml", "{.,}pmd*.xml", "detekt*.yml", ".scalafix.conf", ".swiftlint.yml", ".clang-tidy", "{.,}phpstan.neon*", "psalm.xml*", ".credo.exs",
		".semgrep*", ".gitleaks.toml", ".gitleaksignore", ".trivyignore*", "trivy.yaml", ".snyk", "osv-scanner.toml", "audit-ci.json{,c}", ".nsprc", ".grype.yaml", "{.,}checkov.{yml,yaml}", ".tfsec/**", ".tflint.hcl",
		".hadolint.{yml,yaml}", ".yamllint*", ".ansible-lint*", ".shellcheckrc", "actionlint.{yml,yaml}", "zizmor.{yml,yaml}", ".markdownlint*", ".codeclimate.yml", ".codacy.{yml,yaml}", ".deepsource.toml",
	}},
	{High, "governance/sources", "decides where dependencies come from", []string{
		".gitmodules", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.{cjs,js,mjs}", "bunfig.toml", "pip.conf", "pip.ini", ".pypirc", "uv.toml", "poetry.toml", ".condarc", "/{**/,}.cargo/config{,.toml}",
		"nuget.config", "/{**/,}.bundle/config", ".gemrc", "/{**/,}.mvn/**", "gradle-wrapper.properties", "go.env", "go.work", ".terraformrc",
	}},
}

// editorFiles are settings that change how people write, not what runs.
var editorFiles = []string{".gitignore", ".editorconfig", ".prettierrc*", "prettier.config.*", ".prettierignore", ".mailmap", "{.,}cspell*.json", ".vscode/", ".idea/", ".git-blame-ignore-revs"}

// folded makes a matcher blind to capitals: on file systems that are, .GitAttributes is .gitattributes.
func folded(globs []string) func(path string) bool {
	lower := make([]string, len(globs))
	for i, glob := range globs {
		lower[i] = strings.ToLower(glob)
	}
	match := matcher(lower, true)
	return func(path string) bool { return match(strings.ToLower(path)) }
}

// matcher compiles globs. When one of them cannot be read, broken is the answer for every path.
func matcher(globs []string, broken bool) func(path string) bool {
	set, err := manifest.NewPathSet(globs)
	if err != nil {
		return func(string) bool { return broken }
	}
	return set.Match
}

// tables are the built-in globs, compiled once.
type tables struct {
	governance                         []func(string) bool // by row of governanceTable
	editor, kernel, module, policyTest func(string) bool
}

var compiled = sync.OnceValue(func() tables {
	t := tables{
		editor: matcher(editorFiles, false), kernel: folded([]string{"/.adamant/**"}),
		module: folded([]string{"/.adamant/policy/**.rego", "/policy/**.rego"}), policyTest: folded([]string{"**_test.rego"}),
	}
	for _, row := range governanceTable {
		t.governance = append(t.governance, folded(row.globs))
	}
	return t
})

// governance applies the governance table. Comments in these files act too: they are written for agents and for the gate.
func (f *floor) governance(file *facts.File) {
	for _, path := range paths(file) {
		known := f.builtinGovernance(file, path)
		if !known && compiled().kernel(path) && !compiled().module(path) {
			f.add(High, "governance/other", path, 0, "belongs to the kernel's folder")
		}
		for i, row := range f.settings.Governance {
			if f.rows[i](path) {
				f.configured(row, path)
			}
		}
	}
}

func (f *floor) builtinGovernance(file *facts.File, path string) (known bool) {
	for i, row := range governanceTable {
		if !compiled().governance[i](path) {
			continue
		}
		known = true
		if (row.rule == "governance/linters" || row.rule == "governance/sources") && proven(file) {
			continue
		}
		if row.rule == "governance/configuration" && f.onlyTightens(file) {
			f.add(High, row.rule, path, 0, "switches rules of the constitution up, and nothing else")
			continue
		}
		f.add(row.level, row.rule, path, 0, "%s", row.reason)
	}
	if proven(file) || file.Class == source.ClassTest {
		return known
	}
	switch {
	case source.IsTestRunnerConfig(path):
		f.add(High, "governance/test-runner", path, 0, "decides which tests run and what coverage counts")
	case source.IsWorkflow(path):
		f.add(High, "governance/workflows", path, 0, "runs on the forge, with its secrets")
	}
	return known
}

func (f *floor) configured(row manifest.GovernanceRow, path string) {
	level, err := ParseLevel(row.Level)
	if err != nil {
		level = Critical // a row that cannot be read still means something
	}
	f.add(level, "governance/configured", path, 0, "%s", row.Reason)
}

// policyDelta prices an edit of the constitution. What is not shown to tighten it counts as weakening.
func (f *floor) policyDelta() {
	level, what := Critical, "changes the constitution and is not shown to tighten it"
	switch f.in.Policy.Delta {
	case facts.PolicyTightened:
		level, what = High, "tightens the constitution"
	case facts.PolicyWeakened:
		what = "may weaken the constitution"
	}
	for i := range f.in.Files {
		for _, path := range paths(&f.in.Files[i]) {
			if compiled().module(path) && !compiled().policyTest(path) || f.policyData(path) {
				f.add(level, "governance/policy", path, 0, "%s", what)
			}
		}
	}
	reasons := f.in.Policy.DeltaReasons
	if len(reasons) == 0 && f.in.Policy.Delta == facts.PolicyWeakened {
		reasons = []string{"the constitution would allow what it denies now"}
	}
	for _, reason := range reasons {
		f.add(Critical, "governance/policy-weakened", "", 0, "%s", reason)
	}
}

// policyData says that a file is what rules of other tools judge by, at base or after the change.
func (f *floor) policyData(path string) bool {
	at := func(m facts.Module) bool { return m.Path == path }
	return slices.ContainsFunc(f.in.Policy.Constraints, at) || slices.ContainsFunc(f.in.Policy.Data, at) ||
		slices.ContainsFunc(f.policy.Conftest.Data, func(root string) bool { return facts.IsPolicyData(root, path) }) ||
		facts.IsConstraintPath(f.policy.Gatekeeper, path) && slices.ContainsFunc(f.in.Documents, func(d document.Document) bool {
			root, _ := d.Value.(map[string]any)
			return d.Path == path && strings.Contains(text(root, "apiVersion"), "gatekeeper.sh")
		})
}

// onlyTightens says that an edit of adamant.yaml is of spec.policy alone, and shown to tighten it.
func (f *floor) onlyTightens(file *facts.File) bool {
	if f.in.Policy.Delta != facts.PolicyTightened || file.Status != "modified" || file.Mode != file.OldMode {
		return false
	}
	before, after := withoutPolicy(f.in.Before, file.Path), withoutPolicy(f.in.Documents, file.Path)
	return before != "" && before == after
}

// withoutPolicy is the canonical text of the configuration without spec.policy, "" when it is not one document.
func withoutPolicy(docs []document.Document, path string) string {
	var found []document.Document
	for _, doc := range docs {
		if doc.Path == path {
			found = append(found, doc)
		}
	}
	if len(found) != 1 {
		return ""
	}
	root, ok := found[0].Value.(map[string]any)
	spec, fine := root["spec"].(map[string]any)
	if !ok || !fine {
		return ""
	}
	root, spec = maps.Clone(root), maps.Clone(spec)
	delete(spec, "policy")
	root["spec"] = spec
	text, err := json.Marshal(root)
	if err != nil {
		return ""
	}
	return string(text)
}

// catalog prices changed entities.
func (f *floor) catalog() {
	for _, c := range f.in.Catalog.Changes {
		switch {
		case c.Field == "" && c.Kind == "added":
			f.add(High, "catalog/component", c.Path, c.Line, "new in the catalog: %s", c.Ref)
		case c.Field == "":
			f.add(High, "catalog/component", c.Path, c.Line, "taken out of the catalog: %s", c.Ref)
		case c.Governance:
			f.add(Critical, "catalog/governance", c.Path, c.Line, "%s of %s decides who may do what: %q becomes %q", c.Field, c.Ref, c.Old, c.New)
		default:
			f.add(Low, "catalog/description", c.Path, c.Line, "%s of %s", c.Field, c.Ref)
		}
	}
}
