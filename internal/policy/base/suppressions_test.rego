package adamant.base.suppressions_test

import data.adamant.base.suppressions

test_added if {
	suppressions.warn == {{"message": "a tool is told to look away: //nolint", "path": "a.go", "line": 4}} with input as {"files": [{"path": "a.go", "code": {"suppressionsAdded": [{"line": 4, "text": "//nolint"}]}}]}
}

test_none if count(suppressions.warn) == 0 with input as {"files": [{"path": "a.go", "code": {"testsBefore": 1}}]}
