package manifest

import (
	"fmt"
	"strings"
	"testing"
)

func TestAdmissionMistakes(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: x}\nspec:\n  admission:\n"
	for text, want := range map[string]string{
		"    environments: {\"a b\": {}}\n":                                                   "no name of an environment",
		"    environments: {prod: {buildLevel: 4}}\n":                                         "want 0 to 3",
		"    environments: {prod: {vulnerabilities: {deny: none}}}\n":                         `cannot be "none"`,
		"    environments: {prod: {vulnerabilities: {maxAge: 7d}}}\n":                         "want a time span",
		"    revoked: [{reason: leak}]\n":                                                     "one of them",
		"    revoked: [{reason: leak, builder: b, commit: c}]\n":                              "one of them",
		"    revoked: [{reason: leak, digest: \"sha256:ABC\"}]\n":                             "64 hexadecimal digits",
		"    revoked: [{reason: leak, commit: abc123}]\n":                                     "an id in full",
		"    revoked: [{builder: b}]\n":                                                       "reason",
		"    environments: {prod: {buildLevel: 3}}\n":                                         "",
		"    revoked: [{reason: leak, commit: " + strings.Repeat("a", 40) + "}]\n":            "",
		"    revoked: [{reason: leak, digest: \"sha256:" + strings.Repeat("0", 64) + "\"}]\n": "",
	} {
		_, problems := LoadRepository("adamant.yaml", []byte(head+text))
		got := fmt.Sprint(problems)
		if want == "" && len(problems) > 0 || want != "" && !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", text, got, want)
		}
	}
}

func TestEnvironmentDefaults(t *testing.T) {
	t.Parallel()
	e := Environment{Vulnerabilities: &AdmissionScan{}}.WithDefaults()
	if e.BuildLevel != 1 || e.SourceLevel != 1 || *e.Vulnerabilities != (AdmissionScan{Deny: "critical", MaxAge: "168h"}) {
		t.Errorf("%+v", e)
	}
	if (Environment{}).WithDefaults().Vulnerabilities != nil {
		t.Error("a look is asked for by nobody")
	}
}
