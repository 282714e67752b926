#!/usr/bin/env bash
# Replays input documents 1,000 times under changing TZ, LANG, HOME, umask and folder, and on arm64 under qemu-user; every
# replay must give the same bytes. Needs qemu-user (Debian); the documents come from the sample monorepo.
set -euo pipefail
runs=${RUNS:-1000}
command -v qemu-aarch64 >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends qemu-user; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -trimpath -o "$work/amd64" ./cmd/adamant
CGO_ENABLED=0 GOARCH=arm64 go build -trimpath -o "$work/arm64" ./cmd/adamant
./scripts/demo.sh "$work/amd64" "$work/demo" >/dev/null
mkdir "$work/in" "$work/want"
for branch in $(git -C "$work/demo/clinic" for-each-ref --format='%(refname:short)' refs/heads | grep '^[1-5]-'); do
	"$work/amd64" check --repo "$work/demo/clinic" --head "$branch" --run none --quiet --save-input "$work/in/$branch.json" >/dev/null || [ $? -le 3 ]
	"$work/amd64" replay "$work/in/$branch.json" >"$work/want/$branch.json" || [ $? -le 3 ]
done
zones=(UTC Asia/Kathmandu America/St_Johns Pacific/Kiritimati) langs=(C de_DE.UTF-8 tr_TR.UTF-8 C.UTF-8) masks=(022 077 000)
same=0
for ((i = 0; i < runs; i++)); do
	for want in "$work"/want/*.json; do
		name=$(basename "$want")
		mkdir -p "$work/d$((i % 7))"
		status=0
		(cd "$work/d$((i % 7))" && umask "${masks[i % 3]}" && exec env -i TZ="${zones[i % 4]}" LANG="${langs[i % 4]}" LC_ALL="${langs[i % 4]}" \
			HOME="$work/h$((i % 5))" GOMAXPROCS=$((i % 3 + 1)) "$work/amd64" replay "$work/in/$name") >"$work/got" || status=$?
		[ "$status" -le 1 ] || [ "$status" -eq 3 ] || { echo "run $i: $name: exit $status"; exit 1; }
		cmp "$work/got" "$want" || { echo "run $i: $name differs"; exit 1; }
		same=$((same + 1))
	done
done
echo "amd64: $same replays of $(ls "$work/in" | wc -l) documents, all equal"
for want in "$work"/want/*.json; do
	qemu-aarch64 "$work/arm64" replay "$work/in/$(basename "$want")" >"$work/got" || [ $? -le 3 ]
	cmp "$work/got" "$want" || { echo "arm64: $(basename "$want") differs"; exit 1; }
done
echo "arm64: equal"
