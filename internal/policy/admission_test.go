package policy

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
)

func admissionModule(text string) []facts.Module {
	return []facts.Module{{Path: ".adamant/policy/admission.rego", Text: text}}
}

// admissible is an input that no rule of adamant's own has anything against.
const admissible = `{
	"apiVersion": "admission-input/v1", "now": "2026-11-23T12:00:00Z", "digest": "sha256:aa", "environment": "prod", "component": "",
	"repository": "https://adamant.dev/id/shop", "rejected": [], "revoked": [], "sbom": true,
	"settings": {"buildLevel": 1, "sourceLevel": 1, "components": [], "reproduced": false, "sbom": false,
		"vulnerabilities": {"required": false, "deny": "critical"}},
	"provenance": {"found": true, "builder": "b", "claims": "b", "level": 3, "ours": true, "source": "s", "commit": "c", "landed": true,
		"dirty": false, "target": "api", "component": "api", "expected": true, "reproduced": false},
	"gate": {"decision": "allow", "level": "low", "sourceLevel": 3},
	"scan": {"found": true, "fresh": true, "at": "", "since": "", "missing": "", "findings": []}
}`

func admissionInput(t *testing.T) map[string]any {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal([]byte(admissible), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestAdmissionOwnRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ rule, want string }{
		"nothing":      {"deny contains 1 if false", ""},
		"record":       {`deny contains {"code": "FRIDAY", "message": "no", "next": "wait"}`, "FRIDAY no wait"},
		"no code":      {`deny contains {"message": "no"}`, "POLICY_DENIED no "},
		"no message":   {`deny contains {"code": "X"}`, "X a rule of adamant.admission gives no message "},
		"text":         {`deny contains "no"`, "POLICY_DENIED no "},
		"a number":     {`deny contains 7`, "POLICY_DENIED 7 "},
		"a list":       {`deny contains []`, "POLICY_DENIED [] "},
		"excuse of no": {"excuse contains \"REVOKED\"\n\ndecision := {\"deny\": []}", ""},
	} {
		a, err := CompileAdmission(t.Context(), admissionModule("package adamant.admission\n\n"+c.rule+"\n"), time.Minute)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		deny, _, err := a.Decide(t.Context(), admissionInput(t), time.Now())
		var got []string
		for _, d := range deny {
			got = append(got, d.Code+" "+d.Message+" "+d.Next)
		}
		if err != nil || strings.Join(got, "|") != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestAdmissionMistakes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"field":    "package adamant.admission\n\ndeny contains r if r := input.provenence\n",
		"network":  "package adamant.admission\n\ndeny contains r if r := http.send({})\n",
		"syntax":   "package adamant.admission\n\ndeny contains {\n",
		"replaced": "package adamant.admission\n\ndeny := set()\n",
	} {
		_, err := CompileAdmission(t.Context(), admissionModule(text), time.Minute)
		if err == nil || !strings.Contains(err.Error(), ".adamant/policy/admission.rego") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Compile(t.Context(), admissionModule(text), Options{}); err == nil {
			t.Errorf("%s: the gate lets it onto main", name)
		}
	}
}

// The base rules stand in a package that no module of a repository reaches, and rules that fail decide nothing.
func TestAdmissionCannotBeWeakened(t *testing.T) {
	t.Parallel()
	a, err := CompileAdmission(t.Context(), admissionModule("package adamant.base.admission\n\ndenials := set()\n"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	in := admissionInput(t)
	in["provenance"].(map[string]any)["landed"] = false
	deny, _, err := a.Decide(t.Context(), in, time.Now())
	if err != nil || !slices.ContainsFunc(deny, func(c Clause) bool { return c.Code == "SOURCE_UNLANDED" }) {
		t.Errorf("%v, %v", deny, err)
	}
	if _, err := Compile(t.Context(), admissionModule("package adamant.base.admission\n\ndenials := set()\n"), Options{}); err == nil {
		t.Error("the gate lets it onto main")
	}
	a, err = CompileAdmission(t.Context(), admissionModule("package adamant.admission\n\ndeny contains 1 if to_number(input.environment) == 1\n"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if deny, _, err := a.Decide(t.Context(), admissionInput(t), time.Now()); err == nil {
		t.Errorf("a rule that fails decided %v", deny)
	}
}

func TestAdmissionBesideConstitution(t *testing.T) {
	t.Parallel()
	modules := admissionModule("package adamant.admission\n\ndeny contains \"not on Sunday\" if time.weekday(time.now_ns()) == \"Sunday\"\n")
	if _, err := Compile(t.Context(), modules, Options{}); err != nil {
		t.Error(err)
	}
	difference, err := Compare(t.Context(), Constitution{}, Constitution{Modules: modules}, nil)
	if err != nil || difference.Tightened {
		t.Errorf("an edit is no weakening: %+v, %v", difference, err)
	}
	tests := append(modules, facts.Module{Path: ".adamant/policy/admission_test.rego", Text: `package adamant.admission_test

import data.adamant.admission

test_monday if count(admission.deny) == 0 with time.now_ns as time.parse_rfc3339_ns("2026-11-23T00:00:00Z")
`})
	report, err := Test(t.Context(), tests, TestOptions{})
	if err != nil || report.Passed != 1 || report.Failed != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// What docs/admission.md shows compiles, and refuses what it says.
func TestAdmissionDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/admission.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```rego\n")
	block, _, _ = strings.Cut(block, "```")
	if !found {
		t.Fatal("no example")
	}
	a, err := CompileAdmission(t.Context(), admissionModule(block), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	in := admissionInput(t)
	gate := in["gate"].(map[string]any)
	gate["agent"], gate["approvals"] = "coder", 0
	if deny, _, err := a.Decide(t.Context(), in, time.Now()); err != nil || len(deny) != 1 || deny[0].Code != "REVIEW" {
		t.Errorf("%v, %v", deny, err)
	}
}
