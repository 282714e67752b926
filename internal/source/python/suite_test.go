package python

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, []imports.Language{Language()}, map[string]string{
		"pyproject.toml":      "[project]\n",
		"src/pkg/__init__.py": "from . import m\nfrom .m import *\n",
		"src/pkg/m.py":        "import os, pkg.n as n\nif TYPE_CHECKING:\n    from pkg import n\n",
		"src/pkg/n.pyi":       "",
		"tools/run.py":        "import pkg.m\nimport linked\nimportlib.import_module(\"pkg.n\")\nimport_module(x)\n",
		"linked.py":           "-> src/pkg/m.py",
		"data.txt":            "x",
	})
}
