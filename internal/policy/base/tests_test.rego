package adamant.base.tests_test

import data.adamant.base.tests

code(before, after) := {"testsBefore": before, "testsAfter": after, "assertsBefore": 5, "assertsAfter": 5}

file(path, status, class, delta) := {"path": path, "status": status, "class": class, "code": delta}

# change is an agent's, person's is not.
change(files) := {"change": {"agent": "builder"}, "files": files}

person(files) := {"change": {}, "files": files}

gone := file("a_test.go", "deleted", "test", code(2, 0))

test_deleted if {
	tests.deny == {{"message": "a_test.go was deleted with its tests", "path": "a_test.go"}} with input as change([gone])
}

test_deleted_but_moved if {
	count(tests.deny) == 0 with input as change([gone, file("b_test.go", "added", "test", code(0, 2))])
}

test_deleted_without_tests if {
	count(tests.deny) == 0 with input as change([file("h_test.go", "deleted", "test", code(0, 0)), file("a.go", "modified", "source", code(1, 0))]) with data.adamant.base.tests.names as "n"
		with data.adamant.base.tests.fewer as false
}

test_helper_deleted_beside_removed if {
	records := tests.deny with input as change([file("h_test.go", "deleted", "test", code(0, 0)), file("b_test.go", "modified", "test", code(2, 1))])
	{r.path | some r in records} == {"b_test.go"}
}

test_deleted_with_source if {
	files := [gone, file("a.go", "deleted", "source", code(0, 0))]
	count(tests.deny) == 0 with input as change(files)
	tests.hold == {{"message": "a_test.go was deleted with its tests, beside deleted source", "path": "a_test.go"}} with input as change(files)
	count(tests.hold) == 0 with input as change([gone])
	count(tests.hold) == 0 with input as change(array.concat(files, [file("b_test.go", "added", "test", code(0, 2))]))
	count(tests.deny) == 1 with input as change([gone, file("a.md", "deleted", "doc", code(0, 0))])
	count(tests.deny) == 1 with input as change([gone, file("a.go", "modified", "source", code(0, 0))])
}

test_removed if {
	delta := object.union(code(3, 1), {"testsRemoved": ["TestA", "TestB"]})
	tests.deny == {{"message": "2 of 3 tests are gone: TestA, TestB", "path": "a_test.go"}} with input as change([file("a_test.go", "modified", "test", delta)])
}

test_removed_by_number if {
	tests.deny == {{"message": "1 of 2 tests are gone: by number", "path": "a_test.go"}} with input as change([file("a_test.go", "modified", "test", code(2, 1))])
}

test_renamed_tests if {
	delta := object.union(code(1, 1), {"testsRemoved": ["TestA"]})
	count(tests.deny) == 0 with input as change([file("a_test.go", "modified", "test", delta)])
}

test_moved_tests if {
	count(tests.deny) == 0 with input as change([file("a_test.go", "modified", "test", code(2, 1)), file("b_test.go", "modified", "test", code(1, 2))])
}

test_added_beside_removed if {
	records := tests.deny with input as change([file("a_test.go", "modified", "test", code(5, 1)), file("b_test.go", "modified", "test", code(1, 2))])
	{r.path | some r in records} == {"a_test.go"}
}

test_emptied if {
	delta := object.union(code(1, 1), {"testsEmptied": ["TestA"]})
	tests.deny == {{"message": "test TestA is empty now", "path": "a_test.go"}} with input as change([file("a_test.go", "modified", "test", delta)])
}

test_skipped if {
	delta := object.union(code(1, 1), {"skipsAdded": [{"line": 7, "text": "it.only("}]})
	tests.deny == {{"message": "tests do not run here any more: it.only(", "path": "a.test.js", "line": 7}} with input as change([file("a.test.js", "modified", "test", delta)])
}

dropped(status, before, after) := [file("a_test.go", status, "test", {"testsBefore": before, "testsAfter": after, "assertsBefore": 5, "assertsAfter": 3})]

test_assertions if {
	want := {{"message": "2 of 5 assertions are gone", "path": "a_test.go"}}
	tests.warn == want with input as person(dropped("modified", 2, 2))
	tests.hold == want with input as change(dropped("modified", 2, 2))
	count(tests.hold) == 0 with input as person(dropped("modified", 2, 2))
	count(tests.warn) == 0 with input as change(dropped("modified", 2, 2))
}

test_assertions_of_removed_tests if {
	count(tests.warn) == 0 with input as person(dropped("modified", 2, 1))
	count(tests.warn) == 0 with input as person(dropped("deleted", 0, 0))
}

test_same_assertions if count(tests.warn) == 0 with input as person([file("a_test.go", "modified", "test", code(1, 1))])

# A person's lost tests wait for the operator: they may be a revert.
test_person if {
	skips := object.union(code(1, 1), {"skipsAdded": [{"line": 7, "text": "it.only("}]})
	cases := [[gone], [file("a_test.go", "modified", "test", code(2, 1))], [file("a.test.js", "modified", "test", skips)]]
	every files in cases {
		count(tests.deny) == 0 with input as person(files)
		count(tests.hold) == 1 with input as person(files)
		count(tests.deny) == 1 with input as change(files)
		count(tests.hold) == 0 with input as change(files)
	}
}
