package adamant.base.files_test

import data.adamant.base.files

broken(class) := {
	"files": [{"path": "a.yaml", "class": class, "status": "modified"}],
	"documents": [{"path": "a.yaml", "format": "yaml", "error": "no closing bracket", "line": 3}, {"path": "b.yaml", "format": "yaml", "value": 1}],
}

record := {"message": "cannot be read as yaml: no closing bracket", "path": "a.yaml", "line": 3}

test_unreadable if {
	files.deny == {record} with input as broken("config")
	count(files.warn) == 0 with input as broken("config")
}

test_unreadable_test if {
	files.warn == {record} with input as broken("test")
	count(files.deny) == 0 with input as broken("test")
	count(files.deny) == 0 with input as broken("generated")
}

test_readable if count(files.deny | files.warn) == 0 with input as {"files": [], "documents": [{"path": "b.yaml", "format": "yaml", "value": 1}]}

link(path, target, status) := {"documents": [], "files": [{"path": path, "symlink": target, "status": status, "class": "other"}]}

test_escape if {
	every target in ["/etc/passwd", "../../x", "..", `C:\x`, `\\server\x`] {
		count(files.deny) == 1 with input as link("link", target, "added")
	}
	count(files.deny) == 1 with input as link("a/b/link", "../../../x", "modified")
	files.deny == {{"message": "the link leads out of the repository: /x", "path": "l"}} with input as link("l", "/x", "added")
}

test_inside if {
	count(files.deny) == 0 with input as link("a/link", "../b/c", "added")
	count(files.deny) == 0 with input as link("link", "b", "added")
}

test_deleted_link if count(files.deny) == 0 with input as link("link", "/etc/passwd", "deleted")
