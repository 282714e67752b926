package cpp

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, []imports.Language{Language()}, map[string]string{
		"m.c":         "#include \"b.h\"\n#include <lib/c.h>\n#include <stdio.h>\n#include X\n",
		"inc/lib/c.h": "#include \"../b.h\"\n",
		"inc/b.h":     "",
		"l.h":         "-> inc/b.h",
		"n.cpp":       "#include \"l.h\"\n/* x */ auto r = R\"(a)\";\n",
	})
}
