# METADATA
# title: Tests keep watching
package adamant.base.tests

# METADATA
# title: A test file was deleted
# description: >-
#   A test file is gone, the change has fewer tests than before, and no source file went with it. That is how a failing
#   test is silenced. An agent is refused; anybody else waits for you.
# custom:
#   id: tests/deleted
#   severity: error
#   fix: bring the tests back, or delete the code they test in the same change
#   failing: "git rm billing_test.go"
#   passing: "git rm billing.go billing_test.go, or git mv billing_test.go invoice_test.go"
deny contains record if {
	input.change.agent
	some record in lost_files
}

# METADATA
# title: A test file was deleted
# description: >-
#   A test file is gone, the change has fewer tests than before, and no source file went with it. That is how a failing
#   test is silenced. An agent is refused; anybody else waits for you.
# custom:
#   id: tests/deleted
#   severity: warning
#   fix: bring the tests back, or delete the code they test in the same change
#   failing: "git rm billing_test.go"
#   passing: "git rm billing.go billing_test.go, or git mv billing_test.go invoice_test.go"
hold contains record if {
	not input.change.agent
	some record in lost_files
}

lost_files contains {"message": sprintf("%s was deleted with its tests", [f.path]), "path": f.path} if {
	some f in deleted
	fewer
	not source_deleted
}

# METADATA
# title: A test file was deleted along with source
# description: Tests and source were deleted together. Whether the tests belonged to that source is for you to see.
# custom:
#   id: tests/deleted-with-source
#   severity: warning
#   fix: check that every deleted test tested deleted code
#   failing: "git rm billing.go invoice_test.go"
#   passing: "git rm billing.go and its tests moved to other files"
hold contains {"message": sprintf("%s was deleted with its tests, beside deleted source", [f.path]), "path": f.path} if {
	some f in deleted
	fewer
	source_deleted
}

# METADATA
# title: Tests were removed
# description: >-
#   A file has fewer tests than before and so has the whole change. Renamed and moved tests are fine. An agent is refused;
#   anybody else waits for you.
# custom:
#   id: tests/removed
#   severity: error
#   fix: bring the tests back
#   failing: "TestRefund is gone from billing_test.go"
#   passing: "TestRefund is now TestRefundTwice"
deny contains record if {
	input.change.agent
	some record in lost_tests
}

# METADATA
# title: Tests were removed
# description: >-
#   A file has fewer tests than before and so has the whole change. Renamed and moved tests are fine. An agent is refused;
#   anybody else waits for you.
# custom:
#   id: tests/removed
#   severity: warning
#   fix: bring the tests back
#   failing: "TestRefund is gone from billing_test.go"
#   passing: "TestRefund is now TestRefundTwice"
hold contains record if {
	not input.change.agent
	some record in lost_tests
}

lost_tests contains {"message": sprintf("%d of %d tests are gone: %s", [lost, f.code.testsBefore, names(f)]), "path": f.path} if {
	some f in input.files
	f.status != "deleted"
	lost := f.code.testsBefore - f.code.testsAfter
	lost > 0
	fewer
}

# METADATA
# title: A test was emptied
# description: A test is still there but its body no longer does anything, so it always passes.
# custom:
#   id: tests/emptied
#   severity: error
#   fix: give the test its body back
#   failing: "func TestRefund(t *testing.T) {}"
#   passing: "func TestRefund(t *testing.T) { checks something }"
deny contains {"message": sprintf("test %s is empty now", [name]), "path": f.path} if {
	some f in input.files
	some name in f.code.testsEmptied
}

# METADATA
# title: A test is skipped
# description: >-
#   A test that does not run, or makes all others not run (focus), watches nothing. An agent is refused; anybody else waits
#   for you, because skipping where a test cannot run is honest.
# custom:
#   id: tests/skipped
#   severity: error
#   fix: mend the test, or delete it together with what it tests
#   failing: "it.only(...), t.Skip(), @pytest.mark.skip"
#   passing: "the test runs"
deny contains record if {
	input.change.agent
	some record in skipped
}

# METADATA
# title: A test is skipped
# description: >-
#   A test that does not run, or makes all others not run (focus), watches nothing. An agent is refused; anybody else waits
#   for you, because skipping where a test cannot run is honest.
# custom:
#   id: tests/skipped
#   severity: warning
#   fix: mend the test, or delete it together with what it tests
#   failing: "it.only(...), t.Skip(), @pytest.mark.skip"
#   passing: "the test runs"
hold contains record if {
	not input.change.agent
	some record in skipped
}

skipped contains {"message": sprintf("tests do not run here any more: %s", [mark.text]), "path": f.path, "line": mark.line} if {
	some f in input.files
	some mark in f.code.skipsAdded
}

# METADATA
# title: An agent dropped assertions
# description: >-
#   The tests are still there and check less. An agent that cannot make a test pass tends to make it check less; you
#   should see what is gone.
# custom:
#   id: tests/assertions
#   severity: warning
#   fix: bring the assertions back, or say in the commit why they are not needed
#   failing: "an agent takes 2 of 5 assertions out of billing_test.go"
#   passing: "an agent moves assertions into a table test with as many checks"
hold contains record if {
	input.change.agent
	some record in assertions
}

# METADATA
# title: Assertions were dropped
# description: The tests are still there and check less.
# custom:
#   id: tests/assertions
#   severity: warning
#   fix: bring the assertions back, or say in the commit why they are not needed
#   failing: "2 of 5 assertions are gone from billing_test.go"
#   passing: "as many assertions as before"
warn contains record if {
	not input.change.agent
	some record in assertions
}

assertions contains {"message": sprintf("%d of %d assertions are gone", [lost, f.code.assertsBefore]), "path": f.path} if {
	some f in input.files
	f.status != "deleted"
	lost := f.code.assertsBefore - f.code.assertsAfter
	lost > 0
	f.code.testsAfter >= f.code.testsBefore
}

deleted := [f |
	some f in input.files
	f.status == "deleted"
	f.code.testsBefore > 0
]

# fewer: the change as a whole has fewer tests.
fewer if sum([f.code.testsAfter | some f in input.files]) < sum([f.code.testsBefore | some f in input.files])

source_deleted if {
	some f in input.files
	f.status == "deleted"
	f.class == "source"
}

names(f) := concat(", ", array.slice(list, 0, 5)) if {
	list := object.get(f.code, "testsRemoved", [])
	count(list) > 0
} else := "by number"
