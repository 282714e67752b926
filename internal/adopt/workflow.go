package adopt

import (
	"fmt"
	"slices"
	"strings"
)

// The actions the workflow uses, pinned to commits.
const (
	actionCheckout = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
	actionSetupGo  = "actions/setup-go@b7ad1dad31e06c5925ef5d2fc7ad053ef454303e # v7.0.0"
	actionSARIF    = "github/codeql-action/upload-sarif@8aad20d150bbac5944a9f9d289da16a4b0d87c1e # v4.36.2"
)

// workflow writes a pull request check. It reads the repository, writes the job summary and uploads SARIF; it has no secret.
func workflow(w Wishes) (Step, error) {
	if w.CI != "github" {
		return Step{}, fmt.Errorf("unknown CI %q: want github", w.CI)
	}
	version := w.Version
	if !strings.HasPrefix(version, "v") {
		version = "latest"
	}
	status := `if [ "$status" -eq 3 ]; then echo "waits for a gate or the operator: see the summary"; exit 0; fi; exit "$status"`
	if w.Phase < 2 {
		status = `echo "phase 1 only observes: exit status was $status"`
	}
	note := "runs the gate on pull requests; pin the version of adamant you trust"
	if slices.Contains(sortedKinds(w.Checks), "unit") {
		note += "; to reuse the results of your own test job, download its reports and add --evidence junit=FILE"
	}
	text := fmt.Sprintf(workflowText, w.Branch, actionCheckout, actionSetupGo, version, status, actionSARIF)
	return Step{Path: ".github/workflows/adamant.yml", Text: text, Mode: 0o644, Note: note}, nil
}

const workflowText = `name: adamant
on:
  pull_request:
    branches: [%q]
permissions:
  contents: read
  security-events: write # upload of findings
concurrency:
  group: adamant-${{ github.ref }}
  cancel-in-progress: true
jobs:
  check:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    steps:
      - uses: %s
        with:
          fetch-depth: 0 # the gate reads history
          persist-credentials: false
      - uses: %s
        with:
          go-version: "1.26"
      - name: Install adamant
        run: go install github.com/adamant-os/adamant/cmd/adamant@%s
      # To reuse the results of your test job: download its artifact before this step and set
      # EVIDENCE: junit=report.xml,coverage=cover.out
      - name: Judge the change
        env:
          BASE: ${{ github.event.pull_request.base.sha }}
          HEAD: ${{ github.event.pull_request.head.sha }}
          EVIDENCE: ""
        run: |
          status=0
          adamant check --base "$BASE" --head "$HEAD" ${EVIDENCE:+--evidence "$EVIDENCE"} --json --output verdict.json || status=$?
          if [ -s verdict.json ]; then
            adamant replay verdict.json --format markdown >> "$GITHUB_STEP_SUMMARY" || true
            adamant replay verdict.json --format sarif > adamant.sarif || true
          fi
          %s
      - name: Upload findings
        if: ${{ !cancelled() && hashFiles('adamant.sarif') != '' && github.event.pull_request.head.repo.full_name == github.repository }}
        uses: %s
        with:
          sarif_file: adamant.sarif
          category: adamant
`
