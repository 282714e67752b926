# METADATA
# title: Waivers
# description: What input.waivers covers at the instant of the judgement. The gate applies them to every rule by itself.
package adamant.lib.waiver

# active is true while a waiver is valid: from its creation or last renewal until it lapses. A malformed one never is.
active(w) if {
	count(object.get(w, "problems", [])) == 0
	time.parse_rfc3339_ns(w.from) <= time.now_ns()
	time.now_ns() < time.parse_rfc3339_ns(w.until)
}

# covers is true when a waiver covers a rule's violation in a file; path is "" for one about the whole repository. How many
# violations a waiver covers at most is not looked at.
covers(w, rule, path) if {
	active(w)
	waivable(rule)
	about_rule(w.rule, rule)
	about_path(w.resource, path)
}

# covering is the ids of the waivers of base that cover a rule's violation in a file.
covering(rule, path) := {w.id |
	some w in input.waivers
	covers(w, rule, path)
}

about_rule(wanted, rule) if wanted == rule

about_rule(wanted, rule) if {
	endswith(wanted, "*")
	prefix := trim_suffix(wanted, "*")
	prefix != ""
	startswith(rule, prefix)
}

about_path(glob, path) if {
	path != ""
	adamant.match_path(glob, path)
}

about_path(glob, path) if {
	path == ""
	glob == "**"
}

# waivable is true for rules that do not protect the gate itself.
waivable(rule) if {
	rule != ""
	every prefix in ["agents/", "governance/", "merge/", "policy/", "waiver/"] {
		not startswith(rule, prefix)
	}
}
