package policy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

const replicas = `package adamant.rules.team

# METADATA
# title: Two of everything
# custom:
#   id: team/replicas
deny contains {"message": sprintf("%s runs once", [doc.value.metadata.name]), "path": doc.path} if {
	some doc in input.byKind.kubernetes
	doc.value.kind == "Deployment"
	scaled(doc)
	doc.value.spec.replicas < 2
}

# METADATA
# custom:
#   id: team/big
hold contains {"message": "a big change", "path": f.path} if {
	some f in input.files
	f.class != "test"
	f.added > 100
}

scaled(doc) if doc.value.spec.replicas
`

const replicasTest = `package adamant.rules.team_test

import data.adamant.rules.team

app(n) := {"byKind": {"kubernetes": [{"path": "a.yaml", "value": {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": n}}}]}, "files": []}

test_one if count(team.deny) == 1 with input as app(1)

test_two if count(team.deny) == 0 with input as app(2)

test_four if count(team.deny) == 0 with input as app(4)
`

// edited replaces one text by another and fails when it is not there.
func edited(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("no %q in the text", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func team(rules, tests string) Constitution {
	c := Constitution{Modules: []facts.Module{{Path: ".adamant/policy/team.rego", Text: rules}}, Options: Options{NoBase: true}}
	if tests != "" {
		c.Tests = []facts.Module{{Path: ".adamant/policy/team_test.rego", Text: tests}}
	}
	return c
}

func TestCompareRules(t *testing.T) {
	t.Parallel()
	with := func(pairs ...string) string { return edited(t, replicas, pairs...) }
	tests := []struct {
		name, rules, tests string
		want               string // a part of a reason; "" = tightened
	}{
		{"comments and layout", "# hello\n" + replicas, replicasTest, ""},
		{"a rule more", replicas + "\n# METADATA\n# custom: {id: team/more}\ndeny contains {\"message\": \"m\", \"path\": doc.path} if {\n\tsome doc in input.documents\n\tdoc.value.debt\n}\n", replicasTest, ""},
		{"a helper more", replicas + "\nother if input.change.agent\n", replicasTest, ""},
		{"a condition less", with("\tf.class != \"test\"\n", ""), replicasTest, ""},
		{"a condition less, about documents", with("\tdoc.value.kind == \"Deployment\"\n", ""), replicasTest, "a worse violation in its place would pass"},
		{"a wider bound, about documents", with("replicas < 2", "replicas <= 2"), edited(t, replicasTest, "app(2)", "app(3)"), "a worse violation in its place would pass"},
		{"a wider bound", with("replicas < 2", "replicas < 3"), edited(t, replicasTest, "app(2)", "app(3)"), "test adamant.rules.team_test.test_two"},
		{"a wider bound that the tests know", with("replicas < 2", "replicas <= 2"), edited(t, replicasTest, "test_two if count(team.deny) == 0", "test_two if count(team.deny) == 1"), "test adamant.rules.team_test.test_two"},
		{"a wider bound beside the tests", with("f.added > 100", "f.added >= 50"), replicasTest, ""},
		{"a warning that denies", with("hold contains", "deny contains"), replicasTest, ""},
		{"the wording", with("%s runs once", "only one %s runs", "a big change", "a very big change"), replicasTest, ""},
		{"a test more", replicas, replicasTest + "\ntest_three if count(team.deny) == 0 with input as app(3)\n", ""},

		{"a rule less", with("# METADATA\n# custom:\n#   id: team/big\nhold contains {\"message\": \"a big change\", \"path\": f.path} if {\n\tsome f in input.files\n\tf.class != \"test\"\n\tf.added > 100\n}\n", ""), replicasTest, "rule team/big (.adamant/policy/team.rego:17) is gone"},
		{"an escape for one agent", with("\tscaled(doc)\n", "\tscaled(doc)\n\tnot input.change.agent == \"x\"\n"), replicasTest, "has a new or an edited condition at line 11: not input.change.agent == \"x\""},
		{"an escape in a helper", with("scaled(doc) if doc.value.spec.replicas", "scaled(doc) if {\n\tdoc.value.spec.replicas\n\tnot startswith(doc.path, \"z/\")\n}"), replicasTest, "helper scaled (.adamant/policy/team.rego:23) was edited"},
		{"one more way in a helper", replicas + "\nscaled(doc) if doc.value.spec.more\n", replicasTest, "helper adamant.rules.team.scaled has one more definition"},
		{"a narrower bound", with("f.added > 100", "f.added > 200"), replicasTest, "f.added > 200"},
		{"a bound that is just narrower", with("f.added > 100", "f.added > 100.5"), replicasTest, "f.added > 100.5"},
		{"a bound turned round", with("f.added > 100", "f.added < 100"), replicasTest, "f.added < 100"},
		{"a deny that holds", with("deny contains", "hold contains"), edited(t, replicasTest, "team.deny", "team.hold"), "deny became hold"},
		{"another id", with("id: team/big", "id: team/large"), replicasTest, "rule team/big"},
		{"a record for another file", with("\"path\": f.path", "\"path\": \"README.md\""), replicasTest, "more than the wording"},
		{"a record that may be undefined", with("\"a big change\"", "sprintf(\"%s\", [input.change.agent])"), replicasTest, "more than the wording"},
		{"a message without its parts", with("%s runs once", "it runs once %.0s"), replicasTest, "more than the wording"},
		{"a rule of the old id", replicas + "\n# METADATA\n# custom: {id: team/big}\ndeny contains {\"message\": \"m\"} if input.change.agent\n", replicasTest, "is new under the id of a rule that is there"},
		{"a rule that reports for another", replicas + "\n# METADATA\n# custom: {id: team/more}\ndeny contains {\"rule\": \"team/big\", \"message\": \"m\"} if input.change.agent\n", replicasTest, "may report under the name of another rule"},
		{"a rule whose records nobody knows", replicas + "\n# METADATA\n# custom: {id: team/more}\ndeny contains doc.value.report if some doc in input.documents\n", replicasTest, "may report under the name of another rule"},
		{"a test less", replicas, edited(t, replicasTest, "\ntest_four if count(team.deny) == 0 with input as app(4)\n", ""), "test_four (.adamant/policy/team_test.rego:11) is gone or skipped"},
		{"a test skipped", replicas, edited(t, replicasTest, "test_four", "todo_test_four"), "test_four (.adamant/policy/team_test.rego:11) is gone or skipped"},
		{"a test that fails", replicas, replicasTest + "\ntest_wrong if count(team.deny) == 9 with input as app(3)\n", "test_wrong (.adamant/policy/team_test.rego:13) fails"},
		{"another package", with("package adamant.rules.team", "package adamant.rules.crew"), edited(t, replicasTest, "adamant.rules.team", "adamant.rules.crew"), "is gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantDifference(t, team(replicas, replicasTest), team(tt.rules, tt.tests), nil, tt.want)
		})
	}
}

func wantDifference(t *testing.T, base, merged Constitution, docs []*facts.Input, want string) {
	t.Helper()
	d, err := Compare(t.Context(), base, merged, docs)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(d.Reasons, "\n")
	if d.Tightened != (want == "") || d.Tightened != (len(d.Reasons) == 0) || !strings.Contains(all, want) {
		t.Errorf("tightened %v:\n%s\nwant %q", d.Tightened, all, want)
	}
}

// What a text proves may still hang on what else there is.
func TestCompareTraps(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, base, merged, want string }{
		{
			"a new helper takes a local name",
			"package adamant.rules.a\n\n# METADATA\n# custom: {id: a/a}\ndeny contains {\"message\": who} if {\n\tinput.change.agent = who\n}\n",
			"package adamant.rules.a\n\nwho := \"nobody\"\n\n# METADATA\n# custom: {id: a/a}\ndeny contains {\"message\": who} if {\n\tinput.change.agent = who\n}\n",
			"has a name that rule a/a",
		},
		{
			"what declares a name is gone and a helper stands for it",
			"package adamant.rules.a\n\nlimit := 5\n\ndeny contains {\"message\": \"m\"} if {\n\tlimit := 1\n\tcount(input.files) > limit\n}\n",
			"package adamant.rules.a\n\nlimit := 5\n\ndeny contains {\"message\": \"m\"} if {\n\tcount(input.files) > limit\n}\n",
			"says what a name stands for",
		},
		{
			"another import under the same name",
			"package adamant.rules.a\n\nimport input.change.agent as who\n\ndeny contains {\"message\": \"m\"} if who\n",
			"package adamant.rules.a\n\nimport input.change.role as who\n\ndeny contains {\"message\": \"m\"} if who\n",
			"imports changed",
		},
		{
			"silent when another rule reports",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\"} if {\n\tcount(data.adamant.rules.b.deny) == 0\n\tinput.change.agent\n}\n",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\"} if {\n\tcount(data.adamant.rules.b.deny) == 0\n\tinput.change.agent\n}\n\n# METADATA\n# custom: {id: a/b}\ndeny contains {\"message\": \"n\"} if input.change.task\n",
			"looks at what other rules report",
		},
		{
			"policies looked up by a computed name",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\"} if {\n\tinput.change.agent\n\tcount([x | some x in data.adamant.lib.c[_]]) < 2\n}\n",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\"} if {\n\tinput.change.agent\n\tcount([x | some x in data.adamant.lib.c[_]]) < 2\n}\n\n# METADATA\n# custom: {id: a/b}\ndeny contains {\"message\": \"n\"} if input.change.task\n",
			"computed name",
		},
		{
			"a condition on the change less: what was there before would pass",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\", \"path\": doc.path} if {\n\tsome doc in input.documents\n\tdoc.value.debt\n\tinput.change.agent\n}\n",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\", \"path\": doc.path} if {\n\tsome doc in input.documents\n\tdoc.value.debt\n}\n",
			"a worse violation in its place would pass",
		},
		{
			"a message like another rule's of the same id",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\"} if input.change.agent\n\ndeny contains {\"message\": \"n\"} if input.change.task\n",
			"package adamant.rules.a\n\ndeny contains {\"message\": \"m\"} if input.change.agent\n\ndeny contains {\"message\": \"m\"} if input.change.task\n",
			"other rules have its id",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, merged := team(tt.base, ""), team(tt.merged, "")
			for _, c := range []*Constitution{&base, &merged} {
				c.Modules = append(c.Modules, facts.Module{Path: ".adamant/policy/b.rego", Text: "package adamant.rules.b\n\ndeny contains {\"message\": \"m\"} if input.change.task\n"},
					facts.Module{Path: ".adamant/policy/c.rego", Text: "package adamant.lib.c\n\none := 1\n"})
			}
			wantDifference(t, base, merged, nil, tt.want)
		})
	}
}

func TestCompareSwitches(t *testing.T) {
	t.Parallel()
	type rules = map[string]string
	tests := []struct {
		name         string
		base, merged manifest.PolicySettings
		want         string
	}{
		{"nothing", manifest.PolicySettings{}, manifest.PolicySettings{}, ""},
		{"off", manifest.PolicySettings{}, manifest.PolicySettings{Rules: rules{"team/big": "off"}}, "team/big goes from its own severity to off"},
		{"a prefix off", manifest.PolicySettings{}, manifest.PolicySettings{Rules: rules{"secrets/*": "warn"}}, "secrets/ goes from its own severity to warn"},
		{"deny", manifest.PolicySettings{}, manifest.PolicySettings{Rules: rules{"team/big": "deny"}}, ""},
		{"warn to deny", manifest.PolicySettings{Rules: rules{"team/*": "warn"}}, manifest.PolicySettings{Rules: rules{"team/*": "deny"}}, ""},
		{"warn to ratchet", manifest.PolicySettings{Rules: rules{"team/*": "warn"}}, manifest.PolicySettings{Rules: rules{"team/*": "ratchet"}}, ""},
		{"ratchet to deny", manifest.PolicySettings{Rules: rules{"team/*": "ratchet"}}, manifest.PolicySettings{Rules: rules{"team/*": "deny"}}, ""},
		{"deny to ratchet", manifest.PolicySettings{Rules: rules{"team/*": "deny"}}, manifest.PolicySettings{Rules: rules{"team/*": "ratchet"}}, "from deny to ratchet"},
		{"off no more", manifest.PolicySettings{Rules: rules{"team/b*": "off"}}, manifest.PolicySettings{}, ""},
		{"deny no more", manifest.PolicySettings{Rules: rules{"x/*": "deny"}}, manifest.PolicySettings{}, "from deny to its own severity"},
		{"an exception below", manifest.PolicySettings{Rules: rules{"x/*": "deny"}}, manifest.PolicySettings{Rules: rules{"x/*": "deny", "x/a*": "warn"}}, "x/a goes from deny to warn"},
		{"one rule below", manifest.PolicySettings{Rules: rules{"x/*": "deny"}}, manifest.PolicySettings{Rules: rules{"x/*": "deny", "x/a": "off"}}, "x/a goes from deny to off"},
		{"an exception gone", manifest.PolicySettings{Rules: rules{"x/*": "deny", "x/a": "off"}}, manifest.PolicySettings{Rules: rules{"x/*": "deny"}}, ""},
		{"a registry", manifest.PolicySettings{}, manifest.PolicySettings{Registries: []string{"r"}}, ""},
		{"one registry less", manifest.PolicySettings{Registries: []string{"r", "s"}}, manifest.PolicySettings{Registries: []string{"r"}}, ""},
		{"one registry more", manifest.PolicySettings{Registries: []string{"r"}}, manifest.PolicySettings{Registries: []string{"r", "s"}}, "s is allowed"},
		{"any registry", manifest.PolicySettings{Registries: []string{"r"}}, manifest.PolicySettings{}, "any registry is allowed"},
		{"something else", manifest.PolicySettings{}, manifest.PolicySettings{WaiverDays: 300}, "more than rules and registries changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base, merged := team(replicas, ""), team(replicas, "")
			base.Options.Settings, merged.Options.Settings = tt.base, tt.merged
			wantDifference(t, base, merged, nil, tt.want)
		})
	}
}

// The second half of the evidence, tried on its own: what the text is trusted with must also hold on examples.
func TestCompareTriesExamples(t *testing.T) {
	t.Parallel()
	base := team(replicas, replicasTest)
	merged := team(edited(t, replicas, "replicas < 2", "replicas < 1"), edited(t, replicasTest, "test_one if count(team.deny) == 1", "test_one if count(team.deny) == 0"))
	docs := document.Parse("deploy/a.yaml", []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1}\n"))
	for i := range docs {
		docs[i].Kind = "kubernetes"
	}
	d, err := Compare(t.Context(), base, merged, []*facts.Input{{Documents: docs}, {Documents: docs, Change: facts.Change{Source: SourceTree}}})
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(d.Reasons, "\n")
	for _, want := range []string{
		"on the input of test_one (.adamant/policy/team_test.rego:7) team/replicas at a.yaml is stopped 0 times instead of 1",
		"on this change team/replicas at deploy/a.yaml is stopped 0 times instead of 1",
		"on the whole tree team/replicas at deploy/a.yaml is stopped 0 times instead of 1",
		"test adamant.rules.team_test.test_one (.adamant/policy/team_test.rego:7) of base fails under the edited rules",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
}

func TestCompareOthers(t *testing.T) {
	t.Parallel()
	data := []facts.Module{{Path: "policy/data.yaml", Text: "a: 1\n"}}
	base, merged := team(replicas, ""), team(replicas, "")
	merged.Options.Data = data
	wantDifference(t, base, merged, nil, "policy/data.yaml: only an edit of rules in packages adamant.* can be compared")
	wantDifference(t, merged, base, nil, "policy/data.yaml: is gone")
	if base.Equal(merged) || !base.Equal(base) {
		t.Error("Equal does not look at data")
	}
	broken := team("package adamant.rules.x\n\ndeny contains {\n", "")
	wantDifference(t, base, broken, nil, "could not be compared")
}

func TestCompareInTime(t *testing.T) {
	t.Parallel()
	slow := replicas + "\n# METADATA\n# custom: {id: team/slow}\ndeny contains {\"message\": \"m\"} if {\n\tcount([1 | numbers.range(1, 3000)[_]; numbers.range(1, 3000)[_]]) == 1\n}\n"
	base, merged := team(replicas, ""), team(slow, "")
	base.Options.Deadline, merged.Options.Deadline = 300*time.Millisecond, 300*time.Millisecond
	wantDifference(t, base, merged, []*facts.Input{{}}, "took longer than")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Compare(ctx, base, merged, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a stop of the caller gives %v", err)
	}
}
