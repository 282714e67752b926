package adamant.lib.waiver_test

import data.adamant.lib.waiver

valid(patch) := object.union({"id": "a", "rule": "team/debts", "resource": "src/**", "from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}, patch)

day := 86400000000000

# 2026-11-01 and 2026-12-01 in nanoseconds
begin := 1793491200000000000

end := begin + (30 * day)

test_active_from_the_first_instant if {
	waiver.active(valid({})) with time.now_ns as begin
	not waiver.active(valid({})) with time.now_ns as begin - 1
}

test_active_until_the_last_instant if {
	waiver.active(valid({})) with time.now_ns as end - 1
	not waiver.active(valid({})) with time.now_ns as end
}

test_malformed_is_never_active if {
	not waiver.active(valid({"problems": [{"message": "m"}]})) with time.now_ns as begin
	not waiver.active({"id": "a", "rule": "team/debts", "resource": "**"}) with time.now_ns as begin
	not waiver.active(object.remove(valid({}), ["until"])) with time.now_ns as begin
	not waiver.active(object.remove(valid({}), ["from"])) with time.now_ns as begin
}

test_covers if {
	waiver.covers(valid({}), "team/debts", "src/a.go") with time.now_ns as begin
	not waiver.covers(valid({}), "team/debts", "src/a.go") with time.now_ns as end
	not waiver.covers(valid({}), "team/other", "src/a.go") with time.now_ns as begin
	not waiver.covers(valid({}), "team/debts", "lib/a.go") with time.now_ns as begin
}

test_covers_a_prefix if {
	waiver.covers(valid({"rule": "team/*"}), "team/debts", "src/a.go") with time.now_ns as begin
	not waiver.covers(valid({"rule": "team/*"}), "teams/debts", "src/a.go") with time.now_ns as begin
	not waiver.covers(valid({"rule": "*"}), "team/debts", "src/a.go") with time.now_ns as begin
	not waiver.covers(valid({"rule": "team/"}), "team/debts", "src/a.go") with time.now_ns as begin
}

test_covers_the_repository if {
	waiver.covers(valid({"resource": "**"}), "team/debts", "") with time.now_ns as begin
	waiver.covers(valid({"resource": "**"}), "team/debts", "a") with time.now_ns as begin
	not waiver.covers(valid({}), "team/debts", "") with time.now_ns as begin
}

test_protected_rules if {
	every rule in ["agents/paths", "governance/unloadable", "merge/conflict", "policy/changed", "waiver/malformed", ""] {
		not waiver.waivable(rule)
		not waiver.covers(valid({"rule": rule, "resource": "**"}), rule, "a") with time.now_ns as begin
	}
	waiver.waivable("secrets/key-file")
}

test_covering if {
	list := [valid({}), valid({"id": "b", "rule": "team/*"}), valid({"id": "c", "resource": "lib/**"})]
	waiver.covering("team/debts", "src/a.go") == {"a", "b"} with input as {"waivers": list} with time.now_ns as begin
}
