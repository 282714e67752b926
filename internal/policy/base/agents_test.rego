package adamant.base.agents_test

import data.adamant.base.agents

change(patch) := {"change": object.union({"agent": "builder", "role": "coder", "head": "h2"}, patch)}

coder := {"source": "a", "role": "coder", "writes": true, "tier": "standard"}

test_junior if {
	agents.hold == {{"message": "agent builder is a junior: whatever it makes waits for you"}} with input as change({"persona": object.union(coder, {"tier": "junior"})})
	every tier in ["senior", "standard", "experimental"] {
		count(agents.hold) == 0 with input as change({"persona": object.union(coder, {"tier": tier})})
	}
}

test_unknown if {
	agents.hold == {{"message": "nothing on the target branch describes agent builder"}} with input as change({"personas": true})
	count(agents.hold) == 0 with input as change({"personas": true, "persona": coder})
	count(agents.hold) == 0 with input as change({})
	count(agents.hold) == 0 with input as {"change": {"personas": true}}
}

described(patch) := change(object.union({"personas": true}, patch))

test_role if {
	reviewer := object.union(coder, {"role": "reviewer", "writes": false})
	agents.deny == {{"message": "agent builder is a reviewer, which proposes no changes"}} with input as described({"role": "reviewer", "persona": reviewer})
	agents.deny == {{"message": "agent builder acts as sre, and the target branch describes it as coder"}} with input as described({"role": "sre", "persona": coder})
	count(agents.deny) == 0 with input as described({"persona": coder})
	count(agents.deny) == 0 with input as described({"role": "", "persona": coder})
	count(agents.deny) == 0 with input as described({})
	count(agents.deny) == 0 with input as change({"role": "reviewer", "persona": reviewer})
	count(agents.deny) == 0 with input as change({"role": "sre", "persona": coder})
}

record(patch) := change({"reasoning": object.union({"entries": 3, "missing": 0, "silent": 0, "gaps": [], "sources": {"none": 0}, "models": []}, patch)})

test_unrecorded if {
	agents.deny == {{"message": "t-1: gone"}, {"message": "t-2: gone"}} with input as record({"missing": 2, "gaps": ["t-1: gone", "t-2: gone"]})
	count(agents.deny) == 0 with input as record({"gaps": ["t-1: gone"]})
	count(agents.deny) == 0 with input as record({})
}

test_silent if {
	agents.hold == {{"message": "2 actions of agent builder that may have changed files are on record without a reason"}} with input as record({"silent": 2})
	count(agents.hold) == 0 with input as record({})
}

test_no_reasoning if {
	agents.warn == {{"message": "2 of 3 actions of agent builder have no reasoning on record"}} with input as record({"sources": {"none": 2}})
	count(agents.warn) == 0 with input as record({})
}

maker := {"name": "claude-x", "family": "claude", "temperature": -1}

reviewed(models, patch) := object.union(record({"models": [maker]}), {"change": {"agentReviews": [object.union({"agent": "critic", "head": "h2", "outcome": "ok", "models": models}, patch)]}})

test_reviewer if {
	agents.hold == {{"message": "reviewer critic is the model that made the change: claude-x"}} with input as reviewed([maker], {})
	agents.hold == {{"message": "nothing is known of the model of reviewer critic"}} with input as reviewed([], {})
	count(agents.hold) == 0 with input as reviewed([{"name": "gpt-y", "family": "gpt", "temperature": -1}], {})
	count(agents.warn) == 0 with input as reviewed([{"name": "gpt-y", "family": "gpt", "temperature": -1}], {})
	count(agents.hold) == 0 with input as reviewed([maker], {"outcome": "request-changes"})
	count(agents.hold) == 0 with input as reviewed([maker], {"head": "h1"})
}

test_reviewer_family if {
	other := object.union(maker, {"name": "claude-y"})
	agents.warn == {{"message": "weaker review: claude-y (critic) and claude-x, which made the change, are both claude; they differ in the model"}} with input as reviewed([other], {})
	warmer := object.union(maker, {"temperature": 700})
	agents.warn == {{"message": "weaker review: claude-x (critic) and claude-x, which made the change, are both claude; they differ in the temperature"}} with input as reviewed([warmer], {})
	count(agents.hold) == 0 with input as reviewed([other, warmer], {})
	count(agents.warn) == 0 with input as reviewed([maker], {})
	agents.warn == {{"message": "weaker review: nobody says of which family m (critic) is"}} with input as reviewed([{"name": "m", "family": "unknown", "temperature": -1}], {})
}
