# METADATA
# title: Who may do what in a cloud
package adamant.base.iam

import data.adamant.lib.terraform

# METADATA
# title: A policy allows every action
# description: Whoever holds it can do anything to the account, and take away the logs of it.
# custom:
#   id: terraform/iam-wildcard
#   severity: error
#   fix: list the actions that are needed
#   failing: "actions = [\"*\"]"
#   passing: "actions = [\"s3:GetObject\"]"
deny contains terraform.record(s.r, s.at, "allows every action") if {
	some s in statements
	s.allow
	some action in s.actions
	action in {"*", "*:*"}
}

# METADATA
# title: A policy allows more than it lists
# description: A wildcard also covers what the cloud learns tomorrow, and changing actions on every resource reach those of everybody else.
# custom:
#   id: terraform/iam-broad
#   severity: warning
#   fix: list the actions, and the resources they are for
#   failing: "actions = [\"s3:*\"]"
#   passing: "actions = [\"s3:GetObject\"], resources = [\"arn:aws:s3:::shop/*\"]"
warn contains terraform.record(s.r, s.at, sprintf("allows %s", [what])) if {
	some s in statements
	s.allow
	some what in broad(s)
}

# METADATA
# title: A policy lets everybody in
# description: The principal * is everybody in the world, with any account.
# custom:
#   id: terraform/public-policy
#   severity: error
#   fix: name the accounts, or add a condition that does
#   failing: "Principal = \"*\""
#   passing: "Principal = {AWS = \"arn:aws:iam::123456789012:root\"}"
deny contains terraform.record(s.r, s.at, "lets everybody in") if {
	some s in statements
	s.allow
	"*" in s.principals
	not s.conditional
	not startswith(s.r.type, "aws_vpc_endpoint")
}

# METADATA
# title: Somebody becomes administrator of an account
# description: These roles may do everything, and hand their power on.
# custom:
#   id: terraform/iam-admin
#   severity: warning
#   fix: use a role that allows what is needed, or approve the change yourself
#   failing: "policy_arn = \"arn:aws:iam::aws:policy/AdministratorAccess\""
#   passing: "policy_arn = \"arn:aws:iam::aws:policy/ReadOnlyAccess\""
hold contains terraform.record(r, sprintf("/%s", [name]), sprintf("hands out %s", [role])) if {
	some r in terraform.resources
	some name in ["managed_policy_arns", "policy_arn", "role", "role_definition_name"]
	some role in terraform.texts(r.value[name])
	regex.match(`policy/(AdministratorAccess|IAMFullAccess)$|^roles/(owner|editor|iam\.securityAdmin)$|^(Owner|User Access Administrator)$`, role)
}

# statements are the statements of all policies: {r, at, allow, actions, resources, principals, conditional}.
statements := array.concat(array.concat(documents, definitions), array.concat(written, computed))

# Statements of the data source that writes policies.
documents := [{
	"r": {"doc": doc, "at": sprintf("/data/aws_iam_policy_document/%s/0", [name]), "name": sprintf("data.aws_iam_policy_document.%s", [name]), "type": "data"},
	"at": sprintf("/statement/%d", [i]), "allow": object.get(statement, "effect", "Allow") == "Allow",
	"actions": terraform.texts(object.get(statement, "actions", [])), "resources": terraform.texts(object.get(statement, "resources", [])),
	"principals": [id | some block in terraform.blocks(statement, "principals"); some id in terraform.texts(block.identifiers)],
	"conditional": count(terraform.blocks(statement, "condition")) > 0,
} |
	some doc in input.byKind.terraform
	some name, list in doc.value.data.aws_iam_policy_document
	some value in list
	some i, statement in terraform.blocks(value, "statement")
]

# Role definitions of Azure.
definitions := [{
	"r": r, "at": sprintf("/permissions/%d", [i]), "allow": true, "actions": terraform.texts(object.get(block, "actions", [])),
	"resources": [], "principals": [], "conditional": false,
} |
	some r in terraform.resources
	r.type == "azurerm_role_definition"
	some i, block in terraform.blocks(r.value, "permissions")
]

# Policies that stand in resources: [resource, pointer, text].
policies := array.concat(
	[[r, sprintf("/%s", [name]), r.value[name]] |
		some r in terraform.resources
		some name in ["access_policies", "access_policy", "assume_role_policy", "policy"]
		is_string(r.value[name])
	],
	[[r, sprintf("/inline_policy/%d/policy", [i]), block.policy] |
		some r in terraform.resources
		some i, block in terraform.blocks(r.value, "inline_policy")
		is_string(block.policy)
	],
)

# Policies that are JSON.
written := [{
	"r": r, "at": at, "allow": statement.Effect == "Allow", "actions": terraform.texts(object.get(statement, "Action", [])),
	"resources": terraform.texts(object.get(statement, "Resource", [])), "principals": principals(object.get(statement, "Principal", [])),
	"conditional": object.get(statement, "Condition", {}) != {},
} |
	some [r, at, text] in policies
	json.is_valid(text)
	some statement in terraform.blocks(json.unmarshal(text), "Statement")
	is_object(statement)
]

principals(value) := [text | some list in value; some text in terraform.texts(list)] if {
	is_object(value)
} else := terraform.texts(value)

# Policies that are expressions: jsonencode({...}) and templates, read as text.
computed := [{
	"r": r, "at": at, "allow": regex.match(`(?i)\beffect"?\s*[=:]\s*"allow"`, statement),
	"actions": listed(statement, "action"), "resources": listed(statement, "resource"), "principals": listed(statement, "principal"),
	"conditional": contains(lower(statement), "condition"),
} |
	some [r, at, text] in policies
	not json.is_valid(text)
	flat := regex.replace(trim_prefix(text, "${"), `\$\{[^{}]*\}`, "$$")
	plain := regex.replace(flat, `(?i)("?condition"?\s*[=:]\s*)\{(?:[^{}]|\{[^{}]*\})*\}`, "${1}1")
	some statement in regex.find_n(`\{[^{}]*\}`, regex.replace(plain, `(?i)("?principal"?\s*[=:]\s*)\{([^{}]*)\}`, "$1[$2]"), -1)
]

# listed are the texts that an argument of a statement has.
listed(statement, name) := [trim(text, "\"") |
	some argument in regex.find_n(sprintf(`(?i)\b%s"?\s*[=:]\s*(\[[^\]]*\]|"[^"]*")`, [name]), statement, -1)
	some text in regex.find_n(`"[^"]*"`, regex.replace(argument, sprintf(`(?i)^%s"?\s*[=:]`, [name]), ""), -1)
]

broad(s) := {sprintf("every action of a service: %s", [action]) |
	some action in s.actions
	regex.match(`^[^*:]+:\*$`, action)
	s.r.type != "aws_kms_key"
} | {"changes of every resource" |
	"*" in s.resources
	not s.conditional
	count(s.principals) == 0
	some action in s.actions
	not regex.match(`(?i)^[^:]*:(\*|batchget|describe|get|head|list|lookup|query|scan|search|select|view)|^\*`, action)
}
