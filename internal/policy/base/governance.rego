# METADATA
# title: Who may change the rules
package adamant.base.governance

# METADATA
# title: The constitution may be weakened
# description: >-
#   The change edits policies and was not proven to only tighten them. The change itself is judged by the policies of the
#   target branch, so nothing is lost yet; you decide.
# custom:
#   id: policy/changed
#   severity: warning
#   fix: read the policy's diff and approve the change yourself
#   failing: "a deny rule becomes a warning"
#   passing: "one more deny rule"
hold contains {"message": sprintf("the policies may deny less than they do today%s", [shown_by]), "path": path} if {
	some path in touched
	may_weaken(path)
}

# METADATA
# title: An agent changes the rules it is judged by
# description: >-
#   Policies, adamant's configuration, CI workflows, code owners and agent settings decide what agents may do. Only you
#   change them.
# custom:
#   id: agents/governance
#   severity: error
#   fix: make this part of the change yourself, in a change of its own
#   failing: "an agent edits .adamant/policy/money.rego"
#   passing: "you edit .adamant/policy/money.rego"
deny contains {"message": sprintf("agent %s may not change %s", [input.change.agent, path]), "path": path} if {
	input.change.agent
	some path in touched
	governed(path)
}

# METADATA
# title: An agent changes governance fields of the catalog
# description: Owner, lifecycle, type, system and governance annotations decide who may do what with a component.
# custom:
#   id: agents/catalog-governance
#   severity: error
#   fix: make this change yourself
#   failing: "an agent sets adamant.dev/risk-profile to low"
#   passing: "an agent mends the description of a component"
deny contains {"message": sprintf("agent %s may not change %s of %s", [input.change.agent, field(change), change.ref]), "path": change.path, "line": change.line} if {
	input.change.agent
	some change in input.catalog.changes
	change.governance
}

# METADATA
# title: An agent left its paths
# description: >-
#   The agent's persona, .adamant/agents/NAME.yaml, lists what it may write (spec.paths) and what not (spec.denied). Where it
#   lists no paths, and for agents without a persona, spec.agents.paths in adamant.yaml counts; spec.agents.denied binds all.
#   A task may grant more paths, but nothing that is denied.
# custom:
#   id: agents/paths
#   severity: error
#   fix: "take the file out of the change, or grant its path to the task: adamant task new --grant PATH"
#   failing: "an agent with paths [src/**] edits infra/main.tf"
#   passing: "the same agent edits src/main.go"
deny contains {"message": sprintf("%s is outside the paths of agent %s", [path, input.change.agent]), "path": path} if {
	input.change.agent
	some path in touched
	outside(path)
}

# shown_by is the first reason why an edit of the constitution is not shown to tighten it.
default shown_by := ""

shown_by := sprintf(": %s", [input.policy.deltaReasons[0]])

# touched: a renamed file touches both its paths.
touched contains f.path if some f in input.files

touched contains f.oldPath if some f in input.files

may_weaken(path) if {
	is_policy(path)
	object.get(input.policy, "delta", "") != "tightened"
}

# What is known to weaken the constitution may lie in constraints, data and settings too.
may_weaken(path) if {
	input.policy.delta == "weakened"
	some glob in array.concat(["/.adamant/adamant.yaml", "/policy/"], object.get(input.config, ["spec", "policy", "gatekeeper"], []))
	adamant.match_path(glob, path)
}

is_policy(path) if startswith(path, ".adamant/policy/")

is_policy(path) if {
	startswith(path, "policy/")
	endswith(path, ".rego")
}

governed(path) if {
	some glob in [
		"/.adamant/", "/policy/", "/.github/workflows/", "/.github/actions/", "CODEOWNERS", ".gitattributes",
		".claude/", ".codex/", ".mcp.json",
	]
	adamant.match_path(glob, path)
}

governed(path) if {
	some glob in input.config.spec.policy.gatekeeper
	adamant.match_path(glob, path)
}

outside(path) if {
	count(allowed) > 0
	every glob in array.concat(allowed, object.get(input.change, "grants", [])) {
		not adamant.match_path(glob, path)
	}
}

outside(path) if {
	some glob in input.config.spec.agents.denied
	adamant.match_path(glob, path)
}

outside(path) if {
	some glob in input.change.persona.denied
	adamant.match_path(glob, path)
}

allowed := input.change.persona.paths if {
	count(input.change.persona.paths) > 0
} else := input.config.spec.agents.paths

field(change) := change.field if change.field != ""

field(change) := "the entity" if change.field == ""
