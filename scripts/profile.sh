#!/usr/bin/env bash
# Writes cmd/adamant/release.pgo, the profile that release builds are optimised by (go.dev/doc/pgo): the constitution compiled
# and evaluated, and whole changes judged. Run it when the benchmarks of these packages move; any profile gives a right binary.
# usage: scripts/profile.sh [SECONDS a benchmark]
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
profile() { # package, benchmarks
	go test -run '^$' -bench "$2" -benchtime "${seconds}s" -cpuprofile "$work/${1//\//-}.pgo" -o "$work/test" "./internal/$1"
}
seconds=${1:-3}
profile policy 'Compile50Rules|Eval300Manifests|Eval1000Files|Parse300|InputValue'
profile judge 'Run$'
profile graph 'Affected'
go tool pprof -proto "$work"/*.pgo >cmd/adamant/release.pgo
ls -l cmd/adamant/release.pgo
