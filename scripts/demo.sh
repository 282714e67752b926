#!/usr/bin/env bash
# The main job on embedded defaults: a look back on this repository, then five changes of the five risk levels in a sample
# monorepo, each decided and explained. Leaves the sample behind. Usage: demo.sh ADAMANT FOLDER
set -euo pipefail
adamant=$(realpath "${1:?usage: demo.sh ADAMANT FOLDER}")
folder=${2:?usage: demo.sh ADAMANT FOLDER}
here=$(realpath "$(dirname "$0")/..")

title() { printf '\n\033[1m== %s\033[0m\n\n' "$1"; }

title "What would the gate have done with this project's own changes?"
"$adamant" backtest --repo "$here" -n 50 --show 5

rm -rf "$folder" && mkdir -p "$folder/clinic"
cp -R "$here/examples/clinic/base/." "$folder/clinic/"
cd "$folder/clinic"
git init -q -b main .
git config user.name Operator && git config user.email operator@example.com
git add -A && git commit -qm "A small clinic"

for change in "$here"/examples/clinic/changes/*/; do
	name=$(basename "$change")
	git switch -q -c "$name" main
	cp -R "$change." .
	git add -A && git commit -qF "${change%/}.message"
	title "$name: $(git log -1 --format=%s)"
	status=0
	"$adamant" check || status=$?
	echo "exit status $status"
	[ "$status" -le 1 ] || [ "$status" -eq 3 ] || exit "$status"
done
git switch -q main

title "The sample stays at $folder/clinic"
cat <<END
cd $folder/clinic
git switch 4-high && $adamant check        # why a change to sign-in needs you
$adamant policy list                       # the rules it was judged by
$adamant doctor                            # what is missing, and the next command
END
