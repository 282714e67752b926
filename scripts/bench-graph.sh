#!/usr/bin/env bash
# The graph's figures in docs/benchmarks.md, as ratios of CPU (user and system, with children) and memory in one run, the tools
# alternating, medians of RUNS: dependency-cruiser on webpack's lib, cold and with one changed file; go list on prometheus; one
# changed, added and configuring file in generated monorepos of 10,000 and 100,000 files.
#
#	WEBPACK=dir PROMETHEUS=dir scripts/bench-graph.sh [webpack] [prometheus] [generated]
#
# WEBPACK and PROMETHEUS are clones; without them that part is left out, and said. Needs GNU time, git, npm.
set -euo pipefail
RUNS=${RUNS:-5}
parts=${*:-webpack prometheus generated}
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
adamant=${ADAMANT:-$work/adamant}
[ -n "${ADAMANT:-}" ] || CGO_ENABLED=0 go build -trimpath -tags kustomize_disable_go_plugin_support -ldflags "$(scripts/ldflags.sh bench "$(go env GOOS)/$(go env GOARCH)")" -o "$adamant" ./cmd/adamant
export XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state
export GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@example.org GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@example.org

# run NAME COMMAND...: CPU in ms, peak memory in KB, wall in ms
run() {
	local name=$1
	shift
	/usr/bin/time -q -a -o "$work/$name" -f '%U %S %M %e' "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; return 1; }
}
# median NAME cpu|memory|wall
median() {
	awk -v what="$2" '{print what == "cpu" ? ($1+$2)*1000 : what == "wall" ? $4*1000 : $3}' "$work/$1" | sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'
}
# show TITLE NAME [PEER]
show() {
	local c m w
	c=$(median "$2" cpu) m=$(median "$2" memory) w=$(median "$2" wall)
	printf '%-46s %6d ms CPU %6d ms wall %7d KB' "$1" "$c" "$w" "$m"
	if [ -n "${3:-}" ]; then awk -v a="$(median "$3" cpu)" -v b="$c" -v x="$(median "$3" memory)" -v y="$m" 'BEGIN {printf "   1/%.0f CPU, 1/%.1f memory", a/(b?b:10), x/y}'; fi
	echo
}

webpack() {
	[ -n "${WEBPACK:-}" ] || { echo "LEFT OUT: webpack: set WEBPACK to a clone of webpack/webpack"; return; }
	local tree=$work/webpack peer=${DEPCRUISE:-$work/peer}
	mkdir -p "$tree" "$peer"
	GIT_INDEX_FILE=$work/index git -C "$WEBPACK" read-tree HEAD # a clone may lack blobs elsewhere, which git archive minds
	GIT_INDEX_FILE=$work/index git -C "$WEBPACK" ls-files lib schemas package.json |
		GIT_INDEX_FILE=$work/index git -C "$WEBPACK" checkout-index --stdin --prefix="$tree/"
	[ -d "$peer/node_modules/dependency-cruiser" ] || (cd "$peer" && npm init -y >/dev/null && npm install --silent dependency-cruiser@18.7.2 typescript@5)
	local node=node
	if [ "$(node -p 'process.versions.node.split(".")[0] >= 22')" != true ]; then
		[ -x "$peer/node_modules/node/bin/node" ] || (cd "$peer" && npm install --silent node@24)
		node=$peer/node_modules/node/bin/node
	fi
	cat >"$tree/.dependency-cruiser.json" <<'JSON'
{"options": {"doNotFollow": {"path": ["node_modules"]}, "tsPreCompilationDeps": true, "moduleSystems": ["es6", "cjs"],
 "enhancedResolveOptions": {"extensions": [".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json"]}},
 "forbidden": [{"name": "no-circular", "severity": "error", "from": {}, "to": {"circular": true}}]}
JSON
	git -C "$tree" init -q -b main && git -C "$tree" add -A && git -C "$tree" commit -q -m base && git -C "$tree" repack -adq # as a clone has it
	local cruise=("$node" "$peer/node_modules/dependency-cruiser/bin/dependency-cruiser.mjs" lib -T json -f "$work/result.json")
	cd "$tree"
	for _ in $(seq "$RUNS"); do
		run peer-cold "${cruise[@]}" || true # it exits with the number of violations
		rm -rf "$XDG_CACHE_HOME"
		run own-cold "$adamant" graph edges lib
		rm -rf "$XDG_CACHE_HOME"
		run own-check "$adamant" graph check --bare || true
	done
	run warm-up "${cruise[@]}" --cache "$work/cruise" --cache-strategy content || true
	for i in $(seq "$RUNS"); do
		echo "require('./Module'); // $i" >>lib/Compiler.js
		run peer-one "${cruise[@]}" --cache "$work/cruise" --cache-strategy content || true
		git commit -qam "change $i"
		run own-one "$adamant" graph edges lib
		run own-affected "$adamant" affected --base HEAD~1
	done
	cd "$here"
	show "webpack lib, dependency-cruiser, cold" peer-cold
	show "webpack lib, graph edges, cold" own-cold peer-cold
	show "webpack lib, graph check (no-circular), cold" own-check peer-cold
	show "webpack lib, dependency-cruiser, one file" peer-one
	show "webpack lib, graph edges, one file" own-one peer-one
	show "webpack lib, affected, one file" own-affected peer-one
}

prometheus() {
	[ -n "${PROMETHEUS:-}" ] || { echo "LEFT OUT: prometheus: set PROMETHEUS to a clone of prometheus/prometheus"; return; }
	local tree=$work/prometheus module
	git clone -q --no-checkout "$PROMETHEUS" "$tree"
	cd "$tree"
	git read-tree HEAD
	git ls-files '*.go' go.mod go.sum '*/go.mod' '*/go.sum' | git checkout-index --stdin
	module=$(awk '$1 == "module" {print $2; exit}' go.mod)
	for _ in $(seq "$RUNS"); do
		GOWORK=off GOPROXY=off GOFLAGS=-mod=mod run golist go list -e -deps -f '{{$p := .ImportPath}}{{range .Imports}}{{$p}}	{{.}}{{"\n"}}{{end}}' ./...
		grep -P "^\Q$module\E[/\t].*\t\Q$module\E(/|\$)" "$work/out" | sed "s#$module/#go:#g; s#$module#go:.#g" | LC_ALL=C sort -u >"$work/golist.tsv"
		rm -rf "$XDG_CACHE_HOME"
		run own-go "$adamant" graph edges --level package --language go
		LC_ALL=C sort -u "$work/out" >"$work/own.tsv"
	done
	cd "$here"
	show "prometheus, go list -deps" golist
	show "prometheus, graph edges, cold" own-go golist
	echo "edges between own packages: $(wc -l <"$work/golist.tsv") by go list, $(LC_ALL=C comm -23 "$work/golist.tsv" "$work/own.tsv" | wc -l) of them missing here"
}

generated() {
	go build -o "$work/gengraph" ./scripts/gengraph
	for files in ${FILES:-10000 100000}; do
		local tree=$work/mono$files
		rm -rf "$XDG_CACHE_HOME"
		git init -q -b main "$tree"
		"$work/gengraph" -files "$files" | git -C "$tree" fast-import --quiet
		git -C "$tree" repack -adq
		cd "$tree"
		run "cold$files" "$adamant" graph edges --rev main
		for _ in $(seq "$((RUNS * 2))"); do
			run "edit$files" "$adamant" affected --base main --head edit
			rm -rf "$XDG_CACHE_HOME" "$work/kept"
			"$adamant" graph why --rev main p0000/f00.ts p0000/f01.ts >/dev/null || true
			for head in add manifest; do
				cp -r "$XDG_CACHE_HOME" "$work/kept"
				run "$head$files" "$adamant" affected --base main --head $head
				rm -rf "$XDG_CACHE_HOME" && mv "$work/kept" "$XDG_CACHE_HOME"
			done
		done
		cd "$here"
		show "$files files, graph edges, cold" "cold$files"
		show "$files files, affected, one file edited" "edit$files"
		show "$files files, affected, one file added" "add$files"
		show "$files files, affected, one package.json edited" "manifest$files"
	done
}

uptime
for part in $parts; do "$part"; done
uptime
