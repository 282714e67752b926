#!/bin/sh
# Compares adamant policy suite with gator verify on gatekeeper-library: scripts/bench-gator.sh ADAMANT GATOR LIBRARY [RUNS].
# Both must pass every suite below LIBRARY. Prints the best user CPU and wall time of each, and their ratio.
set -eu
adamant=$1 gator=$2 library=$3 runs=${4:-5}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

"$adamant" policy suite "$library" >"$out/adamant" || { tail -20 "$out/adamant"; exit 1; }
"$gator" verify "$library/..." >"$out/gator" 2>&1 || { tail -20 "$out/gator"; exit 1; }
tail -2 "$out/adamant"

best() { # best CMD...: the least wall and the least CPU seconds of the runs
	i=0
	while [ "$i" -lt "$runs" ]; do
		i=$((i + 1))
		/usr/bin/time -f '%e %U %S' -o "$out/time" "$@" >/dev/null 2>&1
		cat "$out/time"
	done | awk 'NR == 1 || $1 < wall { wall = $1 } NR == 1 || $2 + $3 < cpu { cpu = $2 + $3 } END { print wall, cpu }'
}

ours=$(best "$adamant" policy suite "$library")
theirs=$(best "$gator" verify "$library/...")
echo "$ours $theirs" | awk '{ printf "adamant %.2f s wall, %.2f s CPU; gator %.2f s wall, %.2f s CPU; ratio %.3f wall, %.3f CPU\n", $1, $2, $3, $4, $1 / $3, $2 / $4 }'
