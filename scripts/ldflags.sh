#!/usr/bin/env bash
# What every build of adamant tells Go's linker: ldflags.sh VERSION OS/ARCH
set -euo pipefail
version=${1:?usage: ldflags.sh VERSION OS/ARCH} platform=${2:?}
flags="-s -w -X github.com/adamant-os/adamant/internal/cli.Version=$version"
# Text begins 64 KiB later than Go's linker places it for amd64, and as it does for arm64. Else Linux may map the program in pieces of two
# megabytes, and all of a piece counts as memory of the process (docs/benchmarks.md).
[ "$platform" != linux/amd64 ] || flags="$flags -T 0x411000"
printf '%s\n' "$flags"
