#!/usr/bin/env bash
# The part of the demo in which agents work. It goes on with the sample that demo.sh made, whose daemon runs with a script for its
# models and with the kernel in ADAMANT_KERNEL. Usage: demo-fleet.sh ADAMANT FOLDER
set -euo pipefail
adamant=${1:?usage: demo-fleet.sh ADAMANT FOLDER} folder=${2:?}
cd "$folder/clinic"

title() { printf '\n\033[1m== %s\033[0m\n\n' "$1"; }

title "A fleet of agents: real runners in sandboxes, behind the gateway; a script is their models"
if [ -e "$folder/left-out" ]; then
	echo "LEFT OUT. An agent has to be isolated; nothing can be here:"
	cat "$folder/left-out"
	exit 0
fi
declare -A task
give() { # NAME TEXT [FLAG...]
	local name=$1
	shift
	task[$name]=$("$adamant" task "$@" --json | sed -n 's/.*"task": *"\([0-9a-f]*\)".*/\1/p')
	printf '%-8s %.16s  %s\n' "$name" "${task[$name]}" "$1"
}
give feature "Show the longest free gap of a day" --feature booking
give layer "Greet people after sign-in with a greeting" --feature sign-in
give loop "Find out why the flaky clock test fails"
give weaken "Make the gate accept less coverage" --grant '.adamant/**'
give escape "Write the latency report from production"
settled() { # NAME: until it landed or needs somebody
	local now
	while :; do
		now=$("$adamant" task show "${task[$1]}" --json)
		! grep -Eq '"status": *"(done|failed|suspended|waiting)"' <<<"$now" || return 0
		sleep 0.5
	done
}
for name in feature escape loop layer weaken; do settled "$name"; done
echo
"$adamant" fleet --once

title "The feature landed: what its agent saw, thought and did, and who let it in"
git fetch -q adamant
"$adamant" why "$("$adamant" task show "${task[feature]}" --json | sed -n 's/.*"change": *"\([0-9a-f]*\)".*/\1/p' | head -1)"

title "The layer was broken, then mended after the gate's feedback"
"$adamant" task log "${task[layer]}" | grep -E 'came back|sent back|made|judges|says|action' | tail -n 14 || true

title "Nothing got out of the sandbox: what the agent saw when it tried"
"$adamant" log --kernel "$ADAMANT_KERNEL" --task "${task[escape]}" --json | grep -o '"observation":"[^"]*"' | grep -v '\[adamant\]' |
	sed 's/^"observation":"//; s/"$//' | while read -r seen; do printf '%b\n' "$seen"; done

title "What needs you, and what it cost"
"$adamant" inbox || [ $? -eq 3 ]
"$adamant" task list --all
