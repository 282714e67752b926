# Targets a newcomer needs: demo, test, build, install. The rest is listed in CONTRIBUTING.md.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  = $(shell ./scripts/ldflags.sh '$(VERSION)' $$($(GO) env GOOS)/$$($(GO) env GOARCH))
PREFIX  ?= $(HOME)/.local
PLATFORMS = linux/amd64 linux/arm64 darwin/arm64 darwin/amd64 windows/amd64
FUZZTIME ?= 30s
export CGO_ENABLED = 0
# Without this tag kustomize links Go's plugin package, which keeps every method in the binary: 15 MB.
TAGS = kustomize_disable_go_plugin_support
export GOFLAGS = -tags=$(TAGS)

.PHONY: build install demo test lint self-check cross bench bench-fleet test-race test-ratchet test-crash test-wall test-fuzz test-queue test-sandbox test-interop test-clis test-mcp test-arm64 completions release clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/adamant ./cmd/adamant

install: build
	install -D -m 0755 bin/adamant $(PREFIX)/bin/adamant

# The main job on embedded defaults: no key, no account, no network after the modules are there.
demo: build
	./scripts/demo.sh bin/adamant demo

test: lint
	$(GO) test -timeout 60m ./...

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# adamant's own gate on adamant, as CI runs it.
self-check: build
	./scripts/self-check.sh bin/adamant

cross:
	@set -e; for p in $(PLATFORMS); do echo "build $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -ldflags "$$(./scripts/ldflags.sh '$(VERSION)' $$p)" -o /dev/null ./cmd/adamant; done

bench:
	./scripts/bench.sh

# 30 pushers at once on one daemon: its memory, and how long a push takes to its assessment (docs/benchmarks.md).
bench-fleet:
	ADAMANT_FLEET=$${ADAMANT_FLEET:-30} $(GO) test -v -count=1 -timeout 30m -run 'TestFleet$$' ./internal/daemon

test-race:
	CGO_ENABLED=1 $(GO) test -race ./...

# The ratchet's lab with thousands of branches on real repositories (docs/ratchet.md).
test-ratchet:
	ADAMANT_RATCHET_ROUNDS=$${ADAMANT_RATCHET_ROUNDS:-3000} $(GO) test -v -timeout 90m -run 'TestRatchetLab|TestMergeDriver|TestRandom' ./internal/ratchet ./internal/judge ./cmd/adamant

# A daemon killed at 200 random points of its landings (docs/kernel.md), a whole one with real pushes and one with agents (docs/daemon.md), the ledger's group commit, and the transparency log (docs/tlog.md). With strace installed git dies at its own renames, too.
test-crash:
	ADAMANT_CRASH_POINTS=$${ADAMANT_CRASH_POINTS:-200} $(GO) test -v -count=1 -timeout 60m -run 'TestCrash|TestTaskCrash|TestKilled|TestRace|TestStopped|TestTorn|TestOrphan' ./internal/kernel ./internal/ledger ./internal/daemon ./internal/tlog/...

# The door under 10,000 hostile requests (docs/door.md).
test-wall:
	ADAMANT_WALL=$${ADAMANT_WALL:-10000} $(GO) test -v -count 1 -timeout 60m -run TestWall ./internal/door

# The attacks from inside the sandbox, as root and as nobody, with what stopped each (docs/sandbox.md).
test-sandbox:
	$(GO) test -v -count=1 -timeout 20m ./internal/sandbox

# The merge queue in simulated time, and on real repositories, one strategy after the other (docs/queue.md).
test-queue:
	ADAMANT_QUEUE_CHANGES=$${ADAMANT_QUEUE_CHANGES:-60} $(GO) test -v -count=1 -timeout 60m -run 'TestGoals|TestOrderOfStrategies|TestLyingLanes|TestStrategiesOnRealRepositories' ./internal/mergequeue/simulation ./internal/landing

test-fuzz:
	./scripts/fuzz.sh $(FUZZTIME)

# The approval page with a virtual security key, and the page of the graph, in a real browser. ADAMANT_PICTURES=DIR saves what
# the first looks like.
test-browser:
	@command -v chromium >/dev/null || { echo "install Debian's chromium: apt-get install chromium"; exit 1; }
	$(GO) test -tags browser -run Browser -timeout 10m ./internal/operator/page
	$(GO) test -tags browser -run Browser -timeout 10m ./internal/graph/draw

test-interop:
	@command -v "$${GATOR:-gator}" >/dev/null || echo "LEFT OUT: the tests that need gator: go install github.com/open-policy-agent/gatekeeper/v3/cmd/gator@v3.23.1, or set GATOR"
	eval "$$(./scripts/sigstore-tools.sh)"; $(GO) test -tags interop -timeout 30m ./...

# Claude Code, Codex, pi and two agents of the Agent Client Protocol against a scripted model, in the real sandbox (docs/agents-clis.md).
# npm installs them once, into ADAMANT_CLIS or the user's cache.
test-clis:
	@command -v npm >/dev/null || { echo "install Node.js with npm: the CLIs come from its registry"; exit 1; }
	GOFLAGS=-tags=$(TAGS),clis $(GO) test -v -count=1 -timeout 60m ./internal/agent/interop

# The public conformance suite of the Model Context Protocol against our server (docs/mcp.md). npm installs it once, into
# ADAMANT_MCP_SUITE or the user's cache.
test-mcp:
	./scripts/mcp-conformance.sh

test-arm64:
	./scripts/determinism.sh

release:
	./scripts/release.sh '$(VERSION)' '$(PLATFORMS)'

clean:
	rm -rf bin dist demo
