#!/usr/bin/env bash
# adamant's own gate on adamant: HEAD against the commit it builds on. A refusal fails; waiting for the operator does not,
# because the operator is who pushes. Usage: self-check.sh ADAMANT
set -euo pipefail
adamant=${1:?usage: self-check.sh ADAMANT}
"$adamant" graph check # the layering of docs/design.md, section 10
git rev-parse -q --verify 'HEAD^{commit}^' >/dev/null || { echo "self-check: HEAD is the first commit, there is nothing to judge"; exit 0; }
status=0
"$adamant" check --base "${SELF_CHECK_BASE:-HEAD^}" --head HEAD --run none || status=$?
case $status in
0 | 3) ;;
*) exit "$status" ;;
esac
