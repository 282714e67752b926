package adamant.base.privacy_test

import data.adamant.base.privacy

found(kind, what) := {"files": [{"path": "a.go"}, {"path": "b.go", "privacy": [{"kind": kind, "line": 7, "what": what}]}], "config": {"spec": {"policy": {"providers": ["anthropic"]}}}}

at(message) := {{"path": "b.go", "line": 7, "message": message}}

test_logged if {
	privacy.deny == at("user.Email is logged in a component with personal data") with input as found("logged", "user.Email")
	count(privacy.warn) == 0 with input as found("logged", "user.Email")
}

test_analytics if privacy.deny == at("email goes to analytics from a component with personal data") with input as found("analytics", "email")

test_personal if privacy.deny == at("an IBAN that looks real stands in a component with personal data") with input as found("personal", "an IBAN")

test_contact if {
	privacy.warn == at("an e-mail address of somebody who may exist stands in test data") with input as found("contact", "an e-mail address")
	count(privacy.deny) == 0 with input as found("contact", "an e-mail address")
}

test_provider if {
	privacy.deny == at("openai is no approved model provider for a component with personal data") with input as found("provider", "openai")
	count(privacy.deny) == 0 with input as found("provider", "anthropic")
	without := json.remove(found("provider", "anthropic"), ["config/spec/policy/providers"])
	count(privacy.deny) == 1 with input as without
}
