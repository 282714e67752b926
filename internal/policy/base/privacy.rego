# METADATA
# title: Data about people
package adamant.base.privacy

# METADATA
# title: Data about a person is logged
# description: >-
#   The component is classified pii, and the line writes a field with personal data to a log: logs are copied, kept and read
#   by many, and nobody can delete one person from them. adamant.dev/pii-fields adds names of fields.
# custom:
#   id: privacy/logged
#   severity: error
#   fix: log the person's internal id, or a masked value
#   failing: "slog.Info(\"signed up\", \"email\", user.Email) in a component classified pii"
#   passing: "slog.Info(\"signed up\", \"user\", user.ID)"
deny contains record(f, hit, sprintf("%s is logged in a component with personal data", [hit.what])) if {
	some [f, hit] in hits
	hit.kind == "logged"
}

# METADATA
# title: Data about a person goes to analytics
# description: >-
#   The component is classified pii, and the line hands a field with personal data, or a person's identity, to an analytics
#   product: another company gets it, often in another country.
# custom:
#   id: privacy/analytics
#   severity: error
#   fix: send a random id that only you can resolve, and no field that says who it is
#   failing: "analytics.track(\"signup\", { email: user.email }) in a component classified pii"
#   passing: "analytics.track(\"signup\", { plan: user.plan })"
deny contains record(f, hit, sprintf("%s goes to analytics from a component with personal data", [hit.what])) if {
	some [f, hit] in hits
	hit.kind == "analytics"
}

# METADATA
# title: Personal data that looks real stands in the repository
# description: >-
#   The component is classified pii, and the line holds a number with valid check digits that is none of the known test
#   numbers. Whoever clones the repository has it, and git keeps it for ever.
# custom:
#   id: privacy/personal-data
#   severity: error
#   fix: use a number that is reserved for tests, or break its check digits
#   failing: "an IBAN that passes its check, in testdata/users.json of a component classified pii"
#   passing: "DE89370400440532013000, the IBAN that every textbook prints"
deny contains record(f, hit, sprintf("%s that looks real stands in a component with personal data", [hit.what])) if {
	some [f, hit] in hits
	hit.kind == "personal"
}

# METADATA
# title: A fixture names somebody who may exist
# description: Test data of a component classified pii holds an address or a telephone number that is not reserved for examples.
# custom:
#   id: privacy/contact-data
#   severity: warning
#   fix: "use example.com, or a number reserved for fiction (+1 212 555 0142, +44 7700 900142)"
#   failing: "\"email\": \"petra.vogelsang@gmail.com\" in testdata/users.json"
#   passing: "\"email\": \"petra@example.com\""
warn contains record(f, hit, sprintf("%s of somebody who may exist stands in test data", [hit.what])) if {
	some [f, hit] in hits
	hit.kind == "contact"
}

# METADATA
# title: Personal data may go to a model provider you did not approve
# description: >-
#   The component is classified pii, and the line calls a model provider that spec.policy.providers does not list. Whatever
#   is put into a prompt leaves for that company.
# custom:
#   id: privacy/provider
#   severity: error
#   fix: use an approved provider, or add this one to spec.policy.providers
#   failing: "import openai in a component classified pii, with providers [anthropic]"
#   passing: "import anthropic"
deny contains record(f, hit, sprintf("%s is no approved model provider for a component with personal data", [hit.what])) if {
	some [f, hit] in hits
	hit.kind == "provider"
	not approved(hit.what)
}

# hits are found in files of components that are classified pii, on lines that were added.
hits := [[f, hit] |
	some f in input.files
	some hit in f.privacy
]

approved(provider) if provider in input.config.spec.policy.providers

record(f, hit, message) := {"path": f.path, "line": hit.line, "message": message}
