# METADATA
# title: Files that cannot be judged
package adamant.base.files

# METADATA
# title: A changed document cannot be read
# description: >-
#   The file claims to be YAML, JSON, TOML, a Dockerfile or the like and is not. What cannot be read cannot be judged, and
#   the tools that use it will fail or guess.
# custom:
#   id: documents/unreadable
#   severity: error
#   fix: mend the syntax at the line that is named
#   failing: "a: [1, 2"
#   passing: "a: [1, 2]"
deny contains {"message": sprintf("cannot be read as %s: %s", [doc.format, doc.error]), "path": doc.path, "line": doc.line} if {
	some doc in input.documents
	doc.error
	not in_tests(doc.path)
}

# METADATA
# title: A changed document of tests or vendored code cannot be read
# description: Test data may be broken on purpose, and what others wrote is theirs to mend.
# custom:
#   id: documents/unreadable-test
#   severity: note
#   fix: mend the syntax if it is not broken on purpose
#   failing: "testdata/broken.yaml holds a: [1, 2"
#   passing: "a: [1, 2]"
warn contains {"message": sprintf("cannot be read as %s: %s", [doc.format, doc.error]), "path": doc.path, "line": doc.line} if {
	some doc in input.documents
	doc.error
	in_tests(doc.path)
}

# METADATA
# title: A symbolic link leads out of the repository
# description: Whoever follows the link reads or writes a file of their machine, which no review has seen.
# custom:
#   id: files/symlink-escape
#   severity: error
#   fix: point the link to a file of the repository
#   failing: "config -> /etc/passwd"
#   passing: "config -> ../shared/config"
deny contains {"message": sprintf("the link leads out of the repository: %s", [f.symlink]), "path": f.path} if {
	some f in input.files
	f.status != "deleted"
	escapes(f)
}

escapes(f) if startswith(f.symlink, "/")

escapes(f) if regex.match(`^[A-Za-z]:|^\\`, f.symlink)

escapes(f) if count([part | some part in split(f.symlink, "/"); part == ".."]) > count(split(f.path, "/")) - 1

in_tests(path) if path in of_tests

of_tests := {f.path | some f in input.files; f.class in {"generated", "test"}}
