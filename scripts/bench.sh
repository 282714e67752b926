#!/usr/bin/env bash
# The figures of docs/benchmarks.md: whole commands by hyperfine (Debian), inner loops by Go benchmarks, conftest beside us in
# the same run. FILES, CHANGED and RULES set the size of the generated repository. RT="chrt -f 1" (as root) measures as if the
# machine had nothing else to do; scripts/bench-ab.py compares two builds. An ext4 without a journal, as the disks of some virtual
# machines are, makes files slowly for a minute after many were deleted: set TMPDIR to another file system there.
set -euo pipefail
RT=${RT:-}
command -v hyperfine >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends hyperfine; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s build
adamant=$PWD/bin/adamant
go run ./scripts/genrepo -files "${FILES:-10000}" -changed "${CHANGED:-100}" -rules "${RULES:-50}" "$work/repo"
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state

echo "== start"
$RT hyperfine -N --warmup 3 --runs 50 "$adamant version"
echo "== check, ${CHANGED:-100} changed files, ${RULES:-50} rules, ${FILES:-10000} files: warm, then cold"
$RT hyperfine -N -i --warmup 2 --runs 20 "$adamant check --quiet --repo $work/repo --base main --head feature"
$RT hyperfine -N -i --runs 5 --prepare "rm -rf $work/cache $work/state" "$adamant check --quiet --repo $work/repo --base main --head feature"
echo "== one staged file"
git -C "$work/repo" switch -q main && echo >>"$work/repo/services/s000/p00/file00.go" && git -C "$work/repo" add -A
$RT hyperfine -N -i --warmup 2 --runs 20 "$adamant check --quiet --staged --run none --repo $work/repo"
[ -x scripts/bench-conftest.sh ] && ./scripts/bench-conftest.sh
echo "== inner loops"
go test -run '^$' -bench . -benchtime 20x ./internal/...
