#!/usr/bin/env bash
# The main job on embedded defaults: a look back on this repository, then five changes of the five risk levels in a sample
# monorepo, each decided and explained. Leaves the sample behind. Usage: demo.sh ADAMANT FOLDER
set -euo pipefail
adamant=$(realpath "${1:?usage: demo.sh ADAMANT FOLDER}")
mkdir -p "${2:?usage: demo.sh ADAMANT FOLDER}"
folder=$(realpath "$2")
here=$(realpath "$(dirname "$0")/..")

title() { printf '\n\033[1m== %s\033[0m\n\n' "$1"; }

title "What would the gate have done with this project's own changes?"
"$adamant" backtest --repo "$here" -n 50 --show 5

rm -rf "$folder" && mkdir -p "$folder/clinic"
cp -R "$here/examples/clinic/base/." "$folder/clinic/"
cp -R "$here/examples/clinic/fleet/.adamant/." "$folder/clinic/.adamant/" # its agents, and the layers they must keep
cd "$folder/clinic"
git init -q -b main .
git config user.name Operator && git config user.email operator@example.com
git add -A && git commit -qm "A small clinic"

# Agents and builds are left out where nothing can be isolated.
"$adamant" doctor >"$folder/doctor" || true
grep -q '^  + sandbox' "$folder/doctor" || sed -n '/^  [?x] sandbox/,/^$/p' "$folder/doctor" >"$folder/left-out"

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

title "The same five through the door of a running Repo OS"
export ADAMANT_KERNEL="$folder/kernel/clinic" XDG_STATE_HOME="$folder/state"
"$adamant" up --detach --script "$here/examples/clinic/fleet/script.yaml" # the models' words; no key is needed
trap '"$adamant" down >/dev/null 2>&1 || true' EXIT
"$adamant" token new --role person --name you --write --out "$folder/token" >/dev/null
git config credential.helper "!'$adamant' token credential '$folder/token'"
ssh-keygen -q -t ed25519 -N '' -C demo -f "$folder/operator_key"
"$adamant" operator enrol you --new "$folder/operator_key" >"$folder/recovery-codes"
declare -A id
for change in "$here"/examples/clinic/changes/*/; do
	name=$(basename "$change")
	id[$name]=$(git push -q adamant "$name:refs/for/main" -o topic="$name" 2>&1 | sed -n 's/.*change \([0-9a-f]*\),.*/\1/p')
	echo "git push adamant $name:refs/for/main   -> change ${id[$name]}"
done

title "What may land lands by itself; what needs you is in the inbox"
"$adamant" wait "${id[1-trivial]}" --for merged
"$adamant" wait "${id[2-low]}" --for soaking
"$adamant" wait "${id[3-medium]}" --for merged
"$adamant" wait "${id[4-high]}" --for needs-operator
"$adamant" wait "${id[5-critical]}" --for needs-operator
"$adamant" changes --all
echo
"$adamant" inbox || [ $? -eq 3 ]

title "You approve one, with your SSH key"
"$adamant" approve "${id[4-high]}" --key "$folder/operator_key" --yes 2>/dev/null
"$adamant" wait "${id[4-high]}" --for merged

title "You take one back"
"$adamant" revert "${id[1-trivial]}" --reason "the wording was better before"
"$adamant" wait "${id[1-trivial]}" --for reverted
git fetch -q adamant && git log --oneline adamant/main

"$here/scripts/demo-fleet.sh" "$adamant" "$folder"

title "Every decision is in the ledger, signed and chained"
"$adamant" log --kernel "$ADAMANT_KERNEL" | tail -n 8
"$adamant" log verify --kernel "$ADAMANT_KERNEL"

title "The kernel is rebuilt from its mirror"
git init -q --bare "$folder/mirror.git"
git remote add backup "$folder/mirror.git"
"$adamant" down
"$adamant" mirror --remote "$folder/mirror.git"
"$adamant" restore --from "$folder/mirror.git" "$folder/restored/clinic"
git --git-dir "$folder/restored/clinic/main.git" log --oneline -1 main

"$here/scripts/demo-trust.sh" "$adamant" "$folder" "$here/examples/clinic"

title "All of it held, in $((SECONDS / 60)) min $((SECONDS % 60)) s. The sample stays at $folder/clinic"
[ ! -e "$folder/left-out" ] || echo "LEFT OUT, for want of isolation: agents, building, admission, one byte of the artifact."
cat <<END
cd $folder/clinic
PATH=$(dirname "$adamant"):\$PATH
export ADAMANT_KERNEL=$folder/kernel/clinic
git switch 4-high && adamant check      # why a change to sign-in needs you
adamant up --detach; adamant status     # the Repo OS of the sample; adamant down ends it
adamant policy list                     # the rules it was judged by
adamant doctor                          # what is missing, and the next command
END
