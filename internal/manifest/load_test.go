package manifest

import (
	"reflect"
	"strings"
	"testing"
)

const headOfRepository = "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: shop}\n"

func TestLoadRepository(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		headOfRepository + "spec: {}\n": ``,
		fullRepository:                  ``,
		"":                              `r.yaml:1: the file is empty; it needs apiVersion, kind, metadata and spec`,
		"# nothing\n":                   `r.yaml:1: the file is empty; it needs apiVersion, kind, metadata and spec`,
		"---\n" + headOfRepository + "spec: {}\n---\n":    ``,
		headOfRepository + "spec: {}\n---\nkind: Other\n": `r.yaml:6: the file must hold one document; a second one begins here`,
		headOfRepository + "spec: {}\n---\na: [\n":        `r.yaml:6:4: this "[" is never closed`,
		headOfRepository: `r.yaml:1:1: the document must have "spec"`,
		strings.Replace(headOfRepository, "v1", "v2", 1) + "spec: {}\n":                                                           `r.yaml:1:13: apiVersion cannot be "adamant.dev/v2"; did you mean "adamant.dev/v1"?`,
		strings.Replace(headOfRepository, "{name: shop}", "{name: my shop}", 1) + "spec: {}\n":                                    `r.yaml:3:18: metadata.name cannot be "my shop"; want letters and digits with - _ . between them, at most 63`,
		headOfRepository + "spec: {phase: 5}\n":                                                                                   `r.yaml:4:15: spec.phase is 5; want 0 to 4`,
		headOfRepository + "spec: {check: []}\n":                                                                                  `r.yaml:4:8: unknown field "check"; did you mean "checks"?`,
		headOfRepository + "spec: {checks: [{name: a, kind: untit, command: [x]}]}\n":                                             `r.yaml:4:33: spec.checks.0.kind cannot be "untit"; did you mean "unit"?`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: []}]}\n":                                               `r.yaml:4:39: spec.checks.0.command has 0 entries; want at least 1 entry`,
		headOfRepository + "spec:\n  checks:\n  - {name: a, kind: unit, command: [x]}\n  - {name: a, kind: lint, command: [y]}\n": `r.yaml:7:6: check "a" is declared twice; the first one is checks[0]`,
		headOfRepository + "spec: {checks: [{name: a, kind: lint, command: [x], select: affected}]}\n":                            `r.yaml:4:53: select: affected needs inputs, the globs that say which changes affect the check, unless its kind is one of tests`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: [x, '{affected}']}]}\n":                                `r.yaml:4:39: {affected} in the command needs select: affected`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: [x], timeout: 5}]}\n":                                  `r.yaml:4:62: spec.checks.0.timeout must be text, not the number 5; put it in quotes`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: [x], timeout: 5 minutes}]}\n":                          `r.yaml:4:62: spec.checks.0.timeout cannot be "5 minutes"; want a time span such as 90s, 10m or 1h30m`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: [x], timeout: 0s}]}\n":                                 `r.yaml:4:62: spec.checks.0.timeout cannot be "0s"; want a time span such as 90s, 10m or 1h30m`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: [x], directory: ../x}]}\n":                             `r.yaml:4:64: spec.checks.0.directory cannot be "../x"; a path must stay inside the repository`,
		headOfRepository + "spec: {checks: [{name: a, kind: unit, command: [x], inputs: ['{a']}]}\n":                              `r.yaml:4:62: spec.checks.0.inputs.0 is malformed: path glob "{a": "{" without "}"`,
		headOfRepository + "spec: {risk: {matrix: {lo: {}}}}\n":                                                                   `r.yaml:4:24: spec.risk.matrix: unknown key "lo"; did you mean "low"?`,
		headOfRepository + "spec: {risk: {matrix: {low: {gates: [lnt]}}}}\n":                                                      `r.yaml:4:38: unknown gate "lnt"; did you mean "lint"?`,
		headOfRepository + "spec: {checks: [{name: mine, kind: custom, command: [x]}], risk: {matrix: {low: {gates: [mine]}}}}\n": ``,
		headOfRepository + "spec: {risk: {matrix: {low: {merge: soak}}}}\n":                                                       `r.yaml:4:30: merge: soak needs soak: a time span such as 1h`,
		headOfRepository + "spec: {risk: {matrix: {low: {merge: auto, soak: 1h}}}}\n":                                             `r.yaml:4:43: soak needs merge: soak, not merge: auto`,
		headOfRepository + "spec: {risk: {bands: {low: 5, medium: 4, high: 3}}}\n":                                                `r.yaml:4:15: bands must not fall: low 5, medium 4, high 3`,
		headOfRepository + "spec: {risk: {governance: [{paths: [a], level: low, reason: x}]}}\n":                                  `r.yaml:4:48: spec.risk.governance.0.level cannot be "low"; want one of medium, high, critical`,
		headOfRepository + "spec: {policy: {rules: {'a*b': off}}}\n":                                                              `r.yaml:4:25: "a*b" is no rule: write an id, or a prefix that ends in *`,
		headOfRepository + "spec: {accept: [{gate: load, reason: x, until: 22.11.2026}]}\n":                                       `r.yaml:4:48: spec.accept.0.until cannot be "22.11.2026"; want a date as YYYY-MM-DD`,
		headOfRepository + "spec: {accept: [{gate: laod, reason: x}]}\n":                                                          `r.yaml:4:18: unknown gate "laod"; did you mean "load"?`,
		headOfRepository + "spec: {builtin: {spelling: false}}\n":                                                                 `r.yaml:4:28: spec.builtin.spelling must be text, not false; put it in quotes`,
		headOfRepository + "spec: {notify: [{name: a, command: [x]}, {name: b, url: 'https://b.example'}]}\n":                     ``,
		headOfRepository + "spec: {notify: [{name: a}]}\n":                                                                        `r.yaml:4:17: a hook has a command or a url, and not both`,
		headOfRepository + "spec: {notify: [{name: a, command: [x], url: 'https://b.example'}]}\n":                                `r.yaml:4:17: a hook has a command or a url, and not both`,
		headOfRepository + "spec: {notify: [{name: a, command: [x], secretEnv: S}]}\n":                                            `r.yaml:4:41: a secret signs a webhook; a command has none`,
		headOfRepository + "spec: {notify: [{name: a, command: [x]}, {name: a, command: [y]}]}\n":                                 `r.yaml:4:43: hook "a" is declared twice`,
		headOfRepository + "spec: {sonarqube: {url: ftp://x, project: p, tokenEnv: T}}\n":                                         `r.yaml:4:25: spec.sonarqube.url cannot be "ftp://x"; want an http or https URL`,
	} {
		_, problems := LoadRepository("r.yaml", []byte(text))
		if err := Join(problems); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	d := Defaults()
	if got := (Repository{}).WithDefaults(); !reflect.DeepEqual(got, d) {
		t.Errorf("the zero value with defaults is %+v", got)
	}
	if got := d.WithDefaults(); !reflect.DeepEqual(got, d) {
		t.Errorf("defaults with defaults are %+v", got)
	}
	text, err := CanonicalJSON(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, problems := LoadRepository("d.json", text); problems != nil {
		t.Errorf("the defaults are no valid configuration: %v", Join(problems))
	}
	if got := d.Spec.Risk.Matrix["low"]; got.Merge != "soak" || got.Soak != "1h" {
		t.Errorf("low is %+v", got)
	}
	a, b := Defaults(), Defaults()
	a.Spec.Risk.Matrix["low"].Gates[0] = "x"
	if b.Spec.Risk.Matrix["low"].Gates[0] == "x" {
		t.Error("two calls share their matrix")
	}
}

func TestWithDefaultsKeepsOwn(t *testing.T) {
	t.Parallel()
	own := Repository{Spec: RepositorySpec{Phase: 3, Risk: Risk{Matrix: map[string]MatrixRow{
		"low":    {Gates: []string{}},
		"medium": {Merge: "manual"},
	}}, Limits: Limits{ChangedFiles: 5}}}
	got := own.WithDefaults().Spec
	if row := got.Risk.Matrix["low"]; len(row.Gates) != 0 || row.Merge != "soak" || row.Soak != "1h" {
		t.Errorf("low is %+v, want no gates and the default merge", row)
	}
	if row := got.Risk.Matrix["medium"]; row.Merge != "manual" || row.DiffCoverage != 0 || len(row.Gates) != 4 {
		t.Errorf("medium is %+v, want the default gates and manual", row)
	}
	if got.Phase != 3 || got.Limits.ChangedFiles != 5 || got.Limits.FileBytes != 5<<20 || len(got.Risk.Matrix) != 5 {
		t.Errorf("got %+v", got)
	}
	if len(own.Spec.Risk.Matrix) != 2 {
		t.Error("WithDefaults changed its receiver's matrix")
	}
}
