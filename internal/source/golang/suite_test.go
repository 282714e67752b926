package golang

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, []imports.Language{Language()}, map[string]string{
		"go.mod":      "module example.org/m\nreplace example.org/t => ./t\n",
		"a/a.go":      "package a\n\nimport (\n\t\"fmt\"\n\tb \"example.org/m/b\"\n\t\"example.org/t/x\"\n\t\"example.org/far\"\n)\n\n//go:embed *.txt\nvar s string\n",
		"a/x.txt":     "x",
		"b/b.go":      "package b\n",
		"b/b_test.go": "package b_test\nimport \"example.org/m/b\"\n",
		"t/go.mod":    "module example.org/t\n",
		"t/x/x.go":    "package x\n",
		"l/l.go":      "-> ../b/b.go",
	})
}
