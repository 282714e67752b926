#!/usr/bin/env bash
# The end of the demo: keys, a signed build, admission, and a proof of all of main that notices one changed byte. It goes on with
# the sample that demo.sh made; no daemon runs when it begins and when it ends. Usage: demo-trust.sh ADAMANT FOLDER EXAMPLES
set -euo pipefail
adamant=${1:?usage: demo-trust.sh ADAMANT FOLDER EXAMPLES} folder=${2:?} examples=${3:?}
cd "$folder/clinic"

title() { printf '\n\033[1m== %s\033[0m\n\n' "$1"; }

title "Keys: a certificate authority, a clock and a log, and a root that your SSH key signs"
"$adamant" sync --ff >/dev/null
"$adamant" trust init --key "$folder/operator_key" --operator you >"$folder/trust-init"
head -n 3 "$folder/trust-init"
root=$(sed -n 's/^fingerprint *//p' "$folder/trust-init")
git switch -q -c trust
git add .adamant/trust && git commit -qm "Trust root 1"
echo
echo "A trust root is a critical change: it takes a security key that verifies you. This machine has"
echo "none, so a recovery code does, and it stays on record that nobody judged it:"
"$adamant" break-glass --land HEAD --reason "the first trust root, and no security key here" \
	--recovery "$(grep -o '[0-9][0-9]-[A-Z0-9-]*' "$folder/recovery-codes" | head -n 1)" --yes 2>/dev/null

title "A change lands, and the gate's decision about it is attested"
"$adamant" up --detach >/dev/null
trap '"$adamant" down >/dev/null 2>&1 || true' EXIT
git switch -q -c next-slot
cp -R "$examples/trusted/." .
git add -A && git commit -qF "$examples/trusted.message"
change=$(git push -q adamant HEAD:refs/for/main -o topic=next-slot 2>&1 | sed -n 's/.*change \([0-9a-f]*\),.*/\1/p')
"$adamant" wait "$change" --for merged
git switch -q main
"$adamant" sync --ff >/dev/null
attested() { git ls-tree -r --name-only refs/adamant-remote/adamant/attestations 2>/dev/null | grep "$(git rev-parse main)"; }
for ((tries = 0; tries < 1500; tries++)); do # it is made after the landing
	! attested >"$folder/attested" || break
	sleep 0.2
	"$adamant" sync >/dev/null
done
[ -s "$folder/attested" ] || { echo "the daemon attested nothing; its log: $folder/state/adamant/clinic/daemon.log" >&2 && exit 1; }
cat "$folder/attested"
echo
echo "Plain git checks the gate's signature with the keys in the repository:"
git -c gpg.ssh.allowedSignersFile=.adamant/trust/allowed_signers log --show-signature -1 --format=%s

title "A build: from the commit, without a network, with provenance that the build cannot write"
artifact=dist/appointments/free bundle=dist/appointments.sigstore.json
if [ ! -e "$folder/left-out" ]; then
	echo "(--no-cache: a first build compiles all of Go's library, for the later ones; this needs a part)"
	"$adamant" build --no-cache appointments
	"./$artifact"

	title "What else you know about it, signed: its tests"
	echo '{"result": "PASSED", "configuration": [{"name": "go-unit"}]}' >"$folder/tests.json"
	"$adamant" attest --type test-result --subject "$artifact" --predicate "$folder/tests.json" --as operator/you --keep \
		>"$folder/said"
	head -n 3 "$folder/said"

	title "May it run in production?"
	"$adamant" admit "$artifact" --env production --bundle "$bundle"
else
	echo "LEFT OUT, with admission and one byte of the artifact. A build has to be isolated; nothing can be:"
	cat "$folder/left-out"
fi

title "Did all of main come through the gate? Asked in the clone, offline"
"$adamant" sync >/dev/null
"$adamant" verify --quiet --root "$root"
echo "(The log is published every 15 seconds; until then its newest entries are only in the ledger.)"

# Everything below happens to copies.
caught() { # CODE COMMAND...: it has to end with 1 and say why
	local code=$1 status=0 said=yes
	shift
	"$adamant" "$@" >"$folder/said" 2>&1 || status=$?
	# its paragraph
	awk -v code="$code" '$0 ~ "(^| )" code "(:|$)" { on = found = 1; print; next } !/^      |^  next:/ { on = 0 } on
		END { exit !found }' "$folder/said" | sed 's/\(sha256:[0-9a-f]\{12\}\)[0-9a-f]*/\1.../g' || said=
	if [ "$status" != 1 ] || [ -z "$said" ]; then
		echo "NOT CAUGHT: adamant $* was to end with 1 and say $code; it ended with $status:" >&2
		cat "$folder/said" >&2
		exit 1
	fi
	echo "-> caught: $code, exit status 1"
}
copy() { # NAME: a mirror of the kernel under that name
	rm -rf "$folder/copies/$1"
	git clone -q --mirror "$ADAMANT_KERNEL/kernel.git" "$folder/copies/$1"
	cd "$folder/copies/$1"
}
flip() { # REF PATH SED: the file altered by sed at the tip of a reference, in a commit that says the same and keeps its signature
	local tip blob commit
	tip=$(git rev-parse "$1")
	export GIT_INDEX_FILE=$folder/copies/index
	git read-tree "$tip"
	blob=$(git cat-file blob "$tip:$2" | sed "$3" | git hash-object -w --stdin)
	git update-index --add --cacheinfo "100644,$blob,$2"
	commit=$(git cat-file commit "$tip" | sed "1s/.*/tree $(git write-tree)/" | git hash-object -t commit -w --stdin)
	unset GIT_INDEX_FILE
	[ "$commit" != "$tip" ] || { echo "nothing was altered in $2" >&2 && return 1; }
	git update-ref "$1" "$commit"
}
mkdir -p "$folder/copies"

if [ ! -e "$folder/left-out" ]; then
	title "One byte of the artifact"
	cp "$artifact" "$folder/copies/free"
	byte=$(od -An -tu1 -j4096 -N1 "$artifact")
	printf '%b' "\\0$(printf %o $((byte ^ 1)))" | dd of="$folder/copies/free" bs=1 seek=4096 conv=notrunc status=none
	[ "$(cmp -l "$artifact" "$folder/copies/free" | wc -l)" = 1 ]
	caught DIGEST_MISMATCH verify-artifact "$folder/copies/free" --bundle "$bundle"
	caught PROVENANCE_MISSING admit "$folder/copies/free" --env production --bundle "$bundle"
fi

title "One byte of the ledger"
copy ledger
ledger=$(git for-each-ref --format='%(refname)' refs/adamant/ledger | head -n 1)
flip "$ledger" "$(git diff-tree -r --no-commit-id --name-only "$ledger")" '1s/"time":"20/"time":"10/'
caught LEDGER_BAD_SIGNATURE verify --quiet --root "$root"

title "One byte of main, and a commit made by hand"
copy main
flip refs/heads/main docs/booking.md '1s/Booking/Cooking/'
caught MAIN_FORKED verify --quiet --root "$root"
copy hand
git config user.name Nobody && git config user.email nobody@example.com
git update-ref refs/heads/main "$(git commit-tree -p main -m "Nobody will notice" "main^{tree}")"
caught MAIN_UNRECORDED verify --quiet --root "$root"
