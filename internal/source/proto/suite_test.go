package proto

import (
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	importstest.Suite(t, []imports.Language{Language()}, map[string]string{
		"p/a.proto":  "import \"b.proto\";\nimport \"q/b.proto\";\nimport public \"google/x.proto\";\nmessage A { enum B {} }\n",
		"q/b.proto":  "package q;\nmessage M {}\n",
		"q/buf.yaml": "version: v2\n",
		"l.proto":    "-> q/b.proto",
	})
}
