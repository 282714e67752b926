package policy

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// folder is a rule on its way into files.
type folder struct {
	contrast
	id      string
	rule    Rule
	modules []string // Rego of the libraries
}

func (f *folder) render(entries []*entry) (*ExportedRule, error) {
	failing, err := yaml.Marshal(plainNumbers(f.failing.value))
	if err != nil {
		return nil, fmt.Errorf("writing the failing sample: %w", err)
	}
	passing, err := yaml.Marshal(plainNumbers(f.passing.value))
	if err != nil {
		return nil, fmt.Errorf("writing the passing sample: %w", err)
	}
	return &ExportedRule{Rule: f.id, Folder: gatekeeperName(f.id), Files: map[string]string{
		"template.yaml": f.template(entries), "constraint.yaml": f.constraint(), "suite.yaml": f.suite(),
		"samples/failing.yaml": string(failing), "samples/passing.yaml": string(passing),
	}}, nil
}

func (f *folder) template(entries []*entry) string {
	kind := gatekeeperKind(f.id)
	var b strings.Builder
	fmt.Fprintf(&b, `# Made by adamant policy export gatekeeper of the rule %s. Change the rule, not this file.
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata:
  name: %s
  annotations:
    metadata.gatekeeper.sh/title: %s
    description: %s
spec:
  crd:
    spec:
      names:
        kind: %s
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: Rego
          source:
            version: v1
            rego: |
%s`, f.id, strings.ToLower(kind), quoted(f.rule.Title), quoted(f.rule.Description), kind, indented(entryModule(kind, entries), 14))
	b.WriteString("            libs:\n")
	for _, m := range f.modules {
		fmt.Fprintf(&b, "              - |\n%s", indented(m, 16))
	}
	return b.String()
}

func (f *folder) constraint() string {
	action := "warn"
	if f.rule.Kind == Deny {
		action = "deny"
	}
	return fmt.Sprintf(`apiVersion: constraints.gatekeeper.sh/v1beta1
kind: %s
metadata:
  name: %s
spec:
  enforcementAction: %s
`, gatekeeperKind(f.id), gatekeeperName(f.id), action)
}

func (f *folder) suite() string {
	return fmt.Sprintf(`apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
metadata:
  name: %[1]s
tests:
  - name: %[1]s
    template: template.yaml
    constraint: constraint.yaml
    cases:
      - name: failing
        object: samples/failing.yaml
        assertions:
          - violations: yes
            message: %[2]s
      - name: passing
        object: samples/passing.yaml
        assertions:
          - violations: no
`, gatekeeperName(f.id), quoted("^"+regexp.QuoteMeta(f.message)+"$"))
}

// quoted is a text as YAML writes it in single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func indented(text string, spaces int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(strings.Repeat(" ", spaces))
		}
		b.WriteString(line)
	}
	return b.String()
}

// plainNumbers gives yaml numbers it knows.
func plainNumbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, below := range v {
			out[key] = plainNumbers(below)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, below := range v {
			out[i] = plainNumbers(below)
		}
		return out
	case interface {
		Int64() (int64, error)
		Float64() (float64, error)
	}:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if n, err := v.Float64(); err == nil {
			return n
		}
	}
	return value
}
