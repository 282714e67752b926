#!/usr/bin/env bash
# Memory of the daemon with AGENTS (30) agents at work at once, each a real sandbox with the builtin agent behind the real gateway,
# answered by a script. Prints the daemon's peak and its parts, and what one agent's processes take.
# usage: scripts/bench-agents.sh [ADAMANT]
set -euo pipefail
agents=${AGENTS:-30}
here=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
adamant=${1:-$work/adamant}
[ -n "${1:-}" ] || (cd "$here" && CGO_ENABLED=0 go build -trimpath -tags kustomize_disable_go_plugin_support -pgo=cmd/adamant/release.pgo -ldflags "$(scripts/ldflags.sh bench "$(go env GOOS)/$(go env GOARCH)")" -o "$adamant" ./cmd/adamant)
export ADAMANT_KERNEL=$work/kernel/bench XDG_STATE_HOME=$work/state XDG_CACHE_HOME=$work/cache
trap '"$adamant" down >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

mkdir -p "$work/bench/.adamant/agents" && cd "$work/bench"
for i in $(seq "$agents"); do mkdir -p "docs/p$i" && echo "# Page $i" >"docs/p$i/index.md"; done
cat >.adamant/adamant.yaml <<END
apiVersion: adamant.dev/v1
kind: Repository
metadata: {name: bench}
spec:
  phase: 3
  fleet: {maxRunning: $agents, review: never}
END
cat >.adamant/agents/coder.yaml <<END
apiVersion: adamant.dev/v1
kind: Agent
metadata: {name: coder}
spec: {role: coder, models: [{name: claude-sonnet-4-5}], concurrency: $agents, budget: {taskUSD: 5, dayUSD: 500}}
END
{
	printf 'apiVersion: adamant.dev/v1\nkind: Script\nmetadata: {name: bench}\nspec:\n  parts:\n    - name: page\n      turns:\n'
	for i in $(seq 40); do printf '        - {think: "Step %s.", calls: [{run: "sleep 0.5; echo line %s >>notes; cat notes"}]}\n' "$i" "$i"; done
	printf '        - {calls: [{run: "rm notes; for f in docs/*/index.md; do :; done; echo done"}]}\n'
} >"$work/script.yaml"
git init -q -b main . && git config user.name Bench && git config user.email bench@example.org && git add -A && git commit -qm "Pages"
"$adamant" up --detach --script "$work/script.yaml" >/dev/null
pid=$("$adamant" status --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -1)
memory() { awk -v what="$1" '$1 == what":" {print int($2/1024)}' "/proc/$pid/status"; }
echo "daemon, nothing to do: $(memory VmRSS) MB"
for i in $(seq "$agents"); do "$adamant" task "Write docs/p$i/index.md" --agent coder --grant "docs/p$i/**" >/dev/null; done
most=0 peak=0
for _ in $(seq 60); do
	running=$("$adamant" task list --json | { grep -o '"status": *"running"' || true; } | wc -l)
	now=$(memory VmRSS)
	[ "$running" -gt "$most" ] && most=$running
	[ "$now" -gt "$peak" ] && peak=$now
	sleep 0.5
done
echo "agents at work at once: $most of $agents"
echo "daemon: $peak MB at most, $(memory VmHWM) MB by the kernel's count; $(memory RssAnon) MB anonymous, $(memory RssFile) MB of its file"
ps -eo rss,args | awk '/agent-loop/ && !/awk/ {n++; s += $1} END {if (n) printf "one agent: %d MB resident, shared with the others for the most part; %d processes seen\n", s/n/1024, n}'
"$adamant" task list --all --json | grep -o '"status": *"[a-z]*"' | sort | uniq -c
