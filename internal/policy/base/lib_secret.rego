# METADATA
# title: What looks like a secret
package adamant.lib.secret

# named is true for a name that secrets have: DB_PASSWORD, api-key, clientSecret.
named(name) if {
	is_string(name)
	regex.match(`(?i)(^|[_.-])(password|passwd|passphrase|secret|token|(api|private|access|secret|encryption)[_-]?key|credentials?)$|[a-z](Password|Secret|Token|ApiKey)$`, name)
}

# literal is true for a value that is the thing itself: no variable, template, path, switch or number of a few digits.
literal(value) if {
	is_string(value)
	not regex.match(`(?i)^(true|false|yes|no|on|off|none|null|[0-9]{0,4})$|^[$/<{]|^\.{1,2}/|\$\{|\$\(|\{\{`, value)
}
