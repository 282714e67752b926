#!/bin/sh
# Gets, once, what internal/trust/verify is tested against: cosign, sigstore-js, slsa-verifier, the cases of sigstore-conformance, and
# Sigstore's servers (Fulcio, Rekor v2, the timestamp authority), each at a fixed version.
# Prints the variables that its tests read: eval "$(scripts/sigstore-tools.sh)".
# ADAMANT_SIGSTORE_TOOLS is where they go; by default a folder of the user's cache. What cannot be had is named, and left out.
set -eu
dir=${ADAMANT_SIGSTORE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/adamant-tests/sigstore}
go=${GO:-go}
slsa=v2.7.1
conformance=a73de4970176d258e0154c530b89d20b89444e4d
mkdir -p "$dir"

left_out() { echo "LEFT OUT: the tests that need $1 (see $dir/log)" >&2; }
give() { echo "export $1='$2'"; }

# A tool that a variable names already is not fetched.
have() { eval "test -n \"\${$1:-}\""; }

# build VARIABLE PACKAGE@VERSION
build() {
	! have "$1" || return 0
	name=${2%@*}
	name=${name##*/}
	[ -x "$dir/$name" ] || GOFLAGS='' GOBIN=$dir nice "$go" install -trimpath "$2" >>"$dir/log" 2>&1 || left_out "$2"
	[ ! -x "$dir/$name" ] || give "$1" "$dir/$name"
}

build ADAMANT_COSIGN github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
build ADAMANT_FULCIO github.com/sigstore/fulcio@v1.8.8
build ADAMANT_REKOR github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0
build ADAMANT_TIMESTAMP_SERVER github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.2

# Its module answers for exact versions only, which go install does not ask for.
if ! have ADAMANT_SLSA_VERIFIER; then
	if [ ! -x "$dir/slsa-verifier" ]; then
		mkdir -p "$dir/slsa"
		printf 'module slsa\n\ngo 1.26\n\nrequire github.com/slsa-framework/slsa-verifier/v2 %s\n' "$slsa" >"$dir/slsa/go.mod"
		(cd "$dir/slsa" && GOFLAGS=-mod=mod nice "$go" build -trimpath -o "$dir/slsa-verifier" github.com/slsa-framework/slsa-verifier/v2/cli/slsa-verifier) >>"$dir/log" 2>&1 || left_out slsa-verifier
	fi
	[ ! -x "$dir/slsa-verifier" ] || give ADAMANT_SLSA_VERIFIER "$dir/slsa-verifier"
fi

if ! have ADAMANT_SIGSTORE_JS; then
	if [ ! -e "$dir/js/installed" ]; then
		npm install --prefix "$dir/js" --ignore-scripts --no-audit --no-fund --loglevel error @sigstore/verify@4.1.3 @sigstore/bundle@5.0.1 @sigstore/protobuf-specs@0.5.2 >>"$dir/log" 2>&1 &&
			touch "$dir/js/installed" || left_out @sigstore/verify
	fi
	[ ! -e "$dir/js/installed" ] || give ADAMANT_SIGSTORE_JS "$dir/js"
fi

if ! have ADAMANT_SIGSTORE_CONFORMANCE; then
	if [ ! -e "$dir/conformance/.git/fetched" ]; then
		{ git init -q "$dir/conformance" && git -C "$dir/conformance" fetch -q --depth 1 https://github.com/sigstore/sigstore-conformance "$conformance" &&
			git -C "$dir/conformance" checkout -q FETCH_HEAD && touch "$dir/conformance/.git/fetched"; } >>"$dir/log" 2>&1 || left_out sigstore-conformance
	fi
	[ ! -e "$dir/conformance/.git/fetched" ] || give ADAMANT_SIGSTORE_CONFORMANCE "$dir/conformance"
fi
