package ini

import (
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a=1\n[s]\nk: v\n x\n", " x", "[", "[s]\n[s]\n")
}
