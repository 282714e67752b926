package adamant.base.governance_test

import data.adamant.base.governance

change(agent, files, agents) := {
	"change": agent,
	"files": files,
	"config": {"spec": {"agents": agents}},
	"catalog": {"changes": []},
	"policy": {"delta": ""},
}

builder := {"agent": "builder"}

file(path) := {"path": path}

policy(path, settings) := {"files": [{"path": path}], "policy": settings}

test_policy_changed if {
	every path in [".adamant/policy/a.rego", "policy/a.rego", "policy/x/y/a.rego"] {
		governance.hold == {{"message": "the policies may deny less than they do today", "path": path}} with input as policy(path, {"delta": "weakened"})
	}
	governance.hold == {{"message": "the policies may deny less than they do today: a.rego is gone", "path": "policy/a.rego"}} with input as policy("policy/a.rego", {"delta": "weakened", "deltaReasons": ["a.rego is gone", "b"]})
	count(governance.hold) == 1 with input as policy(".adamant/policy/a.rego", {})
	count(governance.hold) == 0 with input as policy(".adamant/policy/a.rego", {"delta": "tightened"})
	count(governance.hold) == 0 with input as policy("policy/a.go", {})
	every path in [".adamant/adamant.yaml", "policy/data.yaml"] {
		count(governance.hold) == 1 with input as object.union(policy(path, {"delta": "weakened"}), {"config": {}})
		count(governance.hold) == 0 with input as object.union(policy(path, {"delta": "tightened"}), {"config": {}})
	}
	constraint := object.union(policy("cluster/a.yaml", {"delta": "weakened"}), {"config": {"spec": {"policy": {"gatekeeper": ["cluster/**"]}}}})
	count(governance.hold) == 1 with input as constraint
	count(governance.hold) == 0 with input as object.union(policy("src/a.yaml", {"delta": "weakened"}), {"config": {}})
	count(governance.hold) == 0 with input as policy("src/policy/a.rego", {})
}

test_agent_changes_rules if {
	every path in [".adamant/policy/a.rego", "policy/x/b.rego", ".github/workflows/ci.yml", "a/CODEOWNERS", ".claude/settings.json", "web/.mcp.json"] {
		records := governance.deny with input as change(builder, [file(path)], {})
		records == {{"message": sprintf("agent builder may not change %s", [path]), "path": path}}
	}
}

test_agent_changes_constraints if {
	yours := {"spec": {"agents": {}, "policy": {"gatekeeper": ["cluster/policies/**"]}}}
	constraint := change(builder, [file("cluster/policies/a.yaml")], {})
	count(governance.deny) == 1 with input as object.union(constraint, {"config": yours})
	count(governance.deny) == 0 with input as constraint
}

test_agent_moves_rules_away if {
	records := governance.deny with input as change(builder, [{"path": "old/a.rego", "oldPath": ".adamant/policy/a.rego"}], {})
	{r.path | some r in records} == {".adamant/policy/a.rego"}
}

test_operator_changes_rules if count(governance.deny) == 0 with input as change({}, [file(".adamant/policy/a.rego")], {"paths": ["src/**"], "denied": ["**"]})

test_agent_elsewhere if count(governance.deny) == 0 with input as change(builder, [file("src/policy/a.go")], {})

test_paths if {
	agents := {"paths": ["/src/**", "*.md"]}
	records := governance.deny with input as change(builder, [file("src/a.go"), file("x/README.md"), file("infra/main.tf")], agents)
	records == {{"message": "infra/main.tf is outside the paths of agent builder", "path": "infra/main.tf"}}
}

test_no_paths if count(governance.deny) == 0 with input as change(builder, [file("infra/main.tf")], {"paths": []})

test_denied_paths if {
	records := governance.deny with input as change(builder, [file("src/a.go"), file("src/auth/b.go")], {"paths": ["/src/**"], "denied": ["/src/auth/"]})
	{r.path | some r in records} == {"src/auth/b.go"}
}

with_persona(persona, grants, files, agents) := change({"agent": "builder", "persona": persona, "grants": grants}, files, agents)

test_persona_paths if {
	files := [file("src/a.go"), file("docs/a.md"), file("infra/main.tf")]
	records := governance.deny with input as with_persona({"paths": ["/docs/**"]}, [], files, {"paths": ["/src/**"]})
	{r.path | some r in records} == {"src/a.go", "infra/main.tf"}
	inherited := governance.deny with input as with_persona({"paths": []}, [], files, {"paths": ["/src/**"]})
	{r.path | some r in inherited} == {"docs/a.md", "infra/main.tf"}
	none := governance.deny with input as with_persona({}, [], files, {"paths": ["/src/**"]})
	{r.path | some r in none} == {"docs/a.md", "infra/main.tf"}
}

test_persona_denied if {
	files := [file("src/a.go"), file("src/auth/b.go"), file("src/keys/c.go")]
	records := governance.deny with input as with_persona({"denied": ["/src/auth/"]}, [], files, {"denied": ["/src/keys/"]})
	{r.path | some r in records} == {"src/auth/b.go", "src/keys/c.go"}
}

test_grants if {
	files := [file("src/a.go"), file("docs/a.md"), file("infra/main.tf")]
	records := governance.deny with input as with_persona({"paths": ["/src/**"]}, ["/docs/**"], files, {})
	{r.path | some r in records} == {"infra/main.tf"}
	ours := governance.deny with input as with_persona({}, ["/docs/**"], files, {"paths": ["/src/**"]})
	{r.path | some r in ours} == {"infra/main.tf"}
	denied := governance.deny with input as with_persona({"paths": ["/src/**"], "denied": ["/docs/**"]}, ["/docs/**"], [file("docs/a.md")], {})
	{r.path | some r in denied} == {"docs/a.md"}
	governed := governance.deny with input as with_persona({}, ["/.adamant/**"], [file(".adamant/policy/a.rego")], {})
	count(governed) == 1
}

catalog(agent, patch) := {
	"change": agent,
	"files": [],
	"config": {"spec": {"agents": {}}},
	"catalog": {"changes": [object.union({"ref": "component:default/a", "path": "catalog-info.yaml", "line": 9, "field": "spec.owner", "governance": true}, patch)]},
}

test_catalog if {
	governance.deny == {{"message": "agent builder may not change spec.owner of component:default/a", "path": "catalog-info.yaml", "line": 9}} with input as catalog(builder, {})
	governance.deny == {{"message": "agent builder may not change the entity of component:default/a", "path": "catalog-info.yaml", "line": 9}} with input as catalog(builder, {"field": ""})
	count(governance.deny) == 0 with input as catalog(builder, {"governance": false})
	count(governance.deny) == 0 with input as catalog({}, {})
}
