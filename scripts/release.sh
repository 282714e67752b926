#!/usr/bin/env bash
# Builds release archives into dist/: one per platform, with completions, licence and checksums. Same inputs, same bytes.
set -euo pipefail
version=${1:?usage: release.sh VERSION PLATFORMS} platforms=${2:?}
stamp=$(git log -1 --format=%cI)
flags=$(scripts/ldflags.sh "$version" "$(go env GOOS)/$(go env GOARCH)")
rm -rf dist && mkdir -p dist
go build -trimpath -pgo=cmd/adamant/release.pgo -ldflags "$flags" -o dist/host ./cmd/adamant
for platform in $platforms; do
	os=${platform%/*} arch=${platform#*/} name="adamant_${version}_${os}_${arch}"
	exe=adamant; [ "$os" = windows ] && exe=adamant.exe
	mkdir -p "dist/$name/completions"
	flags=$(scripts/ldflags.sh "$version" "$platform")
	GOOS=$os GOARCH=$arch CGO_ENABLED=0 go build -trimpath -pgo=cmd/adamant/release.pgo -ldflags "$flags" -o "dist/$name/$exe" ./cmd/adamant
	cp LICENSE README.md "dist/$name/"
	for shell in bash zsh fish powershell; do dist/host completion "$shell" >"dist/$name/completions/adamant.$shell"; done
	tar -C dist --sort=name --owner=0 --group=0 --numeric-owner --mtime="$stamp" -cf - "$name" | gzip -n >"dist/$name.tar.gz"
	rm -rf "dist/$name"
done
rm dist/host
(cd dist && sha256sum ./*.tar.gz >SHA256SUMS)
ls -l dist
