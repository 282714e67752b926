package builder

import "strings"

// The actions of Workflow, pinned by commit.
const (
	actionCheckout = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
	actionUpload   = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
	actionSetupGo  = "actions/setup-go@b7ad1dad31e06c5925ef5d2fc7ad053ef454303e # v7.0.0"
)

// Workflow is a GitHub Actions workflow that builds with adamant on GitHub's machines. The version of adamant and cosign are pinned by
// the caller.
func Workflow(adamant, cosign string) string {
	return strings.NewReplacer("{checkout}", actionCheckout, "{setup-go}", actionSetupGo, "{upload}", actionUpload, "{adamant}", adamant, "{cosign}", cosign).Replace(workflow)
}

const workflow = `# Builds main on GitHub's machines, and has GitHub vouch for who built it: docs/builder.md of adamant.
name: adamant-build
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
      id-token: write # signs the provenance as this workflow
    env:
      IDENTITY: https://github.com/${{ github.workflow_ref }}
    steps:
      - uses: {checkout}
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: {setup-go}
        with:
          go-version: stable
      - name: Allow sandboxes
        run: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
      - name: Install adamant and cosign
        run: |
          go install github.com/adamant-os/adamant/cmd/adamant@{adamant}
          go install github.com/sigstore/cosign/v3/cmd/cosign@{cosign}
      - name: Build twice and compare
        run: adamant build --reproduce --unsigned --builder "$IDENTITY" --commit "$GITHUB_SHA" --out dist
      - name: Sign the provenance
        run: |
          for statement in dist/*.provenance.json; do
            cosign attest-blob --yes --statement "$statement" --bundle "${statement%.provenance.json}.sigstore.json"
          done
      - name: Keep artifacts and bundles
        uses: {upload}
        with:
          name: dist
          path: dist
`
