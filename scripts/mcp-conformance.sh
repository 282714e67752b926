#!/bin/sh
# Installs the public conformance suite of the Model Context Protocol, once, and runs its server scenarios against our server.
# ADAMANT_MCP_SUITE is where it is installed; by default a folder of the user's cache. It needs npm, and npm's registry the first time.
set -eu
suite=0.1.16
node=22.14.0 # for machines whose own is older than 22, which the suite needs
dir=${ADAMANT_MCP_SUITE:-${XDG_CACHE_HOME:-$HOME/.cache}/adamant-tests/mcp-conformance-$suite}

command -v npm >/dev/null || { echo "install Node.js with npm: the conformance suite comes from its registry" >&2; exit 1; }
want="@modelcontextprotocol/conformance@$suite"
run=node
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 22 ]; then
	want="$want node@$node"
	run=$dir/node_modules/node/bin/node
fi
if [ ! -e "$dir/installed" ]; then
	mkdir -p "$dir"
	# shellcheck disable=SC2086 # one word for each package
	npm install --prefix "$dir" --no-audit --no-fund --loglevel error $want || {
		echo "npm could not install $want: is its registry reachable? Nothing was tested." >&2
		exit 1
	}
	touch "$dir/installed"
fi
ADAMANT_NODE="$run" ADAMANT_MCP_CONFORMANCE="$dir/node_modules/@modelcontextprotocol/conformance/dist/index.js" \
	"${GO:-go}" test -tags conformance -v -count=1 -run TestConformance ./internal/mcp
