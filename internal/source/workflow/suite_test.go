package workflow

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, []imports.Language{Language()}, map[string]string{
		".github/workflows/ci.yml": "jobs:\n  a:\n    uses: ./.github/workflows/x.yml\n  b:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./act\n      - run: tools/run.sh x\n        working-directory: api\n",
		".github/workflows/x.yml":  "jobs: {}\n",
		"act/action.yml":           "runs:\n  main: ../tools/run.sh\n  image: docker://a\n",
		"tools/run.sh":             "",
		"api/go.mod":               "",
	})
}
