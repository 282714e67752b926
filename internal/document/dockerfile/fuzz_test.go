package dockerfile

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "FROM a\nRUN x \\\n y\n", "# escape=`\nFROM a\nRUN <<E\nx\nE\n", "FROM a\nCMD [\"x\"]\n", "ONBUILD")
}
