# METADATA
# title: Warnings are mended, not silenced
package adamant.base.suppressions

# METADATA
# title: A suppression was added
# description: >-
#   A comment such as nolint, eslint-disable or type: ignore tells a tool to look away. Each one is a small debt; the
#   ratchet counts them.
# custom:
#   id: suppressions/added
#   severity: warning
#   fix: mend what the tool complains about and take the comment out
#   failing: "x := f() //nolint:errcheck"
#   passing: "x, err := f(); if err != nil { return err }"
warn contains {"message": sprintf("a tool is told to look away: %s", [mark.text]), "path": f.path, "line": mark.line} if {
	some f in input.files
	some mark in f.code.suppressionsAdded
}
