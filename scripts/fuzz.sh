#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time each: scripts/fuzz.sh 30s
set -euo pipefail
time=${1:?usage: fuzz.sh DURATION}
for dir in $(go list -f '{{.Dir}}' ./...); do
	for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | awk '{print $2}'); do
		echo "== ${dir#"$PWD"/} $target"
		# By default a minute goes into making one interesting input of some kilobytes smaller, and none into new ones.
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x "$dir"
	done
done
